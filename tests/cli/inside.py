# SPDX-License-Identifier: AGPL-3.0-only
"""The program inside of this process, for commands that store a lot: the model is loaded once."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from memoryoss_mcp.cli import app
from tests.cli.support import Result


@dataclass(frozen=True)
class Inside:
    """Runs commands over a data folder of its own."""

    data_dir: Path
    folder: Path
    capsys: pytest.CaptureFixture[str]

    def __call__(self, *arguments: str) -> Result:
        """Run a command to its end."""
        self.capsys.readouterr()
        code = app.main(["--data-dir", str(self.data_dir), *arguments])
        out, err = self.capsys.readouterr()
        return Result(code, out, err)

    def json(self, *arguments: str, code: int = 0) -> dict[str, Any]:
        """Run a command with ``--json``; its document."""
        result = self("--json", *arguments)
        assert result.code == code, result
        return result.document

    def contents(self) -> dict[str, dict[str, Any]]:
        """What is kept, by its words."""
        self(*("export", str(self.data_dir / "all.jsonl")))
        file = self.data_dir / "all.jsonl"
        lines = file.read_text("utf-8").splitlines()
        file.unlink()
        return {m["content"]: m for m in (json.loads(line)["memory"] for line in lines)}
