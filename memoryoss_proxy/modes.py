# SPDX-License-Identifier: AGPL-3.0-only
"""What memory may do for a request: recall and store, recall only, only what is new, nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, TypeVar

from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.model.clock import parse_time
from memoryoss_proxy.headers import RawHeaders, values

if TYPE_CHECKING:
    from memoryoss_proxy.settings import Settings

MODE_HEADER: Final = "X-Memory-Mode"
AFTER_HEADER: Final = "X-Memory-After"
BYPASS_HEADER: Final = "X-Memory-Bypass"
CONFIRM_HEADER: Final = "X-Memory-Policy-Confirm"


class ModeKind(StrEnum):
    """The four modes."""

    FULL = "full"
    READONLY = "readonly"
    AFTER = "after"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Mode:
    """What memory may do for one request. ``after``, in nanoseconds since the epoch, is given for
    ``ModeKind.AFTER`` and for no other: only what was created then or later is recalled."""

    kind: ModeKind
    after: int | None = None

    @property
    def recalls(self) -> bool:
        """Whether memories may be injected."""
        return self.kind is not ModeKind.OFF

    @property
    def stores(self) -> bool:
        """Whether facts may be extracted and kept."""
        return self.kind in (ModeKind.FULL, ModeKind.AFTER)


_NAMES: Final = {
    "full": ModeKind.FULL,
    "readonly": ModeKind.READONLY,
    "read-only": ModeKind.READONLY,
    "read_only": ModeKind.READONLY,
    "ro": ModeKind.READONLY,
    "after": ModeKind.AFTER,
    "off": ModeKind.OFF,
    "none": ModeKind.OFF,
    "disabled": ModeKind.OFF,
}
_SWITCH: Final = {
    **dict.fromkeys(("1", "true", "yes"), True),
    **dict.fromkeys(("0", "false", "no"), False),
}

_Value = TypeVar("_Value")


def memory_mode(headers: RawHeaders, settings: Settings) -> Mode:
    """The mode of a request: ``X-Memory-Bypass``, else ``X-Memory-Mode``, else the configured one.

    With ``allow_client_memory_control = false`` the three headers have no effect at all, whatever
    they hold.

    Raises:
        InvalidInputError: a value is unknown, a date is wrong, missing or given for a mode that has
            none, or a header is there twice with different values. Never taken for ``full``.
    """
    default = settings.default_mode
    if not settings.proxy.allow_client_memory_control:
        return default
    bypass = _one(headers, BYPASS_HEADER, _parse_switch)
    named = _one(headers, MODE_HEADER, parse_kind)
    after = _one(headers, AFTER_HEADER, _parse_after)
    kind = ModeKind.OFF if bypass else named or default.kind
    if kind is ModeKind.OFF:
        return Mode(kind)
    if kind is ModeKind.AFTER:
        since = after if after is not None else settings.memory_after
        if since is None:
            raise InvalidInputError(
                f"The memory mode 'after' needs a date in {AFTER_HEADER}.",
                field=AFTER_HEADER,
                hint="Send a date (2026-03-31) or RFC 3339 (2026-03-31T09:00:00Z).",
            )
        return Mode(kind, since)
    if after is not None:
        raise InvalidInputError(
            f"{AFTER_HEADER} has no meaning in the memory mode {kind.value!r}.",
            field=AFTER_HEADER,
            hint=f"Send {MODE_HEADER}: after, too.",
        )
    return Mode(kind)


def confirms(headers: RawHeaders) -> bool:
    """Whether a request confirms what a policy asks a confirmation for.

    Raises:
        InvalidInputError: the value is unknown, or there are two different ones.
    """
    return bool(_one(headers, CONFIRM_HEADER, _parse_confirmation))


def parse_kind(text: str) -> ModeKind:
    """The mode of that name, in any case.

    Raises:
        InvalidInputError: there is none.
    """
    kind = _NAMES.get(text.strip().lower())
    if kind is None:
        raise InvalidInputError(
            f"{text[:40]!r} is not a memory mode.",
            field=MODE_HEADER,
            hint=f"Use one of {', '.join(ModeKind)}.",
        )
    return kind


def _parse_switch(text: str) -> bool:
    value = _SWITCH.get(text.lower())
    if value is None:
        raise InvalidInputError(
            f"{text[:40]!r} is not a value of {BYPASS_HEADER}.",
            field=BYPASS_HEADER,
            hint="Use true or false.",
        )
    return value


def _parse_confirmation(text: str) -> bool:
    value = True if text.lower() == "confirm" else _SWITCH.get(text.lower())
    if value is None:
        raise InvalidInputError(
            f"{text[:40]!r} is not a value of {CONFIRM_HEADER}.",
            field=CONFIRM_HEADER,
            hint="Use true or false.",
        )
    return value


def _parse_after(text: str) -> int:
    return parse_time(text, field=AFTER_HEADER)


def _one(headers: RawHeaders, name: str, parse: Callable[[str], _Value]) -> _Value | None:
    """What all fields of that name say alike."""
    said = [parse(value.decode("latin-1")) for value in values(headers, name.lower().encode())]
    if any(value != said[0] for value in said):
        raise InvalidInputError(
            f"{name} is there more than once with different values.",
            field=name,
            hint="Send it once.",
        )
    return said[0] if said else None
