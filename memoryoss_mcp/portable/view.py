# SPDX-License-Identifier: AGPL-3.0-only
"""What a person or a program is shown of an artifact, and what the two commands that look at an
envelope answer. The published names are those of the original; what it does not show stands beside
them.

Nothing of an artifact is believed here: a signature that is only claimed is a problem, one that
nobody has verified is said to be so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from memoryoss_mcp.model import format_time
from memoryoss_mcp.portable import lines
from memoryoss_mcp.portable.artifact import Artifact, values
from memoryoss_mcp.portable.canonical import MalformedError, ordered
from memoryoss_mcp.portable.findings import claims, warnings
from memoryoss_mcp.portable.integrity import (
    Problem,
    Verdict,
    envelope,
    outer_frame,
    typed,
    verify,
)
from memoryoss_mcp.portable.tally import Tally, tally

Trust = Mapping[str, Any]
"""What is decided about a signature: status, verified, reason, origin, catalog_id,
replacement_identity. What is missing counts as null."""
Decide = Callable[[Artifact], Trust | None]
"""Decides about the signature of an envelope; ``None`` where that cannot be done."""

TRUST_FIELDS: Final = (
    "status",
    "verified",
    "reason",
    "origin",
    "catalog_id",
    "replacement_identity",
)
BROKEN: Final = frozenset({"invalid_signature", "revoked"})
"""Trust statuses of signatures that speak against their artifact."""
MOST_SHOWN_TAGS: Final = 50

_TYPES: Final = {
    "bundle": "memory_bundle_envelope",
    "passport": "passport_bundle",
    "history": "history_bundle",
}


@dataclass(frozen=True, slots=True)
class View:
    """An artifact as it is shown. ``problems`` make it invalid; ``warnings`` are what its reader
    ought to know. ``trust`` is ``None`` where there is no signature to decide about."""

    source: str
    document: lines.Passport | lines.History
    head: lines.Envelope | None
    verdict: Verdict
    tally: Tally
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    trust: Trust | None

    @property
    def valid(self) -> bool:
        """Whether digests, envelope and the claims about a signature hold. Trust is not asked."""
        return not self.problems

    @property
    def sound(self) -> bool:
        """Whether it is valid, and its signature does not speak against it."""
        return self.valid and (self.trust is None or self.trust.get("status") not in BROKEN)

    @property
    def kind(self) -> lines.Kind:
        """What the document is."""
        return "passport" if isinstance(self.document, lines.Passport) else "history"

    @property
    def scope(self) -> str | None:
        """What a passport was selected by."""
        return self.document.scope if isinstance(self.document, lines.Passport) else None

    @property
    def signature(self) -> dict[str, Any]:
        """Who vouches for it, by its own account."""
        claimed = self.head.signature if self.head else _NO_SIGNATURE
        return {
            "scheme": claimed.scheme,
            "signer": claimed.signer,
            "signable": claimed.signable,
            "identity_kind": claimed.identity_kind,
            "signed_at": None if claimed.signed_at is None else format_time(claimed.signed_at),
            "value_present": claimed.value is not None,
            "chain": [
                f"{format_time(link.at)} {link.kind} {link.identity}" for link in claimed.chain
            ],
        }

    @property
    def published(self) -> dict[str, Any]:
        """The fields that the original shows, nulls included."""
        document, head, counts = self.document, self.head, self.tally
        passport = document if isinstance(document, lines.Passport) else None
        history = document if isinstance(document, lines.History) else None
        integrity = head.integrity if head else document.integrity
        return {
            "source_path": self.source,
            "artifact_line": (head or document).bundle_version,
            "artifact_type": _TYPES["bundle" if head else self.kind],
            "kind": self.kind,
            "namespace": (head or document).namespace,
            "scope": head.scope if head else self.scope,
            "runtime_contract_id": (
                head.runtime_contract_id if head else document.runtime_contract.contract_id
            ),
            "exported_at": format_time((head or document).exported_at),
            "memory_count": counts.memories,
            "visible_count": counts.visible,
            "root_id": history and str(history.root_id),
            "reference_uri": head and head.reference.uri,
            "attachment_name": head and head.reference.attachment_name,
            "integrity": {
                "envelope_valid": _envelope_valid(head, self.verdict),
                "nested_valid": self.verdict.nested_valid,
                "algorithm": integrity.algorithm,
                "payload_sha256": integrity.payload_sha256,
            },
            "signature": self.signature,
            "trust": _plain(self.trust, TRUST_FIELDS),
            "provenance": passport and passport.provenance.written(),
            "preview": list(counts.previews),
        }

    @property
    def bundle_preview(self) -> dict[str, Any]:
        """What the envelope is about: the published preview, what is null or empty left out.

        Raises:
            MalformedError: it is no envelope.
        """
        if self.head is None:
            raise _no_envelope(self.kind)
        document, counts = self.document, self.tally
        return _preview(
            self.head,
            memory_count=counts.memories,
            visible_count=counts.visible,
            root_id=str(document.root_id) if isinstance(document, lines.History) else None,
            integrity_valid=_envelope_valid(self.head, self.verdict),
            nested_integrity_valid=self.verdict.nested_valid,
            preview=list(counts.previews) or None,
        )

    def as_document(self) -> dict[str, Any]:
        """All of it for a program: the published fields first."""
        fields, counts, document = self.published, self.tally, self.document
        fields["integrity"] |= {
            "form": self.verdict.form,
            "nested_payload_sha256": self.verdict.payload_sha256,
        }
        history = document if isinstance(document, lines.History) else None
        shown = {
            "valid": self.valid,
            "problems": [_problem(one) for one in self.problems],
            "warnings": [_problem(one) for one in self.warnings],
            "archived_count": counts.archived,
            "counts": {
                "status": dict(counts.statuses.most_common()),
                "memory_type": dict(counts.types.most_common()),
                "tag": dict(counts.tags.most_common(MOST_SHOWN_TAGS)),
                "link": dict(counts.links.most_common()),
                "month": {month: counts.months[month].total() for month in sorted(counts.months)},
            },
            "tag_count": len(counts.tags),
            "linked_count": counts.linked,
            "outside_link_count": counts.outside,
            "reviewed_count": counts.reviewed,
            "review_event_count": counts.review_events,
            "governed_count": counts.governed,
            "span": {
                "first_created_at": _time(counts.first_created),
                "last_created_at": _time(counts.last_created),
                "last_updated_at": _time(counts.last_updated),
            },
            "edge_count": history and len(history.edges),
            "event_count": history and len(history.timeline),
        }
        if counts.listed:
            shown["memories"] = [listed.document() for listed in counts.listed]
        return fields | shown


def look(
    artifact: Artifact, source: str, *, decide: Decide | None = None, memories: int = 0
) -> View:
    """Look at a passport, a history or an envelope. ``source`` is where it was read; the first
    ``memories`` of it are listed.

    Raises:
        MalformedError: a field is missing or of a wrong type, or it holds no memories.
    """
    document, verdict = typed(artifact), verify(artifact)
    head = envelope(artifact) if artifact.shape == "bundle" else None
    claimed = tuple(claims(head.signature)) if head else ()
    counts = tally(artifact, document, memories)
    return View(
        source,
        document,
        head,
        verdict,
        counts,
        (*verdict.problems, *claimed),
        tuple(warnings(artifact, document, head, verdict, counts)),
        _trust(artifact, head, claimed, decide),
    )


def bundle_preview(artifact: Artifact) -> dict[str, Any]:
    """What an envelope is about: the published preview, what is null or empty left out.

    Raises:
        MalformedError: it is no envelope, or a field is missing or of a wrong type.
    """
    return look(artifact, "").bundle_preview


def bundle_validation(artifact: Artifact, decide: Decide | None = None) -> dict[str, Any]:
    """Whether an envelope holds: valid, preview, errors (sentences; left out if there are none),
    problems (the same with their codes) and, if somebody can ``decide``, trust. Trust does not
    count for ``valid``.

    Raises:
        MalformedError: it is no envelope.
    """
    head = _head(artifact)
    try:
        view = look(artifact, "", decide=decide)
        shown, problems, trust = view.bundle_preview, view.problems, view.trust
    except MalformedError as error:
        shown = _preview(
            head,
            memory_count=0,
            visible_count=0,
            integrity_valid=head.bundle_version == lines.BUNDLE and _outer_holds(artifact, head),
            nested_integrity_valid=False,
        )
        claimed = tuple(claims(head.signature))
        problems = (Problem(error.code, f"The payload: {error.message}"), *claimed)
        trust = _trust(artifact, head, claimed, None)
    answer: dict[str, Any] = {"valid": not problems, "preview": shown}
    if problems:
        answer["errors"] = [problem.message for problem in problems]
        answer["problems"] = [_problem(problem) for problem in problems]
    if decide is not None:
        fields, decided = (*TRUST_FIELDS, "signature"), trust or _UNSIGNED
        answer["trust"] = {name: decided[name] for name in fields if decided.get(name) is not None}
    return answer


_NO_SIGNATURE: Final = lines.EnvelopeSignature(scheme=lines.UNSIGNED, signable=False)
_UNSIGNED: Final[Trust] = {
    "status": "unsigned",
    "verified": False,
    "reason": "Nobody has signed it.",
}


def _head(artifact: Artifact) -> lines.Envelope:
    if artifact.shape != "bundle":
        raise _no_envelope(artifact.shape)
    return envelope(artifact)


def _no_envelope(kind: str) -> MalformedError:
    return MalformedError(
        f"It is a {kind.replace('_', ' ')}, no envelope.",
        field="file",
        hint="Look at it with 'memoryoss reader open'.",
    )


def _preview(head: lines.Envelope, **found: Any) -> dict[str, Any]:
    fields = {
        "bundle_id": str(head.bundle_id),
        "bundle_version": head.bundle_version,
        "kind": head.kind,
        "namespace": head.namespace,
        "scope": head.scope,
        "runtime_contract_id": head.runtime_contract_id,
        "uri": head.reference.uri,
        "attachment_name": head.reference.attachment_name,
    }
    return {name: value for name, value in (fields | found).items() if value is not None}


def _envelope_valid(head: lines.Envelope | None, verdict: Verdict) -> bool:
    return head is None or (head.bundle_version == lines.BUNDLE and verdict.outer_valid)


def _outer_holds(artifact: Artifact, head: lines.Envelope) -> bool:
    """Whether the digest of an envelope holds whose payload cannot be read."""
    if head.integrity.algorithm.lower() != lines.SHA256:
        return False
    return head.integrity.payload_sha256 in (
        outer_frame(one, artifact.document).sha256(map(ordered, values(artifact.memories)))
        for one in (head.written(), artifact.header)
    )


def _trust(
    artifact: Artifact,
    head: lines.Envelope | None,
    claimed: tuple[Problem, ...],
    decide: Decide | None,
) -> Trust | None:
    if claimed:
        reason = " ".join(problem.message for problem in claimed)
        return {"status": "invalid_signature", "verified": False, "reason": reason}
    if head is None or not head.signature.value:
        return None
    decided = decide(artifact) if decide else None
    if decided is None:
        reason = "There are no keys here that it could be compared with."
        return {"status": "verification_unavailable", "verified": False, "reason": reason}
    return decided


def _plain(trust: Trust | None, names: tuple[str, ...]) -> dict[str, Any] | None:
    return None if trust is None else {name: trust.get(name) for name in names}


def _problem(problem: Problem) -> dict[str, str]:
    return {"code": problem.code, "message": problem.message}


def _time(timestamp: int | None) -> str | None:
    return None if timestamp is None else format_time(timestamp)
