# SPDX-License-Identifier: AGPL-3.0-only
"""Who is known, pinned and revoked decides whose signatures are good; each change is recorded."""

from __future__ import annotations

import os
import platform
import stat
from pathlib import Path

import pytest

from memoryoss_mcp.errors import InvalidInputError, NotFoundError, VaultError
from memoryoss_mcp.model import format_time, now
from memoryoss_mcp.portable.trust.decision import TrustDecision, TrustError, TrustStatus
from memoryoss_mcp.portable.trust.fabric import Fabric
from memoryoss_mcp.portable.trust.identity import Kind
from memoryoss_mcp.portable.trust.report import fabric_document
from memoryoss_mcp.portable.trust.signature import Signature
from memoryoss_mcp.store.ledger import LedgerQuery
from tests.portable.trust.support import AT, CONTENT, SUBJECT, Place


def made(fabric: Fabric, identity: str | None = None) -> Signature:
    return fabric.sign(identity, subject=SUBJECT, content=CONTENT, at=AT)


def decided(fabric: Fabric, signed: Signature) -> TrustDecision:
    return fabric.decide(signed.sidecar(), subject=SUBJECT, content=CONTENT)


def actions(place: Place) -> list[tuple[str, str]]:
    """What the ledger says, oldest first."""
    entries = place.store.ledger(LedgerQuery())
    return [(entry.action, entry.namespace) for entry in reversed(entries)]


# Own identities -------------------------------------------------------------------------------


def test_looking_makes_no_key_and_signing_makes_one(here: Place) -> None:
    assert here.fabric.identities() == ()
    assert fabric_document(here.fabric)["summary"]["identities"] == 0
    assert not here.keys.exists()
    assert here.store.ledger(LedgerQuery()) == []
    device = here.fabric.own_device()
    assert device.own
    assert device.kind is Kind.DEVICE
    assert [file.name for file in here.keys.iterdir()] == ["signing.key"]
    signed = made(here.fabric)
    assert signed.identity == device.id == here.again().own_device().id
    assert actions(here) == [("trust_register", device.id)]
    made(here.fabric)
    assert len(actions(here)) == 1


@pytest.mark.parametrize(
    ("host", "label"),
    [("laptop", "laptop"), ("", "this installation"), ("a\x1b[2J", "this installation")],
)
def test_an_installation_is_called_after_its_host(
    here: Place, there: Place, monkeypatch: pytest.MonkeyPatch, host: str, label: str
) -> None:
    monkeypatch.setattr(platform, "node", lambda: host)
    assert here.fabric.own_device().label == label
    document = here.fabric.export_catalog()
    there.fabric.import_catalog(document, accept=document["signature"]["identity"])
    [known] = there.fabric.identities()
    assert known.label == label


def test_a_label_that_was_given_stays_whatever_becomes_of_the_host(
    here: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = here.fabric.own_device().id
    assert here.fabric.device_id() == device
    assert here.fabric.label(device, "work").label == "work"
    monkeypatch.setattr(platform, "node", lambda: "renamed")
    assert here.again().own_device().label == "work"
    with pytest.raises(InvalidInputError):
        here.fabric.label(device, " ")
    with pytest.raises(NotFoundError):
        here.fabric.label("device:" + "a" * 32, "nobody")


def test_further_identities_have_keys_of_their_own(here: Place) -> None:
    ann = here.fabric.register_own(Kind.AUTHOR, "Ann")
    assert (ann.kind, ann.label, ann.own) == (Kind.AUTHOR, "Ann", True)
    file = here.keys / "identities" / f"{ann.id.partition(':')[2]}.key"
    assert file.exists()
    if os.name == "posix":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    again = here.again()
    assert decided(again, made(again, ann.id)).verified
    assert here.fabric.register_own(Kind.AUTHOR, "Ann").id != ann.id


def test_a_signature_stays_known_when_its_key_is_lost(here: Place) -> None:
    signed = made(here.fabric)
    (here.keys / "signing.key").unlink()
    decision = decided(here.again(), signed)
    assert decision.verified
    assert here.again().own_device().id != signed.identity
    with pytest.raises(TrustError, match="not here"):
        made(here.again(), signed.identity)


def test_a_key_under_the_name_of_another_is_refused(here: Place) -> None:
    ann = here.fabric.register_own(Kind.AUTHOR, "Ann")
    bob = here.fabric.register_own(Kind.AUTHOR, "Bob")
    folder = here.keys / "identities"
    names = [folder / f"{one.id.partition(':')[2]}.key" for one in (ann, bob)]
    names[0].unlink()
    names[1].rename(names[0])
    with pytest.raises(VaultError, match="another key"):
        made(here.again(), ann.id)


def test_without_a_folder_or_a_file_nothing_is_signed_or_registered(tmp_path: Path) -> None:
    with pytest.raises(VaultError, match="no folder"):
        made(Fabric(None, None))
    fabric = Fabric(None, tmp_path / "keys")
    assert decided(fabric, made(fabric)).verified  # its own key is enough
    with pytest.raises(TrustError, match="no memory file"):
        fabric.register_own(Kind.AUTHOR, "Ann")
    assert not (tmp_path / "keys" / "identities").exists()


# Identities of others -------------------------------------------------------------------------


def test_a_signature_of_another_is_trusted_once_its_key_is_registered(
    here: Place, there: Place
) -> None:
    signed = made(there.fabric)
    before = decided(here.fabric, signed)
    assert (before.status, before.document()["origin"]) == (
        TrustStatus.UNKNOWN,
        "unknown_signer",
    )
    key = there.fabric.own_device().public_key
    assert key is not None
    known = here.fabric.register_key(Kind.DEVICE, "Their laptop", key)
    assert (known.id, known.own) == (signed.identity, False)
    after = decided(here.fabric, signed)
    assert (after.status, after.document()["origin"]) == (TrustStatus.TRUSTED, "local_registry")
    with pytest.raises(TrustError, match="not here"):
        made(here.fabric, known.id)


def test_registering_again_changes_the_label_alone(here: Place) -> None:
    key = os.urandom(32)
    first = here.fabric.register_key(Kind.AUTHOR, "Ann", key)
    assert here.fabric.register_key(Kind.AUTHOR, "Ann", key) == first
    assert len(actions(here)) == 1
    renamed = here.fabric.register_key(Kind.AUTHOR, "Ann B.", key)
    assert (renamed.id, renamed.label) == (first.id, "Ann B.")
    assert renamed.registered_at == first.registered_at
    here.fabric.register_name("author:alice", Kind.AUTHOR, "Alice")
    with pytest.raises(TrustError, match="registered as author"):
        here.fabric.register_name("author:alice", Kind.DEVICE, "Alice")


@pytest.mark.parametrize("label", ["", " ", "a\nb", "x" * 300])
def test_a_label_is_one_line(here: Place, label: str) -> None:
    with pytest.raises(InvalidInputError):
        here.fabric.register_own(Kind.AUTHOR, label)
    with pytest.raises(InvalidInputError):
        here.fabric.register_key(Kind.AUTHOR, label, os.urandom(32))
    with pytest.raises(InvalidInputError):
        here.fabric.register_name("author:alice", Kind.AUTHOR, label)
    assert here.fabric.identities() == ()
    assert not here.keys.exists()


# Pins -----------------------------------------------------------------------------------------


def test_a_pin_says_why_somebody_is_known(here: Place, there: Place) -> None:
    key = there.fabric.own_device().public_key
    assert key is not None
    signed = made(there.fabric)
    here.fabric.register_key(Kind.DEVICE, "Theirs", key)
    assert here.fabric.pin(signed.identity).pinned
    assert decided(here.fabric, signed).document()["origin"] == "local_pin"
    here.fabric.pin(signed.identity)
    assert here.fabric.unpin(signed.identity)
    assert not here.fabric.unpin(signed.identity)
    assert decided(here.fabric, signed).document()["origin"] == "local_registry"
    pinned = ["trust_register", "trust_pin", "trust_unpin"]
    assert [action for action, _ in actions(here)] == pinned


def test_what_is_unknown_or_has_no_key_is_not_pinned(here: Place) -> None:
    with pytest.raises(NotFoundError, match="Nothing was changed"):
        here.fabric.pin("author:" + "a" * 32)
    here.fabric.register_name("author:alice", Kind.AUTHOR, "Alice")
    with pytest.raises(TrustError, match="no key"):
        here.fabric.pin("author:alice")


# Revocations ----------------------------------------------------------------------------------


def test_whoever_is_revoked_is_not_trusted_until_restored(here: Place) -> None:
    ann = here.fabric.register_own(Kind.AUTHOR, "Ann")
    new = here.fabric.register_own(Kind.AUTHOR, "Ann, new laptop")
    signed = made(here.fabric, ann.id)
    here.fabric.pin(ann.id)
    here.fabric.revoke(ann.id, "The laptop was stolen.", new.id)
    decision = decided(here.fabric, signed)
    assert decision.status is TrustStatus.REVOKED
    assert decision.replacement_identity == new.id
    assert "stolen" in decision.reason
    with pytest.raises(TrustError, match="revoked"):
        made(here.fabric, ann.id)
    assert here.fabric.restore(ann.id).revocation is None
    assert decided(here.fabric, signed).verified
    here.fabric.restore(ann.id)
    told = [action for action, about in actions(here) if about == ann.id]
    assert told == ["trust_register", "trust_pin", "trust_revoke", "trust_restore"]


def test_revoked_outranks_a_signature_that_does_not_hold(here: Place) -> None:
    signed = made(here.fabric)
    here.fabric.revoke(signed.identity, "old")
    decision = here.fabric.decide(signed.sidecar(), subject=SUBJECT, content="another")
    assert decision.status is TrustStatus.REVOKED
    with pytest.raises(TrustError, match="revoked"):
        here.fabric.export_catalog()


def test_a_revocation_needs_known_identities_and_a_reason(here: Place) -> None:
    ann = here.fabric.register_own(Kind.AUTHOR, "Ann")
    bob = here.fabric.register_own(Kind.AUTHOR, "Bob")
    here.fabric.revoke(bob.id, "left")
    for identity, reason, replacement in (
        ("author:" + "a" * 32, "why", None),
        (ann.id, "", None),
        (ann.id, "why", ann.id),
        (ann.id, "why", bob.id),
        (ann.id, "why", "author:" + "a" * 32),
    ):
        with pytest.raises((NotFoundError, InvalidInputError, TrustError)):
            here.fabric.revoke(identity, reason, replacement)
    assert here.fabric.identity(ann.id).revocation is None
    with pytest.raises(NotFoundError):
        here.fabric.restore("author:" + "a" * 32)


def test_signing_again_with_another_key_makes_a_revoked_document_good(here: Place) -> None:
    ann = here.fabric.register_own(Kind.AUTHOR, "Ann")
    new = here.fabric.register_own(Kind.AUTHOR, "Ann, new laptop")
    old = made(here.fabric, ann.id)
    here.fabric.revoke(ann.id, "lost", new.id)
    again = here.fabric.sign(new.id, subject=SUBJECT, content=CONTENT, previous_chain=old.chain)
    assert decided(here.fabric, again).verified
    assert [link.identity for link in again.chain] == [ann.id, new.id]


@pytest.mark.parametrize(
    ("reason", "told"), [("sold it", "sold it."), ("It is lost!", "It is lost!")]
)
def test_what_is_told_of_a_revocation_is_a_sentence(here: Place, reason: str, told: str) -> None:
    signed = made(here.fabric)
    here.fabric.revoke(signed.identity, reason)
    assert decided(here.fabric, signed).reason == f"The signer is revoked: {told}"


def test_a_time_that_is_still_to_come_is_told_and_decides_nothing(here: Place) -> None:
    for at, is_told in ((now() + 2 * 86_400 * 10**9, True), (now() + 3_600 * 10**9, False)):
        text = format_time(at)
        signed = here.fabric.sign(subject=SUBJECT, content=CONTENT, at=text)
        decision = decided(here.fabric, signed)
        assert decision.verified
        assert (text in decision.reason) is is_told


# The report -----------------------------------------------------------------------------------


def test_the_report_counts_and_shows_everything(here: Place) -> None:
    ann = here.fabric.register_own(Kind.AUTHOR, "Ann")
    peer = here.fabric.register_key(Kind.SYNC_PEER, "Laptop", os.urandom(32))
    here.fabric.pin(peer.id)
    here.fabric.revoke(ann.id, "left", peer.id)
    here.fabric.own_device()
    report = fabric_document(here.fabric)
    assert report["summary"] == {
        "identities": 3,
        "active": 2,
        "revoked": 1,
        "authors": 1,
        "devices": 1,
        "sync_peers": 1,
        "catalogs": 0,
        "pins": 1,
    }
    shown = {one["id"]: one for one in report["identities"]}
    assert shown[ann.id]["rotated_to"] == peer.id
    assert shown[ann.id]["public_key"] == (ann.public_key or b"").hex()
    assert report["pins"] == [{"id": peer.id}]
    [revocation] = report["revocations"]
    assert (revocation["reason"], revocation["source"]) == ("left", "local")
