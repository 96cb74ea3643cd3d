# SPDX-License-Identifier: AGPL-3.0-only
"""The default model works on a machine without a network, and never tries to use one."""

from __future__ import annotations

import subprocess
import sys

NO_NETWORK = """
import sys

def refuse(event, arguments):
    if event.startswith("socket."):
        raise AssertionError(f"{event} {arguments}")

sys.addaudithook(refuse)
"""

USE = """
from pathlib import Path
from memoryoss_mcp.embed import DEFAULT_MODEL, find_model, load, pull, verify

spec = find_model(DEFAULT_MODEL)
assert all(status.state == "ok" for status in verify(spec, Path("unused")))
pull(spec, Path("unused"))
print(load(spec, Path("unused")).embed(["no network needed"]).shape)
"""


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
    )


def test_the_default_model_opens_no_socket() -> None:
    finished = run(NO_NETWORK + USE)
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.strip() == "(1, 384)"


def test_the_guard_of_this_test_works() -> None:
    finished = run(NO_NETWORK + "import socket; socket.create_connection(('127.0.0.1', 9))")
    assert "AssertionError: socket." in finished.stderr
