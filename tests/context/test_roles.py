# SPDX-License-Identifier: AGPL-3.0-only
"""The part that a sentence plays is told by its grammar, not by its topic."""

from __future__ import annotations

import pytest

from memoryoss_mcp.context.roles import main_role, role


@pytest.mark.parametrize(
    "sentence",
    [
        "Never deploy on Fridays.",
        "Releases must be approved by two people.",
        "We deploy to staging first and to production only after the smoke tests.",
        "Use pnpm instead of npm in this repository.",
        "Pull requests require two approvals.",
        "A release of the shop needs the approval of Ada.",
        "Direct pushes to main are not allowed.",
        "- Keep summaries under 100 words.",
        "Anna prefers short answers without bullet points.",
        "Vor dem Release müssen alle Tests grün sein.",
        "Il faut relire chaque migration.",
        "Hay que avisar al equipo antes de borrar datos.",
        "Bisogna usare la branch di staging.",
        "Não usar a porta 8080.",
    ],
)
def test_a_rule_is_a_constraint(sentence: str) -> None:
    assert role(sentence) == "constraint"


@pytest.mark.parametrize(
    "sentence",
    [
        "We migrated the billing database to PostgreSQL 16.",
        "The flaky test was fixed by freezing the clock.",
        "Release 4 was rolled back because of a memory leak.",
        "Maria deployed version 2.3 to production.",
        "Migrated the queue to NATS.",
        "Deploy failed on Friday because of a full disk.",
        "Wir haben den Cache gestern auf Redis umgestellt.",
        "Nous avons migré la base vers PostgreSQL.",
        "Hemos desplegado la versión 2.",
        "Abbiamo aggiornato il server.",
        "A equipe migrou o banco.",
    ],
)
def test_what_was_done_is_an_action(sentence: str) -> None:
    assert role(sentence) == "action"


@pytest.mark.parametrize(
    "sentence",
    [
        "The production database is called heron.",
        "The export format is CSV.",
        "The required port is 8001.",
        "The must-have list is in docs/todo.md.",
        "Invoices are rendered with WeasyPrint 62.3.",
        "The shared cache holds 500 entries.",
        "Release notes are in CHANGELOG.md.",
        "Review takes two days.",
        "Use of the cache is limited to reads.",
        "Die Produktionsdatenbank heißt heron.",
        "La base de production s'appelle heron.",
    ],
)
def test_words_like_production_format_or_release_make_no_rule(sentence: str) -> None:
    assert role(sentence) == "fact"


@pytest.mark.parametrize(
    "sentence",
    ["Which region hosts the backups?", "It is unclear whether the cache survives a restart."],
)
def test_what_is_asked_is_a_question(sentence: str) -> None:
    assert role(sentence) == "question"


def test_a_rule_among_facts_makes_a_rule() -> None:
    assert main_role(["The API is public.", "Never log its keys."]) == "constraint"
    assert main_role(["Is it public?", "It is."]) == "fact"
    assert main_role([]) == "fact"
