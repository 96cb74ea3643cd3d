# SPDX-License-Identifier: AGPL-3.0-only
"""Whatever is stored, nothing of it commands the terminal, and nothing of it is lost in JSON."""

from __future__ import annotations

import json
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from memoryoss_mcp.cli.streams import one_line, printable, to_json

ANY_TEXT = st.text(st.characters(codec=None))


def commands(text: str) -> list[str]:
    """Characters that a terminal would obey."""
    return [
        character
        for character in text
        if (unicodedata.category(character) in {"Cc", "Cs"} and character not in "\n\t")
        or "\u202a" <= character <= "\u202e"
        or "\u2066" <= character <= "\u2069"
    ]


@given(ANY_TEXT)
def test_printable_text_has_no_commands_and_stays_so(text: str) -> None:
    shown = printable(text)
    assert commands(shown) == []
    assert printable(shown) == shown


@given(ANY_TEXT)
def test_a_line_is_one_line(text: str) -> None:
    assert commands(one_line(text)) == []
    assert len(one_line(text).splitlines()) <= 1


@given(st.dictionaries(ANY_TEXT, st.one_of(ANY_TEXT, st.integers(), st.lists(ANY_TEXT))))
def test_json_reads_back_the_same_and_has_no_commands(document: dict[str, object]) -> None:
    text = to_json(document)
    assert commands(text) == []
    assert json.loads(text) == document


def test_ordinary_text_is_shown_as_it_is() -> None:
    text = "Zoë’s naïve café — 東京 🚢\n\tindented"
    assert printable(text) == text


def test_a_command_is_made_visible() -> None:
    assert printable("\x1b[31mred\x07") == "␛[31mred␇"
    assert printable("safe\u202efdp.exe") == "safe\\u202efdp.exe"
