# SPDX-License-Identifier: AGPL-3.0-only
"""Writes the fixtures and ``cases.json``; the same bytes every time.

``python make_fixtures.py [FOLDER]`` writes into FOLDER, which is the folder of this file if it is
left out. What is there of an earlier run is replaced.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import accepted
import forged
import refused


def contents() -> dict[str, bytes]:
    """Every file by its name below the folder of the kit.

    Raises:
        ValueError: two cases have the same name.
    """
    cases = [*accepted.cases(), *refused.cases(), *forged.cases()]
    files = dict(accepted.artifacts())
    for case in cases:
        if case.file in files:
            raise ValueError(f"Two cases are called {case.file}.")
        files[case.file] = case.data
    listed = {"cases": [case.document() for case in cases]}
    text = json.dumps(listed, indent=2, ensure_ascii=False) + "\n"
    return {f"fixtures/{name}": data for name, data in files.items()} | {
        "cases.json": text.encode()
    }


def main() -> None:
    """Write them."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    files = contents()
    shutil.rmtree(folder / "fixtures", ignore_errors=True)
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    sys.stdout.write(f"{len(files)} files\n")


if __name__ == "__main__":
    main()
