# SPDX-License-Identifier: AGPL-3.0-only
"""Forgotten is gone: after ``forget`` no byte of it is in any file, and the receipt says where was
looked. What is forgotten is named exactly, never everything by an empty request."""

from __future__ import annotations

import random
import string
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest

from memoryoss_mcp.errors import EmptySelectorError, LimitExceededError, NotFoundError
from memoryoss_mcp.model import Change, new_id
from memoryoss_mcp.store import doctor, file
from memoryoss_mcp.store.store import Store
from memoryoss_mcp.store.types import ForgetReceipt, ForgetRequest, ListQuery

from . import support

SIZES = (20, 200, 1_000, 3_900, 4_100, 12_000, 32_768)
SUPPORT = Path(__file__).resolve().parents[1]
TRACE = 10
"""Bytes in a row that nothing but the forgotten text has."""


def phrase(choose: random.Random, size: int) -> str:
    """Words that occur nowhere else, ``size`` bytes of them."""
    words = [
        "".join(choose.choices(string.ascii_lowercase, k=choose.randint(10, 16)))
        for _ in range(size // 11 + 1)
    ]
    return " ".join(words)[:size].strip()


def traces(folder: Path, texts: Iterable[str]) -> list[tuple[str, bytes]]:
    """Every place in any file of a folder that says ten bytes of one of the texts."""
    pieces: set[bytes] = set()
    for text in texts:
        data = text.encode()
        pieces.update(data[n : n + TRACE] for n in range(len(data) - TRACE + 1))
    spread, shift = np.uint64(0x9E3779B97F4A7C15), np.uint64(40)
    near = np.zeros(1 << 24, np.bool_)
    near[np.frombuffer(b"".join(p[:8] for p in pieces), np.uint64) * spread >> shift] = True
    found = []
    for name, data in support.bytes_of_files(folder).items():
        for offset in range(8):
            whole = (len(data) - offset) // 8 * 8
            windows = np.frombuffer(data[offset : offset + whole], np.uint64)
            for place in np.flatnonzero(near[windows * spread >> shift]).tolist():
                piece = data[offset + place * 8 : offset + place * 8 + TRACE]
                if piece in pieces:
                    found.append((name, piece))
    return found


def background(store: Store, choose: random.Random, count: int = 120) -> None:
    """Other memories, so that pages are shared, split and merged."""
    store.insert(
        [
            support.entry(
                phrase(choose, choose.choice(SIZES[:4])),
                seed=n,
                tags=(phrase(choose, 12),),
                session=phrase(choose, 12),
            )
            for n in range(count)
        ]
    )


def secret_of(choose: random.Random, size: int, session: str) -> dict[str, object]:
    """A memory's texts, each of which nothing else says."""
    return {
        "content": phrase(choose, size),
        "tags": (phrase(choose, 12), phrase(choose, 40)),
        "agent": phrase(choose, 20),
        "session": session,
        "client": phrase(choose, 20),
        "source_key": phrase(choose, 20),
    }


def texts_of(secret: dict[str, object]) -> list[str]:
    tags = secret["tags"]
    assert isinstance(tags, tuple)
    return [str(value) for name, value in secret.items() if name != "tags"] + list(tags)


@pytest.mark.parametrize("packed", [False, True], ids=["tail", "packed"])
@pytest.mark.parametrize("reworded", [False, True], ids=["as stored", "updated before"])
@pytest.mark.parametrize("seed", [1, 2])
def test_no_byte_is_left_in_any_file(
    tmp_path: Path, packed: bool, reworded: bool, seed: int
) -> None:
    path, choose = tmp_path / "memoryoss.db", random.Random(seed)
    session = phrase(choose, 20)
    with support.opened(path) as store:
        background(store, choose)
        gone = [secret_of(choose, size, session) for size in SIZES * 2]
        ids = []
        for number, secret in enumerate(gone):
            ids.append(store.insert([support.entry(seed=number, **secret)])[0].id)  # type: ignore[arg-type]
            background(store, choose, 2)
        if packed:
            support.pack(path)
        if reworded:
            for number, key in enumerate(ids):
                later = {"content": phrase(choose, 500), "tags": (phrase(choose, 15),)}
                gone.append(later)
                store.update(
                    Change(key, "default", content=later["content"], tags=later["tags"]),  # type: ignore[arg-type]
                    support.encoded(number),
                )
            if packed:
                support.pack(path)
        store.candidates("default", support.probe(["x"], seed=1))
        everything = [text for secret in gone for text in texts_of(secret)]
        assert traces(tmp_path, everything)
        receipt = store.forget(ForgetRequest("default", ids=tuple(ids)))
        assert set(receipt.deleted) == set(ids)
        assert receipt.clean
        assert traces(tmp_path, everything) == []
        background(store, choose, 5)
        assert traces(tmp_path, everything) == []
    assert traces(tmp_path, everything) == []
    assert support.unsound(path) == []


def test_one_after_the_other_leaves_no_byte_either(tmp_path: Path) -> None:
    path, choose = tmp_path / "memoryoss.db", random.Random(3)
    with support.opened(path) as store:
        background(store, choose, 60)
        for number in range(25):
            secret = secret_of(choose, choose.choice(SIZES), phrase(choose, 20))
            [receipt] = store.insert([support.entry(seed=number, **secret)])  # type: ignore[arg-type]
            if number % 3 == 0:
                support.pack(path)
            background(store, choose, number % 4)
            assert store.forget(ForgetRequest("default", ids=(receipt.id,))).clean
            assert traces(tmp_path, texts_of(secret)) == []


def test_what_others_say_too_stays_with_them(tmp_path: Path) -> None:
    path, choose = tmp_path / "memoryoss.db", random.Random(4)
    shared, own = phrase(choose, 60), phrase(choose, 60)
    with support.opened(path) as store:
        [kept] = store.insert([support.entry(f"{shared} kept")])
        [gone] = store.insert([support.entry(f"{shared} {own}")])
        receipt = store.forget(ForgetRequest("default", ids=(gone.id,)))
        assert receipt.clean
        assert store.get("default", kept.id).content == f"{shared} kept"
        assert traces(tmp_path, [own]) == []
        assert traces(tmp_path, [shared])


@pytest.mark.parametrize("reworded", [False, True], ids=["as stored", "updated since"])
def test_snapshots_that_held_it_are_removed_and_named(tmp_path: Path, reworded: bool) -> None:
    path, choose = tmp_path / "memoryoss.db", random.Random(5)
    first, second = phrase(choose, 300), phrase(choose, 300)
    with support.opened(path) as store:
        background(store, choose, 10)
        before = file.snapshot(path, 0)
        [receipt] = store.insert([support.entry(first)])
        after = file.snapshot(path, 1)
        if reworded:
            store.update(Change(receipt.id, "default", content=second), support.encoded(1))
        told = store.forget(ForgetRequest("default", ids=(receipt.id,)))
        assert told.clean
        assert any(after.name in note for note in told.notes)
        assert file.snapshots(path) == (before,)
        assert traces(tmp_path, [first, second]) == []


def test_the_receipt_lists_every_file_that_was_searched(tmp_path: Path) -> None:
    path, choose = tmp_path / "memoryoss.db", random.Random(6)
    with support.opened(path) as store:
        background(store, choose, 10)
        kept = file.snapshot(path, 1)
        [stored] = store.insert([support.entry(phrase(choose, 100))])
        receipt = store.forget(ForgetRequest("default", ids=(stored.id, new_id())))
        assert receipt.deleted == (stored.id,)
        assert len(receipt.missing) == 1
        assert not receipt.dry_run
        searched = {scanned.path for scanned in receipt.scanned}
        assert {path, kept} <= searched
        assert {Path(f"{path}-wal")} >= searched - {path, kept}
        for scanned in receipt.scanned:
            assert scanned.residues == 0
            assert scanned.bytes == scanned.path.stat().st_size
        with pytest.raises(NotFoundError):
            store.get("default", stored.id)


READER = """
import sys
from pathlib import Path
from store import support

with support.raw(Path(sys.argv[1])) as connection:
    connection.execute("BEGIN")
    connection.execute("SELECT count(*) FROM memory").fetchall()
    print("reading", flush=True)
    sys.stdin.readline()
    connection.execute("ROLLBACK")
print("done", flush=True)
"""


def test_while_another_program_reads_the_receipt_is_honest(tmp_path: Path) -> None:
    path, choose = tmp_path / "memoryoss.db", random.Random(7)
    text = phrase(choose, 2_000)
    with support.opened(path) as store:
        [stored] = store.insert([support.entry(text)])
        with subprocess.Popen(
            [sys.executable, "-c", READER, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=support.environment(SUPPORT.parent, SUPPORT),
        ) as reader:
            assert reader.stdin is not None
            assert reader.stdout is not None
            assert reader.stdout.readline() == "reading\n"
            receipt = store.forget(ForgetRequest("default", ids=(stored.id,)))
            assert receipt.deleted == (stored.id,)
            # The reader still sees the state before, so its bytes cannot be gone yet.
            assert receipt.clean == (traces(tmp_path, [text]) == [])
            if not receipt.clean:
                assert any(scanned.residues for scanned in receipt.scanned)
                assert any("reading" in note for note in receipt.notes)
            reader.stdin.write("\n")
            reader.stdin.flush()
            assert reader.wait(timeout=120) == 0
        # The next change finishes what had to wait.
        [other] = store.insert([support.entry("something else to forget, later")])
        assert store.forget(ForgetRequest("default", ids=(other.id,))).clean
        assert traces(tmp_path, [text]) == []
    assert support.unsound(path) == []


OTHER_PROGRAM = """
import sys
from pathlib import Path
from store import support
from memoryoss_mcp.store.types import ListQuery

with support.opened(Path(sys.argv[1])) as store:
    print(store.page(ListQuery("default")).total)
"""


def as_another_program(script: str, path: Path) -> str:
    """Run a script over the file in a process of its own; what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)],
        env=support.environment(SUPPORT.parent, SUPPORT),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


LOCK = """
import fcntl, sys

with open(sys.argv[1], "r+b") as file:
    try:  # the bytes of SQLite's shared lock
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 510, 0x40000002)
        print("free")
    except OSError:
        print("held")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no POSIX locks")
def test_a_search_does_not_give_up_the_locks_of_this_program(tmp_path: Path) -> None:
    """On POSIX, closing any descriptor of a file gives up all locks of the process on it. Programs
    with an older SQLite would then take themselves for the last one and delete the log."""
    path = tmp_path / "memoryoss.db"
    with support.opened(path) as store:
        store.insert([support.entry("stays")])
        [gone] = store.insert([support.entry("goes away")])
        kept = file.snapshot(path, 1)
        assert as_another_program(LOCK, path) == "held"
        assert store.forget(ForgetRequest("default", ids=(gone.id,))).clean
        assert as_another_program(LOCK, path) == "held"
        assert not kept.exists()


def test_other_programs_see_what_is_written_after_a_search(tmp_path: Path) -> None:
    path = tmp_path / "memoryoss.db"
    with support.opened(path) as store:
        store.insert([support.entry("stays")])
        [gone] = store.insert([support.entry("goes away")])
        assert store.forget(ForgetRequest("default", ids=(gone.id,))).clean
        assert as_another_program(OTHER_PROGRAM, path) == "1"
        store.insert([support.entry("comes after it")])
        assert as_another_program(OTHER_PROGRAM, path) == "2"
    assert support.unsound(path) == []


@pytest.mark.parametrize("seed", [4, 5])  # with these SQLite leaves copies of such words
def test_short_words_are_erased_like_long_ones(tmp_path: Path, seed: int) -> None:
    path, choose = tmp_path / "memoryoss.db", random.Random(seed)

    def words(count: int) -> list[str]:
        return ["".join(choose.choices(string.ascii_lowercase, k=7)) for _ in range(count)]

    with support.opened(path) as store:
        said: dict[UUID, list[str]] = {}
        for number in range(150):
            text, tag = words(6), words(1)[0]
            [stored] = store.insert([support.entry(" ".join(text), tags=(tag,))])
            said[stored.id] = [*text, tag]
            if number % 7 == 6:
                support.pack(path)
        gone = list(said)
        choose.shuffle(gone)
        del gone[20:]
        for key in gone:
            assert store.forget(ForgetRequest("default", ids=(key,))).clean
        held = b"".join(support.bytes_of_files(tmp_path).values())
        assert [word for key in gone for word in said[key] if word.encode() in held] == []


def test_words_that_only_the_layout_of_the_file_forms_are_no_traces(tmp_path: Path) -> None:
    """The name of a table, twice in a row, says "call"; a posting of 48 bytes puts an "l" in front
    of its term; the labels of a memory touch each other."""
    path = tmp_path / "memoryoss.db"
    with support.opened(path) as store:
        for number in range(12):
            entry = support.entry(f"ate {number}", agent="mill", session="wright")
            store.insert([entry])
        support.pack(path)
        kept = file.snapshot(path, 1)
        gone = store.insert([support.entry("call late"), support.entry("millwright")])
        for stored in gone:
            assert store.forget(ForgetRequest("default", ids=(stored.id,))).clean
        assert file.snapshots(path) == (kept,)
    assert support.unsound(path) == []


def test_what_is_too_short_to_search_for_is_erased_by_rewriting(tmp_path: Path) -> None:
    with support.opened(tmp_path / "memoryoss.db") as store:
        stored = store.insert([support.entry("some longer content"), support.entry("42")])
        ids = tuple(receipt.id for receipt in stored)
        receipt = store.forget(ForgetRequest("default", ids=ids))
        assert receipt.clean
        assert any("rewritten" in note for note in receipt.notes)


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from uuid import UUID
from store import support
from memoryoss_mcp.store.types import ForgetRequest

path = Path(sys.argv[1])
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with support.opened(path) as store:
    [stored] = store.insert([support.entry("42")])
    limit = path.stat().st_size + 8192
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    receipt = store.forget(ForgetRequest("default", ids=(stored.id,)))
    assert receipt.deleted == (stored.id,)
    assert not receipt.clean
    assert any("could not be rewritten" in note for note in receipt.notes), receipt.notes
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot limit the size of files")
def test_without_room_to_rewrite_the_receipt_says_so_and_the_next_one_does_it(
    tmp_path: Path,
) -> None:
    path, choose = tmp_path / "memoryoss.db", random.Random(10)
    with support.opened(path) as store:
        store.insert([support.entry(choose.randbytes(16_000).hex()) for _ in range(100)])
    with support.raw(path) as connection:
        connection.execute("VACUUM")  # so that a rewritten file is not much smaller
    as_another_program(FULL_DISK, path)
    assert [problem.split(":")[0] for problem in support.unsound(path)] == ["erasure"]
    with support.opened(path) as store:
        [other] = store.insert([support.entry("something else to forget, later")])
        receipt = store.forget(ForgetRequest("default", ids=(other.id,)))
        assert receipt.clean
        assert any("rewritten" in note for note in receipt.notes)
    assert support.unsound(path) == []


KILLED = """
import os, sys
from pathlib import Path
from store import support
from memoryoss_mcp.store import residue
from memoryoss_mcp.store.types import ForgetRequest, ListQuery

residue.erase = lambda *_: os._exit(0)
with support.opened(Path(sys.argv[1])) as store:
    [memory] = store.page(ListQuery("default")).memories
    store.forget(ForgetRequest("default", ids=(memory.id,)))
"""


def by_the_doctor(path: Path) -> None:
    assert doctor.examine(path, support.MODEL, support.analyse, repair=True).healthy


def by_the_next_program(path: Path) -> None:
    with support.opened(path) as store:
        erasure = store.finish_erasures()
        assert erasure is not None
        assert erasure.clean
        assert store.finish_erasures() is None


@pytest.mark.parametrize("finish", [by_the_doctor, by_the_next_program])
def test_a_kill_between_deletion_and_search_is_noticed_and_repaired(
    tmp_path: Path, finish: Callable[[Path], None]
) -> None:
    path, choose = tmp_path / "memoryoss.db", random.Random(11)
    first, second = phrase(choose, 300), phrase(choose, 300)
    with support.opened(path) as store:
        [stored] = store.insert([support.entry(first)])
        store.update(Change(stored.id, "default", content=second), None)
        file.snapshot(path, 1)
    as_another_program(KILLED, path)
    assert traces(tmp_path, [first, second])
    with support.raw(path) as connection:  # a minute later
        connection.execute(
            "UPDATE setting SET value = value - 61000000000 WHERE name GLOB 'erasure:*'"
        )
    assert [problem.split(":")[0] for problem in support.unsound(path)] == ["erasure"]
    finish(path)
    assert traces(tmp_path, [first, second]) == []
    assert file.snapshots(path) == ()
    assert support.unsound(path) == []


def test_an_erasure_that_may_still_be_at_work_is_left_to_its_program(tmp_path: Path) -> None:
    path = tmp_path / "memoryoss.db"
    with support.opened(path) as store:
        store.insert([support.entry("what is to be forgotten")])
    as_another_program(KILLED, path)
    with support.opened(path) as store:
        assert store.finish_erasures() is None


def test_a_snapshot_that_cannot_be_read_is_named_and_not_called_clean(tmp_path: Path) -> None:
    path, choose = tmp_path / "memoryoss.db", random.Random(12)
    with support.opened(path) as store:
        [stored] = store.insert([support.entry(phrase(choose, 300))])
        copy = file.snapshot(path, 1)
        copy.write_bytes(b"not a database any more" * 500)
        receipt = store.forget(ForgetRequest("default", ids=(stored.id,)))
        assert receipt.deleted == (stored.id,)
        assert not receipt.clean
        assert any(copy.name in note for note in receipt.notes)
        assert copy.exists()
        copy.unlink()
        [other] = store.insert([support.entry("something else to forget, later")])
        assert store.forget(ForgetRequest("default", ids=(other.id,))).clean


def test_a_salvaged_copy_is_never_removed_but_named_if_it_holds_it(tmp_path: Path) -> None:
    path, choose = tmp_path / "memoryoss.db", random.Random(13)
    text = phrase(choose, 300)
    with support.opened(path) as store:
        [stored] = store.insert([support.entry(text)])
        [damaged] = store.insert([support.entry("will be damaged")])
    with support.raw(path) as connection:
        connection.execute("UPDATE memory SET content = 'forged' WHERE id = ?", (damaged.id.bytes,))
    doctor.examine(path, support.MODEL, support.analyse, repair=True)
    [copy] = tmp_path.glob("*-salvaged-*.db")
    with support.opened(path) as store:
        receipt = store.forget(ForgetRequest("default", ids=(stored.id,)))
        assert not receipt.clean
        assert any(copy.name in note for note in receipt.notes)
        assert {part.path.name: part.residues > 0 for part in receipt.scanned} == {
            path.name: False,
            f"{path.name}-wal": False,
            copy.name: True,
        }
    assert {name for name, _ in traces(tmp_path, [text])} == {copy.name}


def test_a_copy_that_was_never_finished_is_named_if_it_holds_it(tmp_path: Path) -> None:
    path, choose = tmp_path / "memoryoss.db", random.Random(14)
    with support.opened(path) as store:
        [stored] = store.insert([support.entry(phrase(choose, 300))])
        copy = file.snapshot(path, 1)
        half = copy.rename(copy.with_name(f"{copy.name}.new-1-1"))
        receipt = store.forget(ForgetRequest("default", ids=(stored.id,)))
        assert not receipt.clean
        assert any(half.name in note for note in receipt.notes)
        half.unlink()
        [other] = store.insert([support.entry("something else to forget, later")])
        assert store.forget(ForgetRequest("default", ids=(other.id,))).clean


def test_a_snapshot_from_after_it_was_stored_anew_stays(tmp_path: Path) -> None:
    """An id may be forgotten and come back: only snapshots from before the forgetting go."""
    path = tmp_path / "memoryoss.db"
    with support.opened(path) as store:
        [stored] = store.insert([support.entry("the first of that id")])
        store.forget(ForgetRequest("default", ids=(stored.id,)))
        store.insert([support.entry("the second of that id", id=stored.id)])
        kept = file.snapshot(path, 1)
        [other] = store.insert([support.entry("something else to forget, later")])
        assert store.forget(ForgetRequest("default", ids=(other.id,))).clean
        assert file.snapshots(path) == (kept,)


def test_a_dry_run_lists_and_deletes_nothing(tmp_path: Path) -> None:
    path, choose = tmp_path / "memoryoss.db", random.Random(8)
    with support.opened(path) as store:
        stored = store.insert(
            [support.entry(phrase(choose, 300), tags=("old",), created_at=n) for n in range(4)]
        )
        before = store.page(ListQuery("default")).memories
        for request in (
            ForgetRequest("default", ids=(stored[1].id, new_id())),
            ForgetRequest("default", tags=("old",), before=2),
        ):
            dry = store.forget(replace(request, dry_run=True))
            assert dry.dry_run
            assert dry.deleted
            assert dry.scanned == ()
            assert [key for key, _ in dry.previews] == list(dry.deleted)
            for key, preview in dry.previews:
                content = store.get("default", key).content
                assert content.startswith(preview)
                assert 0 < len(preview) < len(content)
        assert store.page(ListQuery("default")).memories == before
        real = store.forget(request)
        assert (real.deleted, real.missing) == (dry.deleted, dry.missing)


@pytest.mark.parametrize(
    "request_",
    [
        ForgetRequest("default"),
        ForgetRequest("default", dry_run=True),
        ForgetRequest("default", ids=(), tags=(), agent="", session=""),
        ForgetRequest("missing"),
    ],
)
def test_an_empty_request_is_an_error_and_never_everything(
    tmp_path: Path, request_: ForgetRequest
) -> None:
    with support.opened(tmp_path / "memoryoss.db") as store:
        store.insert([support.entry("kept")])
        with pytest.raises(EmptySelectorError) as caught:
            store.forget(request_)
        assert caught.value.code == "empty_selector"
        assert store.page(ListQuery("default")).total == 1


def test_selectors_are_exact_and_must_all_hold(tmp_path: Path) -> None:
    def forget(store: Store, **selectors: object) -> list[str]:
        chosen = store.forget(ForgetRequest("default", dry_run=True, **selectors))  # type: ignore[arg-type]
        return sorted(preview for _, preview in chosen.previews)

    with support.opened(tmp_path / "memoryoss.db") as store:
        rows = {
            "one": {"agent": "a", "session": "s", "tags": ("x",), "created_at": 1},
            "two": {"agent": "a", "session": "s2", "tags": ("xy", "z"), "created_at": 2},
            "three": {"agent": "A", "session": "s", "tags": ("y",), "created_at": 3},
            "four": {"agent": "a", "tags": ("x",), "created_at": 4, "archived": True},
        }
        store.insert([support.entry(text, **more) for text, more in rows.items()])  # type: ignore[arg-type]
        assert forget(store, agent="a") == ["four", "one", "two"]
        assert forget(store, session="s") == ["one", "three"]
        assert forget(store, agent="a", session="s") == ["one"]
        assert forget(store, tags=("x",)) == ["four", "one"]
        assert forget(store, tags=("x", "z")) == ["four", "one", "two"]
        assert forget(store, tags=("x",), before=4) == ["one"]
        assert forget(store, before=3) == ["one", "two"]
        assert forget(store, agent="%") == []
        assert forget(store, tags=("X",)) == []


def test_too_many_at_once_are_refused_whole(tmp_path: Path) -> None:
    with support.opened(tmp_path / "memoryoss.db", max_forget=5) as store:
        store.insert([support.entry(f"fact {n}", tags=("t",), created_at=n) for n in range(6)])
        for dry_run in (True, False):
            with pytest.raises(LimitExceededError) as caught:
                store.forget(ForgetRequest("default", tags=("t",), dry_run=dry_run))
            assert caught.value.code == "limit_exceeded"
        assert store.page(ListQuery("default")).total == 6
        assert len(store.forget(ForgetRequest("default", before=5)).deleted) == 5


def test_forgetting_twice_reports_it_missing(tmp_path: Path) -> None:
    with support.opened(tmp_path / "memoryoss.db") as store:
        [stored] = store.insert([support.entry("a fact of some length")])
        request = ForgetRequest("default", ids=(stored.id, stored.id))
        assert store.forget(request).deleted == (stored.id,)
        again: ForgetReceipt = store.forget(request)
        assert (again.deleted, again.missing, again.clean) == ((), (stored.id,), True)
        # The id may come back as a new memory.
        store.insert([support.entry("a new fact", id=stored.id)])
        assert store.get("default", stored.id).content == "a new fact"
