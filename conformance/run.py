# SPDX-License-Identifier: AGPL-3.0-only
"""Runs readers over every case of the kit and compares what they say with what is expected.

``python run.py`` runs the command line of memoryOSS and both reference readers; a reader that is
not there is a failure. ``python run.py --reader "COMMAND {kind} {input} {output}"`` runs another
reader instead. README.md says what a reader has to do.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from fnmatch import fnmatch
from functools import partial
from pathlib import Path
from typing import Any

import reader as reference

HERE = Path(__file__).resolve().parent
FIXTURES = HERE / "fixtures"
BUILT_IN = ("memoryoss", "python", "javascript")
SECONDS = 120
"""What one reading may take."""

OPTIONS = (
    "--kind",
    "{kind}",
    "--input",
    "{input}",
    "--output",
    "{output}",
    "--artifact={artifact}",
)
Case = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reader:
    """A program with the words of its command; a word with ``{artifact}`` is left out where a case
    has none."""

    name: str
    words: tuple[str, ...]

    @property
    def missing(self) -> str:
        """What is not there; empty if everything is."""
        if shutil.which(self.words[0]) is None:
            return self.words[0]
        scripts = (word for word in self.words[1:2] if word.endswith((".py", ".mjs")))
        return next((script for script in scripts if not Path(script).is_file()), "")

    def command(self, case: Case, output: Path) -> list[str]:
        """The command for a case."""
        places: dict[str, Any] = {
            "kind": case["kind"],
            "input": FIXTURES / case["file"],
            "output": output,
        }
        if "artifact" in case:
            places["artifact"] = FIXTURES / case["artifact"]
        words = (w for w in self.words if "artifact" in places or "{artifact}" not in w)
        return [_filled(word, places) for word in words]


def _filled(word: str, places: dict[str, Any]) -> str:
    for name, value in places.items():
        word = word.replace(f"{{{name}}}", str(value))
    return word


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a reader made of a case; ``differences`` is empty if that is what was expected."""

    exit: int | None
    verdict: dict[str, Any] = field(default_factory=dict)
    differences: tuple[str, ...] = ()


def expected(case: Case) -> dict[str, Any]:
    """The verdict that a case asks for."""
    fields = {name: case[name] for name in ("form", "errors", "signature") if name in case}
    return {"valid": case["expect"] == "valid"} | fields


def normal_form(case: Case) -> bytes:
    """The normalised form of a valid case, as the Python reference reader writes it."""
    artifact = (FIXTURES / case["artifact"]).read_bytes() if "artifact" in case else None
    _, text = reference.check(case["kind"], (FIXTURES / case["file"]).read_bytes(), artifact)
    return text.encode()


def read_case(reader: Reader, case: Case, folder: Path) -> Outcome:
    """Run a reader over a case and compare."""
    output = folder / f"{reader.name}-{case['name'].replace('/', '-')}.json"
    try:
        done = subprocess.run(
            reader.command(case, output), capture_output=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return Outcome(None, {}, (f"no answer within {SECONDS} s",))
    except OSError as error:
        return Outcome(None, {}, (f"cannot be started: {error.strerror}",))
    verdict = _verdict(done.stdout)
    wanted = expected(case)
    differences = []
    if done.returncode != (0 if wanted["valid"] else 1):
        differences.append(f"exit code {done.returncode}")
    for name, value in wanted.items():
        if name in verdict and verdict[name] != value:
            differences.append(f"{name} {json.dumps(verdict[name])} for {json.dumps(value)}")
    written = output.read_bytes() if output.is_file() else None
    if not wanted["valid"]:
        if written is not None:
            differences.append("wrote a normalised form")
    elif written is None:
        differences.append("wrote no normalised form")
    elif written.rstrip(b"\n") != normal_form(case).rstrip(b"\n"):
        differences.append("another normalised form")
    return Outcome(done.returncode, verdict, tuple(differences))


def _verdict(output: bytes) -> dict[str, Any]:
    """The verdict that a reader printed; nothing if it printed none."""
    try:
        printed = json.loads(output)
    except ValueError:
        return {}
    return printed if isinstance(printed, dict) else {}


def table(rows: Iterable[tuple[str, ...]]) -> str:
    """Rows in aligned columns, the first of them a heading."""
    rows = list(rows)
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(line.rstrip() for line in [lines[0], "-" * len(lines[0]), *lines[1:]])


def parse() -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(description="Run readers over every case of the kit.")
    parser.add_argument("--memoryoss", default="memoryoss", help="the command of memoryOSS")
    parser.add_argument("--only", help=f"names of readers: {', '.join(BUILT_IN)}")
    parser.add_argument(
        "--reader",
        action="append",
        default=[],
        metavar="COMMAND",
        help="another reader, with {kind}, {input}, {output} and, in a word that is left out where "
        "there is none, {artifact}",
    )
    parser.add_argument("--cases", default="*", metavar="GLOB", help="names of cases")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where a report is written")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="readings at once")
    options = parser.parse_args()
    named = options.only.split(",") if options.only else () if options.reader else BUILT_IN
    for name in named:
        if name not in BUILT_IN:
            parser.error(f"There is no reader {name}; there are {', '.join(BUILT_IN)}.")
    options.readers = [*map(partial(built_in, memoryoss=options.memoryoss), named)]
    for number, command in enumerate(options.reader, 1):
        words = tuple(shlex.split(command, posix=os.name != "nt"))
        if not words:
            parser.error("A reader needs a command.")
        options.readers.append(Reader(f"reader-{number}", words))
    return options


def built_in(name: str, memoryoss: str) -> Reader:
    """One of the readers that the kit knows."""
    if name == "memoryoss":
        start = tuple(shlex.split(memoryoss, posix=os.name != "nt"))
        return Reader(name, (*start, "conformance", "normalize", "--json", *OPTIONS))
    program, script = {
        "python": (sys.executable, "reader.py"),
        "javascript": ("node", "reader.mjs"),
    }[name]
    return Reader(name, (program, str(HERE / script), *OPTIONS))


def run(readers: list[Reader], cases: list[Case], jobs: int) -> dict[str, dict[str, Outcome]]:
    """The outcomes by reader and case."""
    work = [(reader, case) for reader in readers for case in cases]
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(jobs) as pool:
        outcomes = pool.map(lambda pair: read_case(pair[0], pair[1], Path(folder)), work)
        found: dict[str, dict[str, Outcome]] = {reader.name: {} for reader in readers}
        for (reader, case), outcome in zip(work, outcomes, strict=True):
            found[reader.name][case["name"]] = outcome
    return found


def main() -> int:
    """Run everything; 1 if a case differs or a reader is missing."""
    options = parse()
    listed = json.loads((HERE / "cases.json").read_text(encoding="utf-8"))["cases"]
    cases = [case for case in listed if fnmatch(case["name"], options.cases)]
    missing = {reader.name: reader.missing for reader in options.readers if reader.missing}
    present = [reader for reader in options.readers if reader.name not in missing]
    found = run(present, cases, options.jobs)
    ok = (
        bool(cases)
        and not missing
        and not any(o.differences for f in found.values() for o in f.values())
    )
    show(options.readers, cases, found, missing)
    sys.stdout.write(f"{'passed' if ok else 'FAILED'}: {len(cases)} cases\n")
    if options.json:
        options.json.write_text(report(ok, cases, found, missing), encoding="utf-8")
    return 0 if ok else 1


def show(
    readers: list[Reader],
    cases: list[Case],
    found: dict[str, dict[str, Outcome]],
    missing: dict[str, str],
) -> None:
    """Print how many cases of each folder are as expected, and every one that is not."""
    groups: dict[str, list[Case]] = {}
    for case in cases:
        groups.setdefault(case["file"].rpartition("/")[0], []).append(case)
    rows = [("cases", "count", *(reader.name for reader in readers))]
    for folder, group in groups.items():
        counts = [
            "missing" if reader.name in missing else str(_passed(found[reader.name], group))
            for reader in readers
        ]
        rows.append((folder, str(len(group)), *counts))
    sys.stdout.write(table(rows) + "\n")
    for name, program in missing.items():
        sys.stdout.write(f"{name} is missing: {program} is not there\n")
    for name, outcomes in found.items():
        for title, outcome in outcomes.items():
            if outcome.differences:
                sys.stdout.write(f"{name}: {title}: {'; '.join(outcome.differences)}\n")


def _passed(outcomes: dict[str, Outcome], group: list[Case]) -> int:
    return sum(not outcomes[case["name"]].differences for case in group)


def report(
    ok: bool,
    cases: list[Case],
    found: dict[str, dict[str, Outcome]],
    missing: dict[str, str],
) -> str:
    """Everything as JSON."""
    listed: list[dict[str, Any]] = []
    for case in cases:
        outcomes = {name: by_case[case["name"]] for name, by_case in found.items()}
        readers: dict[str, Any] = {
            name: {"exit": o.exit, "verdict": o.verdict, "differences": list(o.differences)}
            for name, o in outcomes.items()
        }
        listed.append(case | {"readers": readers})
    document = {
        "status": "passed" if ok else "failed",
        "case_count": len(cases),
        "readers": sorted(found),
        "missing": missing,
        "cases": listed,
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.exit(main())
