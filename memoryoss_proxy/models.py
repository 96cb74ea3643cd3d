# SPDX-License-Identifier: AGPL-3.0-only
"""How many tokens fit into a model's context."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

UNKNOWN: Final = 32_768
"""For a model that nobody named: what any current one has at the least."""

CONTEXT_SIZES: Final[Mapping[str, int]] = {
    "chatgpt-4o": 128_000,
    "claude": 200_000,
    "codestral": 256_000,
    "command-r": 128_000,
    "deepseek": 64_000,
    "gemini": 1_000_000,
    "gemma2": 8_192,
    "gemma3": 128_000,
    "gpt-3.5-turbo": 16_385,
    "gpt-4": 8_192,
    "gpt-4-turbo": 128_000,
    "gpt-4-1106": 128_000,
    "gpt-4-0125": 128_000,
    "gpt-4.1": 1_000_000,
    "gpt-4o": 128_000,
    "gpt-5": 400_000,
    "gpt-oss": 128_000,
    "llama3": 8_192,
    "llama3.1": 128_000,
    "llama3.2": 128_000,
    "llama3.3": 128_000,
    "mistral": 32_768,
    "mistral-large": 128_000,
    "mixtral": 32_768,
    "o1": 200_000,
    "o1-mini": 128_000,
    "o1-preview": 128_000,
    "o3": 200_000,
    "o4": 200_000,
    "qwen2.5": 32_768,
    "qwen3": 32_768,
}
"""Beginnings of model names; the longest that fits counts."""


def context_tokens(model: str | None, configured: Mapping[str, int]) -> int:
    """The size of a model's context in tokens. ``configured`` sizes count before the known ones;
    in each the exact name, then the longest beginning. A name may have a vendor before a slash."""
    if model is None:
        return UNKNOWN
    name = model.strip().lower()
    for sizes in (configured, CONTEXT_SIZES):
        lowered = {known.lower(): size for known, size in sizes.items()}
        for candidate in (name, name.rsplit("/", 1)[-1]):
            fitting = [known for known in lowered if candidate.startswith(known)]
            if fitting:
                return lowered[max(fitting, key=len)]
    return UNKNOWN
