# SPDX-License-Identifier: AGPL-3.0-only
"""Secrets that stand where a syntax puts them: private keys in their armour, passwords in web
addresses and connection strings, credentials in headers."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from itertools import zip_longest
from typing import Final

from memoryoss_mcp.screen.secrets.span import MARK_START, Span
from memoryoss_mcp.screen.secrets.values import is_random, is_stand_in, is_token
from memoryoss_mcp.text.stopwords import word_set


def spans(text: str) -> Iterator[Span]:
    """Where such secrets stand."""
    if "PRIVATE" in text or "Private-Lines" in text:
        yield from _private_keys(text)
    if "://" in text:
        yield from _addresses(text)
    if "earer" in text or "asic" in text or "EARER" in text or "ASIC" in text:
        yield from _headers(text)
    if "curl" in text:
        yield from _logins(text)


def _private_keys(text: str) -> Iterator[Span]:
    """Whole blocks, on many lines or on one; of a block that is cut off, what there is of it."""
    begins = list(_BEGIN.finditer(text))
    for begin, following in zip_longest(begins, begins[1:]):
        limit = following.start() if following else len(text)
        if end := _END.search(text, begin.end(), limit):
            if _KEY_LINE.search(text, begin.end(), end.start()):
                yield begin.start(), end.end(), "private_key"
        elif body := _ARMOUR.match(text, begin.end(), limit):
            yield begin.start(), body.end(), "private_key"
    for putty in _PUTTY.finditer(text):
        yield *putty.span(1), "private_key"


def _addresses(text: str) -> Iterator[Span]:
    place = text.find("://")
    while place >= 0:
        place += 3
        login = _LOGIN.match(text, place)
        if login:
            part = "user" if login["password"] is None else "password"
            secret = login[part].partition(MARK_START)[0]
            usual = part == "password" and (secret == login["user"] or secret.lower() in _USUAL)
            plausible = part == "password" or is_token(secret, 20)
            if secret and plausible and not usual and not is_stand_in(secret):
                start = login.start(part)
                yield start, start + len(secret), "url_password"
        place = text.find("://", place)


def _headers(text: str) -> Iterator[Span]:
    for match in _SCHEME.finditer(text):
        value = match["value"]
        if match["scheme"].lower() == "basic":
            if _is_login(value):
                yield *match.span("value"), "basic_auth"
        elif _is_bearer(value):
            yield *match.span("value"), "bearer_token"


def _logins(text: str) -> Iterator[Span]:
    """``curl -u name:password``."""
    for match in _USER_OPTION.finditer(text):
        password = match["password"]
        if not is_stand_in(password) and password.lower() not in _USUAL and not password.isdigit():
            yield *match.span("password"), "basic_auth"


def _is_bearer(value: str) -> bool:
    digits = any(map(str.isdigit, value))
    return len(value) >= 16 and digits and is_random(value) and not is_stand_in(value)


def _is_login(value: str) -> bool:
    """Whether a value is a name and a password in base64."""
    try:
        decoded = base64.b64decode(value + "=" * (-len(value) % 4), validate=True).decode()
    except (binascii.Error, ValueError):
        return False
    return ":" in decoded and decoded.isprintable()


_BEGIN: Final = re.compile(r"-{4,5} ?BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)? ?-{4,5}")
_END: Final = re.compile(r"-{4,5} ?END [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)? ?-{4,5}")
_KEY_LINE: Final = re.compile(r"[A-Za-z0-9+/=]{24}")
_GAP: Final = r"(?:\\+[nr]|[\s\"'+,>|])"
_ARMOUR: Final = re.compile(
    rf"(?:{_GAP}*[A-Z][\w-]+: [^\n\\]{{1,100}})*"
    rf"(?:{_GAP}*[A-Za-z0-9+/]{{24,}}={{0,2}})+(?:{_GAP}*[A-Za-z0-9+/]{{1,23}}={{0,2}}(?=\s*\Z))?"
)
_PUTTY: Final = re.compile(r"Private-Lines: \d+\s*((?:[A-Za-z0-9+/=]{16,}\s*)+)(?<=\S)")
_LOGIN: Final = re.compile(
    r"(?P<user>[^\s/?#:@\"'<>`\\]{0,256})(?::(?P<password>[^\s/\"'<>`\\]{1,256}))?@(?=[\w.\[$(-])"
)
_USUAL: Final = word_set(
    "password pass passwd pw pwd secret token postgres root admin user username guest test mysql "
    "redis rabbitmq mongo changeme example hunter2 x-oauth-basic"
)
_SCHEME: Final = re.compile(
    r"(?i)\b(?P<scheme>bearer|basic)(?:\s+|%20|:\s*)[\"'`]?(?P<value>[A-Za-z0-9_.+/~=-]{8,4096})"
)
_USER_OPTION: Final = re.compile(
    r"(?:\s-u|\s--user)(?:\s+|=)?[\"']?(?P<user>[\w.@+-]+):(?P<password>[^\s\"':]{4,})"
)
