# SPDX-License-Identifier: AGPL-3.0-only
"""Which models can be chosen, and that each is pinned."""

from __future__ import annotations

import re

import memoryoss_minilm
import pytest

from memoryoss_mcp.embed import DEFAULT_MODEL, REGISTRY, ModelSpec, UnknownModelError, find_model


def test_four_models_can_be_chosen_and_the_small_one_is_the_default() -> None:
    assert {name: spec.dimension for name, spec in REGISTRY.items()} == {
        "all-minilm-l6-v2": 384,
        "bge-small-en-v1.5": 384,
        "bge-base-en-v1.5": 768,
        "bge-large-en-v1.5": 1024,
    }
    assert next(iter(REGISTRY)) == DEFAULT_MODEL


@pytest.mark.parametrize("spec", REGISTRY.values(), ids=REGISTRY)
def test_every_file_is_pinned_by_size_and_checksum(spec: ModelSpec) -> None:
    names = [file.name for file in spec.files]
    assert names[0] == "model.onnx"
    assert "tokenizer.json" in names
    for file in spec.files:
        assert re.fullmatch("[0-9a-f]{64}", file.sha256)
        assert file.size > 1000
        if spec.package is None:  # an address that cannot change its content
            assert re.fullmatch("[0-9a-f]{40}", spec.revision)
            assert file.url is not None
            assert f"/resolve/{spec.revision}/" in file.url
        else:
            assert file.url is None


def test_the_registry_names_the_files_of_the_installed_package() -> None:
    spec = find_model(DEFAULT_MODEL)
    assert {file.name: file.sha256 for file in spec.files} == memoryoss_minilm.SHA256
    assert spec.dimension == memoryoss_minilm.DIMENSION
    # New weights must not pass as the old ones: their vectors are not comparable.
    assert spec.revision == f"int8-{memoryoss_minilm.SHA256['model.onnx.data'][:12]}"


def test_a_name_is_found_in_any_case() -> None:
    assert find_model(" All-MiniLM-L6-v2 ").name == DEFAULT_MODEL


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UnknownModelError) as caught:
        find_model("gpt-5")
    assert caught.value.code == "model_unknown"
    assert "bge-base-en-v1.5" in str(caught.value)
