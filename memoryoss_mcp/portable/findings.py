# SPDX-License-Identifier: AGPL-3.0-only
"""What is found about an artifact beyond its digests: claims about a signature that do not fit
together, and what its reader ought to know though it is valid."""

from __future__ import annotations

from collections.abc import Iterator

from memoryoss_mcp.portable import lines
from memoryoss_mcp.portable.artifact import Artifact
from memoryoss_mcp.portable.integrity import Problem, Verdict
from memoryoss_mcp.portable.records import EXTENSION
from memoryoss_mcp.portable.tally import Tally


def claims(signature: lines.EnvelopeSignature) -> Iterator[Problem]:
    """What does not fit together of what an envelope says about its signature."""
    scheme = signature.scheme
    claimed = {
        "scheme": None if scheme == lines.UNSIGNED else scheme,
        "signer": signature.signer,
        "identity_kind": signature.identity_kind,
        "signed_at": signature.signed_at,
        "public_key": signature.public_key,
        "chain": signature.chain or None,
    }
    names = [name for name, value in claimed.items() if value is not None]
    if not signature.value:
        if names or signature.value is not None:
            yield Problem(
                "signature_stripped",
                f"It says that it is signed ({', '.join(names)}), and there is no signature.",
            )
        return
    if scheme == lines.UNSIGNED:
        yield Problem("signature_inconsistent", "It says that it is unsigned, and has a signature.")
    missing = {"signer", "identity_kind", "signed_at"}.difference(names)
    if missing:
        yield Problem("signature_incomplete", f"Its signature lacks {', '.join(sorted(missing))}.")
    last = signature.chain[-1] if signature.chain else None
    if last and (last.identity, last.kind) != (signature.signer, signature.identity_kind):
        yield Problem(
            "signature_inconsistent", "The last link of its chain is not that of its signer."
        )


def warnings(
    artifact: Artifact,
    document: lines.Passport | lines.History,
    head: lines.Envelope | None,
    verdict: Verdict,
    counts: Tally,
) -> Iterator[Problem]:
    """What does not make an artifact invalid, and its reader ought to know."""
    if isinstance(document, lines.Passport) and document.integrity.signed:
        yield Problem(
            "signed_flag", "The passport says that it is signed; that says nothing by itself."
        )
    if counts.wrong_hashes:
        yield Problem(
            "content_hash_mismatch",
            f"Memories whose content_hash is not that of their text: {counts.wrong_hashes}.",
        )
    if counts.repeated_ids:
        yield Problem(
            "repeated_id", f"Memories with an id that was there before: {counts.repeated_ids}."
        )
    if counts.root_missing:
        yield Problem("root_missing", "The root of the history is not among its memories.")
    unknown = sorted(artifact.document.keys() - _names(document) - {EXTENSION})
    unknown += [f"memories[].{name}" for name in counts.unknown_fields]
    if head is not None:
        unknown += [f"envelope.{name}" for name in artifact.header.keys() - _names(head)]
    if unknown:
        # The digest in the received form covers what is inside a memory, and nothing else of them.
        covered = verdict.form == "received" or (head is not None and verdict.outer_valid)
        which = "not all of them are covered" if covered else "they are not covered"
        yield Problem(
            "unknown_fields",
            f"It has fields that this program does not know ({', '.join(unknown)}); "
            f"{which} by its digest.",
        )


def _names(line: lines.Line) -> set[str]:
    return set(type(line).model_fields)
