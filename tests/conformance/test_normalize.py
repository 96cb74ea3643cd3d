# SPDX-License-Identifier: AGPL-3.0-only
"""Our own reader over the cases of the kit, and the command in front of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from memoryoss_mcp.cli import conformance
from memoryoss_mcp.cli.parser import build_parser
from memoryoss_mcp.cli.session import Reply, Session
from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.portable.normalize import KINDS, normalize
from tests.conformance.kit import CASES, FIXTURES, beside, data, expected

import reader  # isort: skip


@pytest.mark.parametrize("folder", ["valid", "forms", "compat/n-1", "compat/n-2", "invalid"])
def test_our_reader_agrees_with_the_reference_on_every_case(folder: str) -> None:
    wrong = []
    for case in CASES:
        if case["file"].rpartition("/")[0] != folder:
            continue
        artifact = FIXTURES / case["artifact"] if "artifact" in case else None
        found = normalize(case["kind"], FIXTURES / case["file"], artifact)
        codes = sorted({problem.code for problem in found.problems})
        said = {"valid": found.valid, "form": found.form, "errors": codes}
        said["signature"] = found.signature
        if said | expected(case) != said:
            wrong.append((case["name"], said))
        elif found.text != reader.check(case["kind"], data(case), beside(case))[1]:
            wrong.append((case["name"], "another normalised form"))
    assert wrong == []


def _run(*words: object) -> Reply:
    options = build_parser([conformance.register]).parse_args(["conformance", *map(str, words)])
    return conformance.run(Session(options, as_json=True))


def test_the_command_writes_what_is_valid(tmp_path: Path) -> None:
    output = tmp_path / "normal.json"
    source = FIXTURES / "valid/passport-dense.json"
    reply = _run("normalize", "--kind", "passport", "--input", source, "--output", output)
    assert reply.code == 0
    assert reply.document == {
        "valid": True,
        "form": "typed",
        "errors": [],
        "signature": "unsigned",
    }
    assert json.loads(output.read_bytes()) == json.loads(source.read_bytes())
    assert output.read_bytes().startswith(b'{\n  "bundle_version": ')


def test_the_command_writes_nothing_of_what_is_not_and_says_why(tmp_path: Path) -> None:
    output = tmp_path / "normal.json"
    source = FIXTURES / "invalid/passport-hash-upper.json"
    reply = _run("normalize", "--kind", "passport", "--input", source, "--output", output)
    assert reply.code == 1
    assert reply.document["errors"] == ["integrity_mismatch"]
    assert reply.document["reason"]
    assert not output.exists()


def test_a_file_that_is_not_there_is_no_verdict(tmp_path: Path) -> None:
    for kind in KINDS:
        with pytest.raises(InvalidInputError, match="cannot be read"):
            normalize(kind, tmp_path / "nothing.json")
    source = FIXTURES / "valid/sidecar-alone.json"
    with pytest.raises(InvalidInputError, match="cannot be read"):
        normalize("sidecar", source, tmp_path / "nothing.json")


def test_the_command_knows_the_kinds_that_there_are() -> None:
    assert conformance.KINDS == KINDS
