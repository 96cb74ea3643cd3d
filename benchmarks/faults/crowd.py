# SPDX-License-Identifier: AGPL-3.0-only
"""Several processes on one file: each stores, recalls, updates and forgets through the whole
runtime, in a namespace of its own and in one that all share. Their logs together say what the file
must hold in the end."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TextIO
from uuid import UUID

from benchmarks.faults.child import heard, say
from benchmarks.faults.memories import RuntimeKeeper, identifier, text
from benchmarks.faults.process import Child, ChildError
from memoryoss_mcp.errors import ConflictError, MemoryOSSError, NotFoundError
from memoryoss_mcp.model import Change, new_id
from memoryoss_mcp.recall.query import RecallQuery
from memoryoss_mcp.store.types import ForgetRequest

SHARED: Final = "shared"
VERBS: Final = ("store", "recall", "update", "forget")
_WEIGHTS: Final = (35, 35, 20, 10)


@dataclass
class Crowd:
    """What came of it. ``milliseconds`` are those of every call, by verb; ``errors`` are error
    codes that reached a caller, ``refused`` the right answers to a change of what another process
    had changed or forgotten meanwhile, ``unclean`` the receipts that say that bytes are left."""

    milliseconds: dict[str, list[float]] = field(default_factory=dict)
    errors: Counter[str] = field(default_factory=Counter)
    refused: int = 0
    unclean: int = 0
    problems: list[str] = field(default_factory=list)
    memories: int = 0
    seconds: float = 0.0


# A member of the crowd ------------------------------------------------------------------------


class _Member:
    def __init__(self, keeper: RuntimeKeeper, number: int, log: TextIO) -> None:
        self.keeper = keeper
        self.own = f"worker-{number}"
        self.log = log
        self.choose = random.Random(number)
        self.live: dict[str, dict[UUID, int]] = {self.own: {}, SHARED: {}}

    def step(self) -> None:
        """One call, and a line about it."""
        choose = self.choose
        namespace = choose.choices((self.own, SHARED), (7, 3))[0]
        live = self.live[namespace]
        verb = choose.choices(VERBS, _WEIGHTS)[0] if live else "store"
        key = new_id() if verb == "store" else choose.choice(list(live))
        line: dict[str, Any] = {"verb": verb, "namespace": namespace, "key": key.hex}
        started = time.perf_counter()
        try:
            line |= getattr(self, verb)(namespace, key)
        except (ConflictError, NotFoundError) as error:
            live.pop(key, None)
            line |= {"refused": error.code}
        except MemoryOSSError as error:
            line |= {"error": error.code, "message": str(error)}
        line["ms"] = (time.perf_counter() - started) * 1000
        self.log.write(json.dumps(line) + "\n")
        self.log.flush()

    def store(self, namespace: str, key: UUID) -> dict[str, Any]:
        self.keeper.insert(namespace, [key])
        self.live[namespace][key] = 1
        return {}

    def update(self, namespace: str, key: UUID) -> dict[str, Any]:
        known = self.live[namespace][key]
        change = Change(key, namespace, text(key, known + 1), expected_version=known)
        self.live[namespace][key] = version = self.keeper.runtime.update(change).version
        return {"version": version}

    def forget(self, namespace: str, key: UUID) -> dict[str, Any]:
        receipt = self.keeper.runtime.forget(ForgetRequest(namespace, ids=(key,)))
        del self.live[namespace][key]
        return {"deleted": len(receipt.deleted), "clean": receipt.clean}

    def recall(self, namespace: str, key: UUID) -> dict[str, Any]:
        """Ask for a memory by its name. One's own must be found, as it was last written; the
        shared ones that are found are known from then on."""
        answer = self.keeper.runtime.recall(RecallQuery(identifier(key), namespace))
        found = {result.memory.id: result.memory for result in answer.memories}
        if namespace == SHARED:
            self.live[SHARED] |= {k: memory.version for k, memory in found.items()}
            return {}
        wanted = text(key, self.live[namespace][key])
        return {"found": key in found and found[key].content == wanted}


def work(job: Mapping[str, Any]) -> None:
    """Be one of many for some seconds."""
    keeper = RuntimeKeeper(Path(job["folder"]))
    keeper.runtime.wait_until_ready()
    with closing(keeper), Path(job["log"]).open("w", encoding="utf-8") as log:
        member = _Member(keeper, job["number"], log)
        say({"ready": keeper.runtime.ready})
        heard()
        end = time.monotonic() + job["seconds"]
        while time.monotonic() < end:
            member.step()
    say({"finished": True})


# The crowd ------------------------------------------------------------------------------------


def run(
    folder: Path, processes: int, seconds: float, *, report: Callable[[str], None] | None = None
) -> Crowd:
    """Let ``processes`` write at once for ``seconds``, then hold the file against their logs."""
    crowd = Crowd()
    data, logs = folder / "data", [folder / f"log-{n}.jsonl" for n in range(processes)]
    with ExitStack() as stack:
        children = [stack.enter_context(Child()) for _ in logs]
        for number, (child, log) in enumerate(zip(children, logs, strict=True)):
            job = {"in": "crowd", "do": "work", "folder": str(data), "log": str(log)}
            child.tell(job | {"number": number, "seconds": seconds})
        for child in children:
            if not child.hear()["ready"]:
                crowd.problems.append("a process had no model")
        if report:
            report(f"crowd: {processes} processes are ready, {seconds:g} s to go")
        started = time.perf_counter()
        for child in children:
            child.tell({"go": True})
        for number, child in enumerate(children):
            try:
                child.hear()
            except ChildError as error:
                crowd.problems.append(f"process {number} failed: {error}")
        crowd.seconds = time.perf_counter() - started
    _verify(data, logs, crowd)
    return crowd


def _verify(data: Path, logs: list[Path], crowd: Crowd) -> None:
    states: dict[str, dict[UUID, int]] = {}
    updates: Counter[UUID] = Counter()
    forgotten: Counter[UUID] = Counter()
    for log in logs:
        for line in map(json.loads, log.read_text(encoding="utf-8").splitlines()):
            key, verb = UUID(line["key"]), line["verb"]
            crowd.milliseconds.setdefault(verb, []).append(line["ms"])
            if "error" in line:
                crowd.errors[line["error"]] += 1
                crowd.problems.append(f"{verb}: {line['message']}")
            elif "refused" in line:
                crowd.refused += 1
                if line["namespace"] != SHARED:
                    crowd.problems.append(f"{verb} of one's own memory: {line['refused']}")
            elif verb == "store":
                states.setdefault(line["namespace"], {})[key] = 1
            elif verb == "update":
                updates[key] += 1
            elif verb == "forget":
                forgotten[key] += line["deleted"]
                crowd.unclean += not line["clean"]
            elif not line.get("found", True):
                crowd.problems.append(f"{line['namespace']}: recall missed what was stored")
    twice = sum(1 for count in forgotten.values() if count > 1)
    if twice:
        crowd.problems.append(f"{twice} memories were forgotten twice")
    with closing(RuntimeKeeper(data)) as keeper:
        for namespace, stored in sorted(states.items()):
            expected = {k: v + updates[k] for k, v in stored.items() if not forgotten[k]}
            found = keeper.memories(namespace)
            crowd.memories += len(found)
            versions = {key: memory.version for key, memory in found.items()}
            if versions != expected:
                differing = len(versions.items() ^ expected.items())
                crowd.problems.append(f"{namespace}: {differing} memories differ from the logs")
            if any(memory.content != text(key, memory.version) for key, memory in found.items()):
                crowd.problems.append(f"{namespace}: a memory has another content")
        crowd.problems += keeper.unsound()
