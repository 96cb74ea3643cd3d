# SPDX-License-Identifier: AGPL-3.0-only
"""Questions for an exact value, and the sentences that hold one."""

from __future__ import annotations

import pytest

from memoryoss_mcp.context.exact import LONGEST_FACT, MOST_FACTS, asked_values, exact_facts
from memoryoss_mcp.model import new_id


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("Which version of Python do we use?", "version"),
        ("What port does the API listen on?", "port"),
        ("Where is the config file?", "path"),
        ("which environment variable sets the proxy", "env_var"),
        ("What is the URL of the staging server?", "endpoint"),
        ("What was the commit of the last release?", "hash"),
        ("Give me the command to run the tests", "command"),
        ("When is the deadline?", "date"),
        ("How many retries are allowed?", "number"),
        ("What is the staging database called?", "name"),
        ("Auf welchem Port lauscht der Dienst?", "port"),
        ("Wie heißt die Umgebungsvariable?", "env_var"),
        ("Wann ist die Frist?", "date"),
        ("Quelle est la version de Node ?", "version"),
        ("Combien de serveurs avons-nous ?", "number"),
        ("¿En qué puerto escucha el servicio?", "port"),
        ("¿Cuándo es la entrega?", "date"),
        ("Qual è il percorso del file?", "path"),
        ("Qual é a porta do serviço?", "port"),
    ],
)
def test_a_question_asks_for_a_kind_of_value(question: str, kind: str) -> None:
    assert kind in asked_values(question)


@pytest.mark.parametrize(
    "text",
    [
        "Why do we test on staging?",
        "Refactor the file and bump the version.",
        "I moved the service to another port yesterday.",
        "",
    ],
)
def test_what_asks_for_no_value_has_no_kind(text: str) -> None:
    assert asked_values(text) == frozenset()


def facts(question: str, *texts: str) -> list[str]:
    return [f.sentence for f in exact_facts(question, [(new_id(), text) for text in texts])]


def test_a_fact_holds_the_value_and_speaks_of_the_subject() -> None:
    wanted = "The billing service listens on port 8443."
    assert facts(
        "What port does the billing service use?",
        "The billing service is written in Go.",
        "Lunch is at 12:30 in room 8080.",
        f"It was built by Ada. {wanted} It never sleeps.",
    ) == [wanted]


@pytest.mark.parametrize(
    ("question", "fact"),
    [
        ("Which PostgreSQL version is used?", "We use PostgreSQL 15."),
        ("Which environment variable sets the proxy?", "The proxy is read from HTTP_PROXY."),
        ("What command runs the tests?", "Run the tests with `make check`."),
        ("When is the release?", "The release is on Tuesday."),
        ("How many retries does the client make?", "The client makes three retries."),
        ("Who owns billing?", "The owner of billing is Maria."),
        ("What is the path of the lock file?", "The lock is in /var/run/app.lock."),
        ("What is the commit of release four?", "Release four is commit 3f9ab12."),
    ],
)
def test_values_of_many_shapes_are_known(question: str, fact: str) -> None:
    assert facts(question, fact) == [fact]


def test_there_are_few_and_short_ones_in_the_order_of_recall_and_each_once() -> None:
    question = "What port does the billing admin API use?"
    best = "The billing admin API uses port 9001."
    found = facts(
        question,
        "The billing API uses port " + "x" * LONGEST_FACT + " 9000.",
        f"The admin API was on port 8000. {best}",
        best,
        *(f"The API of billing {n} uses port 80{n}0." for n in range(9)),
    )
    assert len(found) == MOST_FACTS
    assert found[0] == best
    assert found.count(best) == 1
    assert all(len(sentence) <= LONGEST_FACT for sentence in found)


def test_a_word_of_one_language_is_not_taken_for_another_ones_cue() -> None:
    assert "date" not in asked_values("What data does the pipeline persist?")
    assert "date" in asked_values("Qual è la data della consegna?")
    assert facts("When is the release?", "The release may be late.") == []
    assert facts("When is the release?", "The release is in May.") == ["The release is in May."]
