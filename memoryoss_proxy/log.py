# SPDX-License-Identifier: AGPL-3.0-only
"""What the proxy tells its operator on stderr: one line for each request, and what goes wrong.

Lines say what happened and never what was said: no content, no key, no query string, no value of a
header. Whatever a library logs passes a filter that takes secrets out.
"""

from __future__ import annotations

import asyncio
import io
import json
import logging
import re
import sys
import traceback
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from memoryoss_mcp.config import Logging
from memoryoss_mcp.screen.secrets import redact
from memoryoss_proxy.record import Record
from memoryoss_proxy.settings import Settings

LONGEST_VALUE: Final = 200
"""Characters of one value in the line of a request."""
LONGEST_MESSAGE: Final = 4_000
"""Characters of a library's message; what is longer is cut."""
SHORTEST_SECRET: Final = 8
OURS: Final = ("memoryoss", "memoryoss_mcp", "memoryoss_proxy")
"""Loggers whose level is the configured one."""
QUIET: Final = ("httpx2", "httpcore2", "h2", "hpack", "uvicorn", "uvicorn.access", "uvicorn.error")
"""Loggers that stay at warnings: below, they tell addresses with queries, and header values."""

_requests = logging.getLogger("memoryoss.proxy.requests")


def configure_logging(settings: Logging, proxy: Settings) -> None:
    """Send our messages from the configured level on, and warnings of libraries, to stderr, as text
    or as JSON lines. The keys of ``proxy`` are taken out wherever they stand.

    In privacy mode a traceback shows where an error was raised and of what kind it is, but not its
    message, which may quote a request.
    """
    if isinstance(sys.stderr, io.TextIOWrapper):
        sys.stderr.reconfigure(encoding="utf-8", errors="backslashreplace")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if settings.json else logging.Formatter(_TEXT))
    handler.addFilter(Redaction(known_secrets(proxy), errors_in_full=not proxy.proxy.privacy_mode))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for name in OURS:
        logging.getLogger(name).setLevel(settings.level.upper())
    for name in QUIET:
        logger = logging.getLogger(name)
        logger.setLevel(logging.WARNING)
        logger.handlers.clear()
        logger.propagate = True


class RequestLog:
    """Writes a line for each request that is over. Without ``privacy_mode`` it names the namespace
    and the injected memories too; what was said it tells in neither case."""

    def __init__(self, *, privacy_mode: bool = True) -> None:
        self._private = privacy_mode

    def write(self, record: Record) -> None:
        """Write one line."""
        if _requests.isEnabledFor(logging.INFO):
            told = dict(_told(record, self._private))
            words = " ".join(f"{name}={_plain(value)}" for name, value in told.items())
            _requests.info("request %s", words, extra={_FIELDS: told})


class JsonFormatter(logging.Formatter):
    """One JSON object per line; what is told of a request are fields of their own."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON."""
        fields: Mapping[str, Any] | None = getattr(record, _FIELDS, None)
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage() if fields is None else "request",
            **(fields or {}),
        }
        if record.exc_text:
            entry["exception"] = record.exc_text
        return json.dumps(entry, ensure_ascii=False)


class Redaction(logging.Filter):
    """Takes secrets out of every record that passes: known ones wherever they stand, others by
    their form. Line breaks are written as such, so that no message can pretend to be a line."""

    def __init__(self, secrets: frozenset[str] = frozenset(), *, errors_in_full: bool = False):
        super().__init__()
        ordered = sorted(secrets, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, ordered))) if ordered else None
        self._in_full = errors_in_full

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record. It passes unless its words are only noise."""
        if record.name == "uvicorn.error" and _is_told(record):
            return False
        if hasattr(record, _FIELDS):  # made here, of counts, times and names that nobody else gave
            return True
        try:
            message = record.getMessage()
        except (TypeError, ValueError, KeyError):
            message = str(record.msg)  # its arguments do not fit
        # Cut only what is clean: the half of a key would not be known for one.
        message = self._clean(message)[:LONGEST_MESSAGE]
        record.msg = message.replace("\r", "\\r").replace("\n", "\\n")
        record.args = None
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            lines = traceback.format_exception(error) if self._in_full else _places(error)
            record.exc_text = self._clean("".join(lines).rstrip("\n"))
        elif record.exc_text:
            record.exc_text = self._clean(record.exc_text)
        record.exc_info = None
        if record.stack_info:
            record.stack_info = self._clean(record.stack_info)
        return True

    def _clean(self, text: str) -> str:
        if self._known is not None:
            text = self._known.sub("[redacted:configured_key]", text)
        return redact(text).text


def _is_told(record: logging.LogRecord) -> bool:
    """Whether the server only says anew what the line of a request says: that an answer was cut,
    by its provider or by the end of the proxy."""
    error = record.exc_info[1] if record.exc_info else None
    said = str(record.msg)
    return (
        isinstance(error, asyncio.CancelledError)
        or said.rstrip().endswith("asyncio.exceptions.CancelledError")
        or said.startswith("ASGI callable returned without completing response")
    )


def known_secrets(settings: Settings) -> frozenset[str]:
    """The keys and secrets of a configuration, whatever form they have; not those that are so
    short that they stand in other words too."""
    proxy, auth = settings.proxy, settings.auth
    secrets = [
        proxy.upstream_api_key,
        proxy.anthropic_api_key,
        proxy.extract_api_key,
        auth.jwt_secret,
        auth.audit_hmac_secret,
        *(entry.key for entry in auth.api_keys),
    ]
    for mapping in proxy.key_mapping:
        secrets += (mapping.proxy_key, mapping.upstream_key, mapping.anthropic_upstream_key)
    return frozenset(secret for secret in secrets if secret and len(secret) >= SHORTEST_SECRET)


def _told(record: Record, private: bool) -> Iterator[tuple[str, str | int | float | bool]]:
    told: dict[str, str | int | float | bool | None] = {
        "id": record.id,
        "route": record.route,
        "provider": record.provider,
        "client": record.client,
        "status": record.status,
        "upstream_status": record.upstream_status,
        "mode": record.mode,
        "gate": record.gate,
        "reason": record.reason,
        "core": record.core,
        "policy": record.policy,
        "injected": len(record.injected),
        "injected_tokens": record.block_tokens,
        "repeated_tokens": record.repeated_tokens,
        "recall_ms": _rounded(record.recall_ms),
        "own_ms": _rounded(record.own_ms),
        "upstream_ms": _rounded(record.upstream_ms),
        "total_ms": _rounded(record.total_ms),
        "bytes_in": record.bytes_in,
        "bytes_out": record.bytes_out,
        "error": record.error,
        "disconnected": record.disconnected or None,
    }
    if not private:
        told["namespace"] = record.namespace
        told["memories"] = ",".join(map(str, record.injected[:_MOST_IDS]))
    for name, value in told.items():
        if value is not None and value != "":
            yield name, value[:LONGEST_VALUE] if isinstance(value, str) else value


def _rounded(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else round(milliseconds, 2)


def _plain(value: object) -> str:
    """A value without anything that could end it or the line."""
    text = str(value)
    return text if _PLAIN.fullmatch(text) else json.dumps(text)


def _places(error: BaseException, level: int = 0) -> Iterator[str]:
    """A traceback without messages."""
    if level == _MOST_LEVELS:
        return
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None:
        yield from _places(before, level + 1)
        yield "\nfrom which came:\n\n"
    yield "Traceback (most recent call last):\n"
    yield from traceback.format_tb(error.__traceback__)
    yield f"{type(error).__module__}.{type(error).__qualname__}\n"
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield "\nwhich holds:\n\n"
            yield from _places(inner, level + 1)


_FIELDS: Final = "request_fields"
_TEXT: Final = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_PLAIN: Final = re.compile(r"[\w.:,@/+-]+")
_MOST_LEVELS: Final = 8
_MOST_IDS: Final = 5
