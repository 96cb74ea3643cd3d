# SPDX-License-Identifier: AGPL-3.0-only
"""Identifiers: strings that somebody means letter by letter, and the kinds of thing that a question
asks for.

A text is read twice: once for what stands in quotes or backticks, once piece by piece. Each piece
is given the first kind whose shape it has; prose compounds such as "and/or", "well-known" or
"don't" have none.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

from memoryoss_mcp.text.shapes import IdentifierKind, classify, is_commit
from memoryoss_mcp.text.tokens import index_terms, is_unspaced, without_unspaced

QueryKind = Literal["path", "endpoint", "env_var", "branch_pattern", "commit", "contract", "policy"]

MAX_IDENTIFIER_LENGTH: Final = 256
"""Characters; a longer piece (a blob, a data URL) is no name that anybody would ask for."""

MAX_QUOTED_WORDS: Final = 8


@dataclass(frozen=True, slots=True)
class Identifier:
    """One identifier as it was written, without the quotes or punctuation around it."""

    text: str
    kind: IdentifierKind


def extract_identifiers(text: str) -> tuple[Identifier, ...]:
    """Return the distinct identifiers of ``text`` in order of appearance."""
    found: dict[Identifier, int] = {}
    for start, identifier in _scan(text):
        found.setdefault(identifier, start)
    return tuple(sorted(found, key=found.__getitem__))


def query_kinds(
    text: str, identifiers: Sequence[Identifier] | None = None
) -> tuple[QueryKind, ...]:
    """Return the kinds of identifier-first routing that ``text`` asks for, by cue word or by the
    shape of an identifier.

    The order is that of :data:`QueryKind`, whatever the order in the text. ``identifiers`` are
    those of ``text``, if they were extracted already.
    """
    terms = [term for word in _PROSE_WORD.findall(text) for term in index_terms(word)]
    present = set(terms) | {f"{a} {b}" for a, b in pairwise(terms)}
    kinds = {kind for kind, cues in _CUES.items() if not cues.isdisjoint(present)}
    found = extract_identifiers(text) if identifiers is None else identifiers
    kinds |= {_ROUTES[i.kind] for i in found if i.kind in _ROUTES}
    return tuple(kind for kind in _CUES if kind in kinds)


def contains_identifier(haystack: str, identifier: str) -> bool:
    """Whether ``haystack`` names ``identifier`` literally, and not as a piece of a longer name.

    - Case is "smart", as in ripgrep: an identifier without capitals matches any case, one with
      capitals only its own.
    - ``/`` and ``\\`` are the same; a slash, a colon, a bracket or a quote ends a name, so
      ``app.py`` is in ``src/app.py:42`` and ``/v1/recall`` in ``https://host/v1/recall``.
    - A name does not end at a hyphen, an underscore, a letter or a digit; a path or a version does
      not end at a dot with more behind it: ``v1.2`` is not in ``v1.2.3``, ``feat/login`` not in
      ``feat/login-page``, ``a/b`` not in ``a/b.toml``.
    - Two commit hashes of 7 or more digits are the same when one begins with the other.
    """
    needle = _slashes(identifier.strip())
    if not needle:
        return False
    if is_commit(needle):
        wanted = needle.lower()
        return any(
            run.startswith(wanted) or wanted.startswith(run)
            for run in _HEX_RUN.findall(haystack.lower())
        )
    hay = _slashes(haystack)
    if needle == needle.lower():
        hay = hay.lower()
    at = hay.find(needle)
    while at >= 0:
        if _starts_name(hay, at, needle) and _ends_name(hay, at + len(needle), needle):
            return True
        at = hay.find(needle, at + 1)
    return False


# --- reading a text

_QUOTED: Final = re.compile(
    r"(?P<fence>`{1,3})(?P<code>[^`\n]{1,256}?)(?P=fence)"
    r'|"(?P<double>[^"\n]{1,256})"'
    "|\u201c(?P<curly>[^\u201c\u201d\\n]{1,256})\u201d"
    "|\u201e(?P<german>[^\u201e\u201c\u201d\\n]{1,256})[\u201c\u201d]"
    "|\u00ab\\s?(?P<french>[^\u00ab\u00bb\\n]{1,256}?)\\s?\u00bb"
    "|[\u300c\u300e](?P<corner>[^\u300c-\u300f\\n]{1,256})[\u300d\u300f]"
    # An apostrophe opens a quotation only after a space or bracket and closes it only before one,
    # so "don't" has none.
    r"|(?<![^\s(\[{:=,])'(?P<single>[^'\s](?:[^'\n]|(?<=\w)'(?=\w)){0,254})'(?![\w'])"
)
_PIECE: Final = re.compile(
    r"""(?P<url>[A-Za-z][A-Za-z0-9+.-]*://[^\s<>"'`|\\^]+)"""
    r"|(?P<method>\b(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS)\s+)?(?P<route>/[\w.~{}<>:*-]+(?:/[\w.~{}<>:*-]*)*)"
    r"|(?P<spec>@?[A-Za-z][\w./-]*(?:\[[\w,]+\])?(?:[=~!]=|[<>]=?)=?\d[\w.*]*)"
    r"|(?P<env>\$\{?[A-Za-z_]\w*\}?|%[A-Z_][A-Z0-9_]*%)"
    r"|(?P<drive>\b[A-Za-z]:\\[^\s\"'`<>|,;)]+)"
    r"""|(?P<plain>[^\s,;|"'`<>(){}\[\]=\u201c\u201d\u201e\u00ab\u00bb\u300c-\u300f\u3001\u3002]+(?:\(\))?)"""
)
_EDGE: Final = ".,:;!?\u2026"
_BOLD: Final = re.compile(r"(?<!/)\*+$")
_PROSE_WORD: Final = re.compile(r"(?<![\w/.:@#$%&=+-])[^\W\d_]+(?![\w/@#$%&=+-]|[.:]\w)")


def _scan(text: str) -> Iterator[tuple[int, Identifier]]:
    for quotation in _QUOTED.finditer(text):
        inner = next(group for group in reversed(quotation.groups()) if group is not None)
        inner = inner.strip()
        kind = classify(inner) if " " not in inner else None
        if kind is not None:
            yield quotation.start(), Identifier(inner, kind)
        elif len(inner) > 1 and len(inner.split()) <= MAX_QUOTED_WORDS:
            yield quotation.start(), Identifier(inner, "quoted")
    before = ""
    for piece in _PIECE.finditer(without_unspaced(text)):
        if len(piece[0]) > MAX_IDENTIFIER_LENGTH:
            before = ""
            continue
        name, kind = _name(piece, before)
        if kind is not None and len(name) > 1:
            yield piece.start(), Identifier(name, kind)
        before = name.lower()


def _name(piece: re.Match[str], before: str) -> tuple[str, IdentifierKind | None]:
    whole = piece[0]
    match piece.lastgroup:
        case "url":
            return _closed(whole.rstrip(_EDGE)), "url"
        case "route":
            route = piece["route"].rstrip(_EDGE)
            if piece["method"]:
                return route, "endpoint"
            # A slash in the middle of a word ("and/or") reaches this branch only when a space stood
            # before it.
            return route, classify(route)
        case "spec":
            return whole.rstrip(_EDGE), "package"
        case "env":
            return whole.strip("${}%"), "env_var"
        case "drive":
            return whole.rstrip(_EDGE), "path"
        case _:
            name = _BOLD.sub("", whole.rstrip(_EDGE)).rstrip(_EDGE).lstrip("*:;,!?\u2026")
            return name, classify(name, before)


def _closed(url: str) -> str:
    """Without a closing bracket that the text, and not the address, opened."""
    for opening, closing in ("()", "[]", "{}"):
        while url.endswith(closing) and url.count(opening) < url.count(closing):
            url = url[:-1].rstrip(_EDGE)
    return url


# --- literal containment


_HEX_RUN: Final = re.compile(r"(?<![0-9a-z])[0-9a-f]{7,40}(?![0-9a-z])")


def _slashes(text: str) -> str:
    return text.replace("\\\\", "/").replace("\\", "/")


def _is_word(char: str) -> bool:
    return char == "_" or (char.isalnum() and not is_unspaced(char))


def _starts_name(hay: str, at: int, needle: str) -> bool:
    if at == 0 or not _is_word(needle[0]):
        return True
    before = hay[at - 1]
    if _is_word(before):
        return False
    inside = at >= 2 and _is_word(hay[at - 2])
    if before in "-+":
        return not inside
    if before == ".":
        # "recall_all" is in "client.recall_all()", but "2.3" is not in "1.2.3" and "me@x.org" not
        # in "not.me@x.org".
        return not (inside and (needle[0].isdigit() or "@" in needle[1:]))
    return True


def _ends_name(hay: str, end: int, needle: str) -> bool:
    if end == len(hay) or not _is_word(needle[-1]):
        return True
    after = hay[end]
    if _is_word(after):
        return False
    continues = end + 1 < len(hay) and _is_word(hay[end + 1])
    if after in "-+":
        return not continues
    if after == ".":
        return not (continues and any(c in "./@" or c.isdigit() for c in needle))
    return True


# --- what a question asks for

_ROUTES: Final[dict[IdentifierKind, QueryKind]] = {
    "path": "path",
    "endpoint": "endpoint",
    "url": "endpoint",
    "env_var": "env_var",
    "branch_pattern": "branch_pattern",
    "commit": "commit",
    "contract": "contract",
}


def _cues(*words: str) -> frozenset[str]:
    """One or two words each, in analysed form."""
    return frozenset(" ".join(index_terms(word)) for word in words)


_CUES: Final[dict[QueryKind, frozenset[str]]] = {
    "path": _cues("path", "file", "filename", "folder", "directory", "dir", "subdirectory"),
    "endpoint": _cues("endpoint", "route", "url", "uri", "webhook", "http method", "api call"),
    "env_var": _cues("env", "environment variable", "env var", "envvar", "shell variable"),
    "branch_pattern": _cues("branch", "branch name", "git flow"),
    "commit": _cues("commit", "sha", "revision", "changeset", "cherry pick"),
    "contract": _cues("contract", "schema", "wire format", "specification", "interface definition"),
    "policy": _cues(
        "policy",
        "rule",
        "convention",
        "guideline",
        "preference",
        "requirement",
        "mandatory",
        "allowed",
        "forbidden",
        "must",
        "never",
        "always",
    ),
}
