# SPDX-License-Identifier: AGPL-3.0-only
"""The context size of a model, by its exact name or the longest known beginning."""

from __future__ import annotations

import pytest

from memoryoss_proxy.models import UNKNOWN, context_tokens


@pytest.mark.parametrize(
    ("model", "size"),
    [
        ("gpt-4o", 128_000),
        ("gpt-4o-2024-11-20", 128_000),
        ("gpt-4-0613", 8_192),
        ("gpt-4-turbo-2024-04-09", 128_000),
        ("claude-sonnet-4-20250514", 200_000),
        ("anthropic/claude-opus-4", 200_000),
        ("llama3.1:8b", 128_000),
        ("llama3:8b", 8_192),
        ("something-new", UNKNOWN),
        (None, UNKNOWN),
    ],
)
def test_known_models(model: str | None, size: int) -> None:
    assert context_tokens(model, {}) == size


def test_configured_sizes_count_first() -> None:
    sizes = {"gpt-4o": 5_000, "my-model": 9_000}
    assert context_tokens("gpt-4o-mini", sizes) == 5_000
    assert context_tokens("My-Model-v2", sizes) == 9_000
    assert context_tokens("gpt-4-turbo", sizes) == 128_000
