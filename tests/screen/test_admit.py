# SPDX-License-Identifier: AGPL-3.0-only
"""What may enter: within its limits it comes through unchanged, beyond them nothing is stored."""

from __future__ import annotations

import secrets
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memoryoss_mcp.errors import InvalidInputError, LimitExceededError, SecretRefusedError
from memoryoss_mcp.model import Change, Draft, Limits, MemoryType, new_id
from memoryoss_mcp.screen import admit, admit_change, screen_change, screen_draft

LIMITS = Limits()
SMALL = Limits(max_content_bytes=20, max_tags=3, max_tag_length=6, max_label_length=8)

plain = st.text(st.characters(codec="utf-8", exclude_characters="\0"))


def draft(**more: object) -> Draft:
    return replace(Draft("a fact", "default"), **more)  # type: ignore[arg-type]


tags_within = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=64)


@given(plain.filter(str.strip), st.lists(tags_within.filter(str.strip), max_size=10))
def test_what_is_within_the_limits_is_kept_word_for_word(content: str, tags: list[str]) -> None:
    admitted = admit(draft(content=content, tags=tuple(tags)), LIMITS)
    assert admitted.content == content
    assert admitted.tags == tuple(dict.fromkeys(tag.strip() for tag in tags))
    assert admit(admitted, LIMITS) == admitted


@given(st.text(max_size=40), st.lists(st.text(max_size=10), max_size=6), st.text(max_size=12))
def test_any_text_is_either_kept_or_refused_with_code_and_field(
    content: str, tags: list[str], label: str
) -> None:
    refused, admitted = None, None
    try:
        admitted = admit(draft(content=content, tags=tuple(tags), session=label), SMALL)
    except InvalidInputError as error:
        refused = error
    if refused is not None:
        assert refused.code in {"invalid_input", "limit_exceeded"}
        assert refused.field in {"content", "tags", "session"}
    if admitted is not None:
        assert admitted.content == content
        assert admitted.session == label
        assert len(content.encode()) <= 20
        assert len(tags) <= 3
        assert all(tag and len(tag.encode()) <= 6 for tag in admitted.tags)
        assert len(label.encode()) <= 8


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"content": ""}, "content"),
        ({"content": " \n\t\u2003"}, "content"),
        ({"content": "a\0b"}, "content"),
        ({"content": "half a pair \ud83d"}, "content"),
        ({"namespace": "a b"}, "namespace"),
        ({"namespace": ""}, "namespace"),
        ({"tags": ("a", " ")}, "tags"),
        ({"tags": ("a\0",)}, "tags"),
        ({"tags": ("\udc00",)}, "tags"),
        ({"agent": ""}, "agent"),
        ({"session": "  "}, "session"),
        ({"client": "a\0"}, "client"),
        ({"source_key": "\ud800"}, "source_key"),
        ({"confidence": 1.01}, "confidence"),
        ({"confidence": -0.01}, "confidence"),
        ({"confidence": float("nan")}, "confidence"),
    ],
)
def test_wrong_values_are_refused_by_field(wrong: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        admit(draft(**wrong), LIMITS)
    assert caught.value.code == "invalid_input"
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"content": "x" * 32_769}, "content"),
        ({"content": "ö" * 16_385}, "content"),
        ({"tags": tuple(str(n) for n in range(10_000))}, "tags"),
        ({"tags": ("ö" * 129,)}, "tags"),
        ({"agent": "x" * 257}, "agent"),
        ({"session": "x" * 257}, "session"),
        ({"client": "x" * 257}, "client"),
        ({"source_key": "x" * 257}, "source_key"),
    ],
)
def test_what_is_too_large_is_refused_by_field(wrong: dict[str, object], field: str) -> None:
    with pytest.raises(LimitExceededError) as caught:
        admit(draft(**wrong), LIMITS)
    assert caught.value.code == "limit_exceeded"
    assert caught.value.field == field
    assert len(str(caught.value)) < 500


def test_the_limits_count_bytes_and_are_inclusive() -> None:
    assert admit(draft(content="ö" * 10), SMALL)
    with pytest.raises(LimitExceededError):
        admit(draft(content="ö" * 10 + "x"), SMALL)
    assert admit(draft(tags=("a", "b", "c"), agent="x" * 8), SMALL)


def test_a_change_is_held_to_the_same_limits() -> None:
    change = Change(new_id(), "default", content="new")
    assert admit_change(change, LIMITS) == change
    assert admit_change(replace(change, tags=(" a", "a ", "b")), LIMITS).tags == ("a", "b")
    assert admit_change(replace(change, content=None, tags=()), LIMITS).tags == ()
    with pytest.raises(LimitExceededError):
        admit_change(replace(change, content="x" * 32_769), LIMITS)
    with pytest.raises(InvalidInputError):
        admit_change(replace(change, content=" "), LIMITS)
    with pytest.raises(InvalidInputError):
        admit_change(replace(change, tags=("",)), LIMITS)
    with pytest.raises(InvalidInputError):
        admit_change(replace(change, namespace="a b"), LIMITS)


def test_a_change_of_nothing_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="changes nothing"):
        admit_change(Change(new_id(), "default"), LIMITS)
    only = Change(new_id(), "default", memory_type=MemoryType.WORKING)
    assert admit_change(only, LIMITS) == only


# Secrets --------------------------------------------------------------------------------------


@pytest.fixture
def key() -> str:
    return "ghp_" + secrets.token_hex(18)


def test_secrets_are_redacted_unless_the_policy_says_otherwise(key: str) -> None:
    given = draft(content=f"the key is {key}, rotate it")
    admitted = screen_draft(given, LIMITS)
    assert admitted.draft.content == "the key is [redacted:github_token], rotate it"
    assert admitted.redacted == ("github_token",)
    kept = screen_draft(given, LIMITS, "keep")
    assert (kept.draft, kept.redacted) == (given, ())
    with pytest.raises(SecretRefusedError) as caught:
        screen_draft(given, LIMITS, "refuse")
    assert (caught.value.code, caught.value.field) == ("secret_refused", "content")
    assert key not in str(caught.value)


def test_what_holds_no_secret_is_admitted_as_by_its_limits() -> None:
    given = draft(content="the password policy is 12 characters", tags=(" a", "a"), session="s")
    for policy in ("redact", "refuse", "keep"):
        assert screen_draft(given, LIMITS, policy).draft == admit(given, LIMITS)
        assert screen_draft(given, LIMITS, policy).redacted == ()


@pytest.mark.parametrize("field", ["tags", "agent", "session", "client", "source_key"])
def test_a_secret_in_a_tag_or_a_label_is_refused_by_field(field: str, key: str) -> None:
    given = draft(**{field: ("fine", key) if field == "tags" else key})
    with pytest.raises(SecretRefusedError) as caught:
        screen_draft(given, LIMITS)
    assert caught.value.field == field
    assert key not in str(caught.value)
    assert screen_draft(given, LIMITS, "keep").draft == given


def test_a_change_is_held_to_the_same_policy(key: str) -> None:
    change = Change(new_id(), "default", content=f"use {key}")
    admitted = screen_change(change, LIMITS)
    assert admitted.change.content == "use [redacted:github_token]"
    assert admitted.redacted == ("github_token",)
    with pytest.raises(SecretRefusedError):
        screen_change(change, LIMITS, "refuse")
    with pytest.raises(SecretRefusedError):
        screen_change(replace(change, content="fine", tags=(key,)), LIMITS)
    assert screen_change(change, LIMITS, "keep").change == change
    only = Change(new_id(), "default", memory_type=MemoryType.WORKING)
    assert screen_change(only, LIMITS).change == only


def test_limits_hold_for_what_is_stored_not_only_for_what_was_sent() -> None:
    content = "pwd='" + secrets.token_hex(3) + "'"
    assert len(content) <= 20
    with pytest.raises(LimitExceededError):
        screen_draft(draft(content=content), replace(SMALL, max_content_bytes=12))
