# SPDX-License-Identifier: AGPL-3.0-only
"""Catalogs bring identities and revocations of others; what was decided here outranks them."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.portable.trust import catalog as catalogs
from memoryoss_mcp.portable.trust.decision import TrustError, TrustStatus
from memoryoss_mcp.portable.trust.fabric import Fabric
from memoryoss_mcp.portable.trust.identity import Kind, fingerprint, identity_id
from memoryoss_mcp.portable.trust.importing import Import
from memoryoss_mcp.portable.trust.registry import Standing
from memoryoss_mcp.portable.trust.signature import CATALOG, Signature
from memoryoss_mcp.portable.trust.signature import sign as sign_as
from memoryoss_mcp.store.ledger import LedgerQuery
from memoryoss_mcp.vault.signing import Signer
from tests.portable.trust.support import AT, CONTENT, SUBJECT, Place, installed


def met(here: Place, there: Place) -> Standing:
    """``here`` knows the key of the other installation."""
    key = there.fabric.own_device().public_key
    assert key is not None
    return here.fabric.register_key(Kind.DEVICE, "The other one", key)


def exported(place: Place, catalog_id: str = "team") -> dict[str, Any]:
    """What the catalog is after it went through a file."""
    found = json.loads(json.dumps(place.fabric.export_catalog(catalog_id, "The team")))
    assert isinstance(found, dict)
    return found


def signed_by(place: Place, identity: str | None = None) -> Signature:
    return place.fabric.sign(identity, subject=SUBJECT, content=CONTENT, at=AT)


def status(fabric: Fabric, signed: Signature) -> TrustStatus:
    return fabric.decide(signed.sidecar(), subject=SUBJECT, content=CONTENT).status


def told(done: Import) -> dict[str, tuple[str, str]]:
    """What became of each entry."""
    return {item.id: (item.action, item.reason) for item in done.items}


# Taking over ----------------------------------------------------------------------------------


def test_a_catalog_makes_its_identities_trusted(here: Place, there: Place) -> None:
    ann = there.fabric.register_own(Kind.AUTHOR, "Ann")
    signed = signed_by(there, ann.id)
    document = exported(there)
    device = met(here, there)
    assert status(here.fabric, signed) is TrustStatus.UNKNOWN
    done = here.fabric.import_catalog(document)
    assert told(done) == {
        ann.id: ("add", ""),
        device.id: ("skip", "it is registered here"),
    }
    decision = here.fabric.decide(signed.sidecar(), subject=SUBJECT, content=CONTENT)
    assert (decision.status, decision.catalog_id) == (TrustStatus.TRUSTED, "team")
    assert decision.document()["origin"] == "imported_catalog"
    [entry] = here.store.ledger(LedgerQuery(action="trust_import"))
    assert (entry.namespace, entry.version) == ("team", document["sequence"])
    [kept] = here.fabric.catalogs()
    assert (kept.id, kept.signer, kept.sequence) == ("team", device.id, document["sequence"])
    assert told(here.fabric.import_catalog(document))[ann.id] == ("keep", "")


def test_a_dry_run_shows_the_same_and_changes_nothing(here: Place, there: Place) -> None:
    there.fabric.register_own(Kind.AUTHOR, "Ann")
    document = exported(there)
    refused = here.fabric.import_catalog(document, dry_run=True)
    assert refused.refusal is not None
    assert "vouched" in refused.refusal
    met(here, there)
    shown = here.fabric.import_catalog(document, dry_run=True)
    assert shown.refusal is None
    assert len(here.store.registry().identities) == 1
    done = here.fabric.import_catalog(document)
    assert (shown.items, shown.dry_run) == (done.items, True)
    assert done.document()["imported_identities"] == 1


def test_a_signer_that_nobody_vouched_for_has_to_be_accepted(here: Place, there: Place) -> None:
    signer = there.fabric.own_device().id
    document = exported(there)
    for wrong in (None, "device:" + "a" * 32, signer[:20], ""):
        with pytest.raises(TrustError, match="Nothing was changed"):
            here.fabric.import_catalog(document, accept=wrong)
    assert here.fabric.identities() == ()
    done = here.fabric.import_catalog(document, accept=signer.partition(":")[2])
    assert told(done) == {signer: ("add", "")}
    assert here.fabric.import_catalog(exported(there)).refusal is None  # the same signer again


def test_somebody_in_a_catalog_cannot_bring_another_catalog(here: Place, there: Place) -> None:
    """Whoever is named may sign memories; whom to name decides who was vouched for here."""
    met(here, there)
    ann = there.fabric.register_own(Kind.AUTHOR, "Ann")
    here.fabric.import_catalog(exported(there))
    document = _catalog_of(there.keys / "identities" / f"{ann.id.partition(':')[2]}.key", ann.id)
    with pytest.raises(TrustError, match="vouched"):
        here.fabric.import_catalog(document)
    here.fabric.pin(ann.id)
    here.fabric.import_catalog(document)


def test_what_a_catalog_says_no_more_goes_unless_it_is_pinned(here: Place, there: Place) -> None:
    met(here, there)
    documents = []
    keys = [os.urandom(32) for _ in range(3)]
    for key in keys:
        there.fabric.register_key(Kind.AUTHOR, "Someone", key)
    document = exported(there)
    here.fabric.import_catalog(document)
    ids = [identity_id(Kind.AUTHOR, key) for key in keys]
    here.fabric.pin(ids[0])
    documents.append(document)
    later = _resigned(
        there,
        document,
        lambda d: d.update(identities=d["identities"][:0], sequence=d["sequence"] + 1),
    )
    done = here.fabric.import_catalog(later)
    assert {told(done)[one][0] for one in ids} == {"remove"}
    known = {one.id for one in here.fabric.identities()}
    assert known & set(ids) == {ids[0]}
    assert here.fabric.identity(ids[0]).origin.value == "local_pin"


# Refusing -------------------------------------------------------------------------------------


def test_an_older_version_is_refused(here: Place, there: Place) -> None:
    met(here, there)
    old, new = exported(there), exported(there)
    assert old["sequence"] < new["sequence"]
    here.fabric.import_catalog(new)
    with pytest.raises(TrustError, match="newer version"):
        here.fabric.import_catalog(old)


def test_another_signer_does_not_take_over_a_catalog(
    here: Place, there: Place, tmp_path: Any
) -> None:
    met(here, there)
    here.fabric.import_catalog(exported(there))
    with installed(tmp_path / "third") as third:
        other = met(here, third)
        document = exported(third)
        with pytest.raises(TrustError, match="versions before"):
            here.fabric.import_catalog(document)
        with pytest.raises(TrustError, match="versions before"):
            here.fabric.import_catalog(document, accept=other.id)
        unsigned = {name: document[name] for name in document if name != "signature"}
        with pytest.raises(TrustError, match="versions before"):
            here.fabric.import_catalog(unsigned)
        # Unless it was named here as the one that signs in its place.
        here.fabric.revoke(there.fabric.own_device().id, "replaced", other.id)
        assert here.fabric.import_catalog(document).refusal is None


def test_a_revoked_signer_is_refused_even_when_accepted(here: Place, there: Place) -> None:
    signer = met(here, there)
    here.fabric.revoke(signer.id, "stolen")
    with pytest.raises(TrustError, match="revoked"):
        here.fabric.import_catalog(exported(there), accept=signer.id)


@pytest.fixture(scope="module")
def prepared(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Place, dict[str, Any]]]:
    """An installation that imported a catalog, and that catalog."""
    folder = tmp_path_factory.mktemp("catalogs")
    with installed(folder / "here") as here, installed(folder / "there") as there:
        met(here, there)
        there.fabric.register_own(Kind.AUTHOR, "Ann")
        document = exported(there)
        here.fabric.import_catalog(document)
        yield here, document


@given(data=st.data())
def test_no_changed_catalog_is_imported(
    prepared: tuple[Place, dict[str, Any]], data: st.DataObject
) -> None:
    here, document = prepared
    text = json.dumps(document)
    changed = bytearray(text.encode())
    spot = data.draw(st.integers(0, len(changed) - 1))
    changed[spot] = data.draw(st.integers(32, 126).filter(lambda byte: byte != changed[spot]))
    try:
        found = json.loads(changed)
    except ValueError:
        return
    if found == document:
        return
    # Without its signature it is one of the original, which is refused for what it was before.
    with pytest.raises((InvalidInputError, TrustError)):
        here.fabric.import_catalog(found)


@pytest.mark.parametrize(
    "change",
    [
        {"catalog_id": ""},
        {"catalog_id": 1},
        {"label": None},
        {"exported_at": "2026-03-13"},
        {"sequence": None},
        {"sequence": 1.0},
        {"sequence": True},
        {"sequence": -1},
        {"identities": {}},
        {"identities": [1]},
        {"identities": [{"id": "author:a", "kind": "author", "label": "A"}]},
        {"revocations": [{"id": "author:a", "kind": "author", "revoked_at": AT}]},
    ],
)
def test_what_is_no_catalog_is_refused(here: Place, there: Place, change: dict[str, Any]) -> None:
    met(here, there)
    document = exported(there)
    with pytest.raises(InvalidInputError):
        here.fabric.import_catalog(_resigned(there, document, lambda d: d.update(change)))
    with pytest.raises(InvalidInputError):
        here.fabric.import_catalog([])  # type: ignore[arg-type]


def test_an_id_with_the_key_of_another_is_left_out(here: Place, there: Place) -> None:
    met(here, there)
    ann, eve = os.urandom(32), os.urandom(32)
    theirs = identity_id(Kind.AUTHOR, ann)

    def forge(document: dict[str, Any]) -> None:
        entry = {"id": theirs, "kind": "author", "label": "Ann", "registered_at": AT}
        document["identities"] = [
            entry | {"public_key": eve.hex()},
            entry | {"id": f"device:{fingerprint(ann)}", "public_key": ann.hex()},
            entry | {"id": f"author:{fingerprint(eve)}"},
        ]

    done = here.fabric.import_catalog(_resigned(there, exported(there), forge))
    assert {item.action for item in done.items if item.what == "identity"} == {"skip"}
    assert len(here.fabric.identities()) == 1


# Revocations ----------------------------------------------------------------------------------


def test_a_revocation_comes_with_a_catalog_and_stays(here: Place, there: Place) -> None:
    met(here, there)
    ann = there.fabric.register_own(Kind.AUTHOR, "Ann")
    new = there.fabric.register_own(Kind.AUTHOR, "Ann, again")
    signed = signed_by(there, ann.id)
    here.fabric.import_catalog(exported(there))
    assert status(here.fabric, signed) is TrustStatus.TRUSTED
    here.fabric.pin(ann.id)
    there.fabric.revoke(ann.id, "lost", new.id)
    here.fabric.import_catalog(exported(there))
    decision = here.fabric.decide(signed.sidecar(), subject=SUBJECT, content=CONTENT)
    assert (decision.status, decision.replacement_identity) == (TrustStatus.REVOKED, new.id)
    there.fabric.restore(ann.id)
    done = here.fabric.import_catalog(exported(there))
    assert ("keep", "the catalog does not say so any more; revocations stay") in [
        (item.action, item.reason) for item in done.items
    ]
    assert status(here.fabric, signed) is TrustStatus.REVOKED
    here.fabric.restore(ann.id)
    assert status(here.fabric, signed) is TrustStatus.TRUSTED


def test_an_import_undoes_no_revocation_of_here(here: Place, there: Place) -> None:
    met(here, there)
    ann = there.fabric.register_own(Kind.AUTHOR, "Ann")
    signed = signed_by(there, ann.id)
    document = exported(there)
    here.fabric.import_catalog(document)
    here.fabric.revoke(ann.id, "not here")
    for again in (document, exported(there)):
        here.fabric.import_catalog(again)
        assert status(here.fabric, signed) is TrustStatus.REVOKED


def test_an_import_undoes_no_restoration_of_here(here: Place, there: Place) -> None:
    met(here, there)
    ann = there.fabric.register_own(Kind.AUTHOR, "Ann")
    signed = signed_by(there, ann.id)
    there.fabric.revoke(ann.id, "their reasons")
    here.fabric.import_catalog(exported(there))
    here.fabric.restore(ann.id)
    done = here.fabric.import_catalog(exported(there))
    assert ("revocation", "skip", "it was restored here") in [
        (item.what, item.action, item.reason) for item in done.items
    ]
    assert status(here.fabric, signed) is TrustStatus.TRUSTED
    here.fabric.revoke(ann.id, "after all")
    assert status(here.fabric, signed) is TrustStatus.REVOKED


def test_no_catalog_revokes_an_identity_of_this_installation(here: Place, there: Place) -> None:
    met(here, there)
    own = here.fabric.own_device()
    assert own.public_key is not None
    signed = signed_by(here)
    there.fabric.register_key(Kind.DEVICE, "Theirs", own.public_key)
    there.fabric.revoke(own.id, "we say so")
    done = here.fabric.import_catalog(exported(there))
    reasons = {item.what: item.reason for item in done.items if item.id == own.id}
    assert reasons == dict.fromkeys(("identity", "revocation"), "it is one of this installation")
    assert status(here.fabric, signed) is TrustStatus.TRUSTED


# Catalogs of the original ---------------------------------------------------------------------

OF_THE_ORIGINAL: dict[str, Any] = {
    "catalog_id": "team-alpha",
    "label": "Team Alpha",
    "exported_at": AT,
    "identities": [
        {
            "id": "author:alice",
            "kind": "author",
            "label": "Alice",
            "registered_at": AT,
            "source": "local",
        },
        {"id": "author:bob", "kind": "author", "label": "Bob", "registered_at": AT},
    ],
    "revocations": [
        {
            "id": "author:bob",
            "kind": "author",
            "reason": "left",
            "revoked_at": AT,
            "source": "local",
            "replacement_identity": "author:alice",
        }
    ],
}


def test_a_catalog_of_the_original_brings_names(here: Place) -> None:
    done = here.fabric.import_catalog(OF_THE_ORIGINAL)
    assert done.signer is None
    assert done.document()["imported_identities"] == 2
    alice, bob = here.fabric.identities()
    assert (alice.id, alice.public_key, alice.catalog_id) == ("author:alice", None, "team-alpha")
    assert bob.revocation is not None
    assert bob.revocation.replacement == "author:alice"
    older = OF_THE_ORIGINAL | {"exported_at": "2020-01-01T00:00:00Z"}
    with pytest.raises(TrustError, match="newer version"):
        here.fabric.import_catalog(older)


def test_a_catalog_of_the_original_brings_no_keys(here: Place, there: Place) -> None:
    ann = there.fabric.register_own(Kind.AUTHOR, "Ann")
    there.fabric.revoke(ann.id, "left")
    document = exported(there)
    del document["signature"]
    done = here.fabric.import_catalog(document)
    assert {item.action for item in done.items} == {"skip"}
    assert here.fabric.identities() == ()


def test_a_name_stays_with_who_had_it_first(here: Place) -> None:
    here.fabric.import_catalog(OF_THE_ORIGINAL)
    taken = copy.deepcopy(OF_THE_ORIGINAL) | {"catalog_id": "other", "revocations": []}
    taken["identities"][0]["kind"] = "device"
    done = here.fabric.import_catalog(taken)
    assert told(done)["author:alice"] == ("skip", "another catalog has the name for another kind")
    assert here.fabric.identity("author:alice").kind is Kind.AUTHOR
    here.fabric.register_name("author:carol", Kind.AUTHOR, "Carol")
    theirs = OF_THE_ORIGINAL["identities"][0] | {"id": "author:carol", "label": "Not Carol"}
    done = here.fabric.import_catalog(OF_THE_ORIGINAL | {"identities": [theirs]})
    assert told(done)["author:carol"] == ("skip", "it is registered here")
    assert here.fabric.identity("author:carol").label == "Carol"


# Exporting ------------------------------------------------------------------------------------


def test_an_export_names_everybody_and_passes_on(here: Place, there: Place, tmp_path: Any) -> None:
    met(here, there)
    ann = there.fabric.register_own(Kind.AUTHOR, "Ann")
    here.fabric.import_catalog(exported(there))
    here.fabric.import_catalog(OF_THE_ORIGINAL)
    document = exported(here, "passed-on")
    entries = {entry["id"]: entry for entry in document["identities"]}
    own = here.fabric.own_device().id
    assert set(entries) == {own, ann.id, there.fabric.own_device().id, "author:alice", "author:bob"}
    assert entries[ann.id]["source_catalog"] == "team"
    assert "public_key" not in entries["author:alice"]
    assert entries["author:bob"]["rotated_to"] == "author:alice"
    assert [row["id"] for row in document["revocations"]] == ["author:bob"]
    with installed(tmp_path / "third") as third:
        third.fabric.import_catalog(document, accept=own)
        assert status(third.fabric, signed_by(there, ann.id)) is TrustStatus.TRUSTED


def test_the_number_grows_even_when_the_memory_file_is_lost(here: Place) -> None:
    numbers = [here.fabric.export_catalog()["sequence"] for _ in range(5)]
    assert numbers == sorted(set(numbers))
    own = here.fabric.own_device().id
    assert here.fabric.export_catalog()["catalog_id"] == f"catalog:{own.partition(':')[2]}"
    fresh = here.store.path.parent / "fresh"
    with installed(fresh) as other:
        again = Fabric(other.store, here.keys)
        assert again.export_catalog()["sequence"] > numbers[-1]


def _catalog_of(key: Any, identity: str) -> dict[str, Any]:
    """An empty catalog, signed with a key."""
    document: dict[str, Any] = {"catalog_id": "mine", "label": "Mine", "exported_at": AT}
    document |= {"sequence": 1, "identities": [], "revocations": []}
    return _signed(document, Signer.read(key), identity, Kind.AUTHOR)


def _resigned(place: Place, document: dict[str, Any], change: Any) -> dict[str, Any]:
    """A catalog with a change, signed again by its signer."""
    changed = copy.deepcopy(document)
    change(changed)
    signer = Signer.read(place.keys / "signing.key")
    return _signed(changed, signer, place.fabric.own_device().id, Kind.DEVICE)


def _signed(document: dict[str, Any], signer: Signer, identity: str, kind: Kind) -> dict[str, Any]:
    signature = sign_as(
        signer,
        identity,
        kind,
        subject=catalogs.subject(str(document["catalog_id"])),
        content=catalogs.content(document),
        at=AT,
        domain=CATALOG,
    )
    return document | {"signature": signature.sidecar()}
