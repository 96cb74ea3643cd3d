# SPDX-License-Identifier: AGPL-3.0-only
"""The proxy's own paths do what their description says, whatever they are asked."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import httpx2

from tests.proxy.running import PATIENCE, Proxy


def test_no_request_breaks_our_own_paths(proxy: Proxy, tmp_path: Path) -> None:
    tried = subprocess.run(
        [
            Path(sys.executable).with_name("schemathesis"),
            "run",
            f"{proxy.url}/openapi.json",
            "--header",
            f"Authorization: Bearer {proxy.key}",
            "--max-examples",
            "40",
            "--seed",
            "1",
            "--no-color",
        ],
        capture_output=True,
        encoding="utf-8",
        cwd=tmp_path,
        timeout=5 * PATIENCE,
        check=False,
    )
    assert tried.returncode == 0, tried.stdout + tried.stderr


def test_the_description_names_every_path_of_ours(proxy: Proxy) -> None:
    described = httpx2.get(f"{proxy.url}/openapi.json").json()["paths"]
    for path in described:
        answered = httpx2.get(proxy.url + path, headers=proxy.fields)
        assert str(answered.status_code) in described[path]["get"]["responses"]
    assert httpx2.get(f"{proxy.url}/nothing").status_code == 404
