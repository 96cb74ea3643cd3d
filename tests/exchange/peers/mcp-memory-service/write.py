# SPDX-License-Identifier: AGPL-3.0-only
"""Let mcp-memory-service write a small store with its own code: ``python write.py FOLDER``.

It has no embedding model here and falls back to its own hash embeddings, of few dimensions so
that the file stays small. Its Python needs an sqlite3 module that loads extensions.
"""

import asyncio
import os
import sqlite3
import sys
import tempfile
from pathlib import Path

target = Path(sys.argv[1]) / "sqlite_vec.db"
os.environ["MCP_MEMORY_BASE_DIR"] = tempfile.mkdtemp()
os.environ["MCP_MEMORY_USE_ONNX"] = "0"
os.environ["MCP_MEMORY_ALLOW_HASH_EMBEDDINGS"] = "1"
os.environ["MCP_SEMANTIC_DEDUP_ENABLED"] = "false"
os.environ["HF_HUB_OFFLINE"] = "1"

from mcp_memory_service.models.memory import Memory  # noqa: E402
from mcp_memory_service.storage.sqlite_vec import SqliteVecMemoryStorage  # noqa: E402
from mcp_memory_service.utils.hashing import generate_content_hash  # noqa: E402

START = 1_767_225_600.25  # 2026-01-01T00:00:00.25Z

RECORDS = [
    ("The staging database runs PostgreSQL 17 on port 5433.", ["database", "staging"], "reference"),
    ("We decided to keep feature flags in the repository.", ["flags"], "decision"),
    ("Deploys to production need two approvals.", ["deploy", "process"], "observation"),
    ("Der Kunde Müller zahlt immer erst nach 30 Tagen.", ["kunden", "zahlung"], "observation"),
    ("客户会议改到星期四下午三点。", ["会议"], "meeting"),
    ("Emoji survive: 🚀 means a release.", ["release"], "observation"),
    ("Run `make seed` before the integration tests.", ["testing"], "workflow"),
    ("The retry limit of the queue worker is 5.", ["queue"], "configuration"),
    ("A line\nand another line, with \"quotes\" and a 'tick'.", ["format"], "note"),
    ("Anna leads the payments team.", ["people", "payments"], "observation"),
    ("The nightly backup starts at 02:30 UTC.", ["backup"], "observation"),
    ("Flaky test: test_upload fails when the clock changes.", ["testing"], "bug"),
    ("Nobody tagged this one.", [], None),
    ("Old office address: 12 Harbour Street.", ["office"], "observation"),
    ("The temporary landing page was removed.", ["cleanup"], "observation"),
]


async def main() -> None:
    target.unlink(missing_ok=True)
    storage = SqliteVecMemoryStorage(str(target))
    storage.embedding_dimension = 8
    await storage.initialize()
    hashes = []
    for number, (content, tags, kind) in enumerate(RECORDS):
        digest = generate_content_hash(content)
        at = START + 3600 * number
        metadata = {"agent_id": "claude-code"} if number % 5 == 0 else {}
        memory = Memory(
            content=content,
            content_hash=digest,
            tags=list(tags),
            memory_type=kind,
            metadata=metadata,
            created_at=at,
            updated_at=at,
        )
        stored, message = await storage.store(
            memory, skip_semantic_dedup=True, store="work" if number == 9 else "default"
        )
        assert stored, message
        hashes.append(digest)
    done, message = await storage.update_memory_metadata(
        hashes[2], {"tags": ["deploy", "process", "approved"]}, preserve_timestamps=True
    )
    assert done, message
    done, message, _ = await storage.update_memory_versioned(
        hashes[7], "The retry limit of the queue worker is 8.", reason="raised"
    )
    assert done, message
    for digest in hashes[-2:]:
        done, message = await storage.delete(digest)
        assert done, message
    await storage.close()


asyncio.run(main())
connection = sqlite3.connect(target)
for statement in ("journal_mode = DELETE", "page_size = 1024"):
    connection.execute(f"PRAGMA {statement}")
connection.execute("VACUUM")
connection.execute("PRAGMA journal_mode = WAL")
connection.close()
