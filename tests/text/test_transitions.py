# SPDX-License-Identifier: AGPL-3.0-only
"""What a text says was replaced, and which older texts are about it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memoryoss_mcp.text.transitions import transitions, was_left


def outdated(older: str, newer: str) -> bool:
    return any(was_left(older, transition) for transition in transitions(newer))


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        (
            "Sessions live in Memcached.",
            "We migrated the sessions from Memcached to Valkey in May.",
        ),
        ("The site is hosted on Netlify.", "Hosting was moved from Netlify to our own cluster."),
        ("Builds run on Travis.", "Travis has been replaced by Buildkite."),
        ("Forms are validated with joi.", "Forms use valibot instead of joi."),
        ("We page people with Opsgenie.", "We dropped Opsgenie in favor of incident.io."),
        ("The admin runs on Angular 14.", "The admin was upgraded to Angular 19 last week."),
        ("Wir chatten in Rocket.Chat.", "Rocket.Chat wurde durch Zulip ersetzt."),
        ("Die Bilder liegen auf Wasabi.", "Wir sind von Wasabi auf Backblaze umgezogen."),
        ("Nous facturons avec Sellsy.", "Nous sommes passés de Sellsy à Pennylane."),
        ("Las tareas están en Trello.", "Migramos de Trello a Linear."),
        ("We moved from Netlify to Vercel.", "We moved from Vercel to Fly.io."),
    ],
)
def test_an_older_text_about_what_was_left(older: str, newer: str) -> None:
    assert outdated(older, newer)


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        # It does not name what was left.
        ("Sessions live in Memcached.", "We migrated from Redis to Valkey."),
        # It has the new value already.
        ("From Memcached we went to Valkey.", "We migrated from Memcached to Valkey."),
        # Another change from the same place.
        ("We moved from Netlify to Vercel.", "We moved from Netlify to Fly.io."),
        # The thing, but no version of it.
        ("Angular components live in src/ui.", "The admin was upgraded to Angular 19."),
        # No change at all.
        ("The office is in Graz.", "The office in Graz opens at nine."),
        ("I walk from home to work.", "From Monday to Friday the office is open."),
    ],
)
def test_an_older_text_about_something_else(older: str, newer: str) -> None:
    assert not outdated(older, newer)


@given(st.text(max_size=300))
def test_any_text_can_be_read(text: str) -> None:
    for transition in transitions(text):
        assert transition.left
        assert transition.came
        assert transition.left != transition.came
