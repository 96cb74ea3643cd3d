# SPDX-License-Identifier: AGPL-3.0-only
"""The conformance kit as its users have it: a folder of programs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
KIT = ROOT / "conformance"
FIXTURES = KIT / "fixtures"

if str(KIT) not in sys.path:
    sys.path.append(str(KIT))  # its modules find each other by their plain names

CASES: list[dict[str, Any]] = json.loads((KIT / "cases.json").read_text(encoding="utf-8"))["cases"]


def harness(*arguments: object, **settings: Any) -> subprocess.CompletedProcess[str]:
    """One run of the harness."""
    return subprocess.run(
        [sys.executable, str(KIT / "run.py"), *map(str, arguments)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        **settings,
    )


def data(case: dict[str, Any]) -> bytes:
    """The file of a case."""
    return (FIXTURES / case["file"]).read_bytes()


def beside(case: dict[str, Any]) -> bytes | None:
    """What the sidecar of a case is for."""
    return (FIXTURES / case["artifact"]).read_bytes() if "artifact" in case else None


def expected(case: dict[str, Any]) -> dict[str, Any]:
    """The verdict of a case."""
    fields = {name: case[name] for name in ("form", "errors", "signature") if name in case}
    return {"valid": case["expect"] == "valid"} | fields
