# SPDX-License-Identifier: AGPL-3.0-only
"""Whatever this program writes satisfies the published schemas, and the kit's own reader, which
shares no code with it, finds nothing wrong."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from memoryoss_mcp.model import Memory
from memoryoss_mcp.portable.artifact import Artifact
from memoryoss_mcp.portable.contract import contract
from memoryoss_mcp.portable.exporting import export_history, export_passport
from memoryoss_mcp.portable.signing import sign_bundle, sign_sidecar
from memoryoss_mcp.portable.trust.fabric import Fabric
from memoryoss_mcp.portable.trust.identity import Kind
from memoryoss_mcp.store.store import Store
from tests.conformance.kit import ROOT
from tests.portable import stores
from tests.store import support

import reader  # isort: skip

SCHEMAS = {
    "runtime_contract": "runtime-contract",
    "passport": "passport-bundle",
    "history": "history-bundle",
    "bundle": "bundle-envelope",
    "trust_catalog": "trust-catalog",
    "sidecar": "sidecar-signature",
}


@dataclass
class Writer:
    """A memory file whose documents are looked at; each example has a namespace of its own."""

    store: Store
    fabric: Fabric
    numbers: Iterator[int]
    validators: dict[str, Draft202012Validator]

    def check(self, kind: str, data: bytes, beside: bytes | None = None) -> None:
        """Neither the schema nor the reader finds anything wrong with a document."""
        errors = [error.message for error in self.validators[kind].iter_errors(json.loads(data))]
        assert errors == []
        verdict, _ = reader.check(kind, data, beside)
        assert (verdict["valid"], verdict["errors"]) == (True, []), verdict
        if kind in {"passport", "history", "bundle"}:
            assert verdict["form"] == "typed"
        if kind in {"bundle", "sidecar", "trust_catalog"}:
            assert verdict["signature"] == "valid"


@pytest.fixture(scope="module")
def writer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Writer]:
    folder: Path = tmp_path_factory.mktemp("writer")
    contents = [json.loads(path.read_bytes()) for path in (ROOT / "schemas").glob("*.json")]
    registry: Registry[Any] = Registry().with_resources(
        (schema["$id"], Resource.from_contents(schema)) for schema in contents
    )
    validators = {
        kind: Draft202012Validator(
            next(s for s in contents if s["$id"].endswith(f"/{name}.schema.json")),
            registry=registry,
        )
        for kind, name in SCHEMAS.items()
    }
    with ExitStack() as stack:
        store = stack.enter_context(support.opened(folder / "memoryoss.db"))
        yield Writer(store, Fabric(store, folder / "keys"), itertools.count(), validators)


def documents(writer: Writer, found: list[Memory]) -> Iterator[Artifact]:
    """The passport of some memories, and the history of one."""
    space = f"n{next(writer.numbers)}"
    stores.put(writer.store, space, [replace(memory, namespace=space) for memory in found])
    yield export_passport(writer.store, space, "all", (), stores.silent)[0]
    if found:
        yield export_history(writer.store, space, found[0].id)


@settings(max_examples=60)
@given(found=stores.memories())
def test_passports_histories_and_bundles(writer: Writer, found: list[Memory]) -> None:
    for artifact in documents(writer, found):
        data = stores.data(artifact)
        writer.check(artifact.shape, data)
        once = sign_bundle(artifact, writer.fabric)
        writer.check("bundle", stores.data(once))
        sidecar = json.dumps(sign_sidecar(stores.sent(artifact), writer.fabric)).encode()
        writer.check("sidecar", sidecar, data)


def test_a_bundle_that_two_signed(writer: Writer) -> None:
    author = writer.fabric.register_own(Kind.AUTHOR, "Mara")
    [passport] = documents(writer, [])
    twice = sign_bundle(sign_bundle(passport, writer.fabric), writer.fabric, author.id)
    writer.check("bundle", stores.data(twice))


def test_catalogs(writer: Writer) -> None:
    author = writer.fabric.register_own(Kind.AUTHOR, "Ömer")
    gone = writer.fabric.register_own(Kind.AUTHOR, "Nobody")
    writer.fabric.revoke(gone.id, "left the team", author.id)
    document = writer.fabric.export_catalog()
    writer.check("trust_catalog", json.dumps(document, ensure_ascii=False).encode())


def test_the_contract(writer: Writer) -> None:
    writer.check("runtime_contract", json.dumps(contract(), ensure_ascii=False).encode())
