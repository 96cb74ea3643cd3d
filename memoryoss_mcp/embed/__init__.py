# SPDX-License-Identifier: AGPL-3.0-only
"""Embedding models: which there are, whether their files are whole, and what they make of text.

Importing this loads neither numpy nor the runtime nor an HTTP client: :func:`load` and
:func:`pull` do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from memoryoss_mcp.embed.errors import (
    DownloadError,
    ModelDamagedError,
    ModelError,
    ModelMissingError,
    UnknownModelError,
)
from memoryoss_mcp.embed.files import FileState, FileStatus, verify
from memoryoss_mcp.embed.model import Embedder, load
from memoryoss_mcp.embed.registry import (
    DEFAULT_MODEL,
    MODELS_URL_VARIABLE,
    REGISTRY,
    ModelFile,
    ModelSpec,
    find_model,
)

if TYPE_CHECKING:
    from memoryoss_mcp.embed.download import pull

__all__ = [
    "DEFAULT_MODEL",
    "MODELS_URL_VARIABLE",
    "REGISTRY",
    "DownloadError",
    "Embedder",
    "FileState",
    "FileStatus",
    "ModelDamagedError",
    "ModelError",
    "ModelFile",
    "ModelMissingError",
    "ModelSpec",
    "UnknownModelError",
    "find_model",
    "load",
    "pull",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name == "pull":
        from memoryoss_mcp.embed.download import pull  # start-up time

        return pull
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
