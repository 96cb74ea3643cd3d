# SPDX-License-Identifier: AGPL-3.0-only
"""The official conformance suite, the server scenarios that apply to a stdio tool server.

Most other scenarios call tools of a fixture server. The suite speaks HTTP only, so a bridge stands
between. Each scenario also checks every message against the specification's schema.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator

import pytest

from .bridge import Bridge
from .conftest import Run

LEGACY, MODERN = "2025-11-25", "2026-07-28"
HTTP_OR_FIXTURE = {
    "sep-2575-http-server-header-mismatch-400",  # header against body: HTTP only
    "sep-2575-missing-capability-http-400",  # these need tools of the fixture server
    "sep-2575-server-rejects-undeclared-capability",
    "sep-2575-http-server-no-independent-requests-on-stream",
    "sep-2575-server-no-log-without-loglevel",
    "sep-2575-http-server-method-not-found-404-initialize",  # stdio: -32022, a dual-era server
}
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture
def bridge(server: list[str]) -> Iterator[Bridge]:
    with Bridge(server) as opened:
        opened.prepare(sessions=3)
        yield opened


def conform(run: Run, bridge: Bridge, scenario: str, version: str) -> dict[str, str]:
    """The outcome of each check of a scenario."""
    options = ("--url", bridge.url, "--scenario", scenario, "--spec-version", version)
    ended: subprocess.CompletedProcess[str] = run("conformance", "server", *options)
    text = _COLOUR.sub("", ended.stdout + ended.stderr)
    found = re.findall(r"\[([a-z0-9-]+)\s*\] (SUCCESS|FAILURE|WARNING|SKIPPED)", text)
    assert found, text
    return dict(found)


@pytest.mark.parametrize(
    ("scenario", "version"),
    [
        ("server-initialize", LEGACY),
        ("ping", LEGACY),
        ("server-session-lifecycle", LEGACY),
        ("tools-list", "2025-06-18"),
        ("tools-list", LEGACY),
        ("tools-list", MODERN),
        ("resources-list", LEGACY),
        ("resources-list", MODERN),
        ("prompts-list", LEGACY),
        ("prompts-list", MODERN),
        ("caching", MODERN),
        ("sep-2164-resource-not-found", MODERN),
    ],
)
def test_the_scenario_passes(run: Run, bridge: Bridge, scenario: str, version: str) -> None:
    outcomes = conform(run, bridge, scenario, version)
    assert set(outcomes.values()) == {"SUCCESS"}, outcomes


def test_statelessness_as_far_as_stdio_has_it(run: Run, bridge: Bridge) -> None:
    outcomes = conform(run, bridge, "server-stateless", MODERN)
    failed = {check for check, outcome in outcomes.items() if outcome == "FAILURE"}
    assert failed <= HTTP_OR_FIXTURE
    assert len(outcomes) - len(failed) >= 15
