# SPDX-License-Identifier: AGPL-3.0-only
"""What an import of a catalog would take over, what it would leave out, and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from memoryoss_mcp.model import format_time, now
from memoryoss_mcp.portable.trust.catalog import Catalog
from memoryoss_mcp.portable.trust.identity import belongs, is_keyed
from memoryoss_mcp.portable.trust.registry import Owns, apart, standing
from memoryoss_mcp.portable.trust.signature import (
    CATALOG,
    ED25519,
    Signature,
    SignatureError,
    check,
    read,
)
from memoryoss_mcp.store.fabric import HERE, Edit, Identity, Revocation, Row, Rows
from memoryoss_mcp.store.fabric import Catalog as CatalogRow

Action = Literal["add", "update", "keep", "skip", "remove"]


@dataclass(frozen=True, slots=True)
class Item:
    """What becomes of one entry; ``reason`` says why, where that is not plain."""

    what: Literal["identity", "revocation"]
    id: str
    action: Action
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Import:
    """What an import does, or would do. ``refusal`` is why nothing may be imported, ``None`` if it
    may, and ``remedy`` what would help then; ``signer`` who signed the catalog, ``None`` for one of
    the original."""

    catalog_id: str
    label: str
    signer: str | None
    sequence: int
    exported_at: int
    items: tuple[Item, ...]
    refusal: str | None = None
    remedy: str | None = None
    dry_run: bool = False

    def count(self, what: str, *actions: str) -> int:
        """How many entries of a kind have one of some actions."""
        return sum(1 for item in self.items if item.what == what and item.action in actions)

    def document(self) -> dict[str, Any]:
        """The report as JSON."""
        return {
            "catalog": {
                "catalog_id": self.catalog_id,
                "label": self.label,
                "signer": self.signer,
                "sequence": self.sequence,
                "exported_at": format_time(self.exported_at),
                "identity_count": self.count("identity", "add", "update", "keep"),
                "revocation_count": self.count("revocation", "add", "keep"),
            },
            "dry_run": self.dry_run,
            "refusal": self.refusal,
            "remedy": self.remedy,
            "imported_identities": self.count("identity", "add", "update"),
            "imported_revocations": self.count("revocation", "add"),
            "skipped": self.count("identity", "skip") + self.count("revocation", "skip"),
            "items": [
                {"what": item.what, "id": item.id, "action": item.action, "reason": item.reason}
                for item in self.items
            ],
        }


def plan(catalog: Catalog, rows: Rows, owns: Owns, accept: str | None) -> tuple[Import, Edit]:
    """What an import would do over the present rows, and the edit that does it. ``accept`` is the
    signer that is accepted although nobody here has vouched for it: its id, or the 32 digits of its
    fingerprint."""
    signer, refused = None, None
    try:
        signature = _verified(catalog)
        signer = None if signature is None else signature.identity
        refused = _refused(catalog, signer, rows, owns, accept)
    except SignatureError as error:
        message = f"The signature of the catalog does not hold: {error.message}"
        refused = _Refused(message, "Get it again from who made it, by another way.")
    keyed = signer is not None
    add: list[Row] = [
        CatalogRow(catalog.id, catalog.label, signer, catalog.sequence, catalog.exported_at, now())
    ]
    remove: list[Row] = []
    items: list[Item] = []
    parts, nothing = apart(rows), Rows()
    judged = [
        *(
            _judge_identity(row, parts.get(row.id, nothing), owns, keyed)
            for row in catalog.identities
        ),
        *(
            _judge_revocation(row, parts.get(row.id, nothing), owns, keyed)
            for row in catalog.revocations
        ),
    ]
    entries: tuple[Row, ...] = (*catalog.identities, *catalog.revocations)
    for row, item in zip(entries, judged, strict=True):
        items.append(item)
        if item.action in ("add", "update"):
            add.append(row)
    for row, item in _left_out(catalog, rows):
        items.append(item)
        if item.action == "remove":
            remove.append(row)
    done = Import(
        catalog_id=catalog.id,
        label=catalog.label,
        signer=signer,
        sequence=catalog.sequence,
        exported_at=catalog.exported_at,
        items=tuple(items),
        refusal=None if refused is None else refused.reason,
        remedy=None if refused is None else refused.remedy,
    )
    edit = Edit("trust_import", catalog.id, tuple(add), tuple(remove), catalog.sequence)
    return done, edit


def _verified(catalog: Catalog) -> Signature | None:
    signature = read(catalog.signature)
    if signature is None:
        return None
    if signature.scheme != ED25519:
        raise SignatureError("A catalog is signed with a key.")
    check(signature, catalog.subject, catalog.content, CATALOG)
    return signature


class _Refused(NamedTuple):
    """Why a catalog may not be imported, and what would help."""

    reason: str
    remedy: str


def _refused(
    catalog: Catalog, signer: str | None, rows: Rows, owns: Owns, accept: str | None
) -> _Refused | None:
    before = next((row for row in rows.catalogs if row.id == catalog.id), None)
    known = None if before is None else before.signer
    if accept is not None and not _is_called(signer, accept):
        by = "nobody" if signer is None else signer
        return _Refused(
            f"It is not signed by {accept[:80]}.",
            f"It is signed by {by}: ask who made it which of the two is right.",
        )
    if known is not None and (signer is None or signer not in (known, _successor(rows, known))):
        return _Refused(
            f"Its versions before were signed by {known}.",
            "If that key was replaced, register the new one and say so: memoryoss trust revoke "
            f"{known} --reason TEXT --replacement {signer or 'ID'}",
        )
    if signer is not None:
        found = standing(rows, signer, owns)
        if found.revocation is not None:
            return _Refused(
                f"Its signer {signer} is revoked.",
                "Get one that another identity of theirs has signed. If the revocation was a "
                f"mistake: memoryoss trust restore {signer}",
            )
        if known is None and accept is None and not found.vouched:
            return _Refused(
                f"Nobody here has vouched for its signer {signer}.",
                f"Compare that id with its owner, then accept it: --accept {signer}",
            )
    if before is not None and _is_older(catalog, before):
        return _Refused(
            "A newer version of it was imported before.",
            "Nothing is to be done; what it says now is in a new export of it.",
        )
    return None


def _is_called(signer: str | None, accept: str) -> bool:
    return signer is not None and accept in (signer, signer.partition(":")[2])


def _successor(rows: Rows, signer: str) -> str | None:
    """Who was named here as the replacement of a signer."""
    found = (row for row in rows.revocations if (row.id, row.catalog) == (signer, HERE))
    return next((row.replacement for row in found), None)


def _is_older(catalog: Catalog, before: CatalogRow) -> bool:
    if catalog.signature is None:
        return catalog.exported_at < before.exported_at
    return catalog.sequence < before.sequence


def _judge_identity(row: Identity, said: Rows, owns: Owns, keyed: bool) -> Item:
    def item(action: Action, reason: str = "") -> Item:
        return Item("identity", row.id, action, reason)

    if row.public_key is not None and not keyed:
        return item("skip", "an unsigned catalog cannot vouch for a key")
    if row.public_key is None and is_keyed(row.id):
        return item("skip", "its key is missing")
    if row.public_key is not None and not belongs(row.id, row.kind, row.public_key):
        return item("skip", "the id does not belong to the key")
    if owns(row.id):
        return item("skip", "it is one of this installation")
    others = said.identities
    if any(other.catalog == HERE for other in others):
        return item("skip", "it is registered here")
    if any(other.catalog != row.catalog and other.kind != row.kind for other in others):
        return item("skip", "another catalog has the name for another kind")
    if row in others:
        return item("keep")
    return item("update" if any(other.catalog == row.catalog for other in others) else "add")


def _judge_revocation(row: Revocation, said: Rows, owns: Owns, keyed: bool) -> Item:
    def item(action: Action, reason: str = "") -> Item:
        return Item("revocation", row.id, action, reason)

    if is_keyed(row.id) and not keyed:
        return item("skip", "an unsigned catalog cannot speak of a key")
    if owns(row.id):
        return item("skip", "it is one of this installation")
    if said.restorations:
        return item("skip", "it was restored here")
    others = said.revocations
    if any(other.catalog == HERE for other in others):
        return item("skip", "it was revoked here")
    return item("keep" if any(other.catalog == row.catalog for other in others) else "add")


def _left_out(catalog: Catalog, rows: Rows) -> Iterator[tuple[Row, Item]]:
    """What the catalog said before and does not say any more: its identities go, its revocations
    stay."""
    named = {row.id for row in catalog.identities}
    revoked = {row.id for row in catalog.revocations}
    for row in rows.identities:
        if row.catalog == catalog.id and row.id not in named:
            yield row, Item("identity", row.id, "remove", "the catalog does not name it any more")
    for revocation in rows.revocations:
        if revocation.catalog == catalog.id and revocation.id not in revoked:
            reason = "the catalog does not say so any more; revocations stay"
            yield revocation, Item("revocation", revocation.id, "keep", reason)
