# SPDX-License-Identifier: AGPL-3.0-only
"""What leaves, what stays and why, what is taken out, and what a history tells."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memoryoss_mcp.errors import InvalidInputError, NotFoundError
from memoryoss_mcp.lifecycle.review import Decision
from memoryoss_mcp.model import Change, Draft, Memory, ReviewAction, hash_content, new_id
from memoryoss_mcp.portable.artifact import Artifact, values
from memoryoss_mcp.portable.integrity import verify
from memoryoss_mcp.portable.lines import History
from memoryoss_mcp.portable.selection import REDACTIONS, SCOPES, left_out, parse_scope, redacted
from memoryoss_mcp.runtime import Runtime
from tests.portable import stores

SPACE = "demo"
SUPERUSER = "root"


def memory(content: str = "A fact.", **fields: Any) -> Memory:
    return Memory(new_id(), SPACE, content, 1, 2, content_hash=hash_content(content), **fields)


@pytest.mark.parametrize(
    ("fields", "scopes"),
    [
        ({}, {"project"}),
        ({"tags": ("deploy",)}, {"project"}),
        ({"tags": ("Preference",)}, {"personal"}),
        ({"tags": ("policy",)}, {"team"}),
        ({"tags": ("policy", "RULE")}, {"team", "project"}),
        ({"agent": "claude"}, {"personal"}),
        ({"session": "s"}, {"personal"}),
        ({"agent": "claude", "tags": ("decision",)}, {"personal", "project"}),
        ({"agent": "claude", "tags": ("runbook",)}, {"personal", "team"}),
        ({"tags": ("whatever",)}, {"project"}),
        ({"archived": True}, set()),
        ({"archived": True, "tags": ("rule",)}, set()),
    ],
    ids=range(12),
)
def test_the_scopes_are_those_of_the_line(fields: dict[str, Any], scopes: set[str]) -> None:
    one = memory(**fields)
    assert {scope for scope in SCOPES if scope != "all" and left_out(one, scope) is None} == scopes
    assert (left_out(one, "all") is None) == (not one.archived)


@given(stores.memories())
def test_every_memory_leaves_or_there_is_a_reason(found: list[Memory]) -> None:
    for one in found:
        for scope in SCOPES:
            reason = left_out(one, scope)
            assert reason is None or reason.isascii()
        if not one.archived:
            assert any(left_out(one, scope) is None for scope in SCOPES)


def test_a_scope_is_known_however_it_is_written() -> None:
    assert parse_scope("  Team ") == "team"
    with pytest.raises(InvalidInputError, match="scope"):
        parse_scope("mine")


def test_home_folders_and_secrets_are_taken_out() -> None:
    secret = "ghp_" + "a1B2c3D4" * 4 + "e5F6"
    counts: Counter[str] = Counter()
    one = memory(
        f"Logs: /home/mara/app, /Users/Mara/x, C:\\Users\\Mara\\y; /opt/app stays. {secret}",
        tags=(f"in /{SUPERUSER}/here", "plain"),
        agent="claude",
    )
    kept = redacted(one, ("secrets", "paths"), counts)
    assert "mara" not in kept.content.lower()
    assert secret not in kept.content
    assert "/opt/app stays" in kept.content
    assert kept.tags == ("in ~/here", "plain")
    assert kept.content_hash == hash_content(kept.content)
    assert (kept.agent, counts["home_folder"]) == ("claude", 4)
    assert redacted(one, REDACTIONS, Counter()).agent is None
    assert redacted(one, (), counts) == one


@pytest.mark.parametrize(
    "path",
    [
        "file:///home/mara/notes",
        "/mnt/c/Users/mara/notes",
        "/c/Users/mara/notes",
        "/var/home/mara/notes",
        "C:\\\\Users\\\\mara\\\\notes",
        "c:/users/mara/notes",
        "file:///C:/Users/mara/notes",
    ],
)
def test_home_folders_are_taken_out_of_texts_and_labels(path: str) -> None:
    one = memory(f"See {path}", agent="claude", session=path)
    kept = redacted(one, ("paths",), Counter())
    assert kept.content.startswith("See ~")
    assert "mara" not in f"{kept.content}{kept.session}"
    other = f"See https://example.com{'/home/mara'}"
    assert redacted(memory(other), ("paths",), Counter()).content == other


def test_links_to_what_stays_are_counted(runtime: Runtime) -> None:
    kept = runtime.store(Draft("Deploys go out on Thursdays.", SPACE))
    stays = runtime.store(Draft("Tabs, not spaces.", SPACE, tags=("preference",)))
    runtime.review(Decision(kept.id, SPACE, ReviewAction.SUPERSEDE, "mara", superseded_by=stays.id))
    passport, report = runtime.export_passport(SPACE, "project")
    assert (report.selected, report.dangling) == (1, 1)
    assert report.examples == {"personal_tag": [stays.id]}
    assert verify(passport).valid


def test_an_empty_namespace_gives_an_empty_passport(runtime: Runtime) -> None:
    passport, report = runtime.export_passport("nothing", "all")
    arrived = stores.sent(passport)
    assert verify(arrived).valid
    assert (report.selected, len(arrived.memories)) == (0, 0)
    assert arrived.header["exported_at"] == "1970-01-01T00:00:00Z"


def told(history: Artifact) -> list[tuple[str, str | None, str | None]]:
    return [
        (event["kind"], event.get("from_status"), event.get("to_status"))
        for event in history.header["timeline"]
    ]


def test_a_history_has_all_that_is_tied_and_nothing_else(runtime: Runtime) -> None:
    old = runtime.store(Draft("The port is 8000.", SPACE)).id
    new = runtime.store(Draft("The port of the service moved to 8443 last week.", SPACE)).id
    runtime.store(Draft("The office plant is called Ferdinand.", SPACE))
    runtime.review(Decision(old, SPACE, ReviewAction.SUPERSEDE, "mara", superseded_by=new))
    for root in (old, new):
        history = runtime.export_history(root, SPACE)
        assert {entry["id"] for entry in values(history.memories)} == {str(old), str(new)}
        assert history.header["edges"] == [
            {"from": str(old), "to": str(new), "kind": "superseded_by"}
        ]
        document = json.loads(stores.data(history))
        assert History.model_validate(document).written()["edges"] == document["edges"]
        assert verify(stores.sent(history)).form == "typed"
    with pytest.raises(NotFoundError):
        runtime.export_history(new_id(), SPACE)


def test_a_timeline_tells_what_was_recorded(runtime: Runtime) -> None:
    key = runtime.store(Draft("The port is 8000.", SPACE)).id
    runtime.update(Change(key, SPACE, content="The port is 8001."))
    runtime.review(Decision(key, SPACE, ReviewAction.REJECT, "mara"))
    history = runtime.export_history(key, SPACE)
    assert told(history) == [
        ("created", None, "active"),
        ("state_snapshot", "active", "active"),
        ("review", "active", "contested"),
    ]
    assert stores.data(history) == stores.data(runtime.export_history(key, SPACE))


@given(st.data())
def test_a_home_folder_is_taken_out_wherever_it_stands(data: st.DataObject) -> None:
    name = data.draw(st.from_regex(r"[a-z][a-z0-9._-]{0,11}", fullmatch=True))
    before = data.draw(st.sampled_from(["", "see ", '"', "(", "path="]))
    kept = redacted(memory(f"{before}/home/{name}/notes now"), ("paths",), Counter())
    assert kept.content == f"{before}~/notes now"
