# SPDX-License-Identifier: AGPL-3.0-only
"""The steps of the demonstration. Each makes a claim, does it through the server, and checks it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import anyio

from memoryoss_mcp.cli import story
from memoryoss_mcp.cli.story import Question
from memoryoss_mcp.cli.transcript import Step, Transcript
from memoryoss_mcp.cli.views import preview
from memoryoss_mcp.server.client import ServerSession, start_server

TOOLS: Final = {"memoryoss_recall", "memoryoss_store", "memoryoss_update", "memoryoss_forget"}

READY_SECONDS: Final = 20.0
"""How long the model may take to load before the demonstration goes on without it."""

_POLL_SECONDS: Final = 0.1


async def play(
    transcript: Transcript, server: Sequence[str], folder: Path, environment: Mapping[str, str]
) -> None:
    """Both sessions, from the first start of the server to the last."""
    show = _Show(transcript, folder)
    transcript.chapter("Session 1: store")
    async with show.session(server, environment, "start-1", "the MCP server starts"):
        await show.list_tools()
        await show.store_facts()
    transcript.chapter("Session 2: a new server process recalls")
    async with show.session(server, environment, "start-2", "the MCP server starts again"):
        await show.wait_for_model()
        for question in story.QUESTIONS:
            await show.ask(question)
        await show.ask_for_version()
        await show.ask_in_vain()
        transcript.chapter("Why: the numbers of one answer")
        await show.explain()
        transcript.chapter("Correct and delete")
        await show.update()
        await show.forget()


class _Show:
    """The demonstration under way: the running session and the ids of what was stored."""

    def __init__(self, transcript: Transcript, folder: Path) -> None:
        self._transcript = transcript
        self._folder = folder
        self._ids: dict[str, str] = {}
        self._server: ServerSession | None = None

    @asynccontextmanager
    async def session(
        self, server: Sequence[str], environment: Mapping[str, str], name: str, claim: str
    ) -> AsyncIterator[None]:
        """A server process and a session with it."""
        start = time.perf_counter()
        async with start_server(server, environment=environment) as running:
            with self._transcript.step(name, f"{claim} and answers the handshake") as step:
                step.milliseconds = (time.perf_counter() - start) * 1000
                step.holds = True
                step.details = {"server": running.server, "protocol": running.protocol_version}
            self._transcript.say(f"{running.server}, MCP {running.protocol_version}", style="dim")
            self._server = running
            yield
            self._server = None
            start = time.perf_counter()
        with self._transcript.step(name.replace("start", "end"), "the server process ends") as step:
            step.milliseconds = (time.perf_counter() - start) * 1000
            step.holds = True

    async def list_tools(self) -> None:
        """What a client sees first."""
        with self._transcript.step("tools", "it offers four tools") as step:
            tools = await self._running().tools()
            step.holds = {tool.name for tool in tools} == TOOLS
            step.details = {"tools": [tool.name for tool in tools]}
        for tool in tools:
            self._transcript.say(f"{tool.name}: {tool.title}", style="dim")

    async def store_facts(self) -> None:
        """Keep everything that the project knows."""
        count = len(story.FACTS)
        with self._transcript.step("store", f"{count} memories are stored, one call each") as step:
            for fact in story.FACTS:
                stated = datetime.now(UTC) - timedelta(days=fact.days_ago)
                stored = await self._call(
                    "memoryoss_store",
                    content=fact.content,
                    tags=list(fact.tags),
                    memory_type=fact.memory_type,
                    created_at=stated.isoformat(timespec="seconds"),
                )
                self._ids[fact.key] = stored["id"]
            step.holds = len(set(self._ids.values())) == count
            step.details = {"ids": dict(self._ids), "namespace": stored["namespace"]}
        for fact in story.FACTS:
            self._transcript.say(
                f"{', '.join(fact.tags)}: {preview(fact.content, 64)}", style="dim"
            )

    async def wait_for_model(self) -> None:
        """The handshake does not wait for the model; this does."""
        with self._transcript.step("ready", "recall by meaning is ready") as step:
            deadline = time.perf_counter() + READY_SECONDS
            while True:
                answer = await self._recall(story.QUESTIONS[0].text)
                step.holds = answer["mode"] == "hybrid" and not answer.get("notes")
                if step.holds or time.perf_counter() > deadline:
                    break
                await anyio.sleep(_POLL_SECONDS)
            step.details = {"mode": answer["mode"], "notes": answer.get("notes", [])}
        for note in answer.get("notes", []):
            self._transcript.say(note, style="warn")

    async def ask(self, question: Question) -> None:
        """A question whose answer has to come first."""
        claim = f"“{question.text}” finds it by {question.by}"
        with self._transcript.step("recall", claim) as step:
            answer = await self._recall(question.text)
            step.holds = self._first(answer) == self._ids[question.answer]
            self._keep(step, question.text, answer)
        self._tell(answer)

    async def ask_for_version(self) -> None:
        """Of two facts that cannot both be true, the newer one comes first."""
        question = story.VERSIONS
        claim = f"“{question.text}” puts the newer fact above the outdated one"
        with self._transcript.step("newer", claim) as step:
            answer = await self._recall(question.text)
            order = [memory["id"] for memory in answer["memories"]]
            newer, older = self._ids[question.answer], self._ids[story.OUTDATED]
            step.holds = newer in order and (
                older not in order or order.index(newer) < order.index(older)
            )
            self._keep(step, question.text, answer)
        self._tell(answer, count=2)

    async def ask_in_vain(self) -> None:
        """A question that nothing answers."""
        claim = f"“{story.UNANSWERED}” is not answered: it abstains"
        with self._transcript.step("abstain", claim) as step:
            answer = await self._recall(story.UNANSWERED)
            step.holds = answer["decision"] == "abstain"
            self._keep(step, story.UNANSWERED, answer)
        self._transcript.say(
            f"{answer['decision']}, confidence {answer['confidence']:.2f}", style="dim", indent=6
        )

    async def explain(self) -> None:
        """The parts of the best answer's score."""
        question = story.QUESTIONS[0]
        with self._transcript.step("explain", f"“{question.text}” with its working") as step:
            answer = await self._recall(question.text, explain=True)
            working = answer.get("explanation", {})
            best = answer["memories"][0] if answer["memories"] else {"id": ""}
            parts = working.get("parts", {}).get(best["id"], {})
            step.holds = bool(parts) and best["id"] == self._ids[question.answer]
            self._keep(step, question.text, answer)
            step.details["explanation"] = working
        self._tell(answer, count=1)
        self._transcript.numbers(parts)
        steps = working.get("milliseconds", {})
        for name, numbers in (("terms (rarity)", working.get("terms", {})), ("ms", steps)):
            text = ", ".join(f"{key} {value:.2f}" for key, value in numbers.items())
            self._transcript.say(f"{name}: {text}", style="dim", indent=6)

    async def update(self) -> None:
        """Correct a memory and see the correction."""
        with self._transcript.step(
            "update", "a memory is corrected; recall says the new text"
        ) as step:
            memory_id = self._ids[story.CHANGED]
            updated = await self._call("memoryoss_update", id=memory_id, content=story.CHANGE)
            answer = await self._recall(story.CHANGE_QUESTION)
            found = {memory["id"]: memory.get("content") for memory in answer["memories"]}
            step.holds = updated["version"] == 2 and found.get(memory_id) == story.CHANGE
            self._keep(step, story.CHANGE_QUESTION, answer)
            step.details["version"] = updated["version"]
        self._tell(answer, count=1)

    async def forget(self) -> None:
        """Delete a memory, and look for what is left of it: by asking, and in the files."""
        before = self._traces()
        memory_id = self._ids[story.FORGOTTEN]
        known = await self._recall(story.FORGOTTEN_QUESTION)
        with self._transcript.step("forget", "a memory is deleted for good") as step:
            receipt = await self._call("memoryoss_forget", ids=[memory_id])
            step.holds = receipt["deleted"] == 1 and receipt["clean"] is True
            step.details = {"receipt": receipt}
        self._transcript.say("the server's receipt: no byte of it left", style="dim", indent=6)
        with self._transcript.step("gone", "the question that found it finds it no more") as step:
            answer = await self._recall(story.FORGOTTEN_QUESTION)
            step.holds = self._first(known) == memory_id and all(
                memory["id"] != memory_id for memory in answer["memories"]
            )
            self._keep(step, story.FORGOTTEN_QUESTION, answer)
        claim = "no file in the data folder holds its words any more"
        with self._transcript.step("residue", claim) as step:
            after = self._traces()
            step.holds = bool(before) and not after
            step.details = {"files_before": before, "files_after": after}
        self._transcript.say(
            f"“{story.TRACE.decode()}” before: {', '.join(before) or 'nowhere'}; "
            f"after: {', '.join(after) or 'nowhere'}",
            style="dim",
            indent=6,
        )

    def _traces(self) -> list[str]:
        """Names of the files that hold the forgotten memory's words. The ``-shm`` file maps pages
        of the log, has no content, and is locked on Windows."""
        files = (path for path in sorted(self._folder.rglob("*")) if path.is_file())
        return [
            path.name
            for path in files
            if not path.name.endswith("-shm") and story.TRACE in path.read_bytes().lower()
        ]

    def _running(self) -> ServerSession:
        if self._server is None:
            raise RuntimeError("no session")
        return self._server

    async def _call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        return await self._running().call(tool, arguments)

    async def _recall(self, question: str, **arguments: Any) -> dict[str, Any]:
        return await self._call("memoryoss_recall", query=question, limit=5, **arguments)

    @staticmethod
    def _first(answer: Mapping[str, Any]) -> str | None:
        return answer["memories"][0]["id"] if answer["memories"] else None

    @staticmethod
    def _keep(step: Step, question: str, answer: Mapping[str, Any]) -> None:
        step.details = {
            "query": question,
            "decision": answer["decision"],
            "confidence": answer["confidence"],
            "memories": [
                {
                    "id": memory["id"],
                    "score": memory["score"],
                    "content": memory.get("content") or memory.get("summary"),
                }
                for memory in answer["memories"]
            ],
        }

    def _tell(self, answer: Mapping[str, Any], *, count: int = 1) -> None:
        for rank, memory in enumerate(answer["memories"][:count]):
            self._transcript.found(memory, style="plain" if rank == 0 else "dim")
