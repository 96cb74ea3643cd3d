# SPDX-License-Identifier: AGPL-3.0-only
"""The program as a user runs it: a process with arguments, input, output and an exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PROGRAM = (sys.executable, "-m", "memoryoss_mcp")


@dataclass(frozen=True)
class Result:
    """How a run of the program ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """Standard output as the one JSON document that it has to be."""
        loaded = json.loads(self.out)
        assert isinstance(loaded, dict)
        return loaded

    @property
    def error(self) -> dict[str, Any]:
        """The error in the document; fails the test if there is none or has another shape."""
        assert list(self.document) == ["error"], self.out
        error = self.document["error"]
        assert list(error) == ["code", "message", "hint", "field"]
        assert isinstance(error, dict)
        return error


@dataclass(frozen=True)
class Cli:
    """Runs ``memoryoss`` over a data folder of its own, from a folder outside of any project."""

    data_dir: Path
    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """This process's environment without anything that would change what the program does."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("MEMORYOSS_", "PYTHONIO", "PYTHONUTF8", "FORCE_COLOR", "TERM"))
        }
        # The checkout itself, installed or not.
        return kept | {
            "PYTHONPATH": str(ROOT),
            "HOME": str(self.folder),
            "MEMORYOSS_KEYS_DIR": str(self.folder / "keys"),
        }

    def arguments(self, *arguments: str) -> list[str]:
        """The whole command line."""
        return [*PROGRAM, "--data-dir", str(self.data_dir), *arguments]

    def __call__(
        self, *arguments: str, given: bytes = b"", environment: Mapping[str, str] | None = None
    ) -> Result:
        """Run a command to its end."""
        done = subprocess.run(
            self.arguments(*arguments),
            input=given,
            capture_output=True,
            cwd=self.folder,
            env=self.environment | dict(environment or {}),
            timeout=120,
            check=False,
        )
        return Result(done.returncode, done.stdout.decode("utf-8"), done.stderr.decode("utf-8"))

    def json(self, *arguments: str, given: bytes = b"", code: int = 0) -> dict[str, Any]:
        """Run a command with ``--json``; its document."""
        result = self("--json", *arguments, given=given)
        assert result.code == code, result
        return result.document

    def store(self, text: str, *options: str) -> str:
        """Store a memory; its id."""
        stored = self.json("store", text, *options)["id"]
        assert isinstance(stored, str)
        return stored

    def load(self, *records: Mapping[str, Any]) -> list[str]:
        """Store many memories in one run; their ids."""
        lines = "\n".join(json.dumps(record) for record in records).encode()
        return [entry["id"] for entry in self.json("store", "--file", "-", given=lines)["ids"]]
