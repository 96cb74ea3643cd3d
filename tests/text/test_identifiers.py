# SPDX-License-Identifier: AGPL-3.0-only
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memoryoss_mcp.text.identifiers import (
    Identifier,
    contains_identifier,
    extract_identifiers,
    query_kinds,
)

from .strategies import texts


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        (
            "path",
            "src/app_main.py ./run.sh ../lib ~/.ssh/config /etc/hosts C:\\Users\\me\\a.txt .env "
            "Dockerfile pyproject.toml tests/ docs/guide.md src/**/*.py",
        ),
        ("endpoint", "/v1/recall /users/{id}/posts /api/items /health"),
        ("url", "https://example.com/docs/x?y=1#z ssh://git@example.com:22/a.git"),
        ("env_var", "HTTP_PROXY MEMORYOSS_DATA_DIR A_1"),
        ("branch_pattern", "feat/login-page release/* origin/main fix/JIRA-12"),
        ("commit", "a1b2c3d e3b0c44298fc1c149afbf4c8996fb92427ae41e4"),
        ("version", "v1.2.3 2.0.0-beta.1 v2 1.2.3"),
        ("contract", "runtime/contract/v1 example.passport/v1"),
        ("symbol", "snake_case camelCase PascalCase foo::bar os.path.join run_all() __init__"),
        ("package", "@scope/pkg numpy==2.1 pkg@1.2.3 all-MiniLM-L6-v2 org.example.a:core"),
        ("issue_ref", "#123 owner/repo#45 PROJ-12"),
        ("ip_port", "127.0.0.1:8001 localhost:8080 10.0.0.0/8 db.internal:5432"),
        ("email", "me@example.org first.last+tag@mail.example.co.uk"),
    ],
)
def test_every_kind_is_recognised_in_prose(kind: str, names: str) -> None:
    for name in names.split():
        found = extract_identifiers(f"Please look at {name}, and then (maybe) at {name}.")
        assert [(i.text, i.kind) for i in found] == [(name, kind)]


@pytest.mark.parametrize(
    "prose",
    [
        "and/or he/she 24/7 TCP/IP input/output client/server",
        "a well-known state-of-the-art, up-to-date solution",
        "Don't touch the users' data; it's Alice's, isn't it?",
        "pi is 3.14, on 5/8/2023 at 10:30 p.m., e.g. in the U.S.",
        "UTF-8 and SHA-256 are standards",
        "the defaced facade was effaced",
        "It ended.Then we left",
        "rock 'n' roll",
    ],
)
def test_prose_has_no_identifiers(prose: str) -> None:
    assert extract_identifiers(prose) == ()


def test_quotes_of_several_kinds_are_read_and_apostrophes_are_not() -> None:
    text = (
        "Don't run `make test` or 'make lint' in \"dry mode\"; "
        "„Hausregel“ «bonjour» 「東京」, it's ok."
    )
    assert [(i.text, i.kind) for i in extract_identifiers(text)] == [
        ("make test", "quoted"),
        ("make lint", "quoted"),
        ("dry mode", "quoted"),
        ("Hausregel", "quoted"),
        ("bonjour", "quoted"),
        ("東京", "quoted"),
    ]


def test_a_quoted_identifier_has_its_own_kind() -> None:
    assert extract_identifiers('`src/a.py` and "DB_URL"') == (
        Identifier("src/a.py", "path"),
        Identifier("DB_URL", "env_var"),
    )


def test_assignments_and_shell_variables_give_the_variable() -> None:
    found = extract_identifiers("API_KEY=x $HOME ${DATA_DIR} %APPDATA%")
    assert [i.text for i in found if i.kind == "env_var"] == [
        "API_KEY",
        "HOME",
        "DATA_DIR",
        "APPDATA",
    ]


def test_an_http_method_makes_an_endpoint() -> None:
    assert extract_identifiers("GET /items then POST /items/new") == (
        Identifier("/items", "endpoint"),
        Identifier("/items/new", "endpoint"),
    )


def test_a_bracket_of_the_prose_does_not_belong_to_the_url() -> None:
    found = extract_identifiers("(https://example.org/wiki/Foo_(bar)) and (https://example.org/a).")
    assert [i.text for i in found] == [
        "https://example.org/wiki/Foo_(bar)",
        "https://example.org/a",
    ]


def test_identifiers_stand_out_of_scripts_without_spaces() -> None:
    assert extract_identifiers("設定はconfig.tomlとHTTP_PROXYにある。") == (
        Identifier("config.toml", "path"),
        Identifier("HTTP_PROXY", "env_var"),
    )


def test_a_hash_of_letters_needs_the_word_commit_before_it() -> None:
    assert extract_identifiers("commit deadbeef") == (Identifier("deadbeef", "commit"),)
    assert extract_identifiers("the deadbeef") == ()


def test_a_blob_is_not_an_identifier() -> None:
    assert extract_identifiers("data " + "a/b_" * 500) == ()


@pytest.mark.parametrize(
    ("question", "kinds"),
    [
        ("Which files hold the settings?", ("path",)),
        ("what does /v1/recall return", ("endpoint",)),
        ("list all routes", ("endpoint",)),
        ("which environment variables are read", ("env_var",)),
        ("how do we name branches", ("branch_pattern",)),
        ("which commit broke it", ("commit",)),
        ("what is in runtime/contract/v1", ("contract",)),
        ("what are the rules for reviews", ("policy",)),
        ("is DB_URL read in src/db.py", ("path", "env_var")),
        ("when did Alice move to Berlin", ()),
        ("is SHA-256 used", ()),
        ("is policy_url set", ()),
    ],
)
def test_a_question_tells_the_kinds_it_asks_for(question: str, kinds: tuple[str, ...]) -> None:
    assert query_kinds(question) == kinds


@pytest.mark.parametrize(
    ("haystack", "identifier"),
    [
        ("edit src/app.py now", "src/app.py"),
        ("fails in src/app.py:42", "app.py"),
        ("see ./src/app.py.", "src/app.py"),
        ("C:\\Users\\me\\app.toml", "c:/users/me/app.toml"),
        ("https://example.com/v1/recall?x=1", "/v1/recall"),
        ("read README.md first", "readme.md"),
        ("client.recall_all() is slow", "recall_all"),
        ("export $HTTP_PROXY", "HTTP_PROXY"),
        ("(v1.2.3)", "v1.2.3"),
        ("runs v1.2.3.", "v1.2.3"),
        ("listens on 127.0.0.1:8001", "127.0.0.1"),
        ("closes #12, #13", "#12"),
        ("fixed in A1B2C3D", "a1b2c3d"),
        ("fixed in e3b0c44298fc1c149afbf4c8996fb92427ae41e4", "e3b0c44"),
        ("fixed in e3b0c44", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4"),
        ("設定はconfig.tomlにある", "config.toml"),
        ("設定はconfig.tomlにある", "設定"),
        ("run with --strict", "--strict"),
    ],
)
def test_a_literal_is_found(haystack: str, identifier: str) -> None:
    assert contains_identifier(haystack, identifier)


@pytest.mark.parametrize(
    ("haystack", "identifier"),
    [
        ("runs v1.2.3", "v1.2"),
        ("runs 1.2.3", "2.3"),
        ("src/app.python", "src/app.py"),
        ("src/app.py.bak", "src/app.py"),
        ("src/my_app.py", "app.py"),
        ("feat/login-page", "feat/login"),
        ("run --strict-mode", "--strict"),
        ("closes #123", "#12"),
        ("port 18001", "8001"),
        ("not.me@example.org", "me@example.org"),
        ("http_proxy", "HTTP_PROXY"),
        ("fixed in a1b2c3e", "a1b2c3d"),
        ("anything", ""),
        ("anything", "   "),
    ],
)
def test_a_piece_of_a_longer_name_is_not_found(haystack: str, identifier: str) -> None:
    assert not contains_identifier(haystack, identifier)


@given(texts)
def test_extraction_is_exact_and_without_repetition(text: str) -> None:
    found = extract_identifiers(text)
    assert len(set(found)) == len(found)
    for identifier in found:
        assert identifier.text in text
        assert identifier.text == identifier.text.strip()


@given(texts, st.sampled_from(["src/a_b.py", "v1.2.3", "HTTP_PROXY", "feat/x-1", "foo::bar"]))
def test_an_identifier_between_spaces_is_always_contained(text: str, name: str) -> None:
    assert contains_identifier(f"{text} {name} {text}", name)
