# SPDX-License-Identifier: AGPL-3.0-only
"""The kinds of connectors, and whether the user has switched one on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final

from memoryoss_mcp.config import CONNECTORS, Connectors
from memoryoss_mcp.errors import InvalidInputError, MemoryOSSError


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of connector: its name in tags and in the configuration, its name for people, and
    what its signals are about."""

    name: str
    label: str
    description: str

    @property
    def source(self) -> str:
        """The source key of everything that comes through it."""
        return f"ambient-connector:{self.name}"


class ConnectorDisabledError(MemoryOSSError):
    """A kind of connector is not switched on. Nothing was stored."""

    code: ClassVar[str] = "connector_disabled"


class RawDisabledError(MemoryOSSError):
    """Raw excerpts are not switched on. Nothing was stored."""

    code: ClassVar[str] = "connector_raw_disabled"


def find_kind(name: str) -> Kind:
    """The kind of that name, or of another name for it (``pr``, ``tickets``).

    Raises:
        InvalidInputError: there is none.
    """
    wanted = name.strip().lower()
    kind = KINDS.get(_ALIASES.get(wanted, wanted))
    if kind is None:
        raise InvalidInputError(
            f"{name[:40]!r} is not a connector.",
            field="connector",
            hint=f"Use {', '.join(KINDS)}.",
        )
    return kind


@dataclass(frozen=True, slots=True)
class Consent:
    """What the user's configuration allows, and the file to change it in."""

    connectors: Connectors
    path: Path

    def require(self, kind: Kind) -> None:
        """Refuse a kind that is not switched on.

        Raises:
            ConnectorDisabledError: it is not; nothing was read or stored.
        """
        enabled = self.connectors.enabled
        if kind.name in enabled:
            return
        names = ", ".join(f'"{name}"' for name in (*enabled, kind.name))
        raise ConnectorDisabledError(
            f"The connector {kind.name!r} is switched off; nothing was stored.",
            hint=f"To switch it on, write enabled = [{names}] under [connectors] in '{self.path}'.",
        )

    def require_raw(self) -> None:
        """Refuse raw excerpts where they are not switched on.

        Raises:
            RawDisabledError: they are not; nothing was stored.
        """
        if not self.connectors.raw:
            raise RawDisabledError(
                "Raw excerpts are switched off; nothing was stored.",
                hint=f"To allow them, write raw = true under [connectors] in '{self.path}'.",
            )


_TEXTS: Final = {
    "editor": ("Editor", "what is changed in a working tree, commits included"),
    "terminal": ("Terminal", "commands that were run and worked"),
    "browser": ("Browser", "pages that were read for the work at hand"),
    "docs": ("Docs", "passages of documents that were written or read"),
    "ticket": ("Ticket", "issues and tickets, and what was decided in them"),
    "calendar": ("Calendar", "meetings and dates that bear on the work"),
    "pull_request": ("Pull request", "proposed changes and what reviewers said of them"),
    "incident": ("Incident", "what broke, why, and how it was put right"),
}

KINDS: Final[Mapping[str, Kind]] = {name: Kind(name, *_TEXTS[name]) for name in CONNECTORS}
"""All kinds by name, in the order in which they are listed."""

_ALIASES: Final = {
    "tickets": "ticket",
    "pull-request": "pull_request",
    "pr": "pull_request",
    "incidents": "incident",
}
