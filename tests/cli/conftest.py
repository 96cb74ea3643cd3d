# SPDX-License-Identifier: AGPL-3.0-only
"""The program over an empty memory, and over one with a dozen memories that tests only read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cli.support import Cli

RECORDS: tuple[dict[str, Any], ...] = (
    {"content": "Deploy goes to staging first, production on Tuesdays.", "tags": ["deploy"]},
    {"content": "The tests need a running Redis.", "tags": ["tests", "setup"], "agent": "ann"},
    {"content": "Errors of type E_SEAT_RACE are retried one time.", "session": "s-1"},
    {"content": "config/cache.toml holds the lifetime of the cache.", "memory_type": "procedural"},
    {"content": "Ingrid prefers short answers.", "tags": ["people"], "created_at": "2024-02-03"},
    {"content": "The lighthouse was painted red.", "origin": "imported"},
    {"content": "Payments are processed by Adyen.", "status": "candidate"},
    *({"content": f"Sailing number {n} leaves at {n} o'clock.", "tags": ["sea"]} for n in range(6)),
)


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """The program over a memory that does not exist yet."""
    return Cli(tmp_path / "data", tmp_path)


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Cli:
    """The program over :data:`RECORDS`; to be read only."""
    folder = tmp_path_factory.mktemp("library")
    opened = Cli(folder / "data", folder)
    assert len(opened.load(*RECORDS)) == len(RECORDS)
    return opened
