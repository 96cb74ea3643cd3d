# SPDX-License-Identifier: AGPL-3.0-only
"""The embedding models that can be chosen, each pinned to a revision and to checksums.

The checksums of the BGE files are the Git LFS object ids (SHA-256) of the official repositories
at the pinned revisions, as several independent public projects that pin the same files state them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from memoryoss_mcp.embed.errors import UnknownModelError

MODELS_URL = "https://huggingface.co"
"""Where models are pulled from. A mirror serves the same paths below another address."""

MODELS_URL_VARIABLE = "MEMORYOSS_MODELS_URL"
"""Environment variable with the address of a mirror, used instead of :data:`MODELS_URL`."""

Pooling = Literal["graph", "cls"]
"""How token vectors become one vector: inside the graph, or the vector of the first token,
normalised to unit length."""


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file of a model.

    ``name`` is the name in the model's folder, ``size`` counts bytes, ``url`` is a path below the
    address of the models, ``None`` for what is never downloaded.
    """

    name: str
    sha256: str
    size: int
    url: str | None = None


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """An embedding model.

    ``dimension`` is the length of its vectors, ``max_tokens`` the longest input that it sees at
    once, ``query_prefix`` what it wants in front of a question (not of a memory). ``revision``
    names these very weights: vectors of different revisions are not comparable. ``package`` is the
    Python package that carries the files; without it they are in the models folder.
    ``files`` begins with the ONNX graph and holds ``tokenizer.json``.
    """

    name: str
    dimension: int
    revision: str
    max_tokens: int
    pooling: Pooling
    query_prefix: str
    files: tuple[ModelFile, ...]
    licence: str
    package: str | None = None

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)


def _bge(name: str, dimension: int, revision: str, size: int, sha256: str) -> ModelSpec:
    root = f"BAAI/{name}/resolve/{revision}"
    return ModelSpec(
        name=name,
        dimension=dimension,
        revision=revision,
        max_tokens=512,
        pooling="cls",
        query_prefix="Represent this sentence for searching relevant passages: ",
        files=(
            ModelFile("model.onnx", sha256, size, f"{root}/onnx/model.onnx"),
            ModelFile(
                "tokenizer.json",
                "d241a60d5e8f04cc1b2b3e9ef7a4921b27bf526d9f6050ab90f9267a1f9e5c66",
                711_396,
                f"{root}/tokenizer.json",
            ),
        ),
        licence="MIT",
    )


DEFAULT_MODEL = "all-minilm-l6-v2"
"""The model that is installed with the package and never downloaded."""

_SPECS = (
    ModelSpec(
        name=DEFAULT_MODEL,
        dimension=384,
        revision="int8-c796230913ca",
        max_tokens=256,
        pooling="graph",
        query_prefix="",
        files=(
            ModelFile(
                "model.onnx",
                "0831b94cb2d26917c64299058c4306928d1bbf1818ee35953c4975eb81554e5d",
                99_037,
            ),
            ModelFile(
                "model.onnx.data",
                "c796230913ca9dc7f7b8ac39177513d25a55f02f794b42ba36de3f8cbf74edb7",
                23_445_504,
            ),
            ModelFile(
                "tokenizer.json",
                "5fd1c882abbd30517dced455a2c9768945ec726b96727927e4959348d9de550b",
                466_081,
            ),
        ),
        licence="Apache-2.0",
        package="memoryoss_minilm",
    ),
    _bge(
        "bge-small-en-v1.5",
        384,
        "5c38ec7c405ec4b44b94cc5a9bb96e735b38267a",
        133_093_490,
        "828e1496d7fabb79cfa4dcd84fa38625c0d3d21da474a00f08db0f559940cf35",
    ),
    _bge(
        "bge-base-en-v1.5",
        768,
        "a5beb1e3e68b9ab74eb54cfd186867f64f240e1a",
        435_811_539,
        "9bc579acdba21c253c62a9bf866891355a63ffa3442b52c8a37d75b2ccb91848",
    ),
    _bge(
        "bge-large-en-v1.5",
        1024,
        "d4aa6901d3a41ba39fb536a557fa166f842b0e09",
        1_336_854_281,
        "69ed3f810d3b6d13f70dff9ca89966f39c0a0e877fb88211be7bcc070df2a2ce",
    ),
)

REGISTRY: Mapping[str, ModelSpec] = {spec.name: spec for spec in _SPECS}
"""Every model, by name, the default first."""


def find_model(name: str) -> ModelSpec:
    """The model of that name (upper and lower case do not matter).

    Raises:
        UnknownModelError: there is none; the hint lists the names.
    """
    spec = REGISTRY.get(name.strip().lower())
    if spec is None:
        raise UnknownModelError(
            f"There is no embedding model {name!r}.", hint=f"Choose one of: {', '.join(REGISTRY)}."
        )
    return spec
