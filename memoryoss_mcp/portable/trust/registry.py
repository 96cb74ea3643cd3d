# SPDX-License-Identifier: AGPL-3.0-only
"""What follows from the rows of the registry, and what may be changed in it.

A revocation is sticky: what was revoked here stays so until it is restored here, and what a catalog
revoked stays so even when a later version of it says nothing any more. What was restored here stays
good whatever catalogs say, until it is revoked here again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from memoryoss_mcp.errors import NotFoundError
from memoryoss_mcp.model import now
from memoryoss_mcp.portable.trust.decision import TrustError, TrustOrigin
from memoryoss_mcp.portable.trust.identity import Kind, is_keyed, registration
from memoryoss_mcp.store.fabric import (
    HERE,
    Edit,
    Identity,
    Pin,
    Restoration,
    Revocation,
    Row,
    Rows,
)

Owns = Callable[[str], bool]
"""Whether an identity is one of this installation."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of an identity here. ``origin`` is why it is known; ``catalog_id`` the catalog
    that names it, if any does; ``own`` says whether its private key is here."""

    id: str
    kind: Kind
    label: str
    public_key: bytes | None
    registered_at: int
    origin: TrustOrigin
    catalog_id: str | None = None
    own: bool = False
    pinned: bool = False
    revocation: Revocation | None = None

    @property
    def known(self) -> bool:
        """Whether anything but a revocation is known of it."""
        return self.origin is not TrustOrigin.UNKNOWN

    @property
    def vouched(self) -> bool:
        """Whether somebody here, not only a catalog, has vouched for it."""
        return self.own or self.origin in (TrustOrigin.LOCAL, TrustOrigin.PIN)


def standing(rows: Rows, identity: str, owns: Owns) -> Standing:
    """How an identity stands; one of which nothing is known has the origin ``UNKNOWN``."""
    named = [row for row in rows.identities if row.id == identity]  # what was registered here first
    pin = next((row for row in rows.pins if row.id == identity), None)
    own = owns(identity)
    first = named[0] if named else None
    catalog = next((row.catalog for row in named if row.catalog != HERE), None)
    if pin is not None:
        origin = TrustOrigin.PIN
    elif own or (first is not None and first.catalog == HERE):
        origin = TrustOrigin.LOCAL
    else:
        origin = TrustOrigin.UNKNOWN if first is None else TrustOrigin.CATALOG
    kind = identity.partition(":")[0] if first is None else first.kind
    return Standing(
        id=identity,
        kind=Kind(kind) if kind in tuple(Kind) else Kind.DEVICE,
        label="" if first is None else first.label,
        public_key=first.public_key if first else pin.public_key if pin else None,
        registered_at=first.registered_at if first else pin.pinned_at if pin else 0,
        origin=origin,
        catalog_id=catalog,
        own=own,
        pinned=pin is not None,
        revocation=_revocation(rows, identity),
    )


def standings(rows: Rows, owns: Owns) -> tuple[Standing, ...]:
    """How all identities stand, by id."""
    parts = apart(rows)
    return tuple(standing(part, one, owns) for one, part in sorted(parts.items()))


def register(
    rows: Rows, identity: str, kind: Kind, label: str, public_key: bytes | None
) -> Sequence[Edit]:
    """Register an identity, or give one that is registered another label."""
    present = next((r for r in rows.identities if (r.id, r.catalog) == (identity, HERE)), None)
    if present is not None and present.kind != kind:  # only names of the original can differ
        raise TrustError(f"{identity} is registered as {present.kind}. Nothing was changed.")
    row = Identity(identity, HERE, kind, label, public_key, now())
    if present is not None:
        row = replace(row, registered_at=present.registered_at)
    return () if row == present else (Edit("trust_register", identity, (row,)),)


def relabel(rows: Rows, identity: str, label: str, owns: Owns) -> Sequence[Edit]:
    """Give an identity that is registered here another label. One that only a catalog or a pin
    vouches for gets none: to register it would be more than to name it."""
    row = next((r for r in rows.identities if (r.id, r.catalog) == (identity, HERE)), None)
    if row is not None:
        return register(rows, identity, Kind(row.kind), label, row.public_key)
    found = _known(rows, identity, owns)
    hint = None
    if found.public_key is not None:
        command = registration(found.kind, label, found.public_key.hex())
        hint = f"To vouch for it yourself, under that label: {command}"
    raise TrustError(
        f"{identity} is not registered here: a catalog or a pin vouches for it. "
        "Nothing was changed.",
        hint=hint,
    )


def pin(rows: Rows, identity: str, owns: Owns) -> Sequence[Edit]:
    """Pin a known identity and its key."""
    found = _known(rows, identity, owns)
    if found.public_key is None:
        raise TrustError(f"{identity} has no key that could be pinned. Nothing was changed.")
    if found.pinned:
        return ()
    return (Edit("trust_pin", identity, (Pin(identity, found.public_key, now()),)),)


def unpin(rows: Rows, identity: str) -> Sequence[Edit]:
    """Take a pin away, if there is one."""
    pins = tuple(row for row in rows.pins if row.id == identity)
    return (Edit("trust_unpin", identity, remove=pins),) if pins else ()


def revoke(
    rows: Rows, identity: str, reason: str, replacement: str | None, owns: Owns
) -> Sequence[Edit]:
    """Revoke an identity here; ``replacement`` signs in its place."""
    found = standing(rows, identity, owns)
    if not found.known and found.revocation is None:
        raise _unknown(identity)
    if replacement is not None:
        other = _known(rows, replacement, owns)
        if replacement == identity or other.revocation is not None:
            raise TrustError(
                f"{replacement} cannot replace {identity}: it is revoked itself, or the same."
                " Nothing was changed."
            )
    restored = tuple(row for row in rows.restorations if row.id == identity)
    row = Revocation(identity, HERE, found.kind, reason, now(), replacement)
    return (Edit("trust_revoke", identity, (row,), restored),)


def restore(rows: Rows, identity: str, owns: Owns) -> Sequence[Edit]:
    """Make a revoked identity good again here, against whatever catalogs say."""
    found = standing(rows, identity, owns)
    if not found.known and found.revocation is None:
        raise _unknown(identity)
    if found.revocation is None:
        return ()
    here: tuple[Row, ...] = tuple(
        row for row in rows.revocations if (row.id, row.catalog) == (identity, HERE)
    )
    return (Edit("trust_restore", identity, (Restoration(identity, now()),), here),)


def effective_revocations(rows: Rows) -> tuple[Revocation, ...]:
    """The revocations that hold, one for an identity, by id."""
    found = (_revocation(part, one) for one, part in sorted(apart(rows).items()))
    return tuple(row for row in found if row is not None)


def apart(rows: Rows) -> dict[str, Rows]:
    """What is said of each identity."""
    found: dict[str, tuple[list[Any], ...]] = defaultdict(lambda: ([], [], [], []))
    kinds: tuple[tuple[Any, ...], ...] = (
        rows.identities,
        rows.revocations,
        rows.restorations,
        rows.pins,
    )
    for place, kind in enumerate(kinds):
        for row in kind:
            found[row.id][place].append(row)
    return {one: Rows(*map(tuple, parts)) for one, parts in found.items()}


def _revocation(rows: Rows, identity: str) -> Revocation | None:
    """That of here, else, unless it was restored here, the first of a catalog."""
    found = sorted(
        (row for row in rows.revocations if row.id == identity),
        key=lambda row: (row.catalog != HERE, row.revoked_at, row.catalog),
    )
    restored = any(row.id == identity for row in rows.restorations)
    if not found or (restored and found[0].catalog != HERE):
        return None
    return found[0]


def _known(rows: Rows, identity: str, owns: Owns) -> Standing:
    found = standing(rows, identity, owns)
    if not found.known:
        raise _unknown(identity)
    return found


def _unknown(identity: str) -> NotFoundError:
    hint = "Register its public key" if is_keyed(identity) else "Register it"
    return NotFoundError(
        f"No identity {identity[:80]} is known here. Nothing was changed.",
        hint=f"{hint}, or import a catalog that names it.",
    )
