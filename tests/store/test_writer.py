# SPDX-License-Identifier: AGPL-3.0-only
"""Writing from many threads and several programs: all of it durable, each on its own terms."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from memoryoss_mcp.errors import ConflictError, NotFoundError, StoreClosedError
from memoryoss_mcp.model import Change, new_id
from memoryoss_mcp.store.types import ForgetRequest, ListQuery

from . import support

THREADS, EACH = 16, 12


def together(count: int, work: object) -> list[BaseException]:
    """Run ``work(index)`` in many threads at once; returns what went wrong."""
    barrier, failures = threading.Barrier(count), []

    def run(index: int) -> None:
        barrier.wait()
        try:
            work(index)  # type: ignore[operator]
        except BaseException as error:  # noqa: BLE001 - reported by the test
            failures.append(error)

    threads = [threading.Thread(target=run, args=(index,)) for index in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failures


def test_sixteen_threads_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "memoryoss.db"
    store = support.open_store(path)
    receipts: list[list[object]] = [[] for _ in range(THREADS)]

    def work(index: int) -> None:
        for step in range(EACH):
            name = f"thread {index} step {step}"
            [receipt] = store.insert([support.entry(name, seed=index)])
            receipts[index].append((receipt.id, name))

    assert together(THREADS, work) == []
    store.close()
    with support.opened(path) as again:
        for mine in receipts:
            for key, content in mine:  # type: ignore[misc]
                assert again.get("default", key).content == content
        assert again.page(ListQuery("default")).total == THREADS * EACH
        assert again.status().ledger_entries == THREADS * EACH
        assert again.ledger_report().problem is None
    assert support.unsound(path) == []


def test_a_refused_change_leaves_those_committed_with_it_alone(tmp_path: Path) -> None:
    path, taken = tmp_path / "memoryoss.db", new_id()
    with support.opened(path) as store:
        store.insert([support.entry("first", id=taken)])

        def work(index: int) -> None:
            for step in range(EACH):
                if index % 4 == 0:
                    with pytest.raises(ConflictError):
                        store.insert([support.entry("second", id=taken)])
                elif index % 4 == 1:
                    with pytest.raises(NotFoundError):
                        store.update(Change(new_id(), "default", content="x"), None)
                else:
                    store.insert([support.entry(f"kept {index} {step}")])

        assert together(THREADS, work) == []
        assert store.page(ListQuery("default")).total == 1 + THREADS // 2 * EACH
        assert store.get("default", taken).content == "first"
    assert support.unsound(path) == []


def test_a_batch_with_one_refused_memory_stores_none_of_it(tmp_path: Path) -> None:
    path, taken = tmp_path / "memoryoss.db", new_id()
    with support.opened(path) as store:
        store.insert([support.entry("first", id=taken)])
        with pytest.raises(ConflictError) as caught:
            store.insert([support.entry("second"), support.entry("third", id=taken)])
        assert caught.value.code == "version_conflict"
        assert store.page(ListQuery("default")).total == 1
    assert support.unsound(path) == []


def test_one_of_two_updates_to_the_same_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "memoryoss.db"
    won: list[int] = []
    with support.opened(path) as store:
        [receipt] = store.insert([support.entry("first")])

        def work(index: int) -> None:
            change = Change(receipt.id, "default", content=f"by {index}", expected_version=1)
            try:
                store.update(change, support.encoded(index))
            except ConflictError:
                return
            won.append(index)

        assert together(8, work) == []
        assert len(won) == 1
        memory = store.get("default", receipt.id)
        assert (memory.content, memory.version) == (f"by {won[0]}", 2)
    assert support.unsound(path) == []


def test_a_search_sees_what_another_program_just_committed(tmp_path: Path) -> None:
    path = tmp_path / "memoryoss.db"
    program = """
import sys
from pathlib import Path
from uuid import UUID
from memoryoss_mcp.model import Change
from memoryoss_mcp.store.types import ForgetRequest
from store import support

store = support.open_store(Path(sys.argv[1]))
key = None
for line in sys.stdin:
    verb, _, text = line.strip().partition(" ")
    if verb == "store":
        key = store.insert([support.entry(text, seed=7)])[0].id
    elif verb == "update":
        store.update(Change(key, "default", content=text), support.encoded(9))
    elif verb == "forget":
        store.forget(ForgetRequest("default", ids=(key,)))
    elif verb == "find":
        found = store.candidates("default", support.probe(text.split(), seed=7))
        memories = store.read(found.numbers.tolist()) if found else {}
        print(sorted(m.content for m in memories.values()), flush=True)
        continue
    print("done", flush=True)
store.close()
"""
    repository = Path(__file__).resolve().parents[2]
    with (
        support.opened(path) as store,
        subprocess.Popen(
            [sys.executable, "-c", program, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=support.environment(repository, repository / "tests"),
        ) as other,
    ):
        assert other.stdin is not None
        assert other.stdout is not None

        def ask(line: str) -> str:
            other.stdin.write(line + "\n")  # type: ignore[union-attr]
            other.stdin.flush()  # type: ignore[union-attr]
            return other.stdout.readline().strip()  # type: ignore[union-attr]

        def here(words: str) -> list[str]:
            found = store.candidates("default", support.probe(words.split(), seed=7))
            return (
                sorted(m.content for m in store.read(found.numbers.tolist()).values())
                if found
                else []
            )

        [mine] = store.insert([support.entry("written here", seed=7)])
        assert ask("find written") == "['written here']"
        assert ask("store written there") == "done"
        assert here("written") == ["written here", "written there"]
        assert ask("update changed there") == "done"
        assert here("changed") == ["changed there", "written here"]
        store.update(Change(mine.id, "default", content="changed here"), support.encoded(3))
        assert ask("find changed") == "['changed here', 'changed there']"
        assert ask("forget") == "done"
        assert here("changed") == ["changed here"]
        store.forget(ForgetRequest("default", ids=(mine.id,)))
        assert ask("find changed") == "[]"
        other.stdin.close()
        assert other.wait(timeout=120) == 0
    assert support.unsound(path) == []


def test_a_closed_store_says_so(tmp_path: Path) -> None:
    store = support.open_store(tmp_path / "memoryoss.db")
    store.insert([support.entry("text")])
    store.close()
    store.close()
    with pytest.raises(StoreClosedError) as caught:
        store.insert([support.entry("more")])
    assert caught.value.code == "store_closed"
    with pytest.raises(StoreClosedError):
        store.page(ListQuery("default"))
    with pytest.raises(StoreClosedError):
        store.candidates("default", support.probe(["text"]))


def test_closing_while_threads_work_ends_them_with_a_code(tmp_path: Path) -> None:
    path = tmp_path / "memoryoss.db"
    store = support.open_store(path)
    acknowledged: list[list[object]] = [[] for _ in range(8)]
    started = threading.Event()

    def work(index: int) -> None:
        with contextlib.suppress(StoreClosedError):
            while True:
                if index % 2:
                    acknowledged[index].append(store.insert([support.entry(f"by {index}")])[0].id)
                else:
                    store.page(ListQuery("default", 5))
                    store.candidates("default", support.probe(["by"], seed=1))
                started.set()

    closer = threading.Thread(target=lambda: (started.wait(60), store.close()))
    closer.start()
    assert together(8, work) == []
    closer.join()
    with support.opened(path) as again:
        listed = again.page(ListQuery("default", 1_000))
        assert {m.id for m in listed.memories} == {i for mine in acknowledged for i in mine}
    assert support.unsound(path) == []
