# SPDX-License-Identifier: AGPL-3.0-only
"""The trust fabric of an installation: its own keys, the registry in its store, and what follows
from both for a signature."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from memoryoss_mcp.errors import NotFoundError
from memoryoss_mcp.model import format_time, now
from memoryoss_mcp.portable.trust import catalog, importing, legacy, registry, signature
from memoryoss_mcp.portable.trust.decision import (
    TrustDecision,
    TrustError,
    TrustStatus,
)
from memoryoss_mcp.portable.trust.identity import (
    Kind,
    check_text,
    host_label,
    identity_id,
    is_keyed,
)
from memoryoss_mcp.portable.trust.importing import Import
from memoryoss_mcp.portable.trust.judging import judge
from memoryoss_mcp.portable.trust.keys import OwnKeys
from memoryoss_mcp.portable.trust.registry import Standing
from memoryoss_mcp.portable.trust.signature import ARTIFACT, CATALOG, Link, Signature
from memoryoss_mcp.store.fabric import HERE, Edit, Identity, Issued, RegistryFile, Rows, Rule
from memoryoss_mcp.store.fabric import Catalog as CatalogRow

if TYPE_CHECKING:
    from memoryoss_mcp.store.store import Store

CATALOG_LABEL: Final = "Identities known to an installation"
MILLISECONDS: Final = 1_000_000


class Fabric:
    """Signs, decides about signatures, and keeps the registry. Thread-safe.

    ``keys_dir`` is the folder of keys and ``hmac_secret`` the secret of an installation of the
    original. Each part may be missing: without a ``store`` nobody is known but this installation,
    without a folder it has no identity, without the secret nothing of the original can be verified.
    Deciding and listing write nothing.
    """

    def __init__(
        self,
        store: Store | RegistryFile | None,
        keys_dir: Path | None,
        hmac_secret: str | None = None,
    ) -> None:
        self._store = store
        self._keys = OwnKeys(keys_dir)
        self._secret = hmac_secret or None

    # Looking ------------------------------------------------------------------------------

    def identities(self) -> tuple[Standing, ...]:
        """Every identity of which anything is known, by id."""
        return registry.standings(self._rows(), self._keys.has)

    def identity(self, identity: str) -> Standing:
        """How an identity stands.

        Raises:
            NotFoundError: nothing is known of it.
        """
        found = self._standing(identity)
        if not found.known and found.revocation is None:
            raise NotFoundError(f"No identity {identity[:80]} is known here.")
        return found

    def catalogs(self) -> tuple[CatalogRow, ...]:
        """The catalogs that were imported, by id."""
        return self._rows(()).catalogs

    def decide(
        self, document: object, *, subject: str, content: str, domain: str = ARTIFACT
    ) -> TrustDecision:
        """What is to be thought of a signature: the object as it was received, or ``None`` if there
        is none. ``subject`` and ``content`` are the digests of what it is for; see
        :mod:`memoryoss_mcp.portable.trust.signature`. The scheme of the original knows no content:
        it vouches for what its subject covers, and for nothing else."""
        try:
            found = signature.read(document)
        except signature.SignatureError as error:
            return TrustDecision(TrustStatus.INVALID, error.message)
        if found is None:
            return TrustDecision(TrustStatus.UNSIGNED, "Nothing is signed.")
        return judge(
            found,
            self._standing(found.identity),
            secret=self._secret,
            subject=subject,
            content=content,
            domain=domain,
        )

    def device_id(self) -> str | None:
        """The id of this installation; ``None`` as long as it has no key."""
        return self._keys.device_id()

    # Signing ------------------------------------------------------------------------------

    def own_device(self) -> Standing:
        """The identity of this installation; its key is made if there is none yet.

        Raises:
            VaultError: the key cannot be used.
        """
        return self._standing(identity_id(Kind.DEVICE, self._keys.device().public_key))

    def sign(
        self,
        identity: str | None = None,
        *,
        subject: str,
        content: str,
        at: str | None = None,
        previous_chain: Sequence[Link] = (),
        domain: str = ARTIFACT,
    ) -> Signature:
        """Sign a document with one of this installation's identities, by default its own.

        ``at`` is RFC 3339, by default now. ``previous_chain`` are the links of those who signed the
        same content before. Links of the original, which cannot be verified, are left out.

        Raises:
            TrustError: the identity is revoked, or its key is not here.
            SignatureError: a link does not hold for this content.
            VaultError: the key cannot be used.
        """
        found = self.own_device() if identity is None else self.identity(identity)
        if found.revocation is not None:
            raise TrustError(f"{found.id} is revoked. Nothing was signed.")
        if not found.own:
            raise TrustError(f"The key of {found.id} is not here. Nothing was signed.")
        signed = signature.sign(
            self._keys.signer(found.id),
            found.id,
            found.kind,
            subject=subject,
            content=content,
            at=at or format_time(now()),
            chain=tuple(link for link in previous_chain if link.value is not None),
            domain=domain,
        )
        if found.id == self._keys.device_id():
            self._keep_device()
        return signed

    def sign_legacy(self, identity: str, *, subject: str, at: str | None = None) -> Signature:
        """Sign as the original does, for readers that know nothing else.

        Raises:
            TrustError: there is no secret, or the identity is revoked or belongs to a key.
        """
        found = self.identity(identity)
        if self._secret is None:
            raise TrustError(
                "There is no secret to sign with as the original does. Nothing was signed.",
                hint="Set MEMORYOSS_AUDIT_HMAC_SECRET to that of its installation.",
            )
        if found.revocation is not None or found.public_key is not None or not found.vouched:
            raise TrustError(
                f"{identity} is revoked, has a key, or is not registered here. Nothing was signed."
            )
        time = at or format_time(now())
        return legacy.sign(self._secret, identity, found.kind, subject=subject, at=time)

    # The registry -------------------------------------------------------------------------

    def register_own(self, kind: Kind, label: str) -> Standing:
        """Make a new identity with a key of its own.

        Raises:
            InvalidInputError, VaultError: nothing was registered.
        """
        check_text(label, "label")
        self._registry()
        return self._register(kind, label, self._keys.make().public_key)

    def register_key(self, kind: Kind, label: str, public_key: bytes) -> Standing:
        """Register the identity of somebody else by its public key (32 bytes). One that is
        registered already gets the label.

        Raises:
            InvalidInputError: nothing was registered.
        """
        return self._register(kind, check_text(label, "label"), public_key)

    def register_name(self, identity: str, kind: Kind, label: str) -> Standing:
        """Register an identity of the original, which has a name and no key.

        Raises:
            InvalidInputError: it is no name, or one that belongs to a key.
            TrustError: it is registered for another kind.
        """
        check_text(label, "label")
        if is_keyed(check_text(identity, "id")):
            raise TrustError(f"{identity} belongs to a key; register that. Nothing was changed.")
        self._edit(lambda rows: registry.register(rows, identity, kind, label, None))
        return self.identity(identity)

    def label(self, identity: str, label: str) -> Standing:
        """Give an identity that is one of this installation, or registered here, another label.

        Raises:
            NotFoundError: nothing is known of it.
            TrustError: it is known in another way.
            InvalidInputError: it is no label. Nothing was changed in any case.
        """
        check_text(label, "label")
        found = self._standing(identity)
        if found.own:
            return self._register(found.kind, label, self._keys.signer(identity).public_key)
        self._edit(lambda rows: registry.relabel(rows, identity, label, self._keys.has))
        return self.identity(identity)

    def pin(self, identity: str) -> Standing:
        """Pin an identity and its key: it stays known whatever becomes of catalogs.

        Raises:
            NotFoundError: nothing is known of it.
            TrustError: it has no key.
        """
        self._edit(lambda rows: registry.pin(rows, identity, self._keys.has))
        return self.identity(identity)

    def unpin(self, identity: str) -> bool:
        """Take a pin away; whether there was one."""
        return bool(self._edit(lambda rows: registry.unpin(rows, identity)))

    def revoke(self, identity: str, reason: str, replacement: str | None = None) -> Standing:
        """Trust no signature of an identity any more, whenever it was made.

        Raises:
            NotFoundError: it, or its replacement, is not known here.
            TrustError: the replacement is revoked itself.
        """
        check_text(reason, "reason")
        self._edit(
            lambda rows: registry.revoke(rows, identity, reason, replacement, self._keys.has)
        )
        return self._standing(identity)

    def restore(self, identity: str) -> Standing:
        """Trust an identity again that was revoked, whatever catalogs say of it.

        Raises:
            NotFoundError: nothing is known of it.
        """
        self._edit(lambda rows: registry.restore(rows, identity, self._keys.has))
        return self._standing(identity)

    # Catalogs -----------------------------------------------------------------------------

    def export_catalog(
        self, catalog_id: str | None = None, label: str = CATALOG_LABEL
    ) -> dict[str, Any]:
        """Everything that is known here, signed by this installation. Each export of a catalog has
        a larger sequence than the one before.

        Raises:
            TrustError: the identity of this installation is revoked.
            InvalidInputError, VaultError: nothing was exported.
        """
        device = self.own_device()
        if device.revocation is not None:
            raise TrustError(f"{device.id} is revoked. Nothing was exported.")
        key = check_text(catalog_id or f"catalog:{device.id.partition(':')[2]}", "catalog_id")
        check_text(label, "label")
        self._keep_device()
        issued = self._edit(lambda rows: _issue(rows, key))
        [number] = [row for row in issued[0].add if isinstance(row, Issued)]
        document = catalog.write(key, label, number.sequence, number.issued_at, self._rows())
        signed = self.sign(
            subject=catalog.subject(key),
            content=catalog.content(document),
            at=document["exported_at"],
            domain=CATALOG,
        )
        return document | {"signature": signed.sidecar()}

    def import_catalog(
        self, document: Mapping[str, Any], *, accept: str | None = None, dry_run: bool = False
    ) -> Import:
        """Take over the identities and revocations of a catalog. ``accept`` accepts a signer that
        nobody here has vouched for: its id, or the 32 digits of its fingerprint.

        Raises:
            InvalidInputError: it is no catalog.
            TrustError: it may not be imported; nothing was changed. A dry run tells why instead.
        """
        found = catalog.read(document)
        if dry_run:
            planned, _ = importing.plan(found, self._rows(), self._keys.has, accept)
            return replace(planned, dry_run=True)
        done: list[Import] = []

        def rule(rows: Rows) -> tuple[Edit, ...]:
            planned, edit = importing.plan(found, rows, self._keys.has, accept)
            if planned.refusal is not None:
                raise TrustError(
                    f"The catalog was not imported. {planned.refusal} Nothing was changed.",
                    hint=planned.remedy,
                )
            done[:] = [planned]
            return (edit,)

        self._edit(rule)
        return done[0]

    # Inside -------------------------------------------------------------------------------

    def _standing(self, identity: str) -> Standing:
        return registry.standing(self._rows((identity,)), identity, self._keys.has)

    def _register(self, kind: Kind, label: str, public_key: bytes) -> Standing:
        identity = identity_id(kind, public_key)
        self._edit(lambda rows: registry.register(rows, identity, kind, label, public_key))
        return self.identity(identity)

    def _rows(self, ids: Sequence[str] | None = None) -> Rows:
        return self._with_device(Rows() if self._store is None else self._store.registry(ids))

    def _with_device(self, rows: Rows) -> Rows:
        """The rows with one for this installation, should it not be registered yet."""
        device = self._keys.device_id()
        if device is None or any((r.id, r.catalog) == (device, HERE) for r in rows.identities):
            return rows
        row = Identity(
            device,
            HERE,
            Kind.DEVICE,
            host_label(),
            self._keys.device().public_key,
            self._keys.device_since(),
        )
        return replace(rows, identities=(row, *rows.identities))

    def _keep_device(self) -> None:
        """Register this installation, so that what it signs stays known when its key is lost."""
        if self._store is None or isinstance(self._store, RegistryFile):
            return
        device = self.own_device()
        if any(row.catalog == HERE for row in self._store.registry((device.id,)).identities):
            return
        self._store.edit_registry(
            lambda rows: registry.register(
                rows, device.id, Kind.DEVICE, device.label, device.public_key
            )
        )

    def _registry(self) -> Store:
        if self._store is None or isinstance(self._store, RegistryFile):
            raise TrustError("There is no memory file that keeps a registry. Nothing was changed.")
        return self._store

    def _edit(self, rule: Rule) -> tuple[Edit, ...]:
        return self._registry().edit_registry(lambda rows: rule(self._with_device(rows)))


def _issue(rows: Rows, catalog_id: str) -> tuple[Edit, ...]:
    """The next number of a catalog. It grows even if the memory file of the last one was lost."""
    last = next((row.sequence for row in rows.issued if row.catalog == catalog_id), 0)
    moment = now()
    row = Issued(catalog_id, max(last + 1, moment // MILLISECONDS), moment)
    return (Edit("trust_export", catalog_id, (row,), version=row.sequence),)
