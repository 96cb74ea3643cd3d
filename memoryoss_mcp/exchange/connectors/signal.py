# SPDX-License-Identifier: AGPL-3.0-only
"""A signal: what a program has noticed, where it noticed it, and the candidate that it becomes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.exchange.connectors import arguments
from memoryoss_mcp.exchange.connectors.kinds import KINDS, Kind
from memoryoss_mcp.model import Draft, Origin, Status
from memoryoss_mcp.screen.secrets import redact

CAPTURE_TAG: Final = "ambient-capture"
CLIENT_TAG: Final = "client:ambient_mesh"
LONGEST_REF: Final = 48
"""Characters of a source reference in a tag."""

_JOINTS: Final = ":/#._-"


@dataclass(frozen=True, slots=True)
class Signal:
    """One thing that was noticed.

    ``source_ref`` is where (a file, a page, a number), ``raw`` an excerpt as it was found, which is
    kept only where the user allows it. ``redacted`` are the kinds of secrets that are gone from the
    texts already.
    """

    kind: Kind
    summary: str
    evidence: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    source_ref: str | None = None
    raw: str | None = None
    redacted: tuple[str, ...] = ()

    @property
    def content(self) -> str:
        """The signal as the text of a memory."""
        text = f"{self.kind.label} signal: {self.summary.strip()}"
        evidence = [item.strip() for item in self.evidence if item.strip()]
        if evidence:
            text += f" Evidence: {' | '.join(evidence)}"
        if self.raw is not None and self.raw.strip():
            text += f"\n\nRaw excerpt:\n{self.raw.rstrip()}"
        return text

    @property
    def provenance(self) -> tuple[str, ...]:
        """The tags that say where it is from, the same for every kind."""
        tags = (CAPTURE_TAG, f"connector:{self.kind.name}", CLIENT_TAG)
        slug = reference_slug(self.source_ref or "")
        return (*tags, f"source_ref:{slug}") if slug else tags

    def draft(self, namespace: str, client: str | None) -> Draft:
        """The candidate, its provenance before the tags of whoever sent it.

        Raises:
            InvalidInputError: it says nothing.
        """
        if not self.summary.strip():
            raise InvalidInputError(
                "The summary is empty.", field="summary", hint="Say in a sentence what happened."
            )
        return Draft(
            content=self.content,
            namespace=namespace,
            tags=_unique((*self.provenance, *self.tags)),
            origin=Origin.CONNECTOR,
            client=client,
            source_key=self.kind.source,
            status=Status.CANDIDATE,
        )

    def without_secrets(self) -> Signal:
        """The signal with ``[redacted:<kind>]`` where a secret was. The words around it stay.

        Tags stay as they are: a secret in one is refused when the memory is screened.
        """
        kinds = list(self.redacted)

        def clean(text: str) -> str:
            if self.kind is KINDS["terminal"]:
                text, found = arguments.without_secrets(text)
                kinds.extend(found)
            redacted = redact(text)
            kinds.extend(secret.kind for secret in redacted.found)
            return redacted.text

        return replace(
            self,
            summary=clean(self.summary),
            evidence=tuple(clean(item) for item in self.evidence),
            source_ref=None if self.source_ref is None else clean(self.source_ref),
            raw=None if self.raw is None else clean(self.raw),
            redacted=tuple(kinds),
        )


def reference_slug(text: str) -> str:
    """A source reference as the value of a tag: letters and digits in lower case, each run of
    ``: / # . _ -`` one ``_``, everything else left out; at most :data:`LONGEST_REF` characters."""
    slug: list[str] = []
    for char in text.lower():
        if char.isalnum():
            slug.append(char)
        elif char in _JOINTS and slug[-1:] != ["_"]:
            slug.append("_")
    return "".join(slug)[:LONGEST_REF].strip("_")


def _unique(tags: Iterable[str]) -> tuple[str, ...]:
    """The tags in their order, of those that differ in case only the first."""
    kept: dict[str, str] = {}
    for tag in tags:
        kept.setdefault(tag.strip().casefold(), tag)
    return tuple(kept.values())
