# SPDX-License-Identifier: AGPL-3.0-only
"""What a child runs: it imports all that it may need, waits for its job, and does it."""

from __future__ import annotations

import importlib
import json
import os
import sys
import threading
import traceback
from collections.abc import Mapping
from typing import Any, Final

import numpy as np  # noqa: F401 - writing needs it: imported before the clock starts

from benchmarks.faults import memories  # noqa: F401 - likewise

FAILED: Final = 3
"""The exit status of a child that met an error."""


def say(line: Mapping[str, Any]) -> None:
    """One line in one system call: said whole, or not at all."""
    os.write(1, json.dumps(line).encode() + b"\n")


def heard() -> dict[str, Any]:
    """The next line from the parent; an empty one when it has left."""
    line = sys.stdin.readline()
    found: dict[str, Any] = json.loads(line) if line else {}
    return found


def _fail(_failure: object) -> None:
    """A thread failed: so does the process, whatever its other threads do."""
    traceback.print_exc()
    os._exit(FAILED)


def main() -> None:
    """Do the job ``do`` of the module ``in``."""
    threading.excepthook = _fail
    job = heard()
    if job:
        module = importlib.import_module(f"benchmarks.faults.{job['in']}")
        getattr(module, job["do"])(job)


if __name__ == "__main__":
    try:
        main()
    except Exception:  # noqa: BLE001 - printed; on Windows a kill has the status 1
        traceback.print_exc()
        sys.exit(FAILED)
