# SPDX-License-Identifier: AGPL-3.0-only
"""Cases that every reader has to refuse, with what is wrong with each. Those of signatures are in
forged.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import builders as b
from accepted import full_history, full_passport
from canonical_json import Number, ordered, sha256
from case import Case, dense, edited, printed

MALFORMED = "malformed_document"


def cases() -> Iterator[Case]:
    """All of them."""
    yield from _texts()
    yield from _shapes()
    yield from _times_and_ids()
    yield from _digests()
    yield from _versions()
    yield from _envelopes()


def malformed(name: str, data: Any, reason: str, note: str = "", kind: str = "passport") -> Case:
    """A document that cannot be read, for a ``reason`` of README.md."""
    data = data if isinstance(data, bytes) else printed(data)
    return Case("invalid", name, kind, data, "none", note, (MALFORMED,), reason=reason)


def _wrong(
    name: str,
    data: Any,
    *errors: str,
    kind: str = "passport",
    form: str = "none",
    note: str = "",
) -> Case:
    data = data if isinstance(data, bytes) else printed(data)
    return Case("invalid", name, kind, data, form, note, tuple(sorted(errors)))


def _texts() -> Iterator[Case]:
    """Bytes that are no JSON, or that two readers could understand differently."""
    good = b.passport()
    text = printed(good)
    tag = '"glaze"'
    yield malformed("empty", b"", "syntax")
    yield malformed("truncated", text[: len(text) // 2], "syntax")
    yield malformed("last-brace-missing", text.rstrip()[:-1], "syntax")
    yield malformed("trailing-garbage", text + b"x", "syntax")
    yield malformed("two-documents", text + text, "syntax")
    yield malformed("trailing-comma", edited(good, tag, f"{tag},"), "syntax")
    yield malformed("comment", b"// a passport\n" + text, "syntax")
    yield malformed("bom", b"\xef\xbb\xbf" + text, "bom")
    yield malformed("utf-16", text.decode().encode("utf-16-le"), "syntax", "NUL is no space.")
    yield malformed("latin-1", text.replace(b"Glaze", b"Glas\xfcr"), "encoding")
    yield malformed("overlong-utf-8", text.replace(b"Glaze", b"Gl\xc1\xa1ze"), "encoding")
    yield malformed("surrogate-bytes", text.replace(b"Glaze", b"\xed\xa0\x80"), "encoding")
    yield malformed("control-character", text.replace(b"Glaze", b"Gl\x01ze"), "syntax")
    yield malformed("surrogate-high", edited(good, tag, '"\\ud83e"'), "surrogate")
    yield malformed("surrogate-low", edited(good, tag, '"\\udded\\ud83e"'), "surrogate")
    extra = '"extension": {"\\udfff": 1}, "scope"'
    yield malformed("surrogate-in-key", edited(good, '"scope"', extra), "surrogate")
    twice = edited(good, '"namespace": "pottery",', '"namespace": "a", "namespace": "pottery",')
    yield malformed("duplicate-key", twice, "duplicate_key")
    twice = edited(good, '"glaze"\n      ],', '"glaze"\n      ], "\\u0074ags": [],')
    yield malformed("duplicate-key-escaped", twice, "duplicate_key", "Another spelling of tags.")
    twice = edited(good, '"scope"', '"extension": {"a": 1, "a": 1}, "scope"')
    yield malformed("duplicate-key-unknown", twice, "duplicate_key", "In an unknown field.")
    for name, word, reason in (
        ("nan", "NaN", "syntax"),
        ("infinity", "-Infinity", "syntax"),
        ("number-plus", "+1", "syntax"),
        ("number-leading-zero", "01", "syntax"),
        ("number-no-fraction", "1.", "syntax"),
        ("number-hexadecimal", "0x1", "syntax"),
        ("number-overflow", "1e400", "number_range"),
        ("integer-overflow", "9" * 400, "number_range"),
    ):
        confident = b.passport([b.memory(1, "Sure.", confidence=Number(word))])
        yield malformed(name, confident, reason)
    unknown = dense(good | {"extension": Number("1e400")})
    yield malformed("number-overflow-unknown", unknown, "number_range", "In an unknown field.")
    for name, levels in (("nesting-129", 128), ("nesting-deep", 20_000)):
        lists = b'"extension":' + b"[" * levels + b"]" * levels
        yield malformed(name, dense(good)[:-1] + b"," + lists + b"}", "nesting")


def _one(**fields: Any) -> b.Document:
    return b.passport([b.memory(1, "The studio opens at nine.") | fields])


def _shapes() -> Iterator[Case]:
    """JSON that is not of the shape of its line. The digests are those of the values."""
    for name in ("content", "tags", "memory_type", "status", "version", "created_at"):
        memory = b.memory(1, "The studio opens at nine.")
        del memory[name]
        yield malformed(f"missing-{name}", b.passport([memory]), "missing_field")
    for kind, document, names in (
        ("passport", b.passport(), ("bundle_version", "provenance", "integrity", "memories")),
        ("history", b.history(), ("root_id", "edges", "timeline")),
        ("bundle", b.envelope(b.passport()), ("reference", "signature", "payload")),
        ("runtime_contract", b.contract(), ("known_gaps", "version")),
        ("trust_catalog", b.catalog(), ("catalog_id", "exported_at")),
        ("sidecar", b.sidecar(b.sync_peer(), "sync_peer", "mara"), ("value", "identity")),
    ):
        for name in names:
            without = {field: item for field, item in document.items() if field != name}
            yield malformed(f"missing-{name}", without, "missing_field", kind=kind)
    yield malformed("list", [b.passport()], "wrong_type")
    for name, document in (
        ("content-number", _one(content=1)),
        ("tags-string", _one(tags="glaze")),
        ("tags-number", _one(tags=[1])),
        ("tags-null", _one(tags=None)),
        ("links-null", _one(derived_from=None)),
        ("archived-string", _one(archived="false")),
        ("archived-number", _one(archived=0)),
        ("confidence-string", _one(confidence="0.5")),
        ("version-string", _one(version="1")),
        ("version-boolean", _one(version=True)),
        ("version-float", _one(version=Number("1.0"))),
        ("version-exponent", _one(version=Number("1e0"))),
        ("review-event-list", _one(review_events=[[]])),
        ("timestamp-number", b.passport(exported_at=1777896000)),
        ("memories-object", b.passport() | {"memories": {}}),
    ):
        yield malformed(name, document, "wrong_type")
    for name, document in (
        ("version-negative", _one(version=-1)),
        ("version-too-large", _one(version=2**64)),
        ("evidence-too-large", _one(evidence_count=2**32)),
    ):
        yield malformed(name, document, "number_range")
    event = {"at": b.NOON, "actor": "mara", "action": "confirm", "via": "review_queue"}
    for name, document in (
        ("status", _one(status="deleted")),
        ("status-case", _one(status="Active")),
        ("memory-type", _one(memory_type="fact")),
        ("scope", b.passport(scope="everything")),
        ("review-action", _one(review_events=[event | {"action": "merge"}])),
        ("queue-kind", _one(review_events=[event | {"queue_kind": "archived"}])),
    ):
        yield malformed(f"unknown-{name}", document, "unknown_value")
    edge = {"from": b.number(1), "to": b.number(1), "kind": "replaces"}
    event = b.history()["timeline"][0] | {"kind": "deleted"}
    layers = [b.contract()["experimental_layers"][0] | {"excluded_from_contract": "true"}]
    gaps = [b.contract()["known_gaps"][0] | {"status": "someday"}]
    for kind, name, document, reason in (
        ("history", "unknown-edge", b.history(edges=[edge]), "unknown_value"),
        ("history", "unknown-event", b.history(timeline=[event]), "unknown_value"),
        ("runtime_contract", "unknown-status", b.contract(known_gaps=gaps), "unknown_value"),
        ("runtime_contract", "not-boolean", b.contract(experimental_layers=layers), "wrong_type"),
        ("bundle", "unknown-kind", b.envelope(b.passport(), kind="export"), "unknown_value"),
        ("bundle", "payload-string", b.envelope(b.passport()) | {"payload": "{}"}, "wrong_type"),
        ("bundle", "payload-empty", b.envelope(b.passport()) | {"payload": {}}, "missing_field"),
        ("history", "is-a-passport", b.passport(), "missing_field"),
        ("passport", "is-a-bundle", b.envelope(b.passport()), "missing_field"),
        ("bundle", "is-a-history", b.history(), "missing_field"),
    ):
        yield malformed(name, document, reason, kind=kind)


def _times_and_ids() -> Iterator[Case]:
    for name, text in (
        ("no-offset", "2026-05-04T12:00:00"),
        ("date", "2026-05-04"),
        ("month", "2026-13-04T12:00:00Z"),
        ("no-such-day", "2025-02-29T12:00:00Z"),
        ("hour", "2026-05-04T24:00:00Z"),
        ("second", "2026-05-04T12:00:61Z"),
        ("offset", "2026-05-04T12:00:00+24:00"),
        ("offset-compact", "2026-05-04T12:00:00+0200"),
        ("empty-fraction", "2026-05-04T12:00:00.Z"),
        ("comma", "2026-05-04T12:00:00,5Z"),
        ("basic", "20260504T120000Z"),
        ("space-around", " 2026-05-04T12:00:00Z "),
        ("other-digits", "２０２６-05-04T12:00:00Z"),
        ("words", "yesterday"),
    ):
        document = b.passport(exported_at=text)
        yield malformed(f"timestamp-{name}", document, "invalid_timestamp")
    key = b.number(1)
    for name, text in (
        ("short", key[:-1]),
        ("not-hexadecimal", f"{key[:-1]}g"),
        ("half-braced", f"{{{key}"),
        ("hyphens", key.replace("-", "", 1)),
        ("space-around", f" {key} "),
        ("empty", ""),
    ):
        yield malformed(f"uuid-{name}", _one(id=text), "invalid_uuid")
    yield malformed("uuid-in-links", _one(derived_from=["first"]), "invalid_uuid")


def _digests() -> Iterator[Case]:
    """Documents that are not what their digests say."""
    wrong = "integrity_mismatch"
    good = full_passport()
    changes = (
        ("content", '"Glaze batches are', '"Glaze batches were'),
        ("status", '"status": "contested"', '"status": "active"'),
        ("tag", '"glaze"', '"glazes"'),
        ("namespace", '"namespace": "pottery",', '"namespace": "pottery2",'),
        ("exported-at", b.NOON, "2026-05-04T12:00:01Z"),
        ("scope", '"scope": "project",', '"scope": "team",'),
        ("passport-id", b.number(100), b.number(101)),
        ("confidence", "0.625", "0.6250001"),
        ("key", "00112233445566aa", "00112233445566ab"),
        ("timestamp-digit", "11:30:00.123456789Z", "11:30:00.123456780Z"),
    )
    for name, old, new in changes:
        data = printed(good).decode()
        place = data.index(old)
        yield _wrong(
            f"tampered-{name}", (data[:place] + new + data[place + len(old) :]).encode(), wrong
        )
    entries = good["memories"]
    for name, memories in (
        ("memory-dropped", entries[1:]),
        ("memory-added", [*entries, b.memory(9, "Nothing here was exported.")]),
        ("memories-reordered", entries[::-1]),
        ("flag-set", [entries[0] | {"archived": True}, *entries[1:]]),
        ("tags-reordered", [*entries[:2], entries[2] | {"tags": entries[2]["tags"][::-1]}]),
    ):
        yield _wrong(name, good | {"memories": memories}, wrong)
    stored = good["integrity"]["payload_sha256"]
    covered = {n: item for n, item in good.items() if n != "integrity"}
    for name, value, note in (
        ("hash-upper", stored.upper(), "Hashes are written in lower case."),
        ("hash-short", stored[:-1], ""),
        ("hash-prefixed", f"sha256:{stored}", ""),
        ("hash-empty", "", ""),
        ("hash-sorted", sha256(ordered(covered)), "Of sorted keys, as in an envelope."),
        ("hash-whole", sha256(good), "Of everything, the digest included."),
        ("hash-pretty", b.digest(printed(covered).decode()), "Of the bytes of a file."),
    ):
        integrity = good["integrity"] | {"payload_sha256": value}
        yield _wrong(name, good | {"integrity": integrity}, wrong, note=note)
    for name in ("sha-256", "md5", "SHA3-256", ""):
        integrity = good["integrity"] | {"algorithm": name}
        label = f"algorithm-{name.lower() or 'empty'}"
        yield _wrong(label, good | {"integrity": integrity}, "unsupported_algorithm")
    inside = [entries[0] | {"mood": "bright"}, *entries[1:]]
    moved = b.seal("passport", good | {"memories": [ordered(entry) for entry in inside]})
    yield _wrong(
        "unknown-rehashed-moved",
        moved | {"memories": inside},
        wrong,
        note="An unknown field was hashed in another place than where it stands.",
    )
    story = full_history()
    for name, part in (
        ("edge-dropped", {"edges": story["edges"][1:]}),
        ("edge-turned", {"edges": [_turned(story["edges"][0]), *story["edges"][1:]]}),
        ("event-dropped", {"timeline": story["timeline"][:-1]}),
        ("timeline-reordered", {"timeline": story["timeline"][::-1]}),
        ("root-moved", {"root_id": b.number(11)}),
    ):
        yield _wrong(name, story | part, wrong, kind="history")


def _turned(edge: b.Document) -> b.Document:
    return edge | {"from": edge["to"], "to": edge["from"]}


def _versions() -> Iterator[Case]:
    """Other lines, with digests that hold."""
    for kind, document in (
        ("passport", b.passport(bundle_version="memoryoss.passport.v1alpha2")),
        ("history", b.history(bundle_version="memoryoss.history.v2")),
        ("bundle", b.envelope(b.passport(), bundle_version="memoryoss.bundle.v1beta1")),
    ):
        document = b.seal_envelope(document) if kind == "bundle" else document
        yield _wrong("other-version", document, "unsupported_version", kind=kind, form="typed")
    crossed = b.passport(bundle_version="memoryoss.history.v1alpha1")
    yield _wrong("version-of-history", crossed, "unsupported_version", form="typed")
    other = _foreign_contract()
    for kind, document in (
        ("passport", b.passport(runtime_contract=other)),
        ("history", b.history(runtime_contract=other)),
    ):
        yield _wrong("other-contract", document, "unsupported_contract", kind=kind, form="typed")
    document = b.contract(contract_id="memoryoss.runtime.v2")
    yield _wrong("other-contract", document, "unsupported_contract", kind="runtime_contract")


def _foreign_contract() -> b.Document:
    return b.contract_reference() | {"contract_id": "memoryoss.runtime.v2"}


def _envelopes() -> Iterator[Case]:
    """Envelopes that say of their payload what is not true, or whose digests do not hold."""
    payload = b.passport()
    good = b.envelope(payload)

    def bundle(name: str, document: Any, *errors: str, form: str = "none", note: str = "") -> Case:
        return _wrong(name, document, *errors, kind="bundle", form=form, note=note)

    other = b.seal_envelope(good | {"payload": b.passport(full_passport()["memories"])})
    stale = good | {"payload": other["payload"]}
    yield bundle("payload-replaced", stale, "envelope_mismatch")
    edited_payload = payload | {"namespace": "pottery", "memories": payload["memories"][::-1]}
    inside = b.seal_envelope(good | {"payload": edited_payload})
    yield bundle(
        "payload-tampered", inside, "integrity_mismatch", note="The envelope was sealed again."
    )
    yield bundle(
        "both-stale", good | {"payload": edited_payload}, "envelope_mismatch", "integrity_mismatch"
    )
    said = "metadata_mismatch"
    reference = good["reference"]
    name = reference["attachment_name"]
    for field, part in (
        ("namespace", {"namespace": "bakery"}),
        ("scope", {"scope": "all"}),
        ("bundle_id", {"bundle_id": b.number(101)}),
        ("exported_at", {"exported_at": "2026-05-04T12:00:01Z"}),
        ("kind", {"kind": "history"}),
        ("uri", {"reference": reference | {"uri": reference["uri"] + "&x=1"}}),
        ("attachment", {"reference": reference | {"attachment_name": f"../{name}"}}),
    ):
        document = b.seal_envelope(good | part)
        yield bundle(f"other-{field.replace('_', '-')}", document, said, form="typed")
        yield bundle(f"unsealed-{field.replace('_', '-')}", good | part, said, "envelope_mismatch")
    bare = b.seal_envelope({n: v for n, v in good.items() if n != "scope"})
    yield bundle("scope-missing", bare, said, form="typed")
    story = b.seal_envelope(b.envelope(b.history()) | {"scope": "all"})
    yield bundle("scope-of-history", story, said, form="typed")
    foreign = b.seal_envelope(good | {"runtime_contract_id": "memoryoss.runtime.v2"})
    yield bundle("other-contract-id", foreign, said, form="typed")
    outside = b.envelope(b.passport(runtime_contract=_foreign_contract()))
    outside = b.seal_envelope(outside | {"runtime_contract_id": "memoryoss.runtime.v2"})
    yield bundle("other-contract", outside, "unsupported_contract", form="typed")
    integrity = good["integrity"]
    upper = integrity | {"payload_sha256": integrity["payload_sha256"].upper()}
    yield bundle("hash-upper", good | {"integrity": upper}, "envelope_mismatch")
    named = integrity | {"algorithm": "sha-256"}
    yield bundle("algorithm", good | {"integrity": named}, "unsupported_algorithm")
    nested = integrity | {"payload_sha256": payload["integrity"]["payload_sha256"]}
    yield bundle("hash-of-payload", good | {"integrity": nested}, "envelope_mismatch")
