# SPDX-License-Identifier: AGPL-3.0-only
"""Facts out of a finished exchange: by a language model, or by a local heuristic."""

from memoryoss_proxy.extraction.facts import (
    MOST_FACTS,
    Exchange,
    ExtractionError,
    Extractor,
    Fact,
    Speaker,
)
from memoryoss_proxy.extraction.heuristic import LocalHeuristic
from memoryoss_proxy.extraction.llm import LLMExtractor, Usage
from memoryoss_proxy.extraction.settings import LLMSettings, Provider

__all__ = [
    "MOST_FACTS",
    "Exchange",
    "ExtractionError",
    "Extractor",
    "Fact",
    "LLMExtractor",
    "LLMSettings",
    "LocalHeuristic",
    "Provider",
    "Speaker",
    "Usage",
]
