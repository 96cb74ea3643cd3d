# SPDX-License-Identifier: AGPL-3.0-only
"""What a sealed namespace leaves on disk: after sealing, while keys are rotated and the process is
killed, after a restart, and in backups and snapshots."""

from __future__ import annotations

import random
import secrets
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import zstandard

from benchmarks.faults.child import say
from benchmarks.faults.process import Child, ask
from benchmarks.scratch import scratch_config
from memoryoss_mcp.maintenance import back_up, examine
from memoryoss_mcp.model import Change, Draft
from memoryoss_mcp.recall.query import RecallQuery
from memoryoss_mcp.runtime import Runtime
from memoryoss_mcp.store import file
from memoryoss_mcp.store.connection import connect, fetch_all
from memoryoss_mcp.store.types import ListQuery

SPACE: Final = "sealed"
CANARIES: Final = 100
_PIECE: Final = 24
"""Bytes of a vector or its signs that are searched for."""

Needles = dict[str, str]
"""What is searched for, in hexadecimal, and what it is."""


@dataclass
class Custody:
    """``hits`` counts what was found in clear, by kind, file and moment; ``searched`` how many
    different pieces were looked for, in ``scans``; ``kills`` how many rotations were killed."""

    memories: int = 0
    searched: int = 0
    scans: int = 0
    kills: int = 0
    kills_under_way: int = 0
    hits: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)


def custody(
    folder: Path,
    memories: int,
    kills: int,
    *,
    seed: int = 1,
    report: Callable[[str], None] | None = None,
) -> Custody:
    """Seal ``memories`` memories, of which some have words that are nowhere else, and rotate their
    key ``kills`` times with a kill in the middle. All files are searched after each step, in a
    process of its own."""
    found, chosen = Custody(memories=memories), random.Random(seed)
    config = scratch_config(folder)
    words = [f"canary{secrets.token_hex(8)}" for _ in range(CANARIES)]
    needles = {word.encode().hex(): "word" for word in words}

    def look(when: str, *, sealed: bool = True) -> None:
        answer = ask({"in": "custody", "do": "scan", "folder": str(folder), "needles": needles})
        found.scans += 1
        if sealed:
            found.hits.update({f"{hit} {when}": count for hit, count in answer["hits"].items()})
        elif not {"word", "vector", "signs"} <= {hit.split()[0] for hit in answer["hits"]}:
            found.problems.append("nothing of what is in clear was found: a blind scan")
        if report:
            report(f"custody: {sum(answer['hits'].values())} pieces in clear ({when})")

    with Runtime.open(config, client="faults") as runtime:
        stored = runtime.store_many([_draft(n, words) for n in range(memories)])
        for number, word in enumerate(words[: CANARIES // 4]):  # earlier versions say it too
            text = f"Now it is told of {word} in other words, number {number}."
            runtime.update(Change(stored[number].id, SPACE, content=text))
        file.snapshot(config.store_path, 1)
        needles |= _vectors(config.store_path)
        found.searched = len(needles)
        look("before it was sealed", sealed=False)
        done = runtime.keys.seal(SPACE, lambda *_: None)
        if done.memories != memories or done.erasure is None or not done.erasure.clean:
            found.problems.append(f"sealing says: {done}")
        look("after sealing")
        more = runtime.store(_draft(memories + 1, words)).id
        runtime.update(Change(more, SPACE, content=f"And {words[0]} once more."))
        before = _contents(runtime)
        look("after more was stored")
    for _ in range(kills):
        _killed_rotation(folder, chosen, found)
    look("after kills during rotation")
    with Runtime.open(config, client="faults") as runtime:
        runtime.keys.resume(lambda *_: None)
        if _contents(runtime) != before:
            found.problems.append("the memories are not the same after the rotations")
        for word in words[:5]:
            top = runtime.recall(RecallQuery(word, SPACE)).memories[:1]
            if not top or word not in top[0].memory.content:
                found.problems.append("a word is not found any more")
        runtime.keys.rotate(SPACE, lambda *_: None)
        file.snapshot(config.store_path, 1)
        look("after a whole rotation")
    packed = back_up(config, folder / "backup.db.zst").path
    with packed.open("rb") as source, (folder / "unpacked.db").open("wb") as target:
        zstandard.ZstdDecompressor().copy_stream(source, target)
    look("after a backup")
    found.problems += [
        f"{finding.check}: {finding.message}"
        for finding in examine(config).findings
        if finding.level != "ok"
    ]
    return found


def rotate(job: dict[str, Any]) -> None:
    """A child's: begin a rotation, or go on with one, and tell of each batch."""
    with Runtime.open(scratch_config(Path(job["folder"])), client="faults") as runtime:

        def told(_step: str, done: int, total: int) -> None:
            say({"done": done, "total": total})

        if job["begin"]:
            runtime.keys.rotate(SPACE, told)
        runtime.keys.resume(told)


def scan(job: dict[str, Any]) -> None:
    """A child's: search every file below a folder."""
    needles = {bytes.fromhex(needle): kind for needle, kind in job["needles"].items()}
    hits: Counter[str] = Counter()
    for path in sorted(Path(job["folder"]).rglob("*")):
        data = path.read_bytes() if path.is_file() else b""
        name = "snapshot" if path.parent.name == "snapshots" else path.name
        for needle, kind in needles.items():
            if needle in data:
                hits[f"{kind} in {name}"] += 1
    say({"hits": hits})


def _killed_rotation(folder: Path, chosen: random.Random, found: Custody) -> None:
    with Child() as child:
        child.tell(
            {"in": "custody", "do": "rotate", "folder": str(folder), "begin": found.kills % 2 == 0}
        )
        after = chosen.randrange(3)
        for line in child.lines():
            if after == 0 or line["done"] == line["total"]:
                found.kills_under_way += line["done"] < line["total"]
                break
            after -= 1
        time.sleep(chosen.random() * 0.01)
        child.kill()
        child.process.wait()
    found.kills += 1


def _draft(number: int, words: list[str]) -> Draft:
    word = words[number % len(words)] if number < len(words) or number % 10 == 0 else "nothing"
    return Draft(
        f"Entry {number}: somebody noted {word} about task {number * 7919 % 1000}.",
        SPACE,
        tags=(f"tag-{word}", "notes"),
        agent=f"agent-{word}",
        session=f"session-{word}",
        source_key=f"source-{word}-{number}",
    )


def _contents(runtime: Runtime) -> dict[str, str]:
    found: dict[str, str] = {}
    cursor: str | None = None
    while True:
        page = runtime.list(ListQuery(SPACE, 1_000, cursor))
        found |= {str(memory.id): memory.content for memory in page.memories}
        cursor = page.next_cursor
        if cursor is None:
            return found


def _vectors(path: Path) -> Needles:
    """Pieces of vectors and of their signs, as they are on disk in clear."""
    with closing(connect(path)) as connection:
        vectors = fetch_all(connection, "SELECT data FROM vector LIMIT 200")
        signs = fetch_all(connection, "SELECT signs FROM vector_index LIMIT 200")
    found = {data[100 : 100 + _PIECE].hex(): "vector" for (data,) in vectors}
    return found | {data[8 : 8 + _PIECE].hex(): "signs" for (data,) in signs}
