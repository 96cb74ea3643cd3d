# SPDX-License-Identifier: AGPL-3.0-only
"""Ids are UUIDv7: unique, in order of creation, and read in every usual spelling."""

from __future__ import annotations

import threading
import time
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from memoryoss_mcp.errors import InvalidIdError
from memoryoss_mcp.model import new_id, parse_id


def test_ids_are_version_7_and_carry_the_time() -> None:
    before = time.time_ns() // 1_000_000
    made = new_id()
    after = time.time_ns() // 1_000_000
    assert made.version == 7
    assert made.variant == "specified in RFC 4122"
    # Within a second: a burst of ids may run a little ahead of the clock.
    assert before <= made.int >> 80 <= after + 1_000


def test_ids_sort_in_order_of_creation() -> None:
    made = [new_id() for _ in range(20_000)]
    assert made == sorted(made)
    assert [i.bytes for i in made] == sorted(i.bytes for i in made)
    assert len(set(made)) == len(made)


def test_ids_of_many_threads_are_unique_and_sorted_within_each() -> None:
    made: list[list[UUID]] = [[] for _ in range(8)]
    barrier = threading.Barrier(len(made))

    def work(mine: list[UUID]) -> None:
        barrier.wait()
        mine.extend(new_id() for _ in range(3_000))

    threads = [threading.Thread(target=work, args=(mine,)) for mine in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for mine in made:
        assert mine == sorted(mine)
    everything = [i for mine in made for i in mine]
    assert len(set(everything)) == len(everything) == 24_000


@given(st.uuids(), st.sampled_from(["{}", " {} ", "{{{}}}", "urn:uuid:{}"]), st.booleans())
def test_every_usual_spelling_is_read(wanted: UUID, form: str, upper: bool) -> None:
    text = str(wanted).upper() if upper else str(wanted)
    assert parse_id(form.format(text)) == wanted
    assert parse_id(wanted.hex) == wanted


@given(st.text(max_size=80))
@example("")
@example("0x890a5dac96774bbcceb302099a8057ff")
@example("+1890a5dac96774bbcceb302099a8057f")
@example("0_1890a5dac96774bbcceb302099a8057")
@example("٠1890a5dac96774bbcceb302099a8057")
@example("01890a5d-ac96-774b-bcce-b302099a805")
@example("01890a5d-ac96-774b-bcce-b302099a80577")
@example("0189-0a5dac96774bbccebb302099a8-057-")
def test_what_is_not_an_id_is_refused_with_a_code(text: str) -> None:
    with pytest.raises(InvalidIdError) as caught:
        parse_id(text)
    assert caught.value.code == "invalid_id"
    assert caught.value.field == "id"
    assert caught.value.hint
