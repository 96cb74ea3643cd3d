# SPDX-License-Identifier: AGPL-3.0-only
"""The bill adds up, whoever wrote what part of it, and shows what memory does to the cache."""

from __future__ import annotations

import json
import multiprocessing
import os
import stat
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memoryoss_mcp.model import new_id
from memoryoss_mcp.model.clock import DAY, parse_time
from memoryoss_proxy.bill import EXTRACTION, MOST_CLIENTS, OTHERS, Bill, Counts, Report
from memoryoss_proxy.extraction import LLMExtractor, LLMSettings, LocalHeuristic
from memoryoss_proxy.extraction.facts import Exchange
from memoryoss_proxy.preparing import REPEATED
from memoryoss_proxy.record import Record
from memoryoss_proxy.wire.reply import Usage
from tests.proxy.callers import random_key
from tests.proxy.extraction.providers import Answer, ProviderServer, openai

SPAWN = multiprocessing.get_context("spawn")
NOON = parse_time("2026-03-31T12:00:00Z")


def record(*, memories: int = 0, client: str = "key-1", **fields: Any) -> Record:
    return Record(
        **{
            "route": "chat_completions",
            "provider": "openai",
            "client": client,
            "injected": tuple(new_id() for _ in range(memories)),
            "block_tokens": 70 * memories,
            **fields,
        }
    )


def at(moment: int) -> Callable[[], int]:
    return lambda: moment


def bill(folder: Path, moment: int = NOON) -> Bill:
    """One that writes when it is told to."""
    return Bill(folder, every=3600, clock=at(moment))


def report(folder: Path, moment: int = NOON, **options: Any) -> Report:
    return Bill.read(folder, clock=at(moment), **options)


def test_a_request_is_counted_with_or_without_memory(tmp_path: Path) -> None:
    counting = bill(tmp_path)
    counting.add(record(memories=3, usage=Usage(1000, 800, 50, 20)))
    counting.add(record(usage=Usage(500, 100, 0, 10)))
    counting.add(record())
    counting.close()
    (line,) = report(tmp_path).lines
    assert (line.day, line.client, line.provider) == ("2026-03-31", "key-1", "openai")
    counts = line.counts
    assert (counts.requests, counts.requests_with_memory) == (3, 1)
    assert (counts.memories_injected, counts.tokens_injected) == (3, 210)
    with_memory, without = counts.with_memory, counts.without_memory
    assert (with_memory.answers, with_memory.cache_write, with_memory.output) == (1, 50, 20)
    assert with_memory.cached_share == 0.8
    assert (without.answers, without.input, without.cached_share) == (1, 500, 0.2)


def test_a_block_that_is_repeated_is_injected_once(tmp_path: Path) -> None:
    """A turn that goes on (the result of a tool) has the block that it had; later turns send it
    again, so that the prefix of the prompt stays the same."""
    counting = bill(tmp_path)
    counting.add(record(memories=2))
    counting.add(record(memories=2, reason=REPEATED))
    counting.add(record(repeated_tokens=140, usage=Usage(10, 5, 0, 1)))
    counting.close()
    counts = report(tmp_path).total
    assert (counts.requests, counts.requests_with_memory) == (3, 3)
    assert (counts.memories_injected, counts.tokens_injected) == (2, 140)
    assert counts.tokens_repeated == 280
    assert counts.with_memory.input == 10


def test_clients_providers_and_days_are_apart(tmp_path: Path) -> None:
    for moment in (NOON, NOON + DAY):
        counting = bill(tmp_path, moment)
        for client in ("key-1", "key-2"):
            for provider in ("openai", "anthropic"):
                counting.add(record(client=client, provider=provider))
        counting.close()
    found = report(tmp_path, NOON + DAY)
    assert [(line.day, line.client, line.provider) for line in found.lines] == [
        (day, client, provider)
        for day in ("2026-03-31", "2026-04-01")
        for client in ("key-1", "key-2")
        for provider in ("anthropic", "openai")
    ]
    assert found.total.requests == 8
    assert report(tmp_path, NOON + DAY, days=1).total.requests == 4


def test_memories_that_an_answer_draws_on_are_counted(tmp_path: Path) -> None:
    counting = bill(tmp_path)
    asked = record(memories=3)
    counting.add(asked)
    counting.used(asked, 2)
    counting.close()
    assert report(tmp_path).total.memories_used == 2


def test_extraction_is_counted_with_what_it_took_of_a_model(tmp_path: Path) -> None:
    counting = bill(tmp_path)
    exchange = Exchange((("user", "We use PostgreSQL 16."),), "Noted.")
    with ProviderServer(lambda _: Answer(openai('{"facts": []}'))) as provider:
        chosen = LLMSettings("openai", "small", random_key(), provider.address)
        extractor = LLMExtractor(chosen, str)
        for client in ("key-1", "key-2"):
            extractor.extract(exchange)
            counting.extracted(client, 2, extractor)
        extractor.close()
    counting.extracted("key-1", 1, LocalHeuristic())
    counting.close()
    first, second = report(tmp_path).lines
    assert (first.provider, second.provider) == (EXTRACTION, EXTRACTION)
    assert (first.counts.facts, second.counts.facts) == (3, 2)
    for counts in (first.counts, second.counts):
        assert counts.extraction_calls == 1
        assert (counts.extraction_input_tokens, counts.extraction_output_tokens) == (321, 45)


def test_the_next_process_goes_on_counting(tmp_path: Path) -> None:
    for _ in range(3):
        counting = bill(tmp_path)
        counting.add(record(memories=1))
        assert counting.flush()
        counting.add(record())
        counting.close()
    assert report(tmp_path).total.requests == 6
    assert len(list(tmp_path.glob("*.json"))) == 1


def test_several_processes_count_side_by_side(tmp_path: Path) -> None:
    counting = [bill(tmp_path) for _ in range(3)]
    for _ in range(2):
        for each in counting:
            each.add(record())
            assert each.flush()
    assert report(tmp_path).total.requests == 6
    for each in counting:
        each.close()
    assert report(tmp_path).total.requests == 6


def count_and_wait(folder: Path, ready: Any) -> None:
    counting = Bill(folder, every=3600, clock=at(NOON))
    for _ in range(5):
        counting.add(record(memories=1))
    counting.flush()
    ready.set()
    threading.Event().wait()


def test_what_was_written_survives_a_kill_and_is_counted_once(tmp_path: Path) -> None:
    for _ in range(2):
        ready = SPAWN.Event()
        child = SPAWN.Process(target=count_and_wait, args=(tmp_path, ready))
        child.start()
        assert ready.wait(60)
        child.kill()
        child.join()
    assert report(tmp_path).total.requests == 10


def test_it_is_written_by_itself(tmp_path: Path) -> None:
    counting = Bill(tmp_path, every=0.01, clock=at(NOON))
    counting.add(record())
    waiting = threading.Event()
    for _ in range(6000):
        if report(tmp_path).total.requests:
            break
        waiting.wait(0.01)
    assert report(tmp_path).total.requests == 1
    counting.close()


def test_nothing_is_on_disk_before_something_was_counted(tmp_path: Path) -> None:
    bill(tmp_path / "bill").close()
    assert not (tmp_path / "bill").exists()
    assert report(tmp_path / "bill").lines == ()


def test_old_days_are_forgotten(tmp_path: Path) -> None:
    for days in (0, 399, 400, 500):
        counting = bill(tmp_path, NOON + days * DAY)
        counting.add(record())
        counting.close()
    now = NOON + 500 * DAY
    assert report(tmp_path, now).total.requests == 3
    assert not list(tmp_path.glob("2026-03-31.*"))


def test_a_day_that_is_over_does_not_stay_in_memory_but_on_the_bill(tmp_path: Path) -> None:
    moment = NOON
    counting = Bill(tmp_path, every=3600, clock=lambda: moment)
    for _ in range(5):
        counting.add(record())
        moment += DAY
        assert counting.flush()
        counting.add(record())
        assert counting.flush()
    counting.close()
    found = report(tmp_path, moment)
    assert found.total.requests == 10
    assert len(found.lines) == 6


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"version": 2, "lines": []}', b"\xff" * 99])
def test_a_damaged_file_is_set_aside_and_counting_goes_on(tmp_path: Path, damage: bytes) -> None:
    counting = bill(tmp_path)
    counting.add(record())
    counting.close()
    (file,) = tmp_path.glob("*.json")
    file.write_bytes(damage)
    assert (report(tmp_path).lines, report(tmp_path).unreadable) == ((), 1)
    counting = bill(tmp_path)
    counting.add(record())
    counting.close()
    assert report(tmp_path).total.requests == 1
    assert [kept.read_bytes() for kept in tmp_path.glob("*.damaged")] == [damage]


def test_a_disk_that_refuses_loses_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    counting = bill(blocked / "bill")
    counting.add(record())
    assert not counting.flush()
    assert not counting.flush()
    assert caplog.text.count("cannot be written") == 1
    blocked.unlink()
    counting.add(record())
    assert counting.flush()
    assert report(blocked / "bill").total.requests == 2
    counting.close()


def test_inventing_clients_does_not_fill_the_memory(tmp_path: Path) -> None:
    counting = bill(tmp_path)
    for number in range(MOST_CLIENTS + 50):
        counting.add(record(client=f"own-{number}"))
    counting.close()
    found = report(tmp_path)
    assert len(found.lines) == MOST_CLIENTS + 1
    assert [line.counts.requests for line in found.lines if line.client == OTHERS] == [50]


def test_files_are_for_their_owner_only(tmp_path: Path) -> None:
    counting = bill(tmp_path / "bill")
    counting.add(record())
    counting.close()
    if os.name == "posix":
        for file in (tmp_path / "bill").iterdir():
            assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_threads_lose_no_count(tmp_path: Path) -> None:
    counting = Bill(tmp_path, every=0.001, clock=at(NOON))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: counting.add(record(memories=1)), range(800)))
    counting.close()
    assert report(tmp_path).total.requests == 800


def test_the_table_and_the_json_say_the_same(tmp_path: Path) -> None:
    counting = bill(tmp_path)
    counting.add(record(memories=3, usage=Usage(1000, 800, 0, 20)))
    counting.add(record(client="key-2", usage=Usage(500, 0, 0, 10)))
    counting.close()
    found = report(tmp_path)
    headings, rows = found.table()
    assert all(len(row) == len(headings) for row in rows)
    shown = [dict(zip(headings, row, strict=True)) for row in rows]
    assert [row["client"] for row in shown] == ["key-1", "key-2", ""]
    assert (shown[0]["cached with memory"], shown[0]["cached without"]) == ("80 %", "-")
    assert (shown[2]["requests"], shown[2]["input tokens"]) == ("2", "1500")
    document = json.loads(json.dumps(found.as_json()))
    assert document["total"]["with_memory"]["cached_share"] == 0.8
    assert document["lines"][1]["client"] == "key-2"
    assert document["lines"][1]["with_memory"]["cached_share"] is None
    assert document["total"]["requests"] == 2


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(0, 1), st.integers(0, 3)),
        st.tuples(st.sampled_from(["flush", "restart"]), st.integers(0, 1), st.just(0)),
        st.tuples(st.just("tomorrow"), st.just(0), st.just(0)),
    ),
    max_size=25,
)


@settings(max_examples=40)
@given(STEPS)
def test_the_sum_does_not_depend_on_who_wrote_when(steps: list[tuple[str, int, int]]) -> None:
    """Two processes, restarted and flushed at any time over any days."""
    moment, expected = NOON, Counts()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)

        def opened() -> Bill:
            return Bill(folder, every=3600, clock=lambda: moment)

        both = [opened(), opened()]
        for step, which, memories in steps:
            if step == "add":
                both[which].add(record(memories=memories))
                expected.requests += 1
                expected.memories_injected += memories
            elif step == "flush":
                both[which].flush()
            elif step == "restart":
                both[which].close()
                both[which] = opened()
            else:
                moment += DAY
        for each in both:
            each.close()
        total = report(folder, moment).total
    assert total.requests == expected.requests
    assert total.memories_injected == expected.memories_injected
