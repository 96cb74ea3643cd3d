# SPDX-License-Identifier: AGPL-3.0-only
"""Cases of signatures that do not hold: in envelopes, in catalogs and beside documents."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import builders as b
import ed25519
from accepted import HISTORY_FILE, PASSPORT_FILE, PEER_FILE, full_passport
from canonical_json import Number, ordered, sha256
from case import Case, edited, printed
from refused import MALFORMED, malformed


def cases() -> Iterator[Case]:
    """All of them."""
    yield from _signatures()
    yield from _catalogs()
    yield from _sidecars()


def _signatures() -> Iterator[Case]:
    """Signatures that are forged, stripped or taken apart. All digests hold."""
    good = b.sign(b.envelope(b.passport()), "mara", "jo", "sam")
    said = good["signature"]
    chain = said["chain"]

    def bundle(name: str, signature: Any, note: str = "", document: Any = good) -> Case:
        signed = b.seal_envelope(document | {"signature": signature})
        return Case(
            "invalid",
            f"signature-{name}",
            "bundle",
            printed(signed),
            "typed",
            note,
            ("invalid_signature",),
            "invalid",
        )

    def without(*names: str) -> b.Document:
        return {name: item for name, item in said.items() if name not in names}

    yield bundle("stripped-value", without("value"), "It still names a signer.")
    yield bundle("stripped-chain", without("chain"))
    yield bundle("stripped-key", without("public_key"))
    yield bundle("stripped-signer", without("signer", "identity_kind", "value", "chain"))
    yield bundle("value-null", said | {"value": None})
    yield bundle("only-scheme", {"scheme": said["scheme"], "signable": True})
    yield bundle("called-unsigned", said | {"scheme": "unsigned"}, "A value without a scheme.")
    left = {"scheme": "unsigned", "signable": True, "chain": chain}
    yield bundle("chain-left", left, "Called unsigned; the chain stayed.")
    yield bundle("scheme-unknown", said | {"scheme": "memoryoss.rot13.v1"})
    yield bundle("scheme-downgraded", said | {"scheme": "memoryoss.hmac-sha256.v1"})
    yield bundle("not-signable", said | {"signable": False})
    yield bundle("field-added", said | {"note": "trusted"})
    yield bundle("value-upper", said | {"value": said["value"].upper()})
    yield bundle("value-short", said | {"value": said["value"][:-2]})
    flipped = f"{int(said['value'][0], 16) ^ 1:x}{said['value'][1:]}"
    yield bundle("value-flipped", said | {"value": flipped})
    order = 2**252 + 27742317777372353535851937790883648493
    response = int.from_bytes(bytes.fromhex(said["value"][64:]), "little") + order
    second = said["value"][:64] + response.to_bytes(32, "little").hex()
    yield bundle("value-malleable", said | {"value": second}, "S is not reduced (RFC 8032, 5.1.7).")
    yield bundle("signed-at-moved", said | {"signed_at": "2026-05-04T12:03:00Z"})
    stranger = {
        "signer": b.identity("eve"),
        "public_key": ed25519.public_key(b.seed("eve")).hex(),
    }
    yield bundle("signer-replaced", said | stranger)
    yield bundle("key-replaced", said | {"public_key": stranger["public_key"]}, "Under the old id.")
    as_device = said | {"identity_kind": "device"}
    yield bundle("kind-replaced", as_device)
    yield bundle("chain-empty", said | {"chain": []})
    yield bundle("chain-shortened", said | {"chain": chain[1:]}, "The first signer is gone.")
    yield bundle("chain-middle-dropped", said | {"chain": [chain[0], chain[2]]})
    yield bundle("chain-reordered", said | {"chain": [chain[1], chain[0], chain[2]]})
    yield bundle("chain-link-twice", said | {"chain": [chain[0], *chain]})
    yield bundle("chain-link-stripped", said | {"chain": [_bare(chain[0]), *chain[1:]]})
    content = sha256(ordered({n: good[n] for n in good if n not in ("signature", "integrity")}))
    forged = b.link("eve", content, [], b.NOON, "artifact") | {"identity": b.identity("mara")}
    yield bundle("chain-link-forged", said | {"chain": [forged, *chain]}, "Eve signs as Mara.")
    planted = b.link("eve", content, [], b.NOON, "artifact")
    yield bundle("chain-link-planted", said | {"chain": [planted, *chain]}, "A signer too many.")
    revoke = chain[0] | {"action": "revoke"}
    yield bundle("chain-action", said | {"chain": [revoke, *chain[1:]]})
    later = chain[0] | {"at": "2026-05-04T12:00:30Z"}
    yield bundle("chain-time", said | {"chain": [later, *chain[1:]]})
    other = b.envelope(full_passport())
    yield bundle("of-another", said, "A signature of another envelope.", other)
    extended = good | {"extension": "added"}
    yield bundle("field-outside", said, "The signature is for all of the document.", extended)
    data = edited(good, "Glaze batches", "\\u0047laze batches")
    yield _inexact("escape", data, "Another spelling of the same text.")
    integrity = good["integrity"]
    for name, part in (("algorithm", {"algorithm": "SHA256"}), ("digest-field", {"note": ""})):
        document = good | {"integrity": integrity | part}
        yield _inexact(name, printed(document), "The signature is for the bytes.")
    secret = b.sign_with_secret(b.envelope(b.passport()))
    told = secret["signature"]
    yield bundle("secret-value-short", told | {"value": told["value"][:32]}, document=secret)
    moved = [told["chain"][0] | {"identity": "device:other"}]
    yield bundle("secret-chain-other", told | {"chain": moved}, document=secret)
    keyed = b.identity("mara", "device")
    named = told | {"signer": keyed, "chain": [told["chain"][0] | {"identity": keyed}]}
    yield bundle("secret-for-key", named, "Whoever has a key signs with it.", secret)
    key = told | {"public_key": said["public_key"]}
    yield bundle("secret-with-key", key, document=secret)
    tampered = secret | {"signature": {n: v for n, v in told.items() if n != "value"}}
    yield bundle("secret-stripped", tampered["signature"], document=secret)


def _inexact(name: str, data: bytes, note: str) -> Case:
    wrong, state = ("invalid_signature",), "invalid"
    return Case("invalid", f"signature-{name}", "bundle", data, "typed", note, wrong, state)


def _bare(link: b.Document) -> b.Document:
    return {name: link[name] for name in ("identity", "kind", "action", "at")}


def _catalogs() -> Iterator[Case]:
    good = b.sign_catalog(b.catalog())

    def catalog(name: str, document: Any, *errors: str) -> Case:
        state = "invalid" if "invalid_signature" in errors else "unsigned"
        data = printed(document)
        return Case("invalid", name, "trust_catalog", data, "none", "", errors, state)

    wrong = "invalid_signature"
    yield catalog("relabelled", good | {"label": "Another studio"}, wrong)
    yield catalog("sequence-raised", good | {"sequence": 4}, wrong)
    yield catalog("revocation-dropped", good | {"revocations": []}, wrong)
    yield catalog("renamed", good | {"catalog_id": "pottery-studio-2"}, wrong)
    cut = {name: item for name, item in good["signature"].items() if name != "chain"}
    yield catalog("chain-stripped", good | {"signature": cut}, wrong)
    rows = b.catalog()["identities"]
    swapped = [rows[0] | {"public_key": rows[1]["public_key"]}, rows[1]]
    upper = [rows[0] | {"public_key": rows[0]["public_key"].upper()}, rows[1]]
    yield catalog("key-swapped", b.catalog(identities=swapped), "invalid_identity")
    yield catalog("key-upper", b.catalog(identities=upper), "invalid_identity")
    for name, document, reason in (
        ("identity-twice", b.catalog(identities=[rows[0], rows[0]]), "duplicate_identity"),
        ("sequence-missing", {n: v for n, v in good.items() if n != "sequence"}, "missing_field"),
        ("sequence-float", b.catalog(sequence=Number("3.0")), "wrong_type"),
        ("sequence-too-large", b.catalog(sequence=2**53), "number_range"),
        ("unknown-kind", b.catalog(identities=[rows[0] | {"kind": "robot"}]), "unknown_value"),
        ("id-blank", b.catalog(catalog_id=" "), "invalid_text"),
        ("label-two-lines", b.catalog(label="Pottery\nstudio"), "invalid_text"),
        ("identities-object", b.catalog(identities={}), "wrong_type"),
    ):
        yield malformed(name, document, reason, kind="trust_catalog")


def _sidecars() -> Iterator[Case]:
    wrong = "invalid_signature"
    passport, peer = full_passport(), b.sync_peer()
    beside = b.sidecar(passport, "passport", "mara", "jo")
    told = b.sidecar(peer, "sync_peer", "mara", "jo")
    tampered = "artifacts/passport-tampered.json"
    for name, document, artifact, form, errors in (
        ("of-another", told, PASSPORT_FILE, "typed", (wrong,)),
        ("of-history", beside, HISTORY_FILE, "typed", (wrong,)),
        ("tampered", beside, tampered, "none", ("integrity_mismatch", wrong)),
        ("peer-moved", told, "artifacts/sync-peer-moved.json", "none", (wrong,)),
        ("chain-reordered", told | {"chain": told["chain"][::-1]}, PEER_FILE, "none", (wrong,)),
        ("chain-shortened", told | {"chain": told["chain"][1:]}, PEER_FILE, "none", (wrong,)),
        ("signer-other", told | {"identity": b.identity("eve")}, PEER_FILE, "none", (wrong,)),
        ("field-added", told | {"note": "trusted"}, PEER_FILE, "none", (wrong,)),
        ("value-null", told | {"value": None}, PEER_FILE, "none", (MALFORMED,)),
        ("kind-unknown", told | {"kind": "robot"}, PEER_FILE, "none", (MALFORMED,)),
        ("unsigned", {"scheme": "unsigned"}, PEER_FILE, "none", (MALFORMED,)),
    ):
        reasons = {"value-null": "wrong_type", "kind-unknown": "unknown_value"}
        reason = reasons.get(name, "missing_field") if MALFORMED in errors else ""
        yield Case(
            "invalid",
            name,
            "sidecar",
            printed(document),
            form,
            "",
            errors,
            "invalid",
            reason=reason,
            artifact=artifact,
        )
