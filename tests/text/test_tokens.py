# SPDX-License-Identifier: AGPL-3.0-only
import unicodedata
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memoryoss_mcp.text.tokens import MAX_TERM_LENGTH, fold, index_terms, query_terms

from .strategies import texts


def shares(question: str, memory: str) -> set[str]:
    return set(query_terms(question)) & set(index_terms(memory))


def test_inflected_words_meet() -> None:
    assert index_terms("deployed deploying deployments Deploys") == [
        "deploy",
        "deploy",
        "deploy",
        "deploy",
    ]


def test_an_index_keeps_stop_words_and_repetitions_in_order() -> None:
    assert index_terms("the port of the proxy") == ["the", "port", "of", "the", "proxi"]


def test_a_query_drops_stop_words_and_repetitions() -> None:
    assert query_terms("What is the port of the proxy's port?") == ["port", "proxi"]


def test_a_query_of_stop_words_only_keeps_them() -> None:
    assert query_terms("Who are you?") == ["who", "are", "you"]


@pytest.mark.parametrize("nothing", ["", "   ", "...", "?!", " — ", "'' \"\" ()", "\n\t"])
def test_punctuation_has_no_terms(nothing: str) -> None:
    assert index_terms(nothing) == []
    assert query_terms(nothing) == []


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("we don't restart it", "we do not restart it"),
        ("we DON'T restart it", "we do not restart it"),
        ("we don\u2019t restart it", "we do not restart it"),
        ("we dont restart it", "we do not restart it"),
        ("it can't fail", "it can not fail"),
        ("it cannot fail", "it can not fail"),
        ("it won't fail", "it will not fail"),
        ("they shouldn't fail", "they should not fail"),
    ],
)
def test_a_contracted_negation_is_the_negation(written: str, meant: str) -> None:
    assert index_terms(written) == index_terms(meant)
    assert "not" in query_terms(written)


def test_other_contractions_leave_their_word() -> None:
    assert index_terms("Alice's they're it's o'clock") == ["alic", "they", "it", "o", "clock"]


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("src/app_main.py", ["src/app_main.py", "src", "app", "main", "py"]),
        ("snake_case_name", ["snake_case_name", "snake", "case", "name"]),
        ("kebab-case", ["kebab-case", "kebab", "case"]),
        ("getHTTPResponse", ["gethttprespons", "get", "http", "respons"]),
        ("userID", ["userid", "user", "id"]),
        ("iPhone", ["iphon", "phone"]),
        ("mRNA", ["mrna"]),
        ("URLs", ["url"]),
        ("foo::bar", ["foo::bar", "foo", "bar"]),
        ("HTTP_PROXY", ["http_proxy", "http", "proxi"]),
        ("v1.2.3", ["v1.2.3", "1.2.3", "v1", "2", "3"]),
        ("#123", ["#123", "123"]),
        ("@scope/pkg", ["@scope/pkg", "scope", "pkg"]),
        ("me@example.org", ["me@example.org", "me", "exampl", "org"]),
        (".env", [".env", "env"]),
        ("--strict", ["--strict", "strict"]),
        ("e3b0c44298fc1c14", ["e3b0c44298fc1c14"]),
        ("8001", ["8001"]),
        ("3.11", ["3.11", "3", "11"]),
        ("$1,250,000", ["1250000"]),
        ("-5", ["5"]),
        ("U.S.A.", ["usa"]),
        ("C++", ["c++", "c"]),
        ("May 8th", ["may", "8th", "8"]),
    ],
)
def test_an_identifier_is_a_term_as_a_whole_and_by_parts(text: str, terms: list[str]) -> None:
    assert index_terms(text) == terms
    assert index_terms(f"(see `{text}`, please).")[1:-1] == terms


@pytest.mark.parametrize(
    ("question", "memory", "common"),
    [
        (
            "C:\\Users\\me\\app.toml",
            "moved to C:\\\\Users\\\\me\\\\app.toml",
            "c:/users/me/app.toml",
        ),
        ("src/app.py", "fails in ./src/app.py:42", "src/app.py"),
        ("127.0.0.1", "listens on 127.0.0.1:8001", "127.0.0.1"),
        ("1.2.3", "pinned to v1.2.3", "1.2.3"),
        ("example.com/guide", "see https://example.com/guide.", "example.com/guide"),
        ("docs/guide.md", "[guide](docs/guide.md)", "docs/guide.md"),
        ("DATA_DIR", "export DATA_DIR=/srv/x", "data_dir"),
        ("github", "hosted on GitHub", "github"),
        ("Grosse Strasse", "Große Straße", "strass"),
        ("Überprüfung", "die UBERPRUFUNG", "uberprufung"),
        ("cafe", "Café", "cafe"),
        ("\uff21\uff30\uff29", "the API", "api"),
        ("ﬁle", "file", "file"),
        ("May 8", "on 8th May", "8"),
        ("елка", "Ёлка", "елка"),
    ],
)
def test_spellings_of_one_thing_meet(question: str, memory: str, common: str) -> None:
    assert common in shares(question, memory)


@pytest.mark.parametrize(
    ("question", "memory"),
    [
        ("京都", "昨日は東京都に行きました。"),
        ("データベース", "本番のデータベースはPostgreSQLです"),
        ("猫", "私は猫が好きです"),
        ("部署", "我们每周五部署到生产环境"),
        ("배포", "금요일에 배포합니다"),
        ("ภาษา", "ฉันพูดภาษาไทย"),
        ("ｶﾀｶﾅ", "カタカナ"),
        ("👍", "review done 👍🏽"),
    ],
)
def test_scripts_without_spaces_are_found(question: str, memory: str) -> None:
    assert shares(question, memory)


def test_mixed_scripts_are_split_where_they_change() -> None:
    terms = index_terms("本番のDBは。PostgreSQLです、「config.toml」を見て")
    assert {"postgresql", "db", "本番", "config.toml"} <= set(terms)


@pytest.mark.parametrize("text", ["¿port?", "“port”", "→port", "port…", "•port", "«port»", "port​"])
def test_punctuation_of_any_script_is_no_part_of_a_word(text: str) -> None:
    assert index_terms(text) == ["port"]


@pytest.mark.parametrize("word", ["हिन्दी", "العربية", "עברית", "தமிழ்", "বাংলা"])
def test_a_word_with_vowel_signs_stays_one_term(word: str) -> None:
    assert index_terms(word) == [fold(word)]


def test_a_very_long_word_is_cut_to_the_limit() -> None:
    assert index_terms("x" * 10_000) == ["x" * MAX_TERM_LENGTH]


def test_threads_get_the_same_terms() -> None:
    words = [f"deploying{i} considerations{chr(97 + i % 26)} wonderfully" for i in range(2_000)]
    expected = [index_terms(word) for word in words]
    with ThreadPoolExecutor(4) as pool:
        for result in pool.map(lambda _: [index_terms(word) for word in words], range(8)):
            assert result == expected


@given(texts)
def test_query_terms_are_distinct_index_terms(text: str) -> None:
    every, wanted = index_terms(text), query_terms(text)
    assert set(wanted) <= set(every)
    assert len(set(wanted)) == len(wanted)
    assert bool(wanted) == bool(every)


@given(texts)
def test_terms_are_short_folded_and_carry_a_letter_digit_or_pictograph(text: str) -> None:
    for term in index_terms(text):
        assert 0 < len(term) <= MAX_TERM_LENGTH
        assert term == fold(term)
        assert any(unicodedata.category(char)[0] in "LN" or char >= "\u2600" for char in term)


@given(st.one_of(st.text(), texts))
def test_folding_is_idempotent(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(texts, texts)
def test_terms_of_two_lines_are_those_of_each(first: str, second: str) -> None:
    assert index_terms(f"{first}\n{second}") == index_terms(first) + index_terms(second)
