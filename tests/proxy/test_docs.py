# SPDX-License-Identifier: AGPL-3.0-only
"""What the documentation of the proxy says is true."""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields
from itertools import count
from pathlib import Path

import pytest

from memoryoss_mcp.config import load_config
from memoryoss_proxy.settings import Settings, load_settings
from memoryoss_proxy.tables import Auth, Proxy, Server, Tls

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "proxy.md").read_text(encoding="utf-8")
[EXAMPLE] = re.findall(r"^```toml\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


def test_the_defaults_in_the_documentation_are_the_defaults(tmp_path: Path) -> None:
    path = tmp_path / "memoryoss.toml"
    path.write_text(EXAMPLE, encoding="utf-8")
    config = load_config(path, data_dir=tmp_path, environ={})
    assert load_settings(config, environ={}) == Settings(keys_dir=config.keys_dir)


@pytest.mark.parametrize(
    ("table", "kind"), [("server", Server), ("tls", Tls), ("auth", Auth), ("proxy", Proxy)]
)
def test_the_documentation_names_every_key(table: str, kind: type) -> None:
    section = EXAMPLE.split(f"[{table}]")[1].split("\n[")[0]
    left = {"core_port", "jwt_secret", "audit_hmac_secret", "min_channel_score", "diversity_factor"}
    for field in fields(kind):
        named = field.name in section or f"{table}.{field.name}" in EXAMPLE
        assert named or field.name in left, field.name


def test_the_example_of_the_readme_can_be_read(tmp_path: Path) -> None:
    readme = (ROOT / "memoryoss_proxy" / "README.md").read_text(encoding="utf-8")
    for block in re.findall(r"^```toml\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL):
        path = tmp_path / "memoryoss.toml"
        numbers = count()
        filled = re.sub(
            r'"\.\.\."', lambda _, n=numbers: f'"a-key-of-many-letters-{next(n)}"', block
        )
        path.write_text(filled, encoding="utf-8")
        assert tomllib.loads(block)
        load_settings(load_config(path, data_dir=tmp_path, environ={}), environ={})
