# SPDX-License-Identifier: AGPL-3.0-only
import pytest

from memoryoss_mcp.text.stopwords import NEGATIONS, STOP_WORDS
from memoryoss_mcp.text.tokens import fold, query_terms


@pytest.mark.parametrize(
    "question",
    [
        "does the job not need approval",
        "deploy without tests",
        "never push",
        "Braucht es keine Freigabe?",
        "sans tests",
        "sin pruebas",
        "non funziona",
        "sem testes",
    ],
)
def test_a_negation_survives_in_a_query(question: str) -> None:
    assert set(fold(question).rstrip("?").split()) & NEGATIONS
    plain = " ".join(w for w in question.rstrip("?").split() if fold(w) not in NEGATIONS)
    assert query_terms(question) != query_terms(plain)


@pytest.mark.parametrize(
    "word",
    [
        *("die", "war", "man", "den", "hat", "bin", "mit", "dir", "est", "son", "pour", "comment"),
        *("main", "con", "come", "com", "dos", "os", "ai", "ci", "vi", "may", "march", "test"),
        *("port", "file", "api"),
    ],
)
def test_an_english_content_word_stays_searchable(word: str) -> None:
    assert query_terms(f"what is the {word}") != query_terms("what is the")


@pytest.mark.parametrize(
    ("question", "terms"),
    [
        ("Wie ist der Stand der Datenbank?", ["stand", "datenbank"]),
        ("Où est la base de données ?", ["est", "base", "donne"]),
        ("¿Cuál es la base de datos?", ["es", "base", "dato"]),
        ("Qual è la porta del server?", ["porta", "server"]),
        ("Qual é a porta do servidor?", ["porta", "servidor"]),
    ],
)
def test_function_words_of_other_languages_are_dropped(question: str, terms: list[str]) -> None:
    assert [term for term in query_terms(question) if term not in "eé"] == terms


def test_stop_words_are_written_as_they_are_compared() -> None:
    for word in STOP_WORDS | NEGATIONS:
        assert word == fold(word)
    assert STOP_WORDS.isdisjoint(NEGATIONS)
