# SPDX-License-Identifier: AGPL-3.0-only
"""The same questions through the MCP tools and through the library: are the answers the same?

The server runs as a subprocess, spoken to over stdio with ``mcp.Client``. Both faces store the same
documents in the same order, each into a data folder of its own, and are asked the same questions.
The tool rounds scores; compared are the order of the documents, the rounded scores and confidence,
and the decision.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import anyio
from mcp import Client, StdioServerParameters

from benchmarks import measures, report
from benchmarks.asking import PAGE, Answer, Library, accepted
from benchmarks.datasets import Document, Haystack, load_set
from benchmarks.scratch import scratch_config
from memoryoss_mcp.config import Config
from memoryoss_mcp.model import format_time, now
from memoryoss_mcp.runtime import Runtime

DEFAULT_SETS: Final = ("devmem_claude", "locomo")
PATIENCE_S: Final = 300.0
"""How long the server may take to embed what it stored before it was warm."""


class Server:
    """The product behind its MCP tools."""

    def __init__(self, client: Client, namespace: str) -> None:
        self._client = client
        self._namespace = namespace
        self._names: dict[UUID, str] = {}

    async def store(self, documents: Sequence[Document], moment: int) -> None:
        """Store documents one by one, in order, and wait until all have their vectors."""
        for document in documents:
            created = moment if document.created_at is None else document.created_at
            receipt = await self._call(
                "memoryoss_store",
                content=document.text,
                session=document.session,
                created_at=format_time(created),
            )
            self._names[UUID(receipt["id"])] = document.id
        with anyio.fail_after(PATIENCE_S):
            while not await self._settled():
                await anyio.sleep(0.25)

    async def _settled(self) -> bool:
        answer = await self._call("memoryoss_recall", query="Is everything read?", limit=1)
        return answer["mode"] == "hybrid" and not answer.get("notes")

    async def ask(self, text: str) -> Answer:
        """The first page of an answer."""
        answer = await self._call("memoryoss_recall", query=text, limit=PAGE)
        memories = answer["memories"]
        return Answer(
            ranking=tuple(self._names[UUID(memory["id"])] for memory in memories),
            scores=tuple(memory["score"] for memory in memories),
            confidence=answer["confidence"],
            decision=answer["decision"],
        )

    async def _call(self, tool: str, **arguments: Any) -> Mapping[str, Any]:
        result = await self._client.call_tool(tool, {"namespace": self._namespace, **arguments})
        if result.is_error or result.structured_content is None:
            raise RuntimeError(f"{tool}: {result.content}")
        return dict(result.structured_content)


async def ask_server(
    haystack: Haystack, documents: Sequence[Document], moment: int, folder: Path
) -> list[Answer]:
    """Answers of a new server to all questions of a haystack."""
    parameters = StdioServerParameters(
        command=sys.executable,
        args=["-m", "memoryoss_mcp.server"],
        env={
            "MEMORYOSS_DATA_DIR": str(folder),
            **{name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ},
        },
    )
    async with Client(parameters) as client:
        server = Server(client, haystack.name)
        await server.store(documents, moment)
        return [await server.ask(question.text) for question in haystack.questions]


def ask_library(
    haystack: Haystack, documents: Sequence[Document], moment: int, config: Config
) -> list[Answer]:
    """Answers of the library to all questions of a haystack."""
    with Runtime.open(config) as runtime:
        library = Library(runtime, moment)
        library.store(haystack.name, documents)
        return [library.ask(haystack.name, q.text).rounded() for q in haystack.questions]


def compare(haystack: Haystack) -> dict[str, Any]:
    """Both faces on one haystack."""
    moment = now()
    moment -= moment % 1_000_000_000
    with tempfile.TemporaryDirectory(prefix="faces-") as folder:
        config = scratch_config(Path(folder) / "library")
        documents = accepted(haystack.documents, config)
        library = ask_library(haystack, documents, moment, config)
        server = anyio.run(ask_server, haystack, documents, moment, Path(folder) / "server")
    pairs = list(zip(library, server, strict=True))
    answerable = [
        (question, pair)
        for question, pair in zip(haystack.questions, pairs, strict=True)
        if question.gold
    ]
    return {
        "questions": len(pairs),
        "same_ranking": sum(ours.ranking == theirs.ranking for ours, theirs in pairs),
        "same_answer": sum(ours == theirs for ours, theirs in pairs),
        "R@10": {
            face: measures.mean(
                measures.recall_at(pair[index].ranking, question.gold, 10)
                for question, pair in answerable
            )
            for index, face in enumerate(("library", "mcp"))
        },
    }


def compare_faces(sets: Sequence[str] | None, json: Path | None) -> int:
    """Compare the faces on the first haystack of each set; 0 if all answers are the same."""
    facts = report.machine()
    compared: dict[str, dict[str, Any]] = {}
    for name in sets or DEFAULT_SETS:
        haystack = load_set(name)[0]
        compared[f"{name}/{haystack.name}"] = compare(haystack)
    keys = ("questions", "same_ranking", "same_answer")
    rows = [
        (name, *(found[key] for key in keys), *found["R@10"].values())
        for name, found in compared.items()
    ]
    header = ("haystack", "questions", "same ranking", "same answer", "R@10 library", "R@10 mcp")
    report.say(report.table(header, rows))
    checks = [
        report.Check(f"{name}: same answers", found["same_answer"], found["questions"])
        for name, found in compared.items()
    ]
    report.say("\n" + report.verdict(checks))
    if json:
        document = {
            "lane": "quality --via mcp",
            "machine": facts,
            "haystacks": compared,
            "required": [check.as_json() for check in checks],
        }
        report.write_json(json, document)
    return 0 if all(check.passed for check in checks) else 1
