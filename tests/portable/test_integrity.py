# SPDX-License-Identifier: AGPL-3.0-only
"""Digests in both forms, what a tolerant reader takes, and envelopes that say what is true."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from memoryoss_mcp.portable import document as making
from memoryoss_mcp.portable.artifact import open_artifact
from memoryoss_mcp.portable.canonical import MalformedError
from memoryoss_mcp.portable.integrity import typed_digest, verify
from tests.portable import samples

PUBLISHED = os.environ.get("MEMORYOSS_PUBLISHED_FIXTURES")
"""A folder with the fixtures that the original's conformance kit publishes."""


def problems(document: dict[str, Any]) -> list[str]:
    return [problem.code for problem in verify(samples.opened(document)).problems]


def passport(**fields: Any) -> dict[str, Any]:
    memory = samples.memory("The port is 8443.", 1, confidence=0.5, **fields)
    return samples.passport(memory)


def changed(document: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """The document with other fields in its first memory, and the digest it had."""
    memories = [document["memories"][0] | fields, *document["memories"][1:]]
    return document | {"memories": memories}


def form(document: dict[str, Any]) -> str | None:
    return verify(samples.opened(document)).form


# The table of section 3.4: what a tolerant reader says of each form -----------------------------


def test_what_this_program_writes_is_typed() -> None:
    assert form(passport()) == "typed"


def test_an_unknown_field_beside_the_digest_is_passed_over() -> None:
    document = passport()
    contract = document["runtime_contract"] | {"colour": "blue"}
    assert form(changed(document, colour="blue")) == "typed"
    assert form(document | {"runtime_contract": contract}) == "typed"
    assert form(document | {"colour": "blue"}) == "typed"


def test_the_order_of_the_fields_of_a_memory_does_not_matter() -> None:
    document = passport()
    turned = dict(reversed(document["memories"][0].items()))
    assert form(document | {"memories": [turned]}) == "typed"


def test_a_whole_confidence_is_taken_as_it_was_hashed() -> None:
    integer = samples.rehashed(changed(passport(), confidence=1))
    assert form(integer) == "received"
    floating = samples.rehashed(changed(passport(), confidence=1.0))
    assert form(floating) == "typed"


def test_nulls_and_empty_lists_are_taken_as_they_were_hashed() -> None:
    assert form(samples.rehashed(changed(passport(), review_events=[], agent=None))) == "received"
    assert form(changed(passport(), review_events=[], agent=None)) == "typed"


@pytest.mark.parametrize("time", ["2026-03-01T09:00:00.000Z", "2026-03-01T10:00:00+01:00"])
def test_other_spellings_of_a_time_are_taken_as_they_were_hashed(time: str) -> None:
    assert form(samples.rehashed(changed(passport(), created_at=time))) == "received"
    assert form(changed(passport(), created_at=time)) == "typed"


def test_long_decimals_are_kept() -> None:
    assert form(samples.rehashed(changed(passport(), confidence=0.44999999999999996))) == "typed"


def test_an_unknown_field_that_was_hashed_is_taken_as_received() -> None:
    assert form(samples.rehashed(changed(passport(), colour="blue"))) == "received"


# What does not hold ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fields",
    [
        {"content": "The port is 8444."},
        {"tags": ["new"]},
        {"status": "candidate"},
        {"confidence": 0.6},
        {"evidence_count": 2},
        {"superseded_by": samples.memory_id(9)},
        {"archived": True},
        {"created_at": "2026-03-01T09:00:01Z"},
        {"content_hash": "0" * 64},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_whatever_is_changed_of_a_memory_is_noticed(fields: dict[str, Any]) -> None:
    assert problems(changed(passport(), **fields)) == ["integrity_mismatch"]
    nested = samples.envelope(passport())
    nested["payload"] = changed(nested["payload"], **fields)
    assert problems(nested) == ["integrity_mismatch", "envelope_mismatch"]


def test_a_digest_is_compared_letter_by_letter() -> None:
    document = passport()
    digest = document["integrity"]["payload_sha256"]
    upper = document["integrity"] | {"payload_sha256": digest.upper()}
    assert problems(document | {"integrity": upper}) == ["integrity_mismatch"]
    for algorithm in ("sha-256", "md5", ""):
        named = document["integrity"] | {"algorithm": algorithm}
        assert problems(document | {"integrity": named}) == ["unsupported_algorithm"]
    named = document["integrity"] | {"algorithm": "SHA256"}
    assert problems(document | {"integrity": named}) == []


def test_another_version_or_contract_is_named() -> None:
    version = samples.rehashed(passport() | {"bundle_version": "memoryoss.passport.v9"})
    assert problems(version) == ["unsupported_version"]
    contract = passport()["runtime_contract"] | {"contract_id": "somebody.else"}
    assert problems(samples.rehashed(passport() | {"runtime_contract": contract})) == [
        "unsupported_contract"
    ]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("kind", "history"),
        ("bundle_id", samples.memory_id(77)),
        ("namespace", "other"),
        ("scope", "team"),
        ("exported_at", "2026-04-02T12:00:00Z"),
        ("runtime_contract_id", "somebody.else"),
        ("reference", {"uri": "memoryoss://bundle/1", "attachment_name": "a.json"}),
    ],
)
def test_an_envelope_that_says_something_else_than_its_payload_is_wrong(
    field: str, value: object
) -> None:
    document = samples.envelope(passport(), **{field: value})
    assert set(problems(document)) == {"metadata_mismatch"}
    stale = samples.envelope(passport()) | {field: value}
    assert set(problems(stale)) == {"metadata_mismatch", "envelope_mismatch"}


@pytest.mark.parametrize(
    "fields",
    [
        {"version": 1.0},
        {"version": -1},
        {"version": True},
        {"status": "Active"},
        {"memory_type": "dream"},
        {"id": "no-id"},
        {"created_at": "2026-03-01"},
        {"created_at": 5},
        {"tags": None},
        {"archived": 0},
        {"evidence_count": 2**32},
        {"content": 7},
    ],
    ids=lambda fields: f"{fields}",
)
def test_a_field_of_a_wrong_type_is_no_memory(fields: dict[str, Any]) -> None:
    with pytest.raises(MalformedError, match=r"memories\[0\]"):
        verify(samples.opened(changed(passport(), **fields)))


@pytest.mark.parametrize("field", ["content", "tags", "status", "version", "created_at", "id"])
def test_a_field_that_must_be_there_is_missed(field: str) -> None:
    document = passport()
    del document["memories"][0][field]
    with pytest.raises(MalformedError, match=field):
        verify(samples.opened(document))


# Published vectors ----------------------------------------------------------------------------


@pytest.mark.skipif(
    PUBLISHED is None,
    reason="MEMORYOSS_PUBLISHED_FIXTURES names no folder with the published fixtures",
)
@pytest.mark.parametrize(
    ("name", "payload", "sidecar", "unsigned"),
    [
        (
            "passport-bundle.json",
            "f854ea8fd52cc88eb0da55d7cc56c1f7dadcc88fba286b7a5e9e2a6caa29abc8",
            "d95aedf555fedac73c9da23c7c272f214026cc8ac8245b8d7ead081ac222a463",
            "baf23be518408a560cff608d86b39a61f3959e952a884dd3a30faea115e63e94",
        ),
        (
            "history-bundle.json",
            "177c0368416da1a6dd6d307f8453ff3da816baa43b2dce0d5147d62ca04c2c54",
            "63983ce88bcb173619327b96fa7427749f9f05a48b73efc84b07f5200102eca5",
            "1fc271378dbb1a4deee2fb22c4c807d48187b958d6e2024b893ae86cc9fffe69",
        ),
    ],
)
def test_published_fixtures_have_the_published_digests(
    name: str, payload: str, sidecar: str, unsigned: str
) -> None:
    artifact = open_artifact(Path(PUBLISHED or "") / name)
    verdict = verify(artifact)
    assert (verdict.form, verdict.payload_sha256, verdict.problems) == ("typed", payload, ())
    assert typed_digest(artifact) == sidecar
    envelope = making.bundle(artifact)
    assert envelope.header["integrity"]["payload_sha256"] == unsigned
    if artifact.shape == "passport":
        claims = {
            "scheme": "memoryoss.hmac-sha256.v1",
            "signer": "device:local-runtime",
            "signable": True,
            "identity_kind": "device",
            "signed_at": "2026-03-13T00:00:00Z",
        }
        signed = making.bundle(artifact, claims)
        assert signed.header["integrity"]["payload_sha256"] == (
            "80b621f89a86e6ff0d4331cac301d9068524c5af15fdb10aa95779ffec8f72ab"
        )
    text = (Path(PUBLISHED or "") / name).read_text(encoding="utf-8")
    assert verify(open_artifact(json.dumps(json.loads(text)).encode())).form == "typed"
