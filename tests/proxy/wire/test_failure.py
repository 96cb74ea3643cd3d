# SPDX-License-Identifier: AGPL-3.0-only
"""Our own errors have the shape that the providers' client libraries read."""

from __future__ import annotations

import json

import pytest

from memoryoss_proxy.wire import FORMS, form_of


@pytest.mark.parametrize("form", ["openai_chat", "openai_responses"])
def test_openai(form: str) -> None:
    body = json.loads(FORMS[form].error(403, "policy_firewall_error", "No.", {"decision": "block"}))
    error = {"message": "No.", "type": "policy_firewall_error", "param": None, "code": None}
    assert body == {"error": error | {"decision": "block"}}
    filled = json.loads(FORMS[form].error(400, "", "No.", {"code": "c", "message": "other"}))
    assert filled["error"]["code"] == "c"
    assert filled["error"]["message"] == "No."
    assert filled["error"]["type"] == "invalid_request_error"


def test_anthropic() -> None:
    body = json.loads(FORMS["anthropic"].error(428, "policy_firewall_error", "Ask.", {"n": 1}))
    error = {"type": "policy_firewall_error", "message": "Ask.", "n": 1}
    assert body == {"type": "error", "error": error}


@pytest.mark.parametrize(
    ("status", "openai", "anthropic"),
    [
        (400, "invalid_request_error", "invalid_request_error"),
        (401, "invalid_request_error", "authentication_error"),
        (413, "invalid_request_error", "request_too_large"),
        (429, "rate_limit_error", "rate_limit_error"),
        (502, "server_error", "api_error"),
    ],
)
def test_the_usual_kind_of_a_status(status: int, openai: str, anthropic: str) -> None:
    for form, kind in (("openai_chat", openai), ("anthropic", anthropic)):
        assert json.loads(FORMS[form].error(status, "", "m", None))["error"]["type"] == kind


def test_paths() -> None:
    for path, name in (
        ("/v1/chat/completions", "openai_chat"),
        ("/v1/responses", "openai_responses"),
        ("/v1/messages", "anthropic"),
        ("/v1/messages/count_tokens", "anthropic"),
    ):
        assert form_of(path) is FORMS[name]
    assert form_of("/v1/embeddings") is None
