# SPDX-License-Identifier: AGPL-3.0-only
"""What must not be left, and what must not be needed: bytes of forgotten memories in any file of
the data folder, and a network."""

from __future__ import annotations

import random
import socket
import string
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from benchmarks.faults.child import say
from benchmarks.faults.process import ROOT, allowed, ask
from benchmarks.scratch import scratch_config
from memoryoss_mcp.model import Change, Draft
from memoryoss_mcp.recall.query import RecallQuery
from memoryoss_mcp.runtime import Runtime
from memoryoss_mcp.store import changes, file
from memoryoss_mcp.store.connection import connect, fetch_all, write_transaction
from memoryoss_mcp.store.types import ForgetRequest

SPACE: Final = "traces"
PIECE: Final = 12
"""Letters of a word that are searched for: what a stemmer leaves of it."""

Needles = dict[str, tuple[str, str]]
"""Bytes to search for (as hex): what they are a piece of, and which memory they belong to."""


# Residue --------------------------------------------------------------------------------------


@dataclass
class Residue:
    """What a byte scan found of forgotten memories, by kind of piece and file; ``searched`` are
    the pieces, ``bytes`` the bytes that hits add up to, ``unclean`` the receipts that admit it.
    ``problems`` are scans that prove nothing: they did not find what lives, either."""

    searched: int = 0
    hits: Counter[str] = field(default_factory=Counter)
    bytes: int = 0
    scans: int = 0
    unclean: int = 0
    problems: list[str] = field(default_factory=list)


def _word(choose: random.Random) -> str:
    return "".join(choose.choices(string.ascii_lowercase, k=16))


class _Diary:
    """Memories of random words, and which words stood in which of them."""

    def __init__(self, runtime: Runtime, seed: int) -> None:
        self.runtime = runtime
        self.choose = random.Random(seed)
        self.words: dict[UUID, dict[str, str]] = {}

    def _words(self, kind: str, count: int) -> tuple[str, dict[str, str]]:
        words = [_word(self.choose) for _ in range(count)]
        return " ".join(words), dict.fromkeys(words, kind)

    def store(self, session: str) -> None:
        content, words = self._words("content", self.choose.choice((4, 8, 30, 600)))
        tag, tags = self._words("tag", 1)
        agent, agents = self._words("agent", 1)
        draft = Draft(content, SPACE, tags=(tag,), agent=agent, session=session)
        self.words[self.runtime.store(draft).id] = words | tags | agents

    def update(self, key: UUID) -> None:
        """New words, and a new tag; the earlier ones stay known."""
        content, words = self._words("content", self.choose.choice((4, 40)))
        tag, tags = self._words("tag", 1)
        self.runtime.update(Change(key, SPACE, content, tags=(tag,)))
        self.words[key] |= words | tags

    def needles(self, keys: Sequence[UUID]) -> Needles:
        """Pieces of all that was ever said in some memories."""
        return {
            word[:PIECE].encode().hex(): (kind, key.hex)
            for key in keys
            for word, kind in self.words[key].items()
        }


def _vectors(path: Path) -> Needles:
    """Pieces of every vector that the file holds: of its bytes, and of its signs."""
    found: Needles = {}
    with closing(connect(path)) as connection:
        rows = fetch_all(
            connection, "SELECT m.id, v.data FROM memory m JOIN vector v USING(number)"
        )
        for key, data in rows:
            found[data[100:124].hex()] = ("vector", key.hex())
        rows = fetch_all(
            connection, "SELECT m.id, x.signs FROM memory m JOIN vector_index x USING(number)"
        )
        for key, signs in rows:
            found[signs[8:32].hex()] = ("signs", key.hex())
    return found


def scan(job: Mapping[str, Any]) -> None:
    """Search every file below a folder; in a process of its own, because to close a file that
    SQLite has open would cancel its locks."""
    needles = {bytes.fromhex(needle): kind for needle, kind in job["needles"].items()}
    hits: Counter[str] = Counter()
    total = 0
    for path in sorted(Path(job["folder"]).rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            name = "snapshot" if path.parent.name == "snapshots" else path.name
            for needle, kind in needles.items():
                count = data.count(needle)
                total += count * len(needle)
                if count:
                    hits[f"{kind} in {name}"] += count
    say({"hits": hits, "bytes": total})


def _scanned(folder: Path, needles: Needles) -> dict[str, Any]:
    kinds = {needle: kind for needle, (kind, _) in needles.items()}
    return ask({"in": "traces", "do": "scan", "folder": str(folder), "needles": kinds})


def residue(
    folder: Path, count: int, *, seed: int = 1, report: Callable[[str], None] | None = None
) -> Residue:
    """Store ``count`` memories in four sessions, update a third, forget half of them by id and
    then two of the sessions; look for their bytes after each, and after closing. A pack of the
    lexical index and a snapshot lie between."""
    found = Residue()
    config = scratch_config(folder)
    with Runtime.open(config, client="faults") as runtime:
        diary = _Diary(runtime, seed)
        sessions = {f"session-{number}": set[UUID]() for number in range(4)}
        for number in range(count):
            session = f"session-{number % 4}"
            known = set(diary.words)
            diary.store(session)
            sessions[session] |= set(diary.words) - known
        keys = list(diary.words)
        vectors = _vectors(config.store_path)
        with closing(connect(config.store_path)) as connection, write_transaction(connection):
            changes.pack_tails(connection, 1)
        for key in diary.choose.sample(keys, count // 3):
            diary.update(key)
        vectors |= _vectors(config.store_path)
        file.snapshot(config.store_path, 1)
        gone: set[UUID] = set()

        def look(when: str) -> None:
            past = diary.needles(sorted(gone)) | {
                needle: about for needle, about in vectors.items() if UUID(about[1]) in gone
            }
            answer = _scanned(folder, past)
            found.searched, found.scans = len(past), found.scans + 1
            found.bytes += answer["bytes"]
            found.hits.update({f"{hit} {when}": n for hit, n in answer["hits"].items()})
            present = _scanned(folder, _vectors(config.store_path) | diary.needles(keys))["hits"]
            for kind in ("content", "tag", "agent", "vector", "signs"):
                if f"{kind} in {config.store_path.name}" not in present:
                    found.problems.append(f"{when}: no {kind} of any living memory: a blind scan")
            if report:
                report(f"residue: {len(gone)} forgotten, {answer['bytes']} bytes left ({when})")

        chosen = diary.choose.sample(keys, count // 2)
        for start in range(0, len(chosen), 5):
            receipt = runtime.forget(ForgetRequest(SPACE, ids=tuple(chosen[start : start + 5])))
            gone |= set(receipt.deleted)
            found.unclean += not receipt.clean
        look("after forgetting ids")
        for session in ("session-0", "session-1"):
            receipt = runtime.forget(ForgetRequest(SPACE, session=session))
            gone |= set(receipt.deleted)
            found.unclean += not receipt.clean
        if gone != set(chosen) | sessions["session-0"] | sessions["session-1"]:
            found.problems.append("other memories were forgotten than were named")
        look("after forgetting sessions")
    look("after closing")
    return found


# No network -----------------------------------------------------------------------------------


@dataclass
class Offline:
    """How the network was taken away (``way``), and what did not work without it."""

    way: str
    problems: list[str] = field(default_factory=list)


def offline(folder: Path) -> Offline:
    """Store and recall by meaning, and run the demo, without a network."""
    prefix = ["unshare", "-rn"]
    isolated = allowed(*prefix, "true")
    way = "network namespace without interfaces" if isolated else "sockets forbidden in the process"
    job = {"in": "traces", "do": "without_network", "folder": str(folder), "isolated": isolated}
    found = Offline(way, ask(job, prefix=prefix if isolated else ())["problems"])
    if isolated:
        demo = subprocess.run(
            [*prefix, sys.executable, "-m", "memoryoss_mcp", "demo"],
            cwd=ROOT,
            capture_output=True,
            check=False,
        )
        if demo.returncode:
            said = (demo.stdout + demo.stderr).decode(errors="replace").strip()
            found.problems.append(
                f"the demo failed: {said.splitlines()[-1] if said else demo.returncode}"
            )
    return found


def _forbid(event: str, _arguments: tuple[Any, ...]) -> None:
    if event in {"socket.connect", "socket.getaddrinfo", "socket.sendto", "socket.gethostbyname"}:
        raise PermissionError(f"{event}: there is no network here")


def without_network(job: Mapping[str, Any]) -> None:
    """Store one memory and recall it in other words."""
    problems = []
    if job["isolated"]:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect(("192.0.2.1", 9))  # an address for documentation; nothing is sent
                problems.append("the namespace has a network")
            except OSError:
                pass
    else:
        sys.addaudithook(_forbid)
    config = scratch_config(Path(job["folder"]))
    with Runtime.open(config, client="faults") as runtime:
        stored = runtime.store(Draft("The staging database listens on port 5433.", SPACE))
        runtime.store(Draft("Releases are cut on Tuesdays.", SPACE))
        answer = runtime.recall(RecallQuery("on which port does the test DB answer?", SPACE))
        if answer.mode != "hybrid":
            problems.append(f"recall was {answer.mode}: {runtime.model_error}")
        if [result.memory.id for result in answer.memories[:1]] != [stored.id]:
            problems.append("recall did not find what was stored")
    say({"problems": problems})
