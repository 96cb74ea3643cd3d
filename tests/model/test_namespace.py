# SPDX-License-Identifier: AGPL-3.0-only
"""Namespace names are strict; names made of other text always fit the rule."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.model import DEFAULT_NAMESPACE, check_namespace, namespace_from


@pytest.mark.parametrize("name", ["default", "a", "A-b_9", "größe", "記憶", "x" * 128])
def test_names_are_returned_as_they_are(name: str) -> None:
    assert check_namespace(name) == name


@pytest.mark.parametrize(
    "name",
    ["", " ", "a b", "a/b", "../x", "a.b", "a\0b", "a\n", "*", "%", "ö" * 65, "x" * 129, "\ud800"],
)
def test_other_texts_are_refused_and_never_repaired(name: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        check_namespace(name)
    assert caught.value.field == "namespace"
    assert caught.value.code == "invalid_input"


def test_the_configured_length_binds() -> None:
    assert check_namespace("abcd", 4) == "abcd"
    with pytest.raises(InvalidInputError):
        check_namespace("abcde", 4)


@given(st.text())
@example("…/…")
@example("İstanbul/Über-Projekt")
@example("x" * 500)
@example("ß" * 200)
@example("\ud800")
def test_a_made_name_is_always_a_name(text: str) -> None:
    assert check_namespace(namespace_from(text))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Owner/My.Repo", "owner-my-repo"),
        ("--a--b--", "a--b"),
        ("a_b", "a_b"),
        ("...", DEFAULT_NAMESPACE),
        ("", DEFAULT_NAMESPACE),
    ],
)
def test_made_names_read_like_the_text(text: str, name: str) -> None:
    assert namespace_from(text) == name
