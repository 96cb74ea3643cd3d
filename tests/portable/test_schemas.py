# SPDX-License-Identifier: AGPL-3.0-only
"""The JSON Schemas: they are those of the models, and the cases of the kit satisfy them or not."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from tests.conformance.kit import CASES, FIXTURES

SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"
NAMES = {
    "runtime_contract": "runtime-contract",
    "passport": "passport-bundle",
    "history": "history-bundle",
    "bundle": "bundle-envelope",
    "trust_catalog": "trust-catalog",
    "sidecar": "sidecar-signature",
}
STRUCTURAL = {"missing_field", "wrong_type", "unknown_value", "number_range", "invalid_text"}
BEYOND = ("-float", "-exponent", "overflow", "overflow-unknown")
"""Ends of the names of cases that JSON Schema cannot tell: to it 1.0 is an integer, and it has no
opinion on the size of numbers of which a line knows nothing."""


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_schemas", SCHEMAS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def validators() -> dict[str, Draft202012Validator]:
    contents = [json.loads(path.read_bytes()) for path in SCHEMAS.glob("*.schema.json")]
    registry: Registry[Any] = Registry().with_resources(
        (schema["$id"], Resource.from_contents(schema)) for schema in contents
    )
    return {
        schema["$id"].rpartition("/")[2].removesuffix(".schema.json"): Draft202012Validator(
            schema, registry=registry
        )
        for schema in contents
    }


def test_the_files_are_those_that_the_models_give(generate: ModuleType) -> None:
    there = {p.name: p.read_text(encoding="utf-8") for p in SCHEMAS.glob("*.schema.json")}
    assert there == generate.contents()


def test_every_schema_is_one_and_says_what_it_is(
    validators: dict[str, Draft202012Validator],
) -> None:
    assert set(validators) == {*NAMES.values(), "sync-peer"}
    for name, validator in validators.items():
        Draft202012Validator.check_schema(validator.schema)
        assert validator.schema["$id"] == f"https://memoryoss.com/schemas/{name}.schema.json"
        assert validator.schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        assert validator.schema["title"]
        assert validator.schema["description"]


def test_valid_artifacts_satisfy_their_schema(validators: dict[str, Draft202012Validator]) -> None:
    for case in CASES:
        if case["expect"] == "valid":
            document = json.loads((FIXTURES / case["file"]).read_bytes())
            errors = list(validators[NAMES[case["kind"]]].iter_errors(document))
            assert errors == [], case["name"]
    peer = json.loads((FIXTURES / "artifacts/sync-peer.json").read_bytes())
    assert validators["sync-peer"].is_valid(peer)


def test_artifacts_of_another_shape_do_not(validators: dict[str, Draft202012Validator]) -> None:
    tried = 0
    for case in CASES:
        if case.get("reason") in STRUCTURAL and not case["name"].endswith(BEYOND):
            document = json.loads((FIXTURES / case["file"]).read_bytes())
            assert not validators[NAMES[case["kind"]]].is_valid(document), case["name"]
            tried += 1
    assert tried >= 30


def test_artifacts_of_another_version_do_not(validators: dict[str, Draft202012Validator]) -> None:
    for case in CASES:
        if case["name"].rpartition("-other-")[2] == "version":
            document = json.loads((FIXTURES / case["file"]).read_bytes())
            assert not validators[NAMES[case["kind"]]].is_valid(document), case["name"]
