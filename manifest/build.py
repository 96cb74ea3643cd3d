# SPDX-License-Identifier: AGPL-3.0-only
"""Assembles the sources of the desktop bundle, ready for ``mcpb pack``.

    python manifest/build.py FOLDER && mcpb pack FOLDER memoryoss.mcpb

The bundle carries the package and its model, so that it needs no release of ours on an index; uv
fetches the other dependencies once, when the bundle is installed.
"""

from __future__ import annotations

import json
import shutil
import sys
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
COPIED = ("manifest.json", "icon.png", "privacy.md", ".mcpbignore", ".python-version")
PACKAGES = (ROOT / "memoryoss_mcp", ROOT / "models" / "minilm" / "memoryoss_minilm")
OWN = ("memoryoss-mcp", "memoryoss-minilm")


def build(folder: Path) -> Path:
    """Fill ``folder``, which must not exist or be empty, and return it.

    Raises:
        SystemExit: the folder holds something, or versions disagree.
    """
    if folder.exists() and any(folder.iterdir()):
        raise SystemExit(f"{folder} is not empty.")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    manifest = json.loads((HERE / "manifest.json").read_text(encoding="utf-8"))
    if manifest["version"] != project["version"]:
        raise SystemExit("manifest.json and pyproject.toml have different versions.")
    (folder / "src").mkdir(parents=True)
    for name in COPIED:
        shutil.copy2(HERE / name, folder / name)
    shutil.copy2(ROOT / "LICENSE", folder / "LICENSE")
    shutil.copy2(HERE / "src" / "server.py", folder / "src" / "server.py")
    for package in PACKAGES:
        shutil.copytree(
            package,
            folder / "src" / package.name,
            ignore=shutil.ignore_patterns("__pycache__", "*.pyc"),
        )
    (folder / "pyproject.toml").write_text(_project(project), encoding="utf-8")
    return folder


def _project(project: dict[str, object]) -> str:
    dependencies = project["dependencies"]
    assert isinstance(dependencies, list)
    kept = [entry for entry in dependencies if not entry.startswith(OWN)]
    lines = [
        "[project]",
        'name = "memoryoss-bundle"',
        f"version = {json.dumps(project['version'])}",
        f"requires-python = {json.dumps(project['requires-python'])}",
        "dependencies = [",
        *(f"  {json.dumps(entry)}," for entry in kept),
        "]",
        "",
        "[tool.uv]",
        "package = false",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    print(build(Path(sys.argv[1])))
