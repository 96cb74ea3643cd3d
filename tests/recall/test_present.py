# SPDX-License-Identifier: AGPL-3.0-only
"""Views: pieces of the memory itself, in its order, within the budget."""

from __future__ import annotations

import hypothesis.strategies as st
from hypothesis import given

from memoryoss_mcp.recall.present import EVIDENCE_TOKENS, SUMMARY_TOKENS, WHOLE_TOKENS, view
from memoryoss_mcp.text.preview import estimate_tokens

CUT = " …"
SENTENCES = st.lists(
    st.sampled_from(
        (
            "Never delete the audit log.",
            "The limit is 3.5 MB per file in `/srv/data/in`.",
            "Wir testen zuerst auf Staging!",
            "Is it v1.2.3 or v1.2.4?",
            "- keep\n- these\n- lines\n",
            "日本語の文です。",
            "x" * 900,
        )
    ),
    max_size=60,
).map(" ".join)


@given(SENTENCES, st.none() | st.integers(-5, 400))
def test_a_view_quotes_and_keeps_its_budget(content: str, budget: int | None) -> None:
    summary, evidence, cost = view(content, ("limit", "audit"), budget)
    assert content.startswith(summary.removesuffix(CUT))
    assert all(piece.removesuffix(CUT) in content for piece in evidence)
    # To cut at a whole character may cost one token more than asked for.
    most = max(WHOLE_TOKENS, SUMMARY_TOKENS + EVIDENCE_TOKENS)
    assert cost <= (most if budget is None else max(budget, 0)) + 1
    assert cost >= sum(map(estimate_tokens, evidence))
    if budget is not None and budget <= 0:
        assert (summary, evidence, cost) == ("", (), 0)


@given(SENTENCES)
def test_a_short_memory_is_its_own_summary(content: str) -> None:
    if estimate_tokens(content) <= WHOLE_TOKENS:
        assert view(content, ()) == (content, (), estimate_tokens(content))


def test_the_sentence_that_answers_is_shown_wherever_it_stands() -> None:
    filler = "The weather was pleasant and everybody went for a walk afterwards. " * 30
    answer = "The retention period of the invoices is seven years."
    for content in (filler + answer, filler + answer + " " + filler):
        summary, evidence, _ = view(content, ("retention", "period", "invoic"))
        assert answer in (summary, *evidence)


def test_what_the_summary_shows_is_not_shown_again() -> None:
    content = " ".join(f"Fact number {n} is about the retention of invoices." for n in range(60))
    summary, evidence, _ = view(content, ("retention", "invoic"))
    assert evidence
    assert not any(piece in summary for piece in evidence)
