# SPDX-License-Identifier: AGPL-3.0-only
"""Kinds, consent, and what a signal becomes in the memory."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memoryoss_mcp.config import CONNECTORS, Connectors
from memoryoss_mcp.errors import (
    InvalidInputError,
    LimitExceededError,
    MemoryOSSError,
    SecretRefusedError,
)
from memoryoss_mcp.exchange.connectors.ingest import Ingested, Rules, ingest
from memoryoss_mcp.exchange.connectors.kinds import KINDS, Consent, find_kind
from memoryoss_mcp.exchange.connectors.signal import Signal, reference_slug
from memoryoss_mcp.model import Limits, Origin, Status
from memoryoss_mcp.runtime import Runtime
from memoryoss_mcp.store.types import ListQuery

NAMESPACE = "signals"
ALL = Connectors(CONNECTORS, raw=True)


def rules(
    connectors: Connectors = ALL, *, policy: str = "redact", limits: Limits | None = None
) -> Rules:
    consent = Consent(connectors, Path("memoryoss.toml"))
    return Rules(consent, limits or Limits(), NAMESPACE, policy, "tests")


def take(
    runtime: Runtime,
    signal: Signal,
    applied: Rules | None = None,
    *,
    allow_raw: bool = False,
    dry_run: bool = False,
) -> Ingested:
    def known(namespace: str, contents: Sequence[str]) -> Mapping[str, UUID]:
        page = runtime.list(ListQuery(namespace))
        return {m.content: m.id for m in page.memories if m.content in contents}

    return ingest(
        signal, applied or rules(), runtime.store, known, allow_raw=allow_raw, dry_run=dry_run
    )


def password() -> str:
    return "Pw" + secrets.token_hex(6)


# Kinds and consent ----------------------------------------------------------------------------


def test_the_kinds_are_those_of_the_configuration() -> None:
    assert tuple(KINDS) == CONNECTORS
    assert len(KINDS) == 8
    assert all(kind.label and kind.description for kind in KINDS.values())


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("tickets", "ticket"),
        ("pr", "pull_request"),
        ("pull-request", "pull_request"),
        ("incidents", "incident"),
        (" Terminal ", "terminal"),
    ],
)
def test_other_names_of_a_kind_are_taken(name: str, kind: str) -> None:
    assert find_kind(name) is KINDS[kind]


def test_an_unknown_kind_is_an_error_that_names_the_known_ones() -> None:
    with pytest.raises(InvalidInputError, match="incident"):
        find_kind("phone")


@pytest.mark.parametrize("dry_run", [False, True])
def test_nothing_comes_in_through_a_kind_that_is_off(runtime: Runtime, dry_run: bool) -> None:
    signal = Signal(KINDS["browser"], "The page on retries was read.")
    with pytest.raises(MemoryOSSError) as caught:
        take(runtime, signal, rules(Connectors(("terminal",))), dry_run=dry_run)
    assert caught.value.code == "connector_disabled"
    assert 'enabled = ["terminal", "browser"]' in str(caught.value)
    assert "memoryoss.toml" in str(caught.value)
    assert runtime.list(ListQuery(NAMESPACE)).total == 0


# What it becomes ------------------------------------------------------------------------------


def test_a_signal_becomes_a_candidate_with_its_provenance(runtime: Runtime) -> None:
    signal = Signal(
        KINDS["pull_request"],
        "Retries were limited to three.",
        ("review by Ann", "checks are green"),
        ("Retries", "CONNECTOR:pull_request", "retries"),
        source_ref="https://git.example/shop/pull/12#comment-7",
    )
    done = take(runtime, signal)
    assert done.id is not None
    assert done.review_key == f"review:{done.id}"
    memory = runtime.inspect(done.id, NAMESPACE)
    assert memory.content == (
        "Pull request signal: Retries were limited to three. "
        "Evidence: review by Ann | checks are green"
    )
    assert (memory.status, memory.origin) == (Status.CANDIDATE, Origin.CONNECTOR)
    assert memory.confidence == 0.15
    assert memory.source_key == "ambient-connector:pull_request"
    assert memory.tags == (
        "ambient-capture",
        "connector:pull_request",
        "client:ambient_mesh",
        "source_ref:https_git_example_shop_pull_12_comment_7",
        "Retries",
    )
    waiting = [item.memory.id for item in runtime.inbox(NAMESPACE).items]
    assert waiting == [done.id]


def test_without_evidence_and_reference_nothing_is_made_up() -> None:
    signal = Signal(KINDS["docs"], "  The guide names Ann. ", ("", "  "), source_ref=" ?! ")
    assert signal.content == "Docs signal: The guide names Ann."
    assert signal.provenance == ("ambient-capture", "connector:docs", "client:ambient_mesh")


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("SHOP-12", "shop_12"),
        ("a: /b", "a_b"),
        ("__a..b//c__", "a_b_c"),
        ("Größe/Maß.md", "größe_maß_md"),
        ("x" * 60, "x" * 48),
        ("x" * 47 + "/rest", "x" * 47),
        ("(!)", ""),
    ],
)
def test_a_reference_becomes_a_short_slug(text: str, slug: str) -> None:
    assert reference_slug(text) == slug


@given(st.text())
def test_a_slug_is_always_a_tag_that_may_be_stored(text: str) -> None:
    slug = reference_slug(text)
    assert len(slug) <= 48
    assert all(char.isalnum() or char == "_" for char in slug)
    assert "__" not in slug
    assert slug == slug.strip("_")
    assert len(f"source_ref:{slug}".encode()) <= Limits().max_tag_length


def test_a_blank_summary_is_refused(runtime: Runtime) -> None:
    with pytest.raises(InvalidInputError) as caught:
        take(runtime, Signal(KINDS["docs"], " \n "))
    assert caught.value.field == "summary"


def test_the_limits_of_every_memory_apply(runtime: Runtime) -> None:
    small = rules(limits=Limits(max_content_bytes=60, max_tags=4))
    with pytest.raises(LimitExceededError):
        take(runtime, Signal(KINDS["docs"], "x" * 60), small)
    with pytest.raises(LimitExceededError):
        take(runtime, Signal(KINDS["docs"], "short", tags=("a", "b")), small)
    assert runtime.list(ListQuery(NAMESPACE)).total == 0


# Secrets --------------------------------------------------------------------------------------


def test_only_the_secret_is_redacted_and_its_kind_is_told(runtime: Runtime) -> None:
    word, key = password(), secrets.token_hex(20)
    signal = Signal(
        KINDS["incident"],
        f"The outage began when the password was changed to {word}, at 9.",
        (f"export API_KEY={key}", "nothing secret here"),
        source_ref=f"https://ann:{word}@logs.example/7",
        raw=f"API_KEY={key} was in the log",
    )
    done = take(runtime, signal, allow_raw=True)
    assert sorted(done.redacted) == ["api_key", "api_key", "password", "url_password"]
    assert done.id is not None
    memory = runtime.inspect(done.id, NAMESPACE)
    assert "The outage began when the password was changed to [redacted" in memory.content
    assert "at 9." in memory.content
    assert "nothing secret here" in memory.content
    everything = memory.content + " ".join(memory.tags)
    assert word.lower() not in everything.lower()
    assert key not in everything
    assert take(runtime, Signal(KINDS["incident"], "The password policy changed.")).redacted == ()


@pytest.mark.parametrize("dry_run", [False, True])
def test_the_policy_to_refuse_secrets_holds_and_to_keep_them_does_not(
    runtime: Runtime, dry_run: bool
) -> None:
    word = password()
    signal = Signal(KINDS["terminal"], f"Ran mysql -u root -p{word} shop.")
    with pytest.raises(SecretRefusedError):
        take(runtime, signal, rules(policy="refuse"), dry_run=dry_run)
    kept = take(runtime, signal, rules(policy="keep"), dry_run=dry_run)
    assert word not in kept.draft.content
    assert kept.redacted == ("password",)


@pytest.mark.parametrize("dry_run", [False, True])
def test_a_secret_in_a_tag_is_refused(runtime: Runtime, dry_run: bool) -> None:
    signal = Signal(KINDS["docs"], "A page.", tags=(f"token={secrets.token_hex(20)}",))
    with pytest.raises(SecretRefusedError):
        take(runtime, signal, dry_run=dry_run)


# Raw excerpts ---------------------------------------------------------------------------------


def test_a_raw_excerpt_is_kept_only_when_it_is_asked_for_and_allowed(runtime: Runtime) -> None:
    signal = Signal(KINDS["browser"], "The page was read.", raw="<p>all of it</p>\n")
    left_out = take(runtime, signal)
    assert not left_out.raw
    assert "all of it" not in left_out.draft.content
    with pytest.raises(MemoryOSSError) as caught:
        take(runtime, signal, rules(Connectors(CONNECTORS)), allow_raw=True)
    assert caught.value.code == "connector_raw_disabled"
    kept = take(runtime, signal, allow_raw=True)
    assert kept.raw
    assert kept.draft.content.endswith("Raw excerpt:\n<p>all of it</p>")


# Dry runs and repetitions ---------------------------------------------------------------------


SIGNALS = st.builds(
    Signal,
    st.sampled_from(list(KINDS.values())),
    st.text(min_size=1, max_size=40).filter(lambda text: text.strip() and "\0" not in text),
    st.lists(st.text("abc |", max_size=8), max_size=3).map(tuple),
    st.lists(st.text("abC", min_size=1, max_size=3), max_size=3).map(tuple),
    st.none() | st.text("aB/:#", max_size=60),
)


@given(signal=SIGNALS)
def test_a_dry_run_tells_what_the_real_run_does(signal: Signal) -> None:
    written = []

    def store(draft: object) -> object:
        written.append(draft)
        raise StopIteration

    def known(_namespace: str, _contents: Sequence[str]) -> Mapping[str, UUID]:
        return {}

    told = ingest(signal, rules(), store, known, dry_run=True)  # type: ignore[arg-type]
    assert written == []
    with pytest.raises(StopIteration):
        ingest(signal, rules(), store, known)  # type: ignore[arg-type]
    assert written == [told.draft]


def test_a_dry_run_finds_the_duplicate_that_the_real_run_finds(runtime: Runtime) -> None:
    signal = Signal(KINDS["ticket"], "SHOP-7 was closed.", ("by Ann",))
    fresh = take(runtime, signal, dry_run=True)
    assert (fresh.duplicate, fresh.id, fresh.review_key) == (False, None, None)
    assert runtime.list(ListQuery(NAMESPACE)).total == 0
    stored = take(runtime, signal)
    assert not stored.duplicate
    for dry_run in (True, False):
        again = take(runtime, signal, dry_run=dry_run)
        assert (again.duplicate, again.id, again.review_key) == (True, stored.id, None)
    assert runtime.list(ListQuery(NAMESPACE)).total == 1
    assert stored.id is not None
    assert runtime.inspect(stored.id, NAMESPACE).status is Status.CANDIDATE
