# SPDX-License-Identifier: AGPL-3.0-only
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memoryoss_mcp.text.preview import ELLIPSIS, best_sentences, estimate_tokens, fit_tokens
from memoryoss_mcp.text.sentences import split_sentences
from memoryoss_mcp.text.tokens import query_terms

from .strategies import texts

# Each text with its number of tokens in the vocabularies cl100k_base and o200k_base.
ENGLISH = (
    "We moved the session store from Redis to PostgreSQL last spring because the "
    "cache kept losing data whenever a node was restarted. Since then every "
    "deployment runs the migration first, waits for the health check and only then "
    "shifts traffic. Nobody should restart the workers by hand while a migration is "
    "running. If the check fails twice, the pipeline rolls back on its own and posts "
    "a message in the team channel."
)
MARKDOWN = (
    "## Release checklist\n"
    "\n"
    "1. Run `make test` and `make lint` on a clean checkout.\n"
    "2. Bump the version in `pyproject.toml` (for example 2.4.1 to 2.5.0).\n"
    "3. Tag the commit: `git tag -s v2.5.0 && git push --tags`.\n"
    "4. Watch https://status.example.com/builds/4711 until it is green.\n"
    "\n"
    "| stage | host | port |\n"
    "|---|---|---|\n"
    "| staging | stage.example.com | 8443 |\n"
    "| production | www.example.com | 443 |\n"
)
CODE = (
    "def load_settings(path: Path, overrides: dict[str, str] | None = None) -> "
    "Settings:\n"
    '    """Read the file and apply the overrides that the caller gave."""\n'
    '    with path.open("rb") as handle:\n'
    "        raw = tomllib.load(handle)\n"
    "    for key, value in (overrides or {}).items():\n"
    '        section, _, name = key.partition(".")\n'
    "        raw.setdefault(section, {})[name] = value\n"
    '    if raw.get("server", {}).get("port", 0) > 65535:\n'
    "        raise ValueError(f\"port out of range: {raw['server']['port']}\")\n"
    "    return Settings(**raw)\n"
)
GERMAN = (
    "Die Anmeldung läuft seit dem Frühjahr über den zentralen Verzeichnisdienst. Wer "
    "sein Kennwort vergessen hat, kann es auf der Startseite selbst zurücksetzen; "
    "eine Rückfrage beim Rechenzentrum ist nicht mehr nötig. Änderungen an den "
    "Zugriffsrechten müssen weiterhin schriftlich beantragt werden. Vor jeder "
    "Veröffentlichung prüfen zwei Kollegen die Übersetzungen, damit keine veralteten "
    "Begriffe stehen bleiben."
)
JAPANESE = (
    "本番環境へのデプロイは毎週金曜日の午後に行います。"
    "失敗した場合は、前のバージョンに戻してから原因を調べてください。"
    "設定ファイルを直接編集してはいけません。"
)
CHINESE = (
    "我们每周五下午部署到生产环境。"
    "如果失败，请先回滚到上一个版本，然后再查找原因。"
    "不要直接修改配置文件。"
)
KOREAN = (
    "매주 금요일 오후에 운영 환경에 배포합니다. "
    "실패하면 먼저 이전 버전으로 되돌린 다음 원인을 조사하세요. "
    "설정 파일을 직접 수정하지 마세요."
)


@pytest.mark.parametrize(
    ("text", "older", "newer"),
    [
        pytest.param(ENGLISH, 78, 79, id="english"),
        pytest.param(MARKDOWN, 127, 127, id="markdown"),
        pytest.param(CODE, 132, 134, id="code"),
    ],
)
def test_the_estimate_is_close_to_real_vocabularies(text: str, older: int, newer: int) -> None:
    assert estimate_tokens(text) == pytest.approx(older, rel=0.15)
    assert estimate_tokens(text) == pytest.approx(newer, rel=0.15)


def test_the_estimate_for_german_lies_between_the_vocabularies() -> None:
    older, newer = 107, 79
    assert newer <= estimate_tokens(GERMAN) <= older
    assert estimate_tokens(GERMAN) == pytest.approx((older + newer) / 2, rel=0.15)


@pytest.mark.parametrize(
    ("text", "older"),
    [
        pytest.param(JAPANESE, 80, id="japanese"),
        pytest.param(CHINESE, 44, id="chinese"),
        pytest.param(KOREAN, 66, id="korean"),
    ],
)
def test_the_estimate_is_rather_too_high_where_a_character_may_be_a_token(
    text: str, older: int
) -> None:
    assert older <= estimate_tokens(text) <= 1.5 * older


def test_nothing_costs_nothing() -> None:
    assert estimate_tokens("") == 0
    assert estimate_tokens("a") == 1


@given(texts, st.integers(0, 120))
def test_a_prefix_never_costs_more(text: str, length: int) -> None:
    assert estimate_tokens(text[:length]) <= estimate_tokens(text)


def test_a_text_that_fits_is_returned_as_it_is() -> None:
    assert fit_tokens(ENGLISH, 1_000) == ENGLISH


def test_a_cut_is_after_a_sentence_when_that_uses_the_budget() -> None:
    first, second, *_ = split_sentences(ENGLISH)
    budget = estimate_tokens(f"{first} {second}") + 8
    assert fit_tokens(ENGLISH, budget) == f"{first} {second} {ELLIPSIS}"


def test_a_long_first_sentence_is_cut_after_a_word() -> None:
    cut = fit_tokens(ENGLISH, 12)
    assert cut.endswith(f" {ELLIPSIS}")
    assert ENGLISH.startswith(cut.removesuffix(f" {ELLIPSIS}") + " ")


def test_an_identifier_is_never_cut() -> None:
    text = "The file src/deeply/nested/module_name.py is generated from a template"
    for budget in range(30):
        for word in fit_tokens(text, budget).removesuffix(ELLIPSIS).split():
            assert word in text.split()


def test_japanese_is_cut_between_characters() -> None:
    cut = fit_tokens(JAPANESE, 20)
    assert len(cut) > 10
    assert JAPANESE.startswith(cut.removesuffix(f" {ELLIPSIS}"))


def test_one_word_that_does_not_fit_leaves_nothing() -> None:
    assert fit_tokens("x" * 10_000, 20) == ""


@given(texts, st.integers(-1, 60))
def test_the_budget_is_never_exceeded(text: str, budget: int) -> None:
    fitted = fit_tokens(text, budget)
    assert estimate_tokens(fitted) <= max(budget, 0)
    if fitted != text and fitted:
        assert fitted.endswith(f" {ELLIPSIS}")
        assert text.startswith(fitted.removesuffix(f" {ELLIPSIS}"))


@given(texts.filter(str.strip), st.integers(1, 40))
def test_a_long_text_is_cut_like_a_short_one(text: str, budget: int) -> None:
    """Only the beginning of a long text is looked at; the result is a prefix within the budget."""
    fitted = fit_tokens(f"{text} " * 200, budget)
    assert estimate_tokens(fitted) <= budget


MEMORY = [
    "We deploy with make release on Fridays.",
    "Never push to main without a review.",
    "The staging host is stage.example.com.",
    "If smoke tests fail, roll back with scripts/rollback.sh.",
    "Alice owns the pipeline.",
]


def test_the_sentences_that_answer_are_chosen_in_their_order() -> None:
    wanted = query_terms("who owns the release pipeline?")
    assert best_sentences(MEMORY, wanted, 100) == [MEMORY[0], MEMORY[4]]


def test_the_best_sentence_is_chosen_first_when_the_budget_is_small() -> None:
    wanted = query_terms("who owns the release pipeline?")
    assert best_sentences(MEMORY, wanted, 8) == [MEMORY[4]]


def test_the_beginning_is_shown_when_nothing_matches() -> None:
    assert best_sentences(MEMORY, query_terms("quantum chromodynamics"), 20) == MEMORY[:2]


def test_a_term_in_every_sentence_does_not_count_against_them() -> None:
    sentences = ["Redis holds sessions.", "Redis listens on 6379."]
    assert best_sentences(sentences, query_terms("redis port 6379"), 10) == [sentences[1]]
    assert best_sentences(sentences, query_terms("redis"), 100) == sentences


def test_a_best_sentence_that_does_not_fit_is_cut() -> None:
    (cut,) = best_sentences([ENGLISH], query_terms("session store"), 10)
    assert cut.endswith(ELLIPSIS)
    assert estimate_tokens(cut) <= 10


@pytest.mark.parametrize("sentences", [[], ["..."], ["", "?"]])
def test_sentences_without_terms_are_no_error(sentences: list[str]) -> None:
    assert best_sentences(sentences, ["redis"], 50) == sentences


@given(st.lists(texts, max_size=6), st.lists(st.sampled_from(["not", "東京", "v1.2.3"])))
def test_chosen_sentences_keep_order_and_budget(sentences: list[str], wanted: list[str]) -> None:
    chosen = best_sentences(sentences, wanted, 25)
    assert sum(map(estimate_tokens, chosen)) <= 25
    rest = iter(sentences)
    for sentence in chosen:
        body = sentence.removesuffix(f" {ELLIPSIS}")
        assert any(candidate.startswith(body) for candidate in rest)


def test_the_package_is_imported_without_numpy() -> None:
    code = "import sys, memoryoss_mcp.text; print('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
