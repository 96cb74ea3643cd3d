# SPDX-License-Identifier: AGPL-3.0-only
"""The log says what happened and never what was said, nor a secret, whoever writes it."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memoryoss_mcp.config import Logging
from memoryoss_mcp.model import new_id
from memoryoss_proxy.log import Redaction, RequestLog, configure_logging, known_secrets
from memoryoss_proxy.record import Record
from memoryoss_proxy.tables import ApiKey, Auth, KeyMapping
from memoryoss_proxy.wire.reply import Usage
from tests.proxy.callers import openai_key, random_key, settings
from tests.proxy.extraction.providers import Answer, ProviderServer

PRIVATE = "the launch is on Tuesday"


@pytest.fixture(autouse=True)
def _loggers_as_they_were() -> Iterator[None]:
    root = logging.getLogger()
    known = [root, *(logging.getLogger(name) for name in list(root.manager.loggerDict))]
    before = [(each, each.level, list(each.handlers), each.propagate) for each in known]
    yield
    for each, level, handlers, propagate in before:
        each.setLevel(level)
        each.handlers[:] = handlers
        each.propagate = propagate


def logging_to(
    monkeypatch: pytest.MonkeyPatch, *, proxy: dict[str, Any] | None = None, **options: Any
) -> io.StringIO:
    out = io.StringIO()
    monkeypatch.setattr(sys, "stderr", out)
    configure_logging(Logging(**options), settings(**(proxy or {})))
    return out


def record(**fields: Any) -> Record:
    return Record(
        **{
            "route": "chat_completions",
            "provider": "openai",
            "client": "key-0123456789ab",
            "namespace": "acme",
            "status": 200,
            "upstream_status": 200,
            "mode": "full",
            "gate": "inject",
            "injected": (new_id(), new_id()),
            "block_tokens": 140,
            "recall_ms": 4.1234,
            "own_ms": 6.5,
            "upstream_ms": 321.0,
            "total_ms": 2000.5,
            "bytes_in": 5000,
            "bytes_out": 900,
            "usage": Usage(1, 2, 3, 4),
            **fields,
        }
    )


def test_a_request_is_one_json_line_of_metadata(monkeypatch: pytest.MonkeyPatch) -> None:
    out = logging_to(monkeypatch, json=True)
    over = record(policy="warn")
    RequestLog().write(over)
    (line,) = out.getvalue().splitlines()
    told = json.loads(line)
    assert told["message"] == "request"
    assert told["id"] == over.id
    assert (told["route"], told["provider"], told["client"]) == (
        "chat_completions",
        "openai",
        "key-0123456789ab",
    )
    assert (told["status"], told["gate"], told["policy"]) == (200, "inject", "warn")
    assert (told["injected"], told["injected_tokens"], told["recall_ms"]) == (2, 140, 4.12)
    assert (told["bytes_in"], told["bytes_out"], told["total_ms"]) == (5000, 900, 2000.5)
    assert "error" not in told
    assert "acme" not in line
    assert str(over.injected[0]) not in line


def test_without_privacy_mode_the_namespace_and_the_memories_are_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = logging_to(monkeypatch, json=True)
    over = record()
    RequestLog(privacy_mode=False).write(over)
    told = json.loads(out.getvalue())
    assert told["namespace"] == "acme"
    assert told["memories"] == ",".join(map(str, over.injected))


def test_as_text_a_request_is_one_line_too(monkeypatch: pytest.MonkeyPatch) -> None:
    out = logging_to(monkeypatch)
    RequestLog().write(record(gate=None, reason="no_user_text", status=428))
    (line,) = out.getvalue().splitlines()
    assert " INFO memoryoss.proxy.requests: request id=" in line
    assert " status=428 " in line
    assert " reason=no_user_text " in line
    assert "gate=" not in line


@given(st.text(), st.text(), st.text())
def test_no_value_can_end_its_line(route: str, client: str, reason: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for as_json in (True, False):
            out = logging_to(patch, json=as_json)
            RequestLog().write(record(route=route, client=client, reason=reason))
            written = out.getvalue()
            assert written.count("\n") == 1
            if as_json:
                assert json.loads(written).get("reason", "") == reason[:200]
            else:
                assert len(written.splitlines()) == 1


def test_the_level_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    out = logging_to(monkeypatch, level="warning")
    RequestLog().write(record())
    logging.getLogger("memoryoss.proxy").info("hidden")
    logging.getLogger("memoryoss.proxy").warning("shown")
    logging.getLogger("memoryoss_mcp.store").warning("shown too")
    assert [line.rpartition(": ")[2] for line in out.getvalue().splitlines()] == [
        "shown",
        "shown too",
    ]


@pytest.mark.parametrize("as_json", [True, False])
def test_secrets_are_taken_out_of_what_libraries_say(
    monkeypatch: pytest.MonkeyPatch, as_json: bool
) -> None:
    out = logging_to(monkeypatch, json=as_json)
    secret, other = openai_key(), openai_key()
    logger = logging.getLogger("uvicorn.error")
    logger.warning("Invalid header: authorization: Bearer %s", secret)
    try:
        raise ValueError(f"key {other}")
    except ValueError:
        logger.exception("Exception in ASGI application with %s", other)
    assert secret not in out.getvalue()
    assert other not in out.getvalue()
    assert "redacted" in out.getvalue()
    assert "Exception in ASGI application" in out.getvalue()


def test_configured_keys_are_taken_out_whatever_they_look_like(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ours, theirs, jwt = (f"plain words {random_key()}".replace(" ", "_") for _ in range(3))
    configured = settings(
        KeyMapping(ours, upstream_key=theirs),
        auth=Auth(jwt_secret=jwt, api_keys=(ApiKey(random_key("api_"), "admin"),)),
    )
    assert {ours, theirs, jwt} < known_secrets(configured)
    out = io.StringIO()
    monkeypatch.setattr(sys, "stderr", out)
    configure_logging(Logging(), configured)
    logging.getLogger("httpx2").warning("sent (%s) [%s] {%s}", ours, theirs, jwt)
    assert not any(secret in out.getvalue() for secret in (ours, theirs, jwt))
    assert "[redacted:configured_key]" in out.getvalue()


def test_a_message_that_is_cut_shows_no_half_of_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    out = logging_to(monkeypatch)
    for padding in range(3_940, 4_010, 5):
        secret = openai_key()
        logging.getLogger("httpx2").warning("%s %s", "x" * padding, secret)
        assert secret[:20] not in out.getvalue()


@pytest.mark.parametrize("level", ["info", "debug"])
def test_no_address_is_logged_by_the_http_client(
    monkeypatch: pytest.MonkeyPatch, level: str
) -> None:
    out = logging_to(monkeypatch, level=level)
    with ProviderServer(lambda _: Answer(b"{}")) as server, httpx2.Client() as client:
        client.post(server.address + "/v1/files?user=alice", json={"text": PRIVATE})
    assert out.getvalue() == ""


def nested() -> None:
    try:
        raise LookupError(PRIVATE)
    except LookupError as error:
        raise ExceptionGroup(PRIVATE, [ValueError(PRIVATE), KeyError(PRIVATE)]) from error


def test_a_traceback_shows_places_and_kinds_and_no_messages(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = logging_to(monkeypatch, json=True)
    try:
        nested()
    except ExceptionGroup:
        logging.getLogger("memoryoss.proxy").exception("it broke")
    assert PRIVATE not in out.getvalue()
    shown = json.loads(out.getvalue())["exception"]
    for kind in ("LookupError", "ExceptionGroup", "ValueError", "KeyError"):
        assert kind in shown
    assert "in nested" in shown


def test_without_privacy_mode_a_traceback_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    out = logging_to(monkeypatch, proxy={"privacy_mode": False})
    try:
        nested()
    except ExceptionGroup:
        logging.getLogger("memoryoss.proxy").exception("it broke")
    assert PRIVATE in out.getvalue()


def test_a_message_cannot_pretend_to_be_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    out = logging_to(monkeypatch)
    logging.getLogger("h2").warning("bad\n2026-01-01 00:00:00 INFO memoryoss: all is well\r")
    assert len(out.getvalue().splitlines()) == 1


def test_a_message_whose_arguments_do_not_fit_is_shown_nevertheless(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = logging_to(monkeypatch)
    logging.getLogger("h2").warning("%d frames", "many")
    assert "%d frames" in out.getvalue()


def test_libraries_with_handlers_of_their_own_lose_them(monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = io.StringIO()
    logger = logging.getLogger("uvicorn.access")
    logger.addHandler(logging.StreamHandler(theirs))
    logger.propagate = False
    out = logging_to(monkeypatch, level="debug")
    logger.info('127.0.0.1 - "GET /v1/files?user=alice HTTP/1.1" 200')
    logger.warning("unusual")
    assert theirs.getvalue() == ""
    assert "alice" not in out.getvalue()
    assert "unusual" in out.getvalue()


def test_words_of_any_language_are_written_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(raw, encoding="ascii"))
    configure_logging(Logging(json=True), settings())
    logging.getLogger("memoryoss.proxy").warning("Größe geändert, 大きさ, \udcff")
    sys.stderr.flush()
    written = raw.getvalue().decode()
    assert "Größe geändert, 大きさ" in written


def test_the_filter_lets_every_record_pass() -> None:
    passed = logging.LogRecord("x", logging.INFO, "x.py", 1, "plain %s", ("words",), None)
    assert Redaction().filter(passed)
    assert passed.getMessage() == "plain words"
