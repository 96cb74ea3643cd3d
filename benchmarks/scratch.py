# SPDX-License-Identifier: AGPL-3.0-only
"""The configuration of a lane: the defaults over a folder of its own, with keys beside it."""

from __future__ import annotations

from pathlib import Path

from memoryoss_mcp.config import KEYS_DIR_VARIABLE, Config, load_config


def scratch_config(folder: Path) -> Config:
    """The default configuration over a folder, whatever the environment says."""
    keys = folder.with_name(f"{folder.name}-keys")
    return load_config(data_dir=folder, environ={KEYS_DIR_VARIABLE: str(keys)})
