# SPDX-License-Identifier: AGPL-3.0-only
"""Risky actions in the calls of tools: shell commands and SQL in their arguments, and what the name
of a tool says that it does."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from typing import Any, Final

from memoryoss_mcp.policy import commands, objects, sql, things
from memoryoss_mcp.policy.actions import LONGEST_MATCH, RiskyAction
from memoryoss_mcp.policy.clauses import folded
from memoryoss_mcp.policy.kinds import Kind
from memoryoss_mcp.policy.scope import scope
from memoryoss_mcp.text.stopwords import word_set

LONGEST: Final = 1_000_000
"""Characters of the arguments of a call that are looked at."""
MOST_VALUES: Final = 400
_DEEPEST: Final = 12

_SHELL_TOOLS: Final = word_set(
    "bash shell terminal exec execute run command cmd powershell process script sh"
)
_SHELL_KEYS: Final = word_set("command cmd commands script shell bash code_to_run input args argv")
_SQL_KEYS: Final = word_set("sql query statement statements queries")
_SQL_TOOLS: Final = word_set("sql database db query postgres mysql sqlite bigquery snowflake")
_READS: Final = word_set(
    "get list read search find describe show view fetch check count query status lookup explain "
    "plan preview validate diff log logs"
)
_WRITES: Final = word_set("write edit create update replace insert patch apply_patch str add")
_VERBS: Final[dict[str, Kind]] = {
    **dict.fromkeys(
        [
            "delete",
            "remove",
            "drop",
            "destroy",
            "purge",
            "wipe",
            "truncate",
            "erase",
            "terminate",
            "uninstall",
        ],
        Kind.DELETE,
    ),
    **dict.fromkeys(
        ["deploy", "release", "publish", "promote", "rollout", "ship", "redeploy"], Kind.DEPLOY
    ),
    **dict.fromkeys(
        ["send", "upload", "share", "export", "post", "email", "publish", "forward"],
        Kind.EXFILTRATE,
    ),
    **dict.fromkeys(["bypass", "skip", "disable", "override", "dismiss", "ignore"], Kind.OVERRIDE),
}
_NAME_PART: Final = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
_EDITED: Final = word_set(
    "file line text element node label comment reaction item cell tag key todo"
)
_OUTSIDE_TOOLS: Final = word_set(
    "gist email mail slack discord telegram paste pastebin tweet message"
)


def risky_calls(name: str, arguments: str) -> tuple[RiskyAction, ...]:
    """The risky actions of one call of a tool: its name, and its arguments as JSON or plain text.

    ``source`` of each is the name; start and end are places in ``arguments`` (both 0 where the
    words do not stand there as they are). Of longer arguments the first :data:`LONGEST` characters
    count.
    """
    text = arguments[:LONGEST]
    values = list(_values(text))
    found: dict[tuple[Kind, str], RiskyAction] = {}
    for action in (*_in_values(name, values, text), *_by_name(name, values)):
        found.setdefault((action.kind, action.words), action)
    return tuple(found.values())


def _values(text: str) -> Iterator[tuple[str, Any]]:
    """Keys and values of arguments; what is no JSON is one value without a key."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        # Also arguments that were cut: what is there of a command is looked at all the same.
        pairs = _PAIR.findall(text)
        yield from [(key, _unescaped(value)) for key, value in pairs] or [("", text)]
        return
    left = MOST_VALUES
    waiting: list[tuple[str, Any, int]] = [("", document, 0)]
    while waiting and left:
        key, value, depth = waiting.pop()
        left -= 1
        if isinstance(value, dict) and depth < _DEEPEST:
            waiting += [(str(k), v, depth + 1) for k, v in value.items()]
        elif isinstance(value, list) and depth < _DEEPEST:
            if value and all(isinstance(part, str) for part in value):
                yield key, shlex.join(value)
            else:
                waiting += [(key, part, depth + 1) for part in value]
        else:
            yield key, value


_PAIR: Final = re.compile(r'"(\w{1,64})"\s*:\s*"((?:[^"\\]|\\.)*)')


def _unescaped(value: str) -> str:
    try:
        return str(json.loads(f'"{value}"'))
    except ValueError:
        return value


def _parts(name: str) -> list[str]:
    return [part.lower() for part in _NAME_PART.findall(name)]


def _in_values(name: str, values: list[tuple[str, Any]], arguments: str) -> Iterator[RiskyAction]:
    parts = set(_parts(name))
    runs = not parts.isdisjoint(_SHELL_TOOLS)
    asks = not parts.isdisjoint(_SQL_TOOLS)
    for key, value in values:
        if not isinstance(value, str):
            continue
        label = folded(key)
        if label in _SHELL_KEYS or (runs and not key):
            if not parts.isdisjoint(_WRITES) and label not in ("command", "cmd"):
                continue
            for command in commands.classify(value):
                yield _action(name, command.kind, command.words, command.objects, arguments)
        stated = (label in _SQL_KEYS or asks) and sql.is_sql(value)
        if stated and sql.destroys_data(value):
            words = re.findall(r"[^\W\d_]+", value.lower())
            yield _action(name, Kind.DELETE, value.strip(), ("database", *words), arguments)


def _action(
    name: str, kind: Kind, words: str, named: tuple[str, ...], arguments: str
) -> RiskyAction:
    aims, places, everything = scope(named)
    shown = words[:LONGEST_MATCH]
    start = max(0, arguments.find(shown))
    end = start + len(shown) if arguments.startswith(shown, start) else start
    return RiskyAction(kind, shown, start, end, aims, places, everything, name)


def _names_secret(words: list[str]) -> bool:
    return objects.is_secret([objects.Phrase("", ()), objects.Phrase("", tuple(words))], "en")


def _by_name(name: str, values: list[tuple[str, Any]]) -> Iterator[RiskyAction]:
    """What the name of a tool says: ``delete_branch``, ``mergePullRequest`` with rights that go
    round the rules."""
    # Behind the last double underscore or dot: what stands before names the server.
    parts = _parts(re.split(r"__|[./:]", name)[-1])
    if not parts or parts[0] in _READS:
        return
    # Names of files may be keys.
    told = [text for key, value in values for text in (key, value) if isinstance(text, str)]
    texts = [folded(text) for text in told]
    words = [word for text in texts for word in re.findall(r"[^\W\d_]+", text)]
    flags = {folded(key) for key, value in values if value is True}
    kind = next((_VERBS[part] for part in parts[:2] if part in _VERBS), None)
    risky = False
    if kind is Kind.DELETE:
        named = [part for part in parts if things.concept(part, "data") and part not in _EDITED]
        risky = bool(named) or "recursive" in flags
    elif kind is Kind.DEPLOY:
        risky = "message" not in parts and "event" not in parts
    elif kind is Kind.EXFILTRATE:
        risky = _names_secret(words) or any(map(commands.names_secret, told))
    elif kind is Kind.OVERRIDE:
        risky = any(things.concept(part, "safeguard") for part in parts)
    elif "merge" in parts and flags & {"admin", "bypass", "force", "override"}:
        kind, risky = Kind.OVERRIDE, True
    elif not _OUTSIDE_TOOLS.isdisjoint(parts) and parts[0] in ("create", "new", "add"):
        kind = Kind.EXFILTRATE
        risky = _names_secret(words) or any(map(commands.names_secret, told))
    if kind is not None and risky:
        aims, places, everything = scope([*parts, *words[:60]])
        yield RiskyAction(kind, name[:LONGEST_MATCH], 0, 0, aims, places, everything, name)
