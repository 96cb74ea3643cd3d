# SPDX-License-Identifier: AGPL-3.0-only
"""What docs/portability.md and docs/importing.md say is true: their commands run in their order and
answer as shown."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from memoryoss_mcp.exchange.adapters import ADAPTER_KINDS
from memoryoss_mcp.exchange.connectors.kinds import KINDS as CONNECTORS
from memoryoss_mcp.exchange.sources import KINDS
from memoryoss_mcp.portable.planning import Decision
from memoryoss_mcp.portable.selection import REDACTIONS, SCOPES

ROOT = Path(__file__).parent.parent
PAGES = ("portability", "importing")
PICTURES = ROOT / "docs" / "pictures"

_BLOCK = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_IDS = (
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    *(rf"{kind}:[0-9a-f]{{32}}" for kind in ("device", "author", "sync_peer")),
    r"import:[0-9a-f]{16}",
    *(rf"[0-9a-f]{{{digits}}}" for digits in (64, 12, 8)),
    r"[a-z]+-[0-9a-f]{6}",
)
"""Ids, digests and names of projects: they are others in each run."""
_VARIES = re.compile(rf"(?P<left_out>(?<!\S)…(?!\S))|(?<![^\W_])(?:{'|'.join(_IDS)})(?!\w)")
"""These, and ``…`` where something is left out."""
_PLAINER = (
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z"), "TIME"),
    (re.compile(r"\b(?:today|yesterday) \d\d:\d\dZ"), "TIME"),
    (re.compile(r" in [\d.]+ s \([\d,]+/s\)"), " in TIME"),
    (re.compile(r"─+"), "─"),
    (re.compile(r"\s+"), " "),
)
"""Times, the widths of tables and the ends of lines are of no interest."""

no_bash = pytest.mark.skipif(
    os.name == "nt" or shutil.which("bash") is None, reason="the pages are for bash"
)


@dataclass(frozen=True)
class Step:
    """A block of commands, with the exit code and the answer that the page tells of. One of
    ``toml`` is the configuration from there on."""

    language: str
    text: str
    code: int
    shown: str | None


def page_text(page: str) -> str:
    return (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")


def steps(text: str) -> Iterator[Step]:
    blocks = list(_BLOCK.finditer(text))
    for place, block in enumerate(blocks):
        language, more, body = block.groups()
        if language == "text":
            before = blocks[place - 1]
            assert before[1] == "bash", body
            assert not text[before.end() : block.start()].strip(), body
            continue
        following = blocks[place + 1 : place + 2]
        shown = next((found[3] for found in following if found[1] == "text"), None)
        code = re.search(r"exit=(\d+)", more)
        yield Step(language, body, int(code[1]) if code else 0, shown)


@dataclass
class Shell:
    """A bash whose variables, functions and folder live on from one block to the next."""

    folder: Path
    environment: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        home = self.folder / "home"
        home.mkdir()
        (self.folder / "work").mkdir()
        (self.folder / "state").write_text(f"cd '{self.folder / 'work'}'\n", encoding="utf-8")
        kept = {"LANG", "TMPDIR", "SYSTEMROOT", "LD_LIBRARY_PATH", "MEMORYOSS_MODEL_DIR"}
        self.environment = {name: value for name, value in os.environ.items() if name in kept} | {
            "HOME": str(home),
            "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])),
            "PYTHONUTF8": "1",
            "MEMORYOSS_DATA_DIR": str(self.folder / "data"),
            "MEMORYOSS_KEYS_DIR": str(self.folder / "keys"),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": "Ingrid",
            "GIT_AUTHOR_EMAIL": "ingrid@example.org",
            "GIT_COMMITTER_NAME": "Ingrid",
            "GIT_COMMITTER_EMAIL": "ingrid@example.org",
        }

    def run(self, commands: str) -> tuple[int, str]:
        """The exit code of some commands and all that they print. The first that fails ends it."""
        state = self.folder / "state"
        keep = f"{{ export -p; declare -f; printf 'cd %q\\n' \"$PWD\"; }} > '{state}'"
        script = f"keep() {{ {keep}; }}; . '{state}'; trap keep EXIT; set -eo pipefail\n{commands}"
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-c", script],
            env=self.environment,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            timeout=300,
            check=False,
        )
        return done.returncode, done.stdout

    def configure(self, text: str) -> None:
        data = Path(self.environment["MEMORYOSS_DATA_DIR"])
        data.mkdir(exist_ok=True)
        (data / "memoryoss.toml").write_text(text, encoding="utf-8")


@dataclass
class Names:
    """Which id of this run stands for each id on the page."""

    known: dict[str, str] = field(default_factory=dict)

    def filled(self, commands: str) -> str:
        return _VARIES.sub(lambda found: self.known.get(found[0], found[0]), commands)

    def compare(self, shown: str, answer: str) -> None:
        """Compare an answer with the page, and learn the ids that are new there."""
        shown, answer = plain(shown), plain(answer)
        pattern, place = "", 0
        new: list[str] = []
        for found in _VARIES.finditer(shown):
            name = found[0]
            pattern += re.escape(shown[place : found.start()])
            place = found.end()
            if found["left_out"]:
                pattern += ".*?"
            elif name in self.known:
                pattern += re.escape(self.known[name])
            elif name in new:
                pattern += f"(?P=n{new.index(name)})"
            else:
                pattern += f"(?P<n{len(new)}>{_shape(name)})"
                new.append(name)
        match = re.fullmatch(pattern + re.escape(shown[place:]), answer)
        if match is None:
            pytest.fail(f"The page shows\n{self.filled(shown)}\nand the answer is\n{answer}")
        self.known |= {name: match[f"n{number}"] for number, name in enumerate(new)}
        assert len(set(self.known.values())) == len(self.known), "two names for one id"


def plain(text: str) -> str:
    for pattern, instead in _PLAINER:
        text = pattern.sub(instead, text)
    return text.strip()


def _shape(name: str) -> str:
    return next(pattern for pattern in _IDS if re.fullmatch(pattern, name))


@no_bash
@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_a_page_runs_and_answers_as_shown(page: str, tmp_path: Path) -> None:
    shell, names = Shell(tmp_path), Names()
    for step in steps(page_text(page)):
        if step.language == "toml":
            shell.configure(step.text)
        elif step.language == "bash":
            code, answer = shell.run(names.filled(step.text))
            assert code == step.code, f"{step.text}\nended with {code}:\n{answer}"
            if step.shown is not None:
                names.compare(step.shown, answer)


@pytest.mark.parametrize("page", PAGES)
def test_every_link_of_a_page_leads_somewhere(page: str) -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page_text(page)):
        assert (ROOT / "docs" / target).exists(), target


def first_column(page: str, head: str) -> set[str]:
    """The words in code of the first column of the table that begins so."""
    table = page_text(page).split(f"\n| {head} |", 1)[1].split("\n\n")[0]
    cells = [row.split("|")[1] for row in table.splitlines()[2:]]
    return {word for cell in cells for word in re.findall(r"`([^`]+)`", cell)}


def test_the_tables_name_everything_that_there_is() -> None:
    assert first_column("portability", "scope") == set(SCOPES)
    assert first_column("portability", "redaction") == set(REDACTIONS)
    decisions = {word.replace(" ", "_") for word in first_column("portability", "decision")}
    assert decisions == set(Decision)
    assert first_column("importing", "kind") == set(KINDS)
    assert first_column("importing", "adapter") == set(ADAPTER_KINDS)
    assert first_column("importing", "connector") == set(CONNECTORS)


def test_the_picture_is_small() -> None:
    picture = (PICTURES / "reader.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert len(picture) <= 150_000
