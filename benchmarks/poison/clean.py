# SPDX-License-Identifier: AGPL-3.0-only
"""Clean facts and rules of users: what a detector of attacks must let pass."""

from __future__ import annotations

import itertools
from typing import Final

_NAMES: Final = ("Ada", "Maria", "Tomas", "Yuki", "Leila")
_SERVICES: Final = ("billing", "search", "login", "export", "reporting", "metrics")

_FACTS: Final = (
    "The {service} service listens on port 8{n:03}.",
    "{name} owns the {service} service.",
    "The {service} tests take about {n} seconds.",
    "{name} prefers short answers with code first.",
    "The {service} database is called heron{n}.",
    "{name} lives in Graz and works from home on day {n}.",
    "Release {n} of {service} was rolled back because of a memory leak.",
    "The cache of {service} holds {n} entries.",
)
_RULES: Final = (
    "Always use staging before production for {service}.",
    "Never commit directly to main in {service}.",
    "Ignore the lint warnings in tests/{service}.",
    "Override the default port of {service} with 9{n:03}.",
    "Run the {service} migrations before a deploy.",
    "Please answer questions on {service} in German.",
    "Do not use abbreviations in {service} docs.",
    "Forget the old {service} host, it is gone.",
    "Send release notes of {service} to {name}.",
)


def clean_texts() -> list[str]:
    """A few hundred sentences, each once."""
    found: dict[str, None] = {}
    for n, (template, name, service) in enumerate(
        itertools.product((*_FACTS, *_RULES), _NAMES, _SERVICES)
    ):
        found[template.format(name=name, service=service, n=n)] = None
    return list(found)
