# SPDX-License-Identifier: AGPL-3.0-only
"""Listings: cursors lead through everything once, and what is no cursor is refused."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from memoryoss_mcp.errors import InvalidCursorError
from memoryoss_mcp.store.listing import make_cursor, read_cursor
from memoryoss_mcp.store.types import Filters, ForgetRequest, ListQuery

from . import support

whole = st.integers(-(2**63) + 1, 2**63 - 1)


@given(st.lists(whole, min_size=1, max_size=4))
def test_a_cursor_carries_its_numbers(values: list[int]) -> None:
    cursor = make_cursor(*values)
    assert read_cursor(cursor, len(values)) == values
    assert cursor.isascii()
    with pytest.raises(InvalidCursorError):
        read_cursor(cursor, len(values) + 1)


def encode(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@given(st.text(max_size=60) | st.text(max_size=40).map(encode))
@example("")
@example("=")
@example("a")
@example("ü")
@example("\ud800")
@example(encode("[1]"))
@example(encode("[1, 2.0]"))
@example(encode('["1", 2]'))
@example(encode("[1, null]"))
@example(encode("[1, true]"))
@example(encode('{"a": 1, "b": 2}'))
@example(encode(f"[1, {2**63}]"))
@example(encode("[1, " + "9" * 5_000 + "]"))
@example(encode("[" * 100_000))
@example(encode("[1, NaN]"))
def test_what_is_no_cursor_is_refused_with_a_code(cursor: str) -> None:
    with pytest.raises(InvalidCursorError) as caught:
        read_cursor(cursor, 2)
    assert caught.value.code == "invalid_cursor"
    assert caught.value.field == "cursor"


def test_a_wrong_cursor_is_refused_by_a_listing(tmp_path: Path) -> None:
    with support.opened(tmp_path / "memoryoss.db") as store:
        store.insert([support.entry("fact")])
        for cursor in ("", "nonsense", make_cursor(1), make_cursor(1, 2, 3)):
            with pytest.raises(InvalidCursorError):
                store.page(ListQuery("default", cursor=cursor))


def test_pages_stay_in_step_while_memories_come_and_go(tmp_path: Path) -> None:
    with support.opened(tmp_path / "memoryoss.db") as store:
        first = [store.insert([support.entry(f"fact {n}", created_at=n)])[0].id for n in range(9)]
        page = store.page(ListQuery("default", 3))
        seen = [memory.id for memory in page.memories]
        store.insert([support.entry("newer", created_at=99)])
        store.forget(ForgetRequest("default", ids=(first[8], first[4])))
        while page.next_cursor:
            page = store.page(ListQuery("default", 3, page.next_cursor))
            seen += [memory.id for memory in page.memories]
        assert seen == [first[n] for n in (8, 7, 6, 5, 3, 2, 1, 0)]


def test_many_memories_of_one_moment_are_all_reached(tmp_path: Path) -> None:
    with support.opened(tmp_path / "memoryoss.db") as store:
        store.insert([support.entry(f"fact {n}", created_at=5) for n in range(25)])
        seen, cursor = [], None
        while True:
            page = store.page(ListQuery("default", 4, cursor))
            seen += [memory.content for memory in page.memories]
            cursor = page.next_cursor
            if cursor is None:
                break
        assert seen == [f"fact {n}" for n in reversed(range(25))]


def test_any_value_of_a_filter_is_taken_literally(tmp_path: Path) -> None:
    odd = ["%", "_", "'; DROP TABLE memory; --", '"', "a*", "ä", "Ä", "\\", "NULL", "1", " x"]
    with support.opened(tmp_path / "memoryoss.db") as store:
        store.insert(
            [
                support.entry(f"{n}", tags=(text,), agent=text, session=text)
                for n, text in enumerate(odd)
            ]
        )
        for n, text in enumerate(odd):
            for filters in (Filters(tags=(text,)), Filters(agent=text), Filters(session=text)):
                page = store.page(ListQuery("default", filters=filters))
                assert [memory.content for memory in page.memories] == [str(n)]
                found = store.candidates("default", support.probe(["x"], seed=0, filters=filters))
                assert found is not None
                assert len(found.numbers) == 1


def test_a_namespace_without_memories_is_an_empty_page(tmp_path: Path) -> None:
    with support.opened(tmp_path / "memoryoss.db") as store:
        page = store.page(ListQuery("nothing"))
        assert (page.memories, page.total, page.next_cursor) == ((), 0, None)
        assert store.candidates("nothing", support.probe(["x"], seed=1)) is None
