# SPDX-License-Identifier: AGPL-3.0-only
"""How far a memory is trusted: what moves the score, and that it is the same after a restart."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memoryoss_mcp.config import load_config
from memoryoss_mcp.lifecycle.review import Decision
from memoryoss_mcp.lifecycle.trust import WEIGHTS, anchor, trust
from memoryoss_mcp.model import Draft, Memory, Outcomes, ReviewAction, new_id
from memoryoss_mcp.model.trust import Trust
from memoryoss_mcp.recall.query import RecallQuery
from memoryoss_mcp.runtime import Runtime
from memoryoss_mcp.store.trust import Reputation, Standing
from memoryoss_mcp.store.types import ForgetRequest

HOUR = 3_600_000_000_000
START = 1_700_000_000_000_000_000
SPACE = "project"

counts = st.integers(0, 40)
outcomes = st.builds(
    Outcomes,
    injection_count=counts,
    reuse_count=counts,
    confirm_count=counts,
    reject_count=counts,
    supersede_count=counts,
)
standings = st.builds(
    Standing,
    st.none() | st.builds(Reputation, st.just("source"), counts, counts),
    st.none() | st.floats(-1, 1),
)


def memory(**more: object) -> Memory:
    plain = Memory(new_id(), SPACE, "a fact", START, START)
    return replace(plain, **more)  # type: ignore[arg-type]


@given(outcomes, standings, st.integers(0, 50_000), st.integers(0, 20))
def test_score_and_signals_lie_in_their_intervals(
    happened: Outcomes, standing: Standing, hours: int, evidence: int
) -> None:
    one = memory(outcomes=happened, evidence_count=evidence)
    found = trust(one, standing, START + hours * HOUR)
    assert set(found.signals) == set(WEIGHTS)
    for value, low, high in (*found.signals.values(), (found.score, found.low, found.high)):
        assert 0.0 <= low <= value <= high <= 1.0
    expected = sum(WEIGHTS[name] * signal.value for name, signal in found.signals.items())
    assert found.score == pytest.approx(expected)


@given(outcomes, standings, st.sampled_from(("confirm_count", "reuse_count", "injection_count")))
def test_what_proves_itself_is_never_trusted_less(
    happened: Outcomes, standing: Standing, count: str
) -> None:
    better = replace(happened, **{count: getattr(happened, count) + 1})
    before, after = (trust(memory(outcomes=o), standing, START) for o in (happened, better))
    assert after.score >= before.score


@given(outcomes, standings, st.sampled_from(("reject_count", "supersede_count")))
def test_what_was_given_up_is_trusted_less(
    happened: Outcomes, standing: Standing, count: str
) -> None:
    worse = replace(happened, **{count: getattr(happened, count) + 1})
    before, after = (trust(memory(outcomes=o), standing, START) for o in (happened, worse))
    assert after.score < before.score


def test_the_published_figures() -> None:
    signals = trust(memory(), Standing(None, 1.0), START + 168 * HOUR).signals
    assert signals["recency"].value == pytest.approx(0.5, abs=1e-3)
    assert signals["source"] == (0.5, 0.2, 0.8)
    assert signals["coherence"].value == 1.0
    assert signals["outcome"].value == 0.5
    known = trust(memory(), Standing(Reputation("s", 3, 1), None), START).signals
    assert known["source"].value == pytest.approx(5 / 7)
    assert known["coherence"].value == 0.5


def test_an_old_untouched_memory_is_not_of_low_trust() -> None:
    old = trust(memory(), Standing(None, 0.4), START + 60 * 24 * HOUR)
    assert not old.low_trust
    assert 0.3 < old.score < 0.5


def test_the_latest_sign_of_life_counts() -> None:
    one = memory(outcomes=Outcomes(last_reused_at=START + 5 * HOUR), last_verified_at=START + HOUR)
    assert anchor(one) == START + 5 * HOUR


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[Runtime]:
    with Runtime.open(load_config(data_dir=tmp_path)) as opened:
        yield opened


def stored(runtime: Runtime, content: str, **more: str) -> Memory:
    receipt = runtime.store(Draft(content, SPACE, **more))  # type: ignore[arg-type]
    return runtime.inspect(receipt.id, SPACE)


def judged(runtime: Runtime, one: Memory, action: ReviewAction) -> None:
    runtime.review(Decision(one.id, SPACE, action, "ada"))


def trusted(runtime: Runtime, one: Memory) -> Trust:
    return runtime.trust(SPACE, [runtime.inspect(one.id, SPACE)])[one.id]


def test_a_rejected_source_drags_its_other_memories_down(runtime: Runtime) -> None:
    other = stored(runtime, "The build needs Java 21.", source_key="bot")
    bad = stored(runtime, "The build needs Cobol.", source_key="bot")
    stranger = stored(runtime, "The build takes an hour.", source_key="colleague")
    before, unmoved = trusted(runtime, other), trusted(runtime, stranger)
    for _ in range(3):
        judged(runtime, bad, ReviewAction.REJECT)
    after = trusted(runtime, other)
    assert after.signals["source"].value == pytest.approx(2 / 6)
    assert after.score < before.score
    assert trusted(runtime, stranger).signals["source"] == unmoved.signals["source"]


def test_recall_marks_what_is_not_to_be_trusted_and_shows_why(runtime: Runtime) -> None:
    bad = stored(runtime, "The staging database is called heron.", source_key="bot")
    for _ in range(20):
        judged(runtime, bad, ReviewAction.REJECT)
    [found] = runtime.recall(RecallQuery("staging database", SPACE)).memories
    assert found.trust is not None
    assert found.trust.signals["outcome"].value < 0.1
    assert found.low_trust == (found.trust.score < 0.3)


def test_the_threshold_is_configurable(tmp_path: Path) -> None:
    (tmp_path / "memoryoss.toml").write_text("[trust]\nthreshold = 1.0\n", encoding="utf-8")
    with Runtime.open(load_config(data_dir=tmp_path)) as runtime:
        one = stored(runtime, "Everything is doubted here.")
        assert trusted(runtime, one).low_trust


def test_trust_is_the_same_after_a_restart_and_a_repair(tmp_path: Path) -> None:
    config = load_config(data_dir=tmp_path)
    with Runtime.open(config) as runtime:
        texts = ("Ports start at 8000.", "Deploys happen on Tuesdays.", "Ada likes tea.")
        memories = [stored(runtime, text, source_key="bot") for text in texts]
        judged(runtime, memories[0], ReviewAction.CONFIRM)
        judged(runtime, memories[1], ReviewAction.REJECT)
        before = [signals(trusted(runtime, one)) for one in memories]
    with Runtime.open(config) as runtime:
        runtime.doctor(repair=True)
        assert [signals(trusted(runtime, one)) for one in memories] == before


def test_the_centre_does_not_remember_what_was_forgotten(runtime: Runtime) -> None:
    stays = [stored(runtime, f"Service {name} runs on Linux.") for name in ("a", "b", "c")]
    before = [signals(trusted(runtime, one)) for one in stays]
    gone = [stored(runtime, text) for text in ("Pears are ripe in autumn.", "Owls hunt at night.")]
    assert [signals(trusted(runtime, one)) for one in stays] != before
    runtime.forget(ForgetRequest(SPACE, tuple(one.id for one in gone)))
    assert [signals(trusted(runtime, one)) for one in stays] == before


def test_another_namespace_changes_nothing(runtime: Runtime) -> None:
    one = stored(runtime, "Releases are cut on Mondays.", source_key="bot")
    before = signals(trusted(runtime, one))
    for number in range(3):
        runtime.store(Draft(f"Something else, {number}.", "elsewhere", source_key="bot"))
    other = runtime.store(Draft("Wrong.", "elsewhere", source_key="bot"))
    runtime.review(Decision(other.id, "elsewhere", ReviewAction.REJECT, "ada"))
    assert signals(trusted(runtime, one)) == before


def signals(found: Trust) -> dict[str, float]:
    """Everything but what time changes."""
    steady = itertools.filterfalse(lambda item: item[0] == "recency", found.signals.items())
    return {name: signal.value for name, signal in steady}


def test_what_is_injected_and_used_is_counted_and_is_no_change(runtime: Runtime) -> None:
    receipt = runtime.store(Draft("The canary sings at noon.", "default"))
    before, mark = runtime.inspect(receipt.id, "default"), runtime.mark()
    runtime.note_injections("default", {receipt.id: 2, new_id(): 1}, {receipt.id: 1})
    runtime.note_injections("elsewhere", {receipt.id: 1}, {receipt.id: 1})
    after = runtime.inspect(receipt.id, "default")
    assert (after.outcomes.injection_count, after.outcomes.reuse_count) == (2, 1)
    assert replace(after, outcomes=before.outcomes) == before
    assert runtime.mark() == mark
    assert runtime.doctor().healthy
    assert runtime.existing([receipt.id, new_id()], "default") == {receipt.id}
