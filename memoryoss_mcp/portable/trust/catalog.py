# SPDX-License-Identifier: AGPL-3.0-only
"""Catalogs: who one installation knows, signed, for others to import.

A catalog has a ``sequence`` that grows with each export. An import replaces what the same catalog
said before, with the exceptions that :mod:`memoryoss_mcp.portable.trust.registry` names. Whatever
is not taken over is reported. A catalog of the original is unsigned: it can bring names, no keys.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.model import format_time, parse_time
from memoryoss_mcp.portable.canonical import ordered, sha256
from memoryoss_mcp.portable.trust.identity import check_text, parse_key, parse_kind
from memoryoss_mcp.portable.trust.registry import effective_revocations
from memoryoss_mcp.portable.trust.signature import check_time
from memoryoss_mcp.store.fabric import HERE, Identity, Revocation, Rows

NAMED: Final = 10
"""Identities of a catalog that an error names."""
MOST_SEQUENCE: Final = 2**53 - 1
"""The largest number that every JSON reader keeps."""


@dataclass(frozen=True, slots=True)
class Catalog:
    """A catalog as it was received, what it lists as rows that name it. ``sequence`` is 0 for one
    of the original. ``content`` is the digest of everything but its signature."""

    id: str
    label: str
    exported_at: int
    sequence: int
    identities: tuple[Identity, ...]
    revocations: tuple[Revocation, ...]
    signature: object
    content: str

    @property
    def subject(self) -> str:
        """What a signature of a catalog is for."""
        return subject(self.id)


def subject(catalog_id: str) -> str:
    """What a signature of a catalog is for."""
    return f"trust_catalog:{catalog_id}"


def content(document: Mapping[str, Any]) -> str:
    """The digest of everything in a catalog but its signature."""
    return sha256(ordered({name: document[name] for name in document if name != "signature"}))


def read(document: object) -> Catalog:
    """The catalog in a document.

    Raises:
        InvalidInputError: it is none.
    """
    fields = _object(document, "catalog")
    signature = fields.get("signature")
    key = check_text(_text(fields, "catalog_id"), "catalog_id")
    sequence = fields.get("sequence", None if signature is not None else 0)
    if type(sequence) is not int or not 0 <= sequence <= MOST_SEQUENCE:
        raise _wrong("sequence", "a whole number")
    identities = tuple(_identity(entry, key) for entry in _list(fields, "identities"))
    revocations = tuple(_revocation(entry, key) for entry in _list(fields, "revocations"))
    for rows in (identities, revocations):
        if len({row.id for row in rows}) != len(rows):
            raise InvalidInputError("The catalog names an identity twice.", field="file")
    return Catalog(
        id=key,
        label=check_text(_text(fields, "label"), "label"),
        exported_at=_time(fields, "exported_at"),
        sequence=sequence,
        identities=identities,
        revocations=revocations,
        signature=signature,
        content=content(fields),
    )


def identity_with_key(document: Mapping[str, Any], wanted: str | None) -> Mapping[str, Any]:
    """The one entry with a public key of a catalog, as it stands there; of several the one with the
    id that is ``wanted``.

    Raises:
        InvalidInputError: there is none, or nobody says which.
    """
    found = [
        entry
        for entry in _list(document, "identities")
        if isinstance(entry, Mapping) and isinstance(entry.get("public_key"), str)
    ]
    if not found:
        raise InvalidInputError("There is no public key in the catalog.", field="public_key")
    chosen = [entry for entry in found if wanted is None or entry.get("id") == wanted]
    if len(chosen) == 1:
        return chosen[0]
    names = [f"{entry.get('id')} ({entry.get('label')})"[:120] for entry in found[:NAMED]]
    more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
    problem = "several public keys" if wanted is None else f"no public key of {wanted[:80]}"
    raise InvalidInputError(
        f"The catalog has {problem}: there are {', '.join(names)}{more}.",
        field="public_key",
        hint="Say with its id whose it is: memoryoss trust register ID --public-key FILE",
    )


def write(
    catalog_id: str, label: str, sequence: int, exported_at: int, rows: Rows
) -> dict[str, Any]:
    """The document, without its signature, of everything that is known here."""
    named: dict[str, Identity] = {}
    for row in rows.identities:  # what was registered here first
        named.setdefault(row.id, row)
    for pin in rows.pins:
        kind = pin.id.partition(":")[0]
        pinned = Identity(pin.id, HERE, kind, pin.id, pin.public_key, pin.pinned_at)
        named.setdefault(pin.id, pinned)
    revoked = {row.id: row for row in effective_revocations(rows)}
    rotated = {one: row.replacement for one, row in revoked.items()}
    return {
        "catalog_id": catalog_id,
        "label": label,
        "exported_at": format_time(exported_at),
        "sequence": sequence,
        "identities": [
            _identity_document(row, rotated.get(one)) for one, row in sorted(named.items())
        ],
        "revocations": [_revocation_document(row) for row in revoked.values()],
    }


def _identity_document(row: Identity, replacement: str | None) -> dict[str, Any]:
    fields: dict[str, Any] = {"id": row.id, "kind": row.kind, "label": row.label}
    if row.public_key is not None:
        fields["public_key"] = row.public_key.hex()
    fields["registered_at"] = format_time(row.registered_at)
    fields |= _source(row.catalog)
    return fields | ({"rotated_to": replacement} if replacement else {})


def _revocation_document(row: Revocation) -> dict[str, Any]:
    fields = {
        "id": row.id,
        "kind": row.kind,
        "reason": row.reason,
        "revoked_at": format_time(row.revoked_at),
    } | _source(row.catalog)
    return fields | ({"replacement_identity": row.replacement} if row.replacement else {})


def _source(catalog: str) -> dict[str, str]:
    return (
        {"source": "local"}
        if catalog == HERE
        else {
            "source": "catalog",
            "source_catalog": catalog,
        }
    )


def _identity(entry: object, catalog: str) -> Identity:
    fields = _object(entry, "identity")
    key = fields.get("public_key")
    if key is not None and not isinstance(key, str):
        raise _wrong("public_key", "a text")
    return Identity(
        id=check_text(_text(fields, "id"), "id"),
        catalog=catalog,
        kind=parse_kind(_text(fields, "kind")),
        label=check_text(_text(fields, "label"), "label"),
        public_key=None if key is None else parse_key(key),
        registered_at=_time(fields, "registered_at"),
    )


def _revocation(entry: object, catalog: str) -> Revocation:
    fields = _object(entry, "revocation")
    replacement = fields.get("replacement_identity")
    if replacement is not None:
        replacement = check_text(_text(fields, "replacement_identity"), "replacement_identity")
    return Revocation(
        id=check_text(_text(fields, "id"), "id"),
        catalog=catalog,
        kind=parse_kind(_text(fields, "kind")),
        reason=check_text(_text(fields, "reason"), "reason"),
        revoked_at=_time(fields, "revoked_at"),
        replacement=replacement,
    )


def _object(value: object, name: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise _wrong(name, "an object")
    return value


def _list(fields: Mapping[str, Any], name: str) -> Sequence[object]:
    value = fields.get(name, [])
    if not isinstance(value, list):
        raise _wrong(name, "a list")
    return value


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str):
        raise _wrong(name, "a text")
    return value


def _time(fields: Mapping[str, Any], name: str) -> int:
    return parse_time(check_time(_text(fields, name), name))


def _wrong(name: str, what: str) -> InvalidInputError:
    return InvalidInputError(f"In the catalog, {name} has to be {what}.", field="file")
