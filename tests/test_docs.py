# SPDX-License-Identifier: AGPL-3.0-only
"""What the documentation says is true."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

from memoryoss_mcp.config import load_config

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def test_the_readme_names_the_registry_entry() -> None:
    server = json.loads((ROOT / "server.json").read_text(encoding="utf-8"))
    assert f"<!-- mcp-name: {server['name']} -->" in README


def test_the_readme_has_the_two_commands() -> None:
    see, test = blocks(README, "bash")
    assert see.strip().endswith("memoryoss demo")
    assert "pytest" in test


def results(lane: str) -> Any:
    return json.loads((ROOT / "benchmarks" / "results" / f"{lane}.json").read_text("utf-8"))


def test_the_figures_in_the_readme_are_those_of_the_kept_results() -> None:
    section = README.split("## How good, how fast, how safe")[1].split("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if "|" in line]
    shown = {tuple(row[1:]) for row in rows}
    for name, found in results("quality")["sets"].items():
        figures = found["groups"]["all"]
        row = tuple(f"{figures[ranker]['R@10']:.2f}" for ranker in ("bm25", "vector", "recall"))
        assert row in shown or name == "prefeval_implicit_choice", name
    for size in (*results("speed")["sizes"], results("scale")["sizes"][-1]):
        row = (
            f"{size['recall']['best']['recall']['p50']:.1f} ms",
            f"{size['store']['single']['best']['p50']:.1f} ms",
            f"{size['store']['batch_per_second']['best']:.0f} per second",
        )
        assert row in shown, size["memories"]
    measured = {check["name"]: check["measured"] for check in results("quality")["required"]}
    assert f"{measured['beam_100k: newer above outdated']:.0%}" in section
    for name in ("beam_100k", "devmem_claude"):
        assert f"{measured[f'{name}: abstention AUC']:.2f}" in section
    added = {check["name"]: check["measured"] for check in results("proxy")["required"]}
    assert f"adds {added['added to first byte with recall, p50']:.0f} ms" in section
    assert f"{added['added to first byte in mode off, p50']:.0f} ms with memory off" in section
    assert f"{added['added per streamed chunk']:.3f} ms to each piece" in section
    assert all(check["passed"] for check in results("proxy")["required"])
    travel = results("portability")
    assert all(check["passed"] for check in travel["checks"])
    assert f"{travel['size']:,} memories leave at {travel['export_per_second']:,.0f} a" in section
    assert f"at {travel['import_per_second']:,.0f} a second" in section
    assert f"{travel['import_mib']:.0f} MiB\n  above the base" in section
    assert all(name.split()[0] in section for name in travel["laws"])
    stale = results("quality")["sets"]["devmem_claude"]["staleness"]["recall"]
    assert f"in {stale:.0%} of the pairs of the developer's project" in section
    assert all(check["passed"] for check in results("faults")["required"])
    largest = results("sealed")["sizes"][-1]
    clear, sealed = (largest[kind]["recall"]["p50"] for kind in ("clear", "sealed"))
    assert f"recalled in {sealed:.1f} ms instead\n  of {clear:.1f};" in section
    assert f"takes {largest['sealed']['first recall'] / 1000:.0f} seconds once" in section


def test_the_share_of_secrets_in_the_readme_is_that_of_the_kept_results() -> None:
    kept = results("secrets")
    assert all(check["passed"] for check in kept["checks"])
    made = sum(kind["texts"] for kind in kept["recall"].values())
    found = sum(kind["texts"] * kind["recall"] for kind in kept["recall"].values())
    clean = kept["clean"].values()
    assert not any(part["touched"] for part in clean)
    section = " ".join(README.split("## A memory that stays yours")[1].split("\n## ")[0].split())
    assert f"of {made:,} secrets made for the measurement {found / made:.2%} were found" in section
    assert f"nothing was touched in {sum(part['texts'] for part in clean):,} texts" in section


def test_the_python_example_runs(tmp_path: Path) -> None:
    (example,) = blocks(README, "python")
    environment = {**os.environ, "MEMORYOSS_DATA_DIR": str(tmp_path), "PYTHONUTF8": "1"}
    done = subprocess.run(
        [sys.executable, "-c", example],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "The API listens on port 8001." in done.stdout


def test_the_shell_examples_run(tmp_path: Path) -> None:
    session = "".join(blocks(README, "console"))
    commands = [line[2:] for line in session.splitlines() if line.startswith("$ memoryoss ")]
    assert len(commands) >= 5
    environment = {**os.environ, "MEMORYOSS_DATA_DIR": str(tmp_path), "PYTHONUTF8": "1"}
    for command in commands:
        arguments = shlex.split(command)[1:]
        done = subprocess.run(
            [sys.executable, "-m", "memoryoss_mcp", *arguments],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, (command, done.stderr)


def test_the_configuration_page_shows_every_key_with_its_default(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    (example,) = blocks(page, "toml")
    file = tmp_path / "memoryoss.toml"
    file.write_text(example, encoding="utf-8")
    configured = load_config(file, data_dir=tmp_path, environ={})
    plain = load_config(data_dir=tmp_path / "other", environ={})
    everything = re.sub(r"^# (?=[\w-]+ = )", "", example, flags=re.MULTILINE)
    shown = tomllib.loads(everything)
    for name in shown:
        assert getattr(configured, name) == getattr(plain, name)
        assert set(shown[name]) == set(getattr(plain, name).__slots__)
