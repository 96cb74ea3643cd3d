# SPDX-License-Identifier: AGPL-3.0-only
"""What all tests share: a configuration of its own, an opened runtime, patient Hypothesis."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from memoryoss_mcp import config as settings_of_the_program
from memoryoss_mcp.config import KEYS_DIR_VARIABLE, Config, load_config

if TYPE_CHECKING:
    from memoryoss_mcp.runtime import Runtime

# A busy machine makes any step slow; how long a step takes is measured in benchmarks, not here.
settings.register_profile(
    "patient",
    deadline=None,
    suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large),
)
settings.load_profile("patient")

# No test makes or reads a key in the folder of whoever runs it.
_keys = tempfile.TemporaryDirectory(prefix="memoryoss-keys-")
settings_of_the_program.default_keys_dir = lambda: Path(_keys.name)
os.environ[KEYS_DIR_VARIABLE] = _keys.name


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """The default configuration over an empty data folder, whatever the environment says."""
    environ = {KEYS_DIR_VARIABLE: str(tmp_path / "keys")}
    return load_config(data_dir=tmp_path / "data", environ=environ)


@pytest.fixture
def runtime(config: Config) -> Iterator[Runtime]:
    """An opened runtime over an empty data folder; it loads its model on demand."""
    from memoryoss_mcp.runtime import Runtime  # the floors below are tested without it

    with Runtime.open(config, client="tests") as opened:
        yield opened
