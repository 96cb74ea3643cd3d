# SPDX-License-Identifier: AGPL-3.0-only
"""Secrets leave a text and nothing else does. All of them are made when the tests run."""

from __future__ import annotations

import json
import subprocess
import sys
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.secrets import carriers, making
from benchmarks.secrets.__main__ import leaks, samples
from benchmarks.secrets.clean import clean_texts
from memoryoss_mcp.screen.secrets import Secret, find, in_words, redact

seeds = st.integers(0, 2**32)
surroundings = st.text(st.characters(codec="utf-8"), max_size=60)
EDGES = " \n\t\"'`()<>,;|[]"
"""What may stand directly beside a key; letters and digits would be part of it."""


@pytest.fixture
def choose() -> Random:
    return Random(20)


def test_every_kind_of_key_is_redacted_in_every_text_that_it_may_stand_in() -> None:
    left = [
        (sample.kind, sample.text)
        for sample in samples(seed=4)
        if sample.group in ("vendors", "blocks", "addresses")
        and leaks(sample, redact(sample.text).text)
    ]
    assert left == []


@pytest.mark.parametrize("group", ["passwords", "tokens"])
def test_nearly_all_passwords_and_nameless_keys_are_redacted(group: str) -> None:
    given = [sample for sample in samples(seed=5) if sample.group == group]
    kept = [sample for sample in given if not leaks(sample, redact(sample.text).text)]
    assert len(given) > 200
    assert len(kept) / len(given) >= 0.95


def test_only_the_secret_goes_and_the_sentence_stays(choose: Random) -> None:
    key = making.VENDORS["github"](choose)
    redacted = redact(f"the staging key is {key} and lives in the vault")
    assert redacted.text == "the staging key is [redacted:github_token] and lives in the vault"
    assert redacted.found == (Secret("github_token", 19, 19 + len(key)),)
    password = making.PASSWORDS["random"](choose)
    url = redact(f"DATABASE_URL=postgres://app:{password}@db.internal/app")
    assert url.text == "DATABASE_URL=postgres://app:[redacted:url_password]@db.internal/app"


def test_findings_never_hold_the_secret(choose: Random) -> None:
    key = making.VENDORS["stripe"](choose)
    assert key not in repr(redact(f"key {key}"))


def test_several_secrets_of_one_text_are_found_in_order(choose: Random) -> None:
    text = "\n".join(
        (
            f"OPENAI_API_KEY={making.VENDORS['openai'](choose)}",
            f"Passwort: {making.PASSWORDS['random'](choose)}",
            making.private_key(choose),
            f"Authorization: Bearer {making.TOKENS['base62'](choose)}",
        )
    )
    redacted = redact(text)
    kinds = [secret.kind for secret in redacted.found]
    assert kinds == ["openai_key", "password", "private_key", "bearer_token"]
    assert redacted.text.splitlines() == [
        "OPENAI_API_KEY=[redacted:openai_key]",
        "Passwort: [redacted:password]",
        "[redacted:private_key]",
        "Authorization: Bearer [redacted:bearer_token]",
    ]


def test_a_private_key_that_is_cut_off_is_redacted_as_far_as_it_goes(choose: Random) -> None:
    whole = making.private_key(choose)
    cut = whole[: len(whole) // 2]
    body = cut.splitlines()[1]
    for text in (cut, cut.replace("\n", "\\n"), f"deploy key:\n{cut}"):
        assert body not in redact(text).text


def test_the_secret_half_of_an_aws_key_is_found_beside_its_id(choose: Random) -> None:
    identity = making.VENDORS["aws access key"](choose)
    secret = making.run(choose, making.BASE64, 37) + "aB7"
    redacted = redact(f"{identity}\n{secret}")
    assert redacted.text == "[redacted:aws_access_key]\n[redacted:aws_secret_key]"


def test_service_account_files_keep_all_but_the_key(choose: Random) -> None:
    account = {"type": "service_account", "project_id": "demo", "client_email": "ci@demo.example"}
    text = json.dumps(account | {"private_key": making.private_key(choose) + "\n"})
    kept = json.loads(redact(text).text)
    assert {name: kept[name] for name in account} == account
    assert kept["private_key"].strip() == "[redacted:private_key]"


def test_clean_texts_come_through_as_they_are() -> None:
    texts = [text for seed in range(3) for _, text in clean_texts(seed)]
    assert len(set(texts)) >= 300
    assert [text for text in texts if redact(text).text is not text] == []


def test_names_alone_are_no_secrets() -> None:
    for carrier in (*carriers.PASSWORDS, *carriers.TOKENS):
        for value in ("<password>", "${PASSWORD}", "********", "xxxxxxxx", "changeme", "required"):
            text = carrier.format(value)
            assert redact(text).text is text


def test_what_was_redacted_is_told_in_words() -> None:
    assert in_words(["github_token"]) == "1 secret was redacted: github_token"
    words = in_words(["password", "jwt", "password"])
    assert words == "3 secrets were redacted: password, jwt"


@given(st.text())
def test_no_text_is_too_strange(text: str) -> None:
    redacted = redact(text)
    if not redacted.found:
        assert redacted.text is text


hints = st.sampled_from(
    ["password", "token", "api_key", " is ", ": ", "=", '"', "'", "\\n", "://", "@", "sk-", "eyJ",
     "-----BEGIN PRIVATE KEY-----", "[redacted:password]", "[redacted:", "Bearer ", "Hunter2!x",
     "mot de passe", "\n", "<", ">", "|", "value", "--", "to", "1234", "abc123def456ghi789"]
)  # fmt: skip


@given(st.lists(hints | surroundings, max_size=12).map("".join))
def test_redacting_twice_is_redacting_once(text: str) -> None:
    once = redact(text)
    assert redact(once.text).text == once.text
    places = [place for secret in once.found for place in (secret.start, secret.end)]
    assert places == sorted(places)
    assert all(secret.start < secret.end for secret in once.found)


@given(
    st.sampled_from(sorted({**making.VENDORS, **making.BLOCKS}.keys() - carriers.WEBHOOKS.keys())),
    seeds,
    surroundings,
    surroundings,
    st.sampled_from(EDGES),
)
def test_a_key_is_gone_whatever_stands_around_it(
    kind: str, seed: int, before: str, after: str, edge: str
) -> None:
    key = {**making.VENDORS, **making.BLOCKS}[kind](Random(seed))
    output = redact(f"{before}{edge}{key}{edge}{after}").text
    assert key not in output
    assert key[-12:] not in output


@given(seeds, surroundings)
def test_texts_are_redacted_again_without_a_change(seed: int, more: str) -> None:
    choose = Random(seed)
    carrier = choose.choice((*carriers.PASSWORDS, *carriers.TOKENS, *carriers.ADDRESSES))
    text = carrier.format(making.PASSWORDS["random"](choose)) + more
    once = redact(text).text
    assert redact(once).text == once


def test_a_long_text_of_names_is_read_in_time_that_grows_with_it_only() -> None:
    for piece in ("password:", "token of ", "://a:", "-----BEGIN PRIVATE KEY-----\n", "a_", "eyJ."):
        assert find(piece * (20_000 // len(piece))) is not None


def test_the_patterns_are_not_loaded_at_start_up() -> None:
    program = (
        "import sys, memoryoss_mcp.screen.admit\n"
        "print([m for m in sys.modules if m.startswith('memoryoss_mcp.screen.secrets.')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "['memoryoss_mcp.screen.secrets.span']"
