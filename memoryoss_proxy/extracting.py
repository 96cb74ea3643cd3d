# SPDX-License-Identifier: AGPL-3.0-only
"""From an exchange that was taken up to memories: extract, take secrets out, store candidates."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final, cast

from memoryoss_mcp.errors import ConfigError, InvalidInputError
from memoryoss_mcp.model import Draft, Origin
from memoryoss_mcp.runtime import Runtime
from memoryoss_mcp.screen.secrets import redact
from memoryoss_proxy.extraction import Exchange, Extractor, Fact, LLMExtractor, LLMSettings
from memoryoss_proxy.extraction.heuristic import LocalHeuristic
from memoryoss_proxy.extraction.settings import Provider as ExtractProvider
from memoryoss_proxy.queue import Job, TryLaterError
from memoryoss_proxy.settings import Settings
from memoryoss_proxy.upstream import Provider, is_oauth

_log = logging.getLogger("memoryoss.proxy")

EXTRACTED_CONFIDENCE: Final = 0.2
COPROCESSED_CONFIDENCE: Final = 0.35


class CoreDownError(TryLaterError):
    """Facts cannot be stored now; they are extracted again later."""

    code = "memory_unavailable"


def make_extractor(settings: Settings) -> Extractor | None:
    """Who extracts facts, by configuration; ``None`` if nobody does: it is switched off, or there
    is no key for the model (which is told in the log). A caller's own key or token never serves."""
    proxy = settings.proxy
    if not proxy.extraction_enabled:
        return None
    if proxy.memory_coprocessor == "local_heuristic":
        return LocalHeuristic()
    operator = {
        "openai": settings.operator_key(Provider.OPENAI),
        "claude": settings.operator_key(Provider.ANTHROPIC),
    }
    provider = cast(ExtractProvider, proxy.extract_provider)  # checked with the settings
    key = proxy.extract_api_key or operator.get(provider)
    if provider != "ollama" and (key is None or is_oauth(key)):
        _log.warning(
            "nothing is extracted: there is no API key for %s. Set extract_api_key in [proxy], or "
            "memory_coprocessor = 'local_heuristic'.",
            provider,
        )
        return None
    endpoint = proxy.extract_url
    if endpoint is None and provider != "ollama":
        upstream = settings.openai if provider == "openai" else settings.anthropic
        endpoint = upstream.base
    try:
        chosen = LLMSettings(provider, proxy.extract_model, key, endpoint)
    except ConfigError as error:
        _log.warning("nothing is extracted: %s", error)
        return None
    return LLMExtractor(chosen, lambda text: redact(text).text)


def extraction_by(settings: Settings) -> str:
    """Who extracts facts, in words."""
    proxy = settings.proxy
    if not proxy.extraction_enabled:
        return "off"
    if proxy.memory_coprocessor == "local_heuristic":
        return proxy.memory_coprocessor
    named = f"{proxy.extract_provider} {proxy.extract_model}"
    return named if make_extractor(settings) is not None else f"off: no usable key for {named}"


class Extraction:
    """Turns jobs into memories. ``noted`` is told how many facts were stored."""

    def __init__(
        self,
        extractor: Extractor,
        runtime: Callable[[], Runtime | None],
        noted: Callable[[Job, int], None],
    ) -> None:
        self._extractor = extractor
        self._runtime = runtime
        self._noted = noted
        self._local = isinstance(extractor, LocalHeuristic)

    def __call__(self, job: Job) -> None:
        """Extract and store.

        Raises:
            MemoryOSSError: it did not work; trying again later may.
        """
        runtime = self._runtime()
        if runtime is None:
            raise CoreDownError("The memory core is down.")
        exchange = Exchange(tuple(job.messages), job.reply, job.new_from)
        stored = 0
        for fact in self._extractor.extract(exchange):
            if redact(fact.content).found or "[redacted:" in fact.content:
                continue  # what is left of a fact about a secret is worth nothing
            try:
                receipt = runtime.store(self._draft(job, fact))
            except InvalidInputError as error:
                _log.warning("a fact was not stored: %s", error.code)
                continue
            stored += not receipt.duplicate
        self._noted(job, stored)

    def _draft(self, job: Job, fact: Fact) -> Draft:
        tags = [*fact.tags, "proxy-coprocessed" if self._local else "proxy-extracted"]
        return Draft(
            fact.content,
            job.namespace,
            tags=tuple(dict.fromkeys(tags)),
            origin=Origin.EXTRACTED,
            session=job.session,
            client=job.client,
            source_key="proxy-coprocessor" if self._local else "proxy-extraction",
            confidence=COPROCESSED_CONFIDENCE if self._local else EXTRACTED_CONFIDENCE,
        )
