# SPDX-License-Identifier: AGPL-3.0-only
"""A request says what memory may do for it; what nobody understands is refused, never ``full``."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.model.clock import parse_time
from memoryoss_proxy.modes import Mode, ModeKind, memory_mode, parse_kind
from memoryoss_proxy.settings import Settings
from tests.proxy.callers import settings

DAY = parse_time("2026-03-31")


def mode(*headers: tuple[str, str], under: Settings | None = None) -> Mode:
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    return memory_mode(raw, under or settings())


def test_without_headers_the_configured_mode_holds() -> None:
    assert mode() == Mode(ModeKind.FULL)
    assert mode(under=settings(default_memory_mode="readonly")) == Mode(ModeKind.READONLY)
    dated = settings(default_memory_mode="after", memory_after_date="2026-03-31")
    assert mode(under=dated) == Mode(ModeKind.AFTER, DAY)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("full", ModeKind.FULL),
        ("readonly", ModeKind.READONLY),
        ("read-only", ModeKind.READONLY),
        ("read_only", ModeKind.READONLY),
        ("ro", ModeKind.READONLY),
        ("off", ModeKind.OFF),
        ("none", ModeKind.OFF),
        ("disabled", ModeKind.OFF),
    ],
)
def test_every_published_name_in_any_case(text: str, kind: ModeKind) -> None:
    other = settings(default_memory_mode="off" if kind is not ModeKind.OFF else "full")
    for spelled in (text, text.upper(), text.title(), f"  {text}\t"):
        assert mode(("X-Memory-Mode", spelled), under=other).kind is kind
        assert mode(("x-memory-mode", spelled), under=other).kind is kind


def test_what_each_mode_allows() -> None:
    allows = {kind: (Mode(kind).recalls, Mode(kind).stores) for kind in ModeKind}
    assert allows == {
        ModeKind.FULL: (True, True),
        ModeKind.READONLY: (True, False),
        ModeKind.AFTER: (True, True),
        ModeKind.OFF: (False, False),
    }


def test_after_takes_a_date_of_the_header_then_of_the_configuration() -> None:
    asked = ("X-Memory-Mode", "After")
    dated = settings(memory_after_date="2020-01-01")
    assert mode(asked, ("X-Memory-After", "2026-03-31"), under=dated) == Mode(ModeKind.AFTER, DAY)
    assert mode(asked, under=dated).after == parse_time("2020-01-01")
    exact = mode(asked, ("X-Memory-After", "2026-03-31T02:00:00+02:00"))
    assert exact == Mode(ModeKind.AFTER, DAY)


@pytest.mark.parametrize("value", ["1", "true", "TRUE", "yes", "Yes"])
def test_bypass_switches_memory_off_whatever_the_mode_says(value: str) -> None:
    assert mode(("X-Memory-Bypass", value), ("X-Memory-Mode", "full")) == Mode(ModeKind.OFF)


@pytest.mark.parametrize("value", ["0", "false", "No"])
def test_bypass_can_be_declined(value: str) -> None:
    assert mode(("X-Memory-Bypass", value), ("X-Memory-Mode", "ro")) == Mode(ModeKind.READONLY)


@pytest.mark.parametrize(
    "headers",
    [
        [("X-Memory-Mode", "writeonly")],
        [("X-Memory-Mode", "")],
        [("X-Memory-Mode", "full, off")],
        [("X-Memory-Mode", "ful\u00df")],
        [("X-Memory-Mode", "full"), ("X-Memory-Mode", "off")],
        [("X-Memory-Mode", "off"), ("x-memory-mode", "readonly")],
        [("X-Memory-Mode", "nothing"), ("X-Memory-Bypass", "1")],
        [("X-Memory-Bypass", "")],
        [("X-Memory-Bypass", "on")],
        [("X-Memory-Bypass", "1"), ("X-Memory-Bypass", "0")],
        [("X-Memory-Mode", "after")],
        [("X-Memory-Mode", "after"), ("X-Memory-After", "")],
        [("X-Memory-Mode", "after"), ("X-Memory-After", "yesterday")],
        [("X-Memory-Mode", "after"), ("X-Memory-After", "2026-02-30")],
        [("X-Memory-Mode", "after"), ("X-Memory-After", "31.03.2026")],
        [
            ("X-Memory-Mode", "after"),
            ("X-Memory-After", "2026-03-31"),
            ("X-Memory-After", "2026-03-30"),
        ],
        [("X-Memory-After", "2026-03-31")],
        [("X-Memory-Mode", "readonly"), ("X-Memory-After", "2026-03-31")],
        [("X-Memory-Mode", "off"), ("X-Memory-After", "never")],
    ],
)
def test_anything_else_is_refused(headers: list[tuple[str, str]]) -> None:
    with pytest.raises(InvalidInputError) as caught:
        mode(*headers)
    assert caught.value.field is not None
    assert caught.value.field.startswith("X-Memory-")
    assert caught.value.hint


def test_a_header_twice_with_the_same_meaning_is_no_conflict() -> None:
    assert mode(("X-Memory-Mode", "RO"), ("X-Memory-Mode", "read-only")).kind is ModeKind.READONLY
    asked = ("X-Memory-Mode", "after")
    dates = [("X-Memory-After", "2026-03-31"), ("X-Memory-After", "2026-03-31T00:00:00Z")]
    assert mode(asked, *dates) == Mode(ModeKind.AFTER, DAY)


@pytest.mark.parametrize(
    "headers",
    [
        [("X-Memory-Bypass", "true")],
        [("X-Memory-Mode", "full")],
        [("X-Memory-Mode", "nonsense")],
        [("X-Memory-Mode", "after"), ("X-Memory-After", "2026-03-31")],
    ],
)
def test_where_clients_may_not_choose_no_header_has_an_effect(
    headers: list[tuple[str, str]],
) -> None:
    fixed = settings(default_memory_mode="readonly", allow_client_memory_control=False)
    assert mode(*headers, under=fixed) == Mode(ModeKind.READONLY)


MODES = (b"x-memory-mode", b"X-Memory-Mode")
VALUES = (b"full", b"OFF", b"after", b"Read-Only", b"1", b"no", b"2026-01-01")


@given(
    st.lists(
        st.tuples(
            st.sampled_from([*MODES, b"X-MEMORY-AFTER", b"x-memory-bypass", b"other"]),
            st.binary(max_size=30) | st.sampled_from(VALUES),
        ),
        max_size=6,
    )
)
def test_hostile_headers_give_a_mode_that_was_asked_for_or_the_documented_error(
    headers: list[tuple[bytes, bytes]],
) -> None:
    said = [value.decode("latin-1") for name, value in headers if name in MODES]
    try:
        got = memory_mode(headers, settings(default_memory_mode="off"))
    except InvalidInputError:
        return
    assert got.kind is ModeKind.OFF or got.kind in {parse_kind(text) for text in said}
