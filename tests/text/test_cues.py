# SPDX-License-Identifier: AGPL-3.0-only
"""How a text speaks, and what a question is about."""

from __future__ import annotations

import pytest

from memoryoss_mcp.text.cues import (
    LOOKED_AT,
    announced_changes,
    asks_for_present_state,
    asks_for_the_past,
    asks_for_what_came,
    speaks_in_first_person,
    speaks_of_the_past,
)


@pytest.mark.parametrize(
    "text",
    ["I prefer tea.", "Please call my sister.", "Our API is slow", "Wir nehmen Rust.", "j'aime ça"],
)
def test_statements_about_oneself(text: str) -> None:
    assert speaks_in_first_person(text)


@pytest.mark.parametrize(
    "text", ["for i in range(9):", "The API is slow.", "my_var = 3", "MIDI input", ""]
)
def test_other_statements(text: str) -> None:
    assert not speaks_in_first_person(text)


def test_only_the_beginning_sets_the_tone() -> None:
    assert not speaks_in_first_person("x " * LOOKED_AT + "I agree")


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        ("The port is 8000.", 0),
        ("The port was changed.", 1),
        ("We migrated to 8001, it replaced 8000 and is now final.", 2),
        ("Wir haben auf Rust umgestellt.", 1),
    ],
)
def test_words_of_change_are_counted_up_to_two(text: str, changes: int) -> None:
    assert announced_changes(text) == changes


def test_past_states_are_heard() -> None:
    assert speaks_of_the_past("Originally the port was 8000.")
    assert not speaks_of_the_past("The port is 8001.")


@pytest.mark.parametrize(
    ("query", "present"),
    [
        ("What is my deadline?", True),
        ("Which port does the API have now?", True),
        ("Which port did the API have before?", False),
        ("What was the first plan?", False),
        ("deploy", False),
    ],
)
def test_questions_about_the_present_state(query: str, present: bool) -> None:
    assert asks_for_present_state(query) is present


@pytest.mark.parametrize(
    "query",
    [
        "What replaced Jenkins?",
        "What database did we migrate to?",
        "How has the login evolved?",
        "How does login work after the migration?",
        "Wodurch wurde Jenkins ersetzt?",
        "Qu'est-ce qui a remplacé Slack ?",
    ],
)
def test_questions_about_what_came_instead(query: str) -> None:
    assert asks_for_what_came(query)


@pytest.mark.parametrize("query", ["Where do we deploy?", "What is the port?", "who is Ada"])
def test_questions_about_something_else(query: str) -> None:
    assert not asks_for_what_came(query)


def test_the_first_of_several_is_not_in_the_past() -> None:
    assert not asks_for_the_past("What is the deadline of the first sprint?")
    assert asks_for_the_past("What did we use at first?")
