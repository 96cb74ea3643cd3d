# SPDX-License-Identifier: AGPL-3.0-only
"""A job that was accepted is handled, in order and once, whatever happens to the process; and what
waits is bounded and holds no secret."""

from __future__ import annotations

import multiprocessing
import os
import random
import stat
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memoryoss_mcp.model.ids import new_id
from memoryoss_mcp.screen.secrets import redact
from memoryoss_proxy.extraction import ExtractionError
from memoryoss_proxy.queue import ExtractionQueue, Job, TryLaterError
from tests.proxy.callers import random_key

SPAWN = multiprocessing.get_context("spawn")


def unchanged(text: str) -> str:
    return text


def job(text: str = "We use PostgreSQL 16.", **fields: Any) -> Job:
    return Job(
        **{
            "id": str(new_id()),
            "namespace": "default",
            "session": "s",
            "client": "key-1",
            "form": "openai_chat",
            "messages": (("system", "Be brief."), ("user", text)),
            "reply": "Noted.",
            "new_from": 1,
            "created": 1_700_000_000_000_000_000,
            **fields,
        }
    )


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.005)


@contextmanager
def queue(
    folder: Path | None, handle: Callable[[Job], object] | None = None, **options: Any
) -> Iterator[ExtractionQueue]:
    """A queue that is closed at the end; it works only if it gets something to do it with."""
    opened = ExtractionQueue(folder, handle or (lambda _: None), **{"redact": unchanged, **options})
    if handle is not None:
        opened.start()
    try:
        yield opened
    finally:
        opened.close(30)


def job_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.job"))


def handled_by_next(folder: Path) -> list[Job]:
    """What a later process on that folder finds."""
    found: list[Job] = []
    with queue(folder, found.append) as later:
        wait_until(lambda: later.depth == 0)
    return found


@pytest.mark.parametrize("durable", [True, False])
def test_jobs_are_handled_in_order_and_leave_nothing_behind(tmp_path: Path, durable: bool) -> None:
    handled: list[Job] = []
    jobs = [job(f"fact {number}") for number in range(20)]
    with queue(tmp_path, handled.append) as running:
        assert all(running.put(each, durable=durable) for each in jobs)
        wait_until(lambda: running.depth == 0)
        assert (running.done, running.failed, running.dropped) == (20, 0, 0)
    assert handled == jobs
    assert job_files(tmp_path) == []


def test_an_accepted_job_is_on_disk_for_its_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "queue"
    with queue(folder) as idle:
        assert idle.put(job())
        (file,) = job_files(folder)
        assert b"PostgreSQL 16" in file.read_bytes()
        if os.name == "posix":
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_no_secret_reaches_the_disk_or_the_handler(tmp_path: Path) -> None:
    secret = random_key("sk" + "-proj-")
    told = job(f"The key is {secret}.", reply=f"I wrote {secret} into .env")
    handled: list[Job] = []
    with queue(tmp_path, redact=lambda text: redact(text).text) as idle:
        assert idle.put(told)
        assert all(secret.encode() not in file.read_bytes() for file in tmp_path.iterdir())
    with queue(None, handled.append, redact=lambda text: redact(text).text) as running:
        running.put(told)
        wait_until(lambda: running.done == 1)
    assert handled[0].id == told.id
    assert secret not in repr((handled[0].messages, handled[0].reply))


def test_a_job_that_is_not_durable_never_touches_the_disk(tmp_path: Path) -> None:
    with queue(tmp_path) as idle:
        assert idle.put(job(), durable=False)
        assert list(tmp_path.iterdir()) == []
        assert idle.depth == 1
    assert (idle.depth, idle.dropped) == (0, 1)
    assert handled_by_next(tmp_path) == []


def test_without_a_folder_everything_is_in_memory() -> None:
    handled: list[Job] = []
    with queue(None, handled.append) as running:
        assert running.put(job())
        wait_until(lambda: handled)


def test_a_full_queue_refuses_and_counts(tmp_path: Path) -> None:
    with queue(tmp_path, most_jobs=2) as few:
        assert [few.put(job()) for _ in range(4)] == [True, True, False, False]
        assert (few.depth, few.dropped, len(job_files(tmp_path))) == (2, 2, 2)
    size = len(job().to_bytes())
    with queue(None, most_bytes=2 * size + size // 2) as small:
        assert [small.put(job()) for _ in range(3)] == [True, True, False]
        assert not small.put(job("x" * 10 * size))


def test_room_comes_back_when_a_job_is_done(tmp_path: Path) -> None:
    with queue(tmp_path, lambda _: None, most_jobs=1) as running:
        for _ in range(5):
            assert running.put(job())
            wait_until(lambda: running.depth == 0)


def test_a_folder_that_cannot_be_written_refuses_and_says_so(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    with queue(blocked / "queue", lambda _: None) as running:
        assert not running.put(job())
        assert (running.depth, running.dropped) == (0, 1)
        assert running.last_error is not None
        blocked.unlink()
        assert running.put(job())
        wait_until(lambda: running.done == 1)


def test_a_failing_job_is_tried_again_later_and_later(tmp_path: Path) -> None:
    pauses: list[float] = []
    tries: list[str] = []

    def second_time(tried: Job) -> None:
        tries.append(tried.id)
        if tries.count(tried.id) < 3:
            raise ExtractionError("overloaded", status=529)

    first, second = job(), job()
    with queue(tmp_path, second_time, pause=pauses.append) as running:
        running.put(first)
        running.put(second)
        wait_until(lambda: running.depth == 0)
        assert (running.done, running.failed) == (2, 0)
    assert tries == [first.id] * 3 + [second.id] * 3
    assert pauses[0] > 0
    assert pauses[1] > pauses[0]


def test_a_job_that_always_fails_is_given_up_and_the_next_one_handled(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pauses: list[float] = []
    private = "the launch is on Tuesday"

    def fail(tried: Job) -> None:
        if "PostgreSQL" in tried.messages[1][1]:
            raise ExtractionError(f"cannot read: {private}", status=400)

    with queue(tmp_path, fail, retries=3, pause=pauses.append) as running:
        running.put(job())
        running.put(job("other"))
        wait_until(lambda: running.depth == 0)
        assert (running.done, running.failed) == (1, 1)
        assert running.last_error == "ExtractionError (extraction_failed, 400)"
    assert len(pauses) == 3
    assert "given up" in caplog.text
    assert private not in caplog.text
    assert handled_by_next(tmp_path) == []


def test_a_job_waits_as_long_as_nothing_can_be_handled(tmp_path: Path) -> None:
    """The memory may be down for longer than a job is tried again."""
    pauses: list[float] = []
    handled: list[Job] = []

    def down_for_long(at_hand: Job) -> None:
        if len(pauses) < 50:
            raise TryLaterError("The memory is down.")
        handled.append(at_hand)

    first, second = job(), job()
    with queue(tmp_path, down_for_long, retries=1, pause=pauses.append) as running:
        running.put(first)
        running.put(second)
        wait_until(lambda: running.depth == 0)
        assert (running.done, running.failed) == (2, 0)
        assert running.last_error == "TryLaterError (try_later)"
    assert handled == [first, second]


def test_closing_finishes_the_job_at_hand_and_keeps_the_others(tmp_path: Path) -> None:
    begun, go_on = threading.Event(), threading.Event()
    handled: list[Job] = []

    def slow(at_hand: Job) -> None:
        begun.set()
        go_on.wait(60)
        handled.append(at_hand)

    jobs = [job(str(number)) for number in range(3)]
    with queue(tmp_path, slow) as running:
        for each in jobs:
            running.put(each)
        begun.wait(60)
        assert not running.close(0.01)
        assert not running.put(job())
        go_on.set()
        assert running.close(60)
    assert handled == jobs[:1]
    assert handled_by_next(tmp_path) == jobs[1:]


def test_closing_does_not_wait_for_a_retry_and_keeps_the_job(tmp_path: Path) -> None:
    tried = threading.Event()

    def fail(_: Job) -> None:
        tried.set()
        raise OSError

    kept = job()
    with queue(tmp_path, fail) as running:
        running.put(kept)
        tried.wait(60)
        assert running.close(60)
        assert running.failed == 0
    assert handled_by_next(tmp_path) == [kept]


def test_jobs_of_an_earlier_process_come_first(tmp_path: Path) -> None:
    early, late = job("early"), job("late")
    with queue(tmp_path) as idle:
        idle.put(early)
    handled: list[Job] = []
    with queue(tmp_path) as before:
        before.put(late)
        assert before.depth == 2
    with queue(tmp_path, handled.append) as running:
        wait_until(lambda: running.done == 2)
    assert handled == [early, late]


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[: len(data) // 2],
        lambda data: os.urandom(200),
        lambda data: b"[]",
        lambda data: data.replace(b'"version": 1', b'"version": 2'),
        lambda data: data.replace(b'"new_from": 1', b'"new_from": "1"'),
        lambda data: data.replace(b'"namespace": "default"', b'"namespace": null'),
        lambda data: b"[" * 100_000,
    ],
)
def test_a_damaged_file_is_set_aside_and_the_rest_handled(
    tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    whole = job()
    with queue(tmp_path) as idle:
        idle.put(job())
        (file,) = job_files(tmp_path)
        idle.put(whole)
    data = damage(file.read_bytes())
    file.write_bytes(data)
    handled: list[Job] = []
    with queue(tmp_path, handled.append) as running:
        wait_until(lambda: running.depth == 0)
        assert (running.done, running.damaged, running.failed) == (1, 1, 0)
    assert handled == [whole]
    assert [kept.read_bytes() for kept in tmp_path.glob("*.damaged")] == [data]
    assert job_files(tmp_path) == []


def test_foreign_files_are_left_alone_and_half_written_ones_removed(tmp_path: Path) -> None:
    with queue(tmp_path) as idle:
        idle.put(job())
    (file,) = job_files(tmp_path)
    half = file.with_name(file.name + ".new-0a1b2c3d")
    half.write_bytes(b"{")
    (tmp_path / "notes.txt").write_text("mine")
    assert len(handled_by_next(tmp_path)) == 1
    assert not half.exists()
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_many_threads_may_put_at_once(tmp_path: Path) -> None:
    handled: list[str] = []
    jobs = [job(str(number)) for number in range(120)]
    with queue(tmp_path, lambda each: handled.append(each.id), most_jobs=100) as running:
        with ThreadPoolExecutor(8) as pool:
            accepted = list(pool.map(running.put, jobs))
        wait_until(lambda: running.depth == 0)
        assert running.dropped == accepted.count(False)
    expected = {each.id for each, taken in zip(jobs, accepted, strict=True) if taken}
    assert Counter(handled) == Counter(expected)


def test_two_queues_on_one_folder_leave_each_other_alone(tmp_path: Path) -> None:
    mine, theirs = job("mine"), job("theirs")
    handled: list[Job] = []
    with queue(tmp_path) as other:
        other.put(theirs)
        with queue(tmp_path, handled.append, look_every=0.01) as running:
            running.put(mine)
            wait_until(lambda: running.depth == 0)
            time.sleep(0.1)
            assert handled == [mine]
            other.close(60)
            wait_until(lambda: len(handled) == 2)
    assert handled == [mine, theirs]


def append(file: Path, line: str) -> None:
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(handle, (line + "\n").encode())
    os.close(handle)


def lines(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []


def has_lines(file: Path, count: int) -> bool:
    return len(lines(file)) >= count


def put_and_handle(folder: Path, accepted: Path, handled: Path, count: int, seconds: float) -> None:
    """A child: accepts ``count`` jobs and handles them, ``seconds`` each, until it is killed."""

    def handle(at_hand: Job) -> None:
        append(handled, at_hand.id)
        time.sleep(seconds)

    running = ExtractionQueue(folder, handle, redact=unchanged, look_every=0.02)
    running.start()
    for number in range(count):
        each = job(f"fact {number}" * 50)
        if running.put(each):
            append(accepted, each.id)
    threading.Event().wait()


def test_nothing_that_was_accepted_is_lost_when_the_process_is_killed(tmp_path: Path) -> None:
    """Killed at any moment of putting and handling. What was at hand may be handled again."""
    folder, accepted, handled = (tmp_path / name for name in ("queue", "accepted", "handled"))
    moments = random.Random(7)
    for _ in range(5):
        child = SPAWN.Process(target=put_and_handle, args=(folder, accepted, handled, 500, 0.05))
        child.start()
        enough = len(lines(accepted)) + moments.randrange(1, 40)
        wait_until(partial(has_lines, accepted, enough))
        time.sleep(moments.random() / 50)
        child.kill()
        child.join()
    for rest in handled_by_next(folder):
        append(handled, rest.id)
    times = Counter(lines(handled))
    assert set(lines(accepted)) <= set(times)
    assert sum(count - 1 for count in times.values()) <= 5
    assert not [path for path in folder.iterdir() if path.suffix != ".lock"]


def test_two_processes_never_share_a_job_and_the_survivor_takes_over(tmp_path: Path) -> None:
    folder, accepted, handled = (tmp_path / name for name in ("queue", "accepted", "handled"))
    children = [
        SPAWN.Process(target=put_and_handle, args=(folder, accepted, handled, 40, seconds))
        for seconds in (3600, 0.001)
    ]
    for child in children:
        child.start()
    try:
        wait_until(lambda: len(lines(accepted)) == 80)
        wait_until(lambda: len(lines(handled)) == 41)  # one hangs in its first job
        children[0].kill()
        children[0].join()
        wait_until(lambda: set(lines(accepted)) <= set(lines(handled)))
        wait_until(lambda: not job_files(folder))
    finally:
        for child in children:
            child.kill()
            child.join()
    assert sum(count - 1 for count in Counter(lines(handled)).values()) == 1


@given(
    st.lists(st.tuples(st.text(), st.text()), max_size=5),
    st.text(),
    st.integers(0, 10),
    st.integers(-(2**63), 2**63 - 1),
)
def test_a_job_comes_back_from_its_file_as_it_was(
    messages: list[tuple[str, str]], reply: str, new_from: int, created: int
) -> None:
    lone = "\ud800"
    made = job(
        messages=(*messages, ("user", lone)), reply=reply, new_from=new_from, created=created
    )
    assert Job.from_bytes(made.to_bytes()) == made


def test_the_words_of_a_job_are_in_no_representation() -> None:
    assert "PostgreSQL" not in repr(job())
    assert "Noted" not in repr(job())
