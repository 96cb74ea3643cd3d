# SPDX-License-Identifier: AGPL-3.0-only
"""Signatures of the original are verified by its own rules, where its secret is configured."""

from __future__ import annotations

from typing import Any

import pytest

from memoryoss_mcp.errors import MemoryOSSError
from memoryoss_mcp.portable.trust.decision import TrustError, TrustStatus
from memoryoss_mcp.portable.trust.fabric import Fabric
from memoryoss_mcp.portable.trust.identity import Kind
from memoryoss_mcp.portable.trust.signature import read
from tests.portable.trust.support import AT, CONTENT, Place

SECRET = "-".join(("secret", "for", "docs"))
ENVELOPE = "bundle:80b621f89a86e6ff0d4331cac301d9068524c5af15fdb10aa95779ffec8f72ab"
PASSPORT = "passport:d95aedf555fedac73c9da23c7c272f214026cc8ac8245b8d7ead081ac222a463"


def link(identity: str, kind: str, at: str = AT) -> dict[str, Any]:
    return {"identity": identity, "kind": kind, "action": "sign", "at": at}


EMBEDDED = {
    "scheme": "memoryoss.hmac-sha256.v1",
    "signer": "device:local-runtime",
    "signable": True,
    "identity_kind": "device",
    "signed_at": AT,
    "value": "0c8ee2e8ccc9698bdb0fae387ff171d7db466990da95e33f018ca40243f7439e",
    "chain": [link("device:local-runtime", "device")],
}
SIDECAR = {
    "scheme": "memoryoss.hmac-sha256.v1",
    "identity": "author:alice",
    "kind": "author",
    "signed_at": AT,
    "value": "c3d41edeff2dbf6838cc27a4fd63afe8f289ec2aaf1dc359b378bd31881cc71d",
    "chain": [link("author:alice", "author")],
}
GOLDEN = [(EMBEDDED, ENVELOPE), (SIDECAR, PASSPORT)]


@pytest.fixture
def fabric(here: Place) -> Fabric:
    """An installation that has the secret and knows the names of the original."""
    here.fabric.register_name("device:local-runtime", Kind.DEVICE, "Local runtime")
    here.fabric.register_name("author:alice", Kind.AUTHOR, "Alice")
    return here.again(SECRET)


def status(fabric: Fabric, document: object, subject: str) -> TrustStatus:
    return fabric.decide(document, subject=subject, content=CONTENT).status


@pytest.mark.parametrize(("document", "subject"), GOLDEN)
def test_the_golden_vectors_are_trusted_and_written(
    fabric: Fabric, document: dict[str, Any], subject: str
) -> None:
    decision = fabric.decide(document, subject=subject, content=CONTENT)
    assert decision.status is TrustStatus.TRUSTED
    assert decision.document()["origin"] == "local_registry"
    found = read(document)
    assert found is not None
    written = fabric.sign_legacy(found.identity, subject=subject, at=AT)
    assert written == found
    assert document in (written.embedded(), written.sidecar())


@pytest.mark.parametrize(("document", "subject"), GOLDEN)
def test_without_the_secret_nothing_can_be_said(
    here: Place, fabric: Fabric, document: dict[str, Any], subject: str
) -> None:
    assert status(here.fabric, document, subject) is TrustStatus.UNAVAILABLE
    assert status(here.again(""), document, subject) is TrustStatus.UNAVAILABLE
    assert status(here.again(SECRET + "!"), document, subject) is TrustStatus.INVALID


@pytest.mark.parametrize(("document", "subject"), GOLDEN)
def test_a_changed_document_is_invalid(
    fabric: Fabric, document: dict[str, Any], subject: str
) -> None:
    assert status(fabric, document, subject[:-1] + "0") is TrustStatus.INVALID
    assert status(fabric, document, subject.replace(":", ":0", 1)) is TrustStatus.INVALID


@pytest.mark.parametrize(
    "change",
    [
        {"value": None},
        {"value": "0" * 64},
        {"value": SIDECAR["value"].upper()},  # type: ignore[attr-defined]
        {"signed_at": "2026-03-13T00:00:01Z"},
        {"signed_at": "2026-03-13T01:00:00+01:00"},
        {"kind": "device"},
        {"chain": []},
        {"chain": [link("author:bob", "author")]},
        {"chain": [link("author:alice", "device")]},
        {"chain": [link("author:alice", "author", "2026-03-13T00:00:01Z")]},
        {"chain": [link("author:alice", "author") | {"action": "approve"}]},
        {"chain": [link("author:alice", "author") | {"value": "0" * 64}]},
        {"public_key": "0" * 64},
        {"identity": "author:" + "a" * 32, "chain": [link("author:" + "a" * 32, "author")]},
    ],
)
def test_a_changed_signature_is_invalid(fabric: Fabric, change: dict[str, Any]) -> None:
    assert status(fabric, SIDECAR | change, PASSPORT) is TrustStatus.INVALID


def test_the_same_moment_in_another_form_holds(fabric: Fabric) -> None:
    at = "2026-03-13T01:00:00+01:00"
    moved = SIDECAR | {"signed_at": at, "chain": [link("author:alice", "author", at)]}
    assert status(fabric, moved, PASSPORT) is TrustStatus.TRUSTED


def test_a_link_that_nothing_signs_is_never_trusted(fabric: Fabric) -> None:
    forged = SIDECAR | {"chain": [link("author:bob", "author"), link("author:alice", "author")]}
    decision = fabric.decide(forged, subject=PASSPORT, content=CONTENT)
    assert decision.status is TrustStatus.UNAVAILABLE
    assert not decision.verified


def test_who_is_unknown_or_revoked_or_another_is_not_trusted(here: Place) -> None:
    fabric = here.again(SECRET)
    assert status(fabric, SIDECAR, PASSPORT) is TrustStatus.UNKNOWN
    fabric.register_name("author:alice", Kind.DEVICE, "Not she")
    assert status(fabric, SIDECAR, PASSPORT) is TrustStatus.INVALID
    fabric.revoke("author:alice", "lost")
    assert status(fabric, SIDECAR, PASSPORT) is TrustStatus.REVOKED
    assert status(fabric, SIDECAR | {"value": "0" * 64}, PASSPORT) is TrustStatus.REVOKED
    with pytest.raises(TrustError, match="revoked"):
        fabric.sign_legacy("author:alice", subject=PASSPORT)


def test_an_identity_with_a_key_never_signs_with_the_secret(here: Place) -> None:
    """Or whoever has the secret could sign for everybody."""
    fabric = here.again(SECRET)
    device = fabric.own_device()
    with pytest.raises(TrustError, match="has a key"):
        fabric.sign_legacy(device.id, subject=PASSPORT)
    with pytest.raises(TrustError, match="belongs to a key"):
        fabric.register_name("author:" + "b" * 32, Kind.AUTHOR, "Taken over")
    with pytest.raises(MemoryOSSError, match="known here"):
        fabric.sign_legacy("author:nobody", subject=PASSPORT)


def test_writing_needs_the_secret(here: Place) -> None:
    here.fabric.register_name("author:alice", Kind.AUTHOR, "Alice")
    with pytest.raises(TrustError, match="no secret"):
        here.fabric.sign_legacy("author:alice", subject=PASSPORT)
