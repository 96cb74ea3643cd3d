# SPDX-License-Identifier: AGPL-3.0-only
"""The kit: its cases, its readers, its harness, and what follows from the published formats."""

from __future__ import annotations

import hashlib
import json
import os
import random
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conformance.kit import CASES, FIXTURES, KIT, ROOT, beside, data, expected, harness

import builders  # isort: skip
import canonical_json  # isort: skip
import ed25519  # isort: skip
import reader  # isort: skip

README = (KIT / "README.md").read_text(encoding="utf-8")


def test_the_fixtures_are_those_that_the_script_writes(tmp_path: Path) -> None:
    subprocess.run([sys.executable, str(KIT / "make_fixtures.py"), str(tmp_path)], check=True)
    made = {p.relative_to(tmp_path): p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    there = {p.relative_to(KIT): p.read_bytes() for p in FIXTURES.rglob("*") if p.is_file()}
    there[Path("cases.json")] = (KIT / "cases.json").read_bytes()
    assert made == there


def test_every_line_has_valid_old_and_broken_cases() -> None:
    kinds = {"runtime_contract", "passport", "history", "bundle", "trust_catalog", "sidecar"}
    folders = Counter((case["kind"], case["file"].rpartition("/")[0]) for case in CASES)
    for kind in kinds:
        assert all(folders[kind, folder] for folder in ("valid", "compat/n-1", "compat/n-2"))
        assert folders[kind, "invalid"] >= 3
    assert sum(case["expect"] == "invalid" for case in CASES) >= 30
    assert len({case["name"] for case in CASES}) == len(CASES)


def test_the_python_reader_says_of_every_case_what_is_expected() -> None:
    wrong = []
    for case in CASES:
        verdict, _ = reader.check(case["kind"], data(case), beside(case))
        reason = verdict.get("reason", "").partition(" ")[0]
        if verdict | expected(case) != verdict or reason != case.get("reason", ""):
            wrong.append((case["name"], verdict))
    assert wrong == []


def test_a_typed_artifact_is_still_valid_in_its_normalised_form_which_is_its_own() -> None:
    for case in CASES:
        verdict, normal = reader.check(case["kind"], data(case), beside(case))
        if verdict["valid"] and verdict["form"] != "received" and verdict["signature"] != "valid":
            assert reader.check(case["kind"], normal.encode(), beside(case)) == (verdict, normal)


@pytest.mark.slow
def test_the_javascript_reader_agrees_on_every_case(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    done = harness("--only", "javascript", "--json", report)
    assert done.returncode == 0, done.stdout
    told = json.loads(report.read_text(encoding="utf-8"))
    assert told["status"] == "passed"
    assert told["case_count"] == len(CASES)
    assert all(case["readers"]["javascript"]["verdict"] for case in told["cases"])


def test_the_harness_runs_the_command_line_and_both_readers() -> None:
    memoryoss = f"{sys.executable} -m memoryoss_mcp"
    done = harness("--cases", "compat/n-?/*additive*", "--memoryoss", memoryoss)
    assert done.returncode == 0, done.stdout
    assert "memoryoss  python  javascript" in done.stdout


@pytest.mark.parametrize("name", ["memoryoss", "javascript"])
def test_a_reader_that_is_missing_fails_the_run(name: str, tmp_path: Path) -> None:
    nowhere = {**os.environ, "PATH": str(tmp_path)}
    done = harness("--only", f"python,{name}", "--cases", "valid/passport-minimal", env=nowhere)
    assert done.returncode == 1
    assert f"{name} is missing" in done.stdout


def test_another_reader_is_run_by_its_command() -> None:
    command = f'"{sys.executable}" "{KIT / "reader.py"}" --kind {{kind}} --input {{input}}'
    command += " --output {output} --artifact={artifact}"
    done = harness("--reader", command.replace("\\", "/"), "--cases", "valid/sidecar-*")
    assert done.returncode == 0, done.stdout
    assert "reader-1" in done.stdout


@pytest.mark.parametrize(
    ("body", "difference"),
    [
        ("shutil.copy(sys.argv[2], sys.argv[3])", "exit code 0"),
        ("sys.exit(1)", "wrote no normalised form"),
        ("sys.exit(7)", "exit code 7"),
        ("open(sys.argv[3], 'w').write('{}')", "another normalised form"),
    ],
)
def test_a_reader_that_is_wrong_fails_the_run(body: str, difference: str, tmp_path: Path) -> None:
    script = tmp_path / "wrong.py"
    script.write_text(f"import shutil, sys\n{body}\n", encoding="utf-8")
    command = f'"{sys.executable}" "{script}" {{kind}} {{input}} {{output}}'.replace("\\", "/")
    done = harness("--reader", command, "--cases", "*/history-m*")
    assert done.returncode == 1
    assert difference in done.stdout


def test_a_pattern_that_names_no_case_is_no_success() -> None:
    assert harness("--only", "python", "--cases", "nothing").returncode == 1


def test_an_invalid_artifact_leaves_the_output_alone(tmp_path: Path) -> None:
    output = tmp_path / "output.json"
    output.write_text("mine", encoding="utf-8")
    for command in ([sys.executable, str(KIT / "reader.py")], ["node", str(KIT / "reader.mjs")]):
        source = str(FIXTURES / "invalid/passport-tampered-content.json")
        options = ["--kind", "passport", "--input", source, "--output", str(output)]
        done = subprocess.run([*command, *options], capture_output=True, check=False)
        assert done.returncode == 1
        assert json.loads(done.stdout)["errors"] == ["integrity_mismatch"]
    assert output.read_text(encoding="utf-8") == "mine"


def test_both_readers_print_numbers_alike(tmp_path: Path) -> None:
    chance = random.Random(20260504)
    numbers = [chance.uniform(0, 1) for _ in range(300)]
    numbers += [chance.uniform(-1, 1) * 10.0 ** chance.randint(-320, 300) for _ in range(300)]
    memories = [builders.memory(i, str(i), confidence=x) for i, x in enumerate(numbers)]
    source, output = tmp_path / "passport.json", tmp_path / "normal.json"
    source.write_text(json.dumps(builders.passport(memories)), encoding="utf-8")
    done = subprocess.run(
        ["node", KIT / "reader.mjs", "--kind", "passport", "--input", source, "--output", output],
        capture_output=True,
        check=False,
    )
    verdict, normal = reader.check("passport", source.read_bytes())
    assert verdict["form"] == "typed"
    assert json.loads(done.stdout) == verdict
    assert output.read_bytes() == normal.encode()


def test_every_code_and_reason_is_explained() -> None:
    codes = {code for case in CASES for code in case["errors"]}
    reasons = {case["reason"] for case in CASES if "reason" in case}
    assert {name for name in codes | reasons if f"`{name}`" not in README} == set()


def test_the_worked_example_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    (example,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    exec(compile(example, "README.md", "exec"), {})


# What is published of the original's own artifacts, as far as it follows from itself.

PASSPORT_SUBJECT = "passport:d95aedf555fedac73c9da23c7c272f214026cc8ac8245b8d7ead081ac222a463"
OUTER = "80b621f89a86e6ff0d4331cac301d9068524c5af15fdb10aa95779ffec8f72ab"
PHRASE = "-".join(("secret", "for", "docs"))


def test_golden_signatures_of_the_secret_scheme() -> None:
    at = "2026-03-13T00:00:00Z"
    beside = builders.secret_value("author:alice", "author", at, PASSPORT_SUBJECT, PHRASE)
    assert beside == "c3d41edeff2dbf6838cc27a4fd63afe8f289ec2aaf1dc359b378bd31881cc71d"
    inside = builders.secret_value("device:local-runtime", "device", at, OUTER, PHRASE)
    assert inside == "0c8ee2e8ccc9698bdb0fae387ff171d7db466990da95e33f018ca40243f7439e"


def test_golden_subject_of_a_sync_peer() -> None:
    peer = {
        "peer_id": "peer-1",
        "namespace": "demo",
        "endpoint": "https://peer.example/sync",
        "device_label": "Laptop",
    }
    digest = canonical_json.sha256(reader.read_shape(peer, "sync_peer", ""))
    assert digest == "0865ce6bf8f6015d3bddc0df5c75591d0cdd9c6455ef3b66d5254709631c87c2"


def test_golden_names_of_an_envelope() -> None:
    key = "11111111-1111-7111-8111-111111111111"
    document = builders.envelope(builders.passport(passport_id=key, namespace="demo"))
    query = "kind=passport&namespace=demo&scope=project"
    assert document["reference"]["uri"] == f"memoryoss://bundle/{key}?{query}"
    name = f"memoryoss-passport-demo-project-{key}.membundle.json"
    assert document["reference"]["attachment_name"] == name


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1.0, "1.0"),
        (0.00001, "0.00001"),
        (0.000001, "1e-6"),
        (1e15, "1000000000000000.0"),
        (1e16, "1e+16"),
        (0.44999999999999996, "0.44999999999999996"),
        (-0.0, "-0.0"),
    ],
)
def test_golden_numbers(number: float, text: str) -> None:
    assert canonical_json.print_float(number) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_printed_number_reads_back_the_same(number: float) -> None:
    text = canonical_json.print_float(number)
    assert float(text).hex() == number.hex()
    assert "." in text or "e" in text


@settings(max_examples=20, deadline=None)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=200))
def test_signatures_are_those_of_ed25519(seed: bytes, message: bytes) -> None:
    key = Ed25519PrivateKey.from_private_bytes(seed)
    public, signature = key.public_key().public_bytes_raw(), key.sign(message)
    assert ed25519.public_key(seed) == public
    assert ed25519.sign(seed, message) == signature
    assert ed25519.verify(public, message, signature)
    assert not ed25519.verify(public, message + b"\0", signature)
    assert not ed25519.verify(public, message, signature[:-1])
    place = hashlib.sha256(message).digest()[0] % 64
    flipped = bytearray(signature)
    flipped[place] ^= 1
    assert not ed25519.verify(public, message, bytes(flipped))
