# SPDX-License-Identifier: AGPL-3.0-only
"""Let the MCP memory server write a small graph over stdio: ``python write.py FOLDER``.

It needs Node.js, the packages of ``tests/clients`` (``MEMORYOSS_NODE_MODULES``) and the Python
package ``mcp``, whose client talks to the server.
"""

import asyncio
import os
import sys
from pathlib import Path

from mcp import Client, StdioServerParameters

target = Path(sys.argv[1]).resolve() / "memory.jsonl"
modules = Path(os.environ["MEMORYOSS_NODE_MODULES"])
server = modules / "@modelcontextprotocol" / "server-memory" / "dist" / "index.js"

ENTITIES = [
    (
        "Anna_Keller",
        "person",
        [
            "Leads the payments team",
            "Anna Keller prefers written updates over meetings",
            "Speaks German and 日本語",
        ],
    ),
    ("payments-api", "service", ["Runs on port 8443", "payments-api is written in Go"]),
    ("Billing", "project", ["Deadline is 30 September 2026", "Uses the double-entry ledger"]),
    ("Zürich office", "place", ["Opens at 8:00", "The Zürich office has a quiet room 🤫"]),
    ("Old wiki", "document", ["Is read-only since March"]),
    ("Placeholder", "concept", []),
    ("Go", "language", ["Going forward all new services are written in it"]),
]
RELATIONS = [
    ("Anna_Keller", "Billing", "leads"),
    ("Anna_Keller", "Zürich office", "works_at"),
    ("payments-api", "Billing", "isPartOf"),
    ("payments-api", "Go", "is written in"),
    ("Billing", "Old wiki", "DOCUMENTED_BY"),
    ("Placeholder", "Billing", "mentions"),
]


async def main() -> None:
    target.unlink(missing_ok=True)
    parameters = StdioServerParameters(
        command="node", args=[str(server)], env={**os.environ, "MEMORY_FILE_PATH": str(target)}
    )
    async with Client(parameters) as client:

        async def call(name: str, **arguments: object) -> None:
            answer = await client.call_tool(name, arguments)
            assert not answer.is_error, answer.content

        await call(
            "create_entities",
            entities=[
                {"name": name, "entityType": kind, "observations": observations}
                for name, kind, observations in ENTITIES
            ],
        )
        await call(
            "create_relations",
            relations=[{"from": a, "to": b, "relationType": kind} for a, b, kind in RELATIONS],
        )
        await call(
            "add_observations",
            observations=[
                {"entityName": "Billing", "contents": ['Says "done"\nonly when it is invoiced']}
            ],
        )
        await call(
            "delete_observations",
            deletions=[{"entityName": "payments-api", "observations": ["Runs on port 8443"]}],
        )
        await call("delete_entities", entityNames=["Old wiki"])


asyncio.run(main())
