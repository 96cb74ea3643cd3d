# SPDX-License-Identifier: AGPL-3.0-only
"""Cases that every reader has to accept: plain ones, the forms in which a digest may hold, and
snapshots of earlier and later writers of the same lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import builders as b
from canonical_json import Number
from case import Case, dense, edited, printed

PASSPORT_FILE = "valid/passport-full.json"
HISTORY_FILE = "valid/history-full.json"
PEER_FILE = "artifacts/sync-peer.json"

UNICODE = (
    "Schlüssel für Ofen zwei: 𝔘 und 🧭, dann\u2028neue Zeile\u2029und Absatz; e\u0301 ist nicht é, "
    '\u007f bleibt, \u0001\b\f\n\r\t und \\ " werden geschrieben, / nicht. \ufeff עברית 日本語'
)


def full_passport() -> b.Document:
    """A passport whose memories have every field."""
    return b.passport([*b.plain(), b.rich()])


def full_history() -> b.Document:
    """A history with every kind of edge and event."""
    old, new, merged = (b.number(key) for key in (10, 11, 12))
    memories = [
        b.memory(10, "The kiln shelf holds six kilograms.", superseded_by=new, status="stale"),
        b.memory(11, "The kiln shelf holds eight kilograms.", contradicts_with=[old]),
        b.memory(12, "Shelf limits are on the door.", derived_from=[new], archived=True),
    ]
    edges = [
        {"from": old, "to": new, "kind": "superseded_by"},
        {"from": old, "to": new, "kind": "contradicts_with"},
        {"from": new, "to": merged, "kind": "derived_from"},
    ]
    at = "2026-05-03T09:00:00Z"
    return b.history(memories, edges=edges, timeline=list(_timeline(old, new, merged, at)))


def _timeline(old: str, new: str, merged: str, at: str) -> Iterator[b.Document]:
    yield {"at": at, "memory_id": old, "kind": "created", "summary": "stored"}
    yield {
        "at": at,
        "memory_id": merged,
        "kind": "derived",
        "summary": "made of one other",
        "to_status": "active",
        "via": "lineage",
        "related_ids": [new],
    }
    yield {
        "at": at,
        "memory_id": old,
        "kind": "contradicted",
        "summary": "says the opposite",
        "to_status": "contested",
        "via": "contradiction_detection",
        "related_ids": [old, new],
    }
    yield {
        "at": at,
        "memory_id": old,
        "kind": "review",
        "summary": "replaced by a reviewer",
        "from_status": "contested",
        "to_status": "stale",
        "actor": "mara",
        "via": "review_queue",
        "related_ids": [new],
    }
    for kind, memory in (("superseded", old), ("archived", merged), ("state_snapshot", new)):
        yield {"at": at, "memory_id": memory, "kind": kind, "summary": kind.replace("_", " ")}


def cases() -> Iterator[Case]:
    """All of them."""
    yield from _plain()
    yield from _envelopes()
    yield from _trust()
    yield from _forms()
    yield from _received()
    yield from _compatible()


def _plain() -> Iterator[Case]:
    def valid(kind: str, name: str, document: Any, note: str, form: str = "typed") -> Case:
        return Case("valid", name, kind, printed(document), form, note)

    yield valid("runtime_contract", "small", b.contract(), "No digest, so no form.", "none")
    empty: b.Document = {name: [] for name, item in b.contract().items() if isinstance(item, list)}
    yield valid("runtime_contract", "empty", b.contract(**empty), "Lists may be empty.", "none")
    yield valid("passport", "minimal", b.passport([]), "No memory is selected.")
    yield valid("passport", "two-memories", b.passport(), "Only required fields.")
    yield valid("passport", "full", full_passport(), "Every field of a memory.")
    strange = [b.memory(4, UNICODE, tags=["größe", "🧭", "\u2028"], agent="\u0000")]
    yield valid("passport", "unicode", b.passport(strange), "Beyond the BMP, controls, U+2028.")
    for scope in ("all", "personal", "team"):
        yield valid("passport", f"scope-{scope}", b.passport(scope=scope), "Every scope.")
    counts = [b.memory(5, "Counted often.", version=2**64 - 1, evidence_count=2**32 - 1)]
    yield valid("passport", "largest-numbers", b.passport(counts), "u64 and u32 at their limits.")
    decimals = (0.0, 0.1, 0.00001, 0.000001, 0.123456, 123456789012345.6, 1e15, 1e16, 1e21, 5e-324)
    many = [b.memory(20 + i, f"Sure to {i}.", confidence=x) for i, x in enumerate(decimals)]
    yield valid("passport", "decimals", b.passport(many), "Plain from 1e-5 to 1e16.")
    yield Case("valid", "dense", "passport", dense(b.passport()), "typed", "No white space.")
    crlf = printed(b.passport()).replace(b"\n", b"\r\n")
    yield Case("valid", "crlf", "passport", crlf, "typed", "White space does not count.")
    deep: Any = []
    for _ in range(126):
        deep = [deep]
    nested = b.passport() | {"extension": deep}
    yield Case(
        "valid", "nesting-128", "passport", dense(nested), "typed", "128 levels are allowed."
    )
    yield valid("history", "minimal", b.history(), "One memory, one event.")
    yield valid("history", "full", full_history(), "Every kind of edge and event.")
    strange = [b.memory(4, UNICODE)]
    yield valid("history", "unicode", b.history(strange), "Beyond the BMP, controls, U+2028.")


def _envelopes() -> Iterator[Case]:
    def bundle(name: str, document: Any, note: str, signature: str = "unsigned") -> Case:
        return Case("valid", name, "bundle", printed(document), "typed", note, (), signature)

    yield bundle("passport", b.envelope(full_passport()), "Unsigned.")
    yield bundle("history", b.envelope(full_history()), "Unsigned; a history has no scope.")
    nulls = {"scheme": "unsigned", "signer": None, "signable": False, "signed_at": None}
    quiet = b.seal_envelope(b.envelope(b.passport()) | {"signature": nulls | {"chain": []}})
    yield bundle("unsigned-nulls", quiet, "Null claims nothing.")
    wide = b.passport(namespace="töpferei")
    yield bundle("namespace-plain", b.envelope(wide), "The URI is not escaped.")
    escaped = b.envelope(wide)
    uri = escaped["reference"]["uri"].replace("ö", "%C3%B6")
    escaped = b.seal_envelope(escaped | {"reference": escaped["reference"] | {"uri": uri}})
    yield bundle("namespace-escaped", escaped, "The URI is escaped.")
    keys = {"～": 1, "🧭": 2, "a": {"z": 1.5, "B": [True, None, "x"]}, "é": 2**64 - 1}
    mixed = b.envelope(b.passport() | {"extension": keys})
    yield bundle("key-order", mixed, "Keys in order of code points, not of UTF-16 units.")
    yield bundle("signed", b.sign(b.envelope(full_passport()), "mara"), "Ed25519.", "valid")
    tight = dense(b.sign(b.envelope(b.passport()), "mara"))
    note = "White space between values is not signed."
    yield Case("valid", "signed-dense", "bundle", tight, "typed", note, (), "valid")
    both = b.sign(b.envelope(full_history()), "mara", "jo")
    yield bundle("signed-history", b.sign(b.envelope(full_history()), "jo"), "Ed25519.", "valid")
    yield bundle("chain-of-two", both, "Signed by one, then by another.", "valid")
    text = b.sign(b.envelope(b.passport([b.memory(4, UNICODE)])), "mara")
    yield bundle("signed-unicode", text, "Ed25519 over text beyond ASCII.", "valid")
    secret = b.sign_with_secret(b.envelope(full_passport()))
    yield bundle("signed-with-secret", secret, "Only the owner of the secret knows.", "unverified")


def _trust() -> Iterator[Case]:
    names: b.Document = {"identities": [], "revocations": []}
    labels = b.catalog()["identities"][:1]
    labels = [{n: v for n, v in row.items() if n not in ("public_key", "source")} for row in labels]
    labels = [row | {"id": "author:mara"} for row in labels]
    old = b.catalog(identities=labels, revocations=[])
    del old["sequence"]
    bare = {n: v for n, v in b.catalog(**names).items() if n not in (*names, "sequence")}
    for name, document, signature, note in (
        ("unsigned", b.catalog(), "unsigned", "Keys, but nobody vouches for them."),
        ("names-only", old, "unsigned", "As the original writes it: no keys, no sequence."),
        ("bare", bare, "unsigned", "Both lists may be absent."),
        ("signed", b.sign_catalog(b.catalog()), "valid", "Ed25519."),
    ):
        data = printed(document)
        yield Case("valid", name, "trust_catalog", data, "none", note, (), signature)

    peer, passport, history = b.sync_peer(), full_passport(), full_history()
    for name, beside, form, signature, artifact in (
        ("passport", b.sidecar(passport, "passport", "mara"), "typed", "valid", PASSPORT_FILE),
        ("history", b.sidecar(history, "history", "jo"), "typed", "valid", HISTORY_FILE),
        ("sync-peer", b.sidecar(peer, "sync_peer", "mara"), "none", "valid", PEER_FILE),
        ("chain", b.sidecar(peer, "sync_peer", "mara", "jo", "sam"), "none", "valid", PEER_FILE),
        ("alone", b.sidecar(passport, "passport", "mara"), "none", "unverified", ""),
        ("with-secret", b.secret_sidecar(peer, "sync_peer"), "none", "unverified", PEER_FILE),
    ):
        note = "Verified with its artifact." if artifact else "Nothing to verify it with."
        data = printed(beside)
        yield Case("valid", name, "sidecar", data, form, note, (), signature, artifact=artifact)


def _one(**fields: Any) -> list[b.Document]:
    return [b.memory(30, "The studio opens at nine.", **fields)]


def _form(name: str, data: Any, form: str, note: str, kind: str = "passport") -> Case:
    data = data if isinstance(data, bytes) else printed(data)
    return Case("forms", name, kind, data, form, note)


def _forms() -> Iterator[Case]:
    """Documents that only the typed form accepts, or that both do."""
    good = full_passport()
    inner = good["runtime_contract"] | {"note": "later"}
    yield _form("unknown-in-contract", good | {"runtime_contract": inner}, "typed", "Ignored.")
    memories = [good["memories"][0] | {"mood": "bright"}, *good["memories"][1:]]
    yield _form("unknown-in-memory", good | {"memories": memories}, "typed", "Ignored.")
    memories = [dict(reversed(entry.items())) for entry in good["memories"]]
    yield _form("memory-keys-reordered", good | {"memories": memories}, "typed", "Put in order.")
    yield _form("top-keys-reordered", dict(reversed(good.items())), "typed", "Put in order.")
    yield _form("extension-outside", good | {"extension": {"a": 1}}, "typed", "Not hashed.")
    whole = b.passport(_one(confidence=1.0))
    yield _form("confidence-float", whole, "typed", "Written 1.0, hashed 1.0.")
    integer = edited(whole, '"confidence": 1.0', '"confidence": 1')
    yield _form("confidence-integer-typed", integer, "typed", "Written 1, hashed 1.0.")
    exact = b.passport(_one(confidence=0.44999999999999996))
    yield _form("confidence-long", exact, "typed", "Read to the nearest double, not roughly.")
    nulls = b.passport(_one())
    nulls["memories"] = [nulls["memories"][0] | {"agent": None, "review_events": []}]
    yield _form("nulls-not-hashed", nulls, "typed", "Null and empty are left out.")
    moved = edited(b.passport(exported_at=b.NOON), b.NOON, "2026-05-04T14:00:00.000+02:00")
    yield _form("timestamp-offset-typed", moved, "typed", "Hashed in UTC.")
    moved = edited(b.passport(exported_at="2026-05-04T12:00:00.500Z"), ".500Z", ".5z")
    yield _form("timestamp-fraction-typed", moved, "typed", "Hashed with three digits.")
    key = b.number(100)
    for name, spelled in (
        ("upper", key.upper()),
        ("plain", key.replace("-", "")),
        ("urn", f"urn:uuid:{key}"),
        ("braced", f"{{{key}}}"),
    ):
        data = edited(b.passport(), f'"{key}"', f'"{spelled}"')
        yield _form(f"uuid-{name}-typed", data, "typed", "Hashed hyphenated, in lower case.")
    upper = edited(b.passport(), '"sha256"', '"SHA256"')
    yield _form("algorithm-upper", upper, "typed", "The case of the name does not count.")
    signed = edited(b.passport(), '"signed": false', '"signed": true')
    yield _form("signed-flag", signed, "typed", "The flag is not hashed and means nothing.")
    escaped = edited(b.passport(), "Glaze batches", "\\u0047laze\\u0020batches")
    yield _form("escapes", escaped, "typed", "Another spelling of the same text.")
    yield _form("unknown-in-envelope", b.envelope(good) | {"extension": 1}, "typed", "", "bundle")
    loose = b.envelope(good) | {"payload": good}
    yield _form("payload-declared-order", loose, "typed", "Sorted for the digest.", "bundle")
    nested = b.envelope(good | {"extension": {"a": None, "n": 1.0}})
    yield _form("unknown-in-payload", nested, "typed", "The envelope covers it.", "bundle")


def _received() -> Iterator[Case]:
    """Documents whose digest is that of the values as they are written."""

    def memory(**fields: Any) -> b.Document:
        return b.passport([_one()[0] | fields])

    yield _form("confidence-integer", memory(confidence=1), "received", "Hashed as 1.")
    zeros = memory(confidence=Number("0.50"))
    yield _form("confidence-zeros", zeros, "received", "Hashed as 0.50.")
    small = memory(confidence=Number("1e-05"))
    yield _form("confidence-python", small, "received", "As Python prints 0.00001.")
    nulls = memory(agent=None, review_events=[])
    yield _form("nulls-hashed", nulls, "received", "Null and empty are hashed.")
    yield _form("unknown-hashed", memory(mood="bright"), "received", "Unknown fields are hashed.")
    times = b.passport(exported_at="2026-05-04T12:00:00.000Z")
    yield _form("timestamp-zeros", times, "received", "Hashed with its zeros.")
    times = b.passport(exported_at="2026-05-04T12:00:00+00:00")
    yield _form("timestamp-offset", times, "received", "Hashed with its offset.")
    upper = b.passport(passport_id=b.number(100).upper())
    yield _form("uuid-upper", upper, "received", "Hashed in upper case.")
    turned = b.passport([dict(reversed(entry.items())) for entry in b.plain()])
    yield _form("memory-keys-as-written", turned, "received", "Hashed in its own order.")
    short = [
        {n: v for n, v in e.items() if n not in ("archived", "evidence_count")} for e in _one()
    ]
    yield _form("defaults-absent", b.passport(short), "received", "Hashed without defaults.")
    event = b.history()["timeline"][0] | {"related_ids": [], "actor": None}
    yield _form("event-nulls", b.history(timeline=[event]), "received", "", "history")
    inside = b.envelope(times) | {"payload": times}
    yield _form(
        "payload-received", inside, "received", "The payload's, not the envelope's.", "bundle"
    )
    odd = b.passport() | {"extension": [Number("1e2"), Number("-0"), 2**64]}
    yield _form("number-as-written", b.envelope(odd), "received", "1e2 stays 1e2.", "bundle")
    again = b.envelope(b.passport() | {"extension": [100.0, -0.0, float(2**64)]})
    digest = again["integrity"]["payload_sha256"]
    loose = b.envelope(odd) | {"integrity": {"algorithm": "sha256", "payload_sha256": digest}}
    yield _form("number-reprinted", loose, "typed", "1e2 is hashed as 100.0.", "bundle")
    late = b.envelope(b.passport(), exported_at="2026-05-04T12:00:00.000000Z")
    yield _form("envelope-timestamp", late, "received", "Hashed with its zeros.", "bundle")


SNAPSHOT = {"_snapshot": {"writer": "another release", "list": [1, None]}}


def _compatible() -> Iterator[Case]:
    def later(kind: str, document: b.Document, form: str = "typed") -> Iterator[Case]:
        notes = {"n-1": "An unknown field at the top.", "n-2": "Unknown fields inside."}
        inside = document | SNAPSHOT
        for name, item in document.items():
            if name in ("runtime_contract", "provenance", "reference"):
                inside |= {name: item | SNAPSHOT}
            elif isinstance(item, list) and item and isinstance(item[0], dict):
                inside |= {name: [item[0] | SNAPSHOT, *item[1:]]}
        for release, data in (("n-1", document | SNAPSHOT), ("n-2", inside)):
            note = notes[release] + " The digest is that of the document without."
            yield Case(f"compat/{release}", "additive", kind, printed(data), form, note)

    yield from later("runtime_contract", b.contract(), "none")
    yield from later("passport", full_passport())
    yield from later("history", full_history())
    yield from later("bundle", b.envelope(full_passport()))
    yield from later("trust_catalog", b.catalog(), "none")
    data = printed(b.secret_sidecar(b.sync_peer(), "sync_peer"))
    note = "The original's scheme, before there were keys."
    for release in ("n-1", "n-2"):
        yield Case(
            f"compat/{release}",
            "sync-peer",
            "sidecar",
            data,
            "none",
            note,
            (),
            "unverified",
            artifact=PEER_FILE,
        )
    yield from _older()


def _older() -> Iterator[Case]:
    """Snapshots of writers that knew fewer fields, with the digests that a reader computes."""
    added = {"archived", "evidence_count", "content_hash"}
    for kind, document in (("passport", b.passport()), ("history", b.history())):
        memories = [
            {n: v for n, v in e.items() if n != "content_hash"} for e in document["memories"]
        ]
        filled = [
            {n: (0 if n == "evidence_count" else v) for n, v in entry.items()} for entry in memories
        ]
        sealed = b.seal(kind, document | {"memories": filled})
        bare = [{n: v for n, v in e.items() if n not in added} for e in memories]
        data = printed(sealed | {"memories": bare})
        note = "A record before flags, counts and hashes; hashed with what they read as."
        yield Case("compat/n-2", "older-record", kind, data, "typed", note)
        data = printed(b.envelope(sealed | {"memories": bare}))
        yield Case("compat/n-2", f"older-{kind}", "bundle", data, "typed", note)


def artifacts() -> Iterator[tuple[str, bytes]]:
    """Files that are no cases: what sidecars are for."""
    yield PEER_FILE, printed(b.sync_peer())
    peer = b.sync_peer() | {"endpoint": "https://elsewhere.example/sync"}
    yield "artifacts/sync-peer-moved.json", printed(peer)
    changed = full_passport()
    changed["memories"][0]["content"] += " Mostly."
    yield "artifacts/passport-tampered.json", printed(changed)
