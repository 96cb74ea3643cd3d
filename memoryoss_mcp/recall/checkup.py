# SPDX-License-Identifier: AGPL-3.0-only
"""Does the memory work? The model's files, a canary's way from store to recall to forget, and the
memories that still wait for their vectors."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import replace
from typing import Final
from uuid import UUID

from memoryoss_mcp.config import Config
from memoryoss_mcp.embed import ModelError, ModelSpec, verify
from memoryoss_mcp.embed.files import require
from memoryoss_mcp.errors import MemoryOSSError, StoreReadOnlyError
from memoryoss_mcp.model import Draft, EmbeddingState, now
from memoryoss_mcp.recall.encoder import Encoder, fill_pending
from memoryoss_mcp.recall.engine import Engine
from memoryoss_mcp.recall.indexing import document_terms
from memoryoss_mcp.recall.query import RecallQuery
from memoryoss_mcp.recall.result import Mode
from memoryoss_mcp.store.changes import Entry, draft_memory
from memoryoss_mcp.store.store import Store
from memoryoss_mcp.store.types import (
    Filters,
    Finding,
    ForgetReceipt,
    ForgetRequest,
    ListQuery,
    Progress,
)

CANARY_NAMESPACE: Final = "memoryoss-doctor"
_ABANDONED_NS: Final = 3_600_000_000_000
"""A canary that is older was left by a check-up that was killed."""


def check_model(config: Config, spec: ModelSpec) -> Finding:
    """Whether the files of the embedding model are there and the published ones."""
    try:
        verify(spec, config.models_dir)  # reads all of them anew
        require(spec, config.models_dir)
    except ModelError as error:
        return Finding("model", "error", str(error))
    return Finding("model", "ok", f"The files of {spec.name} match their checksums.")


def skipped(reason: str) -> Finding:
    """The finding of a canary that was not sent."""
    return Finding("canary", "warning", f"Nothing was stored and recalled on trial: {reason}")


def check_work(
    config: Config, store: Store, encoder: Encoder, *, repair: bool, progress: Progress
) -> Iterator[Finding]:
    """Pending vectors (``repair`` makes them), then the canary. A file that cannot be written is
    left alone and said to be so."""
    try:
        yield _check_pending(store, encoder, repair=repair, progress=progress)
        progress("a trial memory", 0, 1)
        yield _check_canary(config, store, encoder)
        progress("a trial memory", 1, 1)
    except StoreReadOnlyError as error:
        yield skipped(str(error))


def _check_pending(store: Store, encoder: Encoder, *, repair: bool, progress: Progress) -> Finding:
    count = sum(space.pending for space in store.status().namespaces)
    if count == 0:
        return Finding("pending", "ok", "Every memory has its vector.")
    noun = "memory has" if count == 1 else "memories have"
    message = f"{count:,} {noun} no vector yet: found by words only."
    if not repair:
        return Finding("pending", "warning", message, repairable=True)
    if encoder.load() is None:
        return Finding("pending", "warning", f"{message} {encoder.error}", repairable=True)
    done = 0
    progress("embedding", done, count)
    while filled := fill_pending(encoder, store):
        done += filled
        progress("embedding", min(done, count), count)
    left = sum(space.pending for space in store.status().namespaces)
    return Finding("pending", "warning", message, repairable=True, repaired=left == 0)


def _check_canary(config: Config, store: Store, encoder: Encoder) -> Finding:
    """Store, recall and forget a memory of words that nobody else has, and leave nothing of it.
    What is left is two entries in the ledger."""
    embedder = encoder.load()
    word = f"canary{secrets.token_hex(6)}"
    memory = draft_memory(Draft(f"The doctor's {word} sings at noon.", CANARY_NAMESPACE))
    encoded = encoder.vectors([memory])
    entry = Entry(memory, tuple(document_terms(memory)), encoded[0] if encoded else None)
    engine, query = Engine(config, store, encoder), RecallQuery(word, CANARY_NAMESPACE)
    wrong: list[str] = []
    try:
        [stored] = store.insert([entry])
        result = engine.recall(query)
        if memory.id not in {found.memory.id for found in result.memories}:
            wrong.append("It was stored, but not recalled.")
        if embedder and stored.embedding is not EmbeddingState.READY:
            wrong.append("It was stored without its vector.")
        if embedder and result.mode is not Mode.HYBRID:
            wrong.append("It was recalled by words only.")
    except StoreReadOnlyError:
        raise
    except MemoryOSSError as error:
        wrong.append(str(error))
    wrong += _forget(store, memory.id)
    if not wrong and engine.recall(query).memories:
        wrong.append("It was forgotten, but still recalled.")
    if wrong:
        return Finding("canary", "error", f"A memory stored on trial failed: {' '.join(wrong)}")
    means = "by words and meaning" if embedder else "by words only"
    return Finding(
        "canary", "ok", f"A memory was stored, recalled {means}, forgotten, and is gone."
    )


def _forget(store: Store, memory_id: UUID) -> list[str]:
    """Forget the canary, those left by check-ups that were killed, and their namespace. What went
    wrong."""
    try:
        old = Filters(before=now() - _ABANDONED_NS)
        left = store.page(replace(ListQuery(CANARY_NAMESPACE, 100), filters=old)).memories
        ids = (memory_id, *(memory.id for memory in left))
        receipt: ForgetReceipt = store.forget(ForgetRequest(CANARY_NAMESPACE, ids=ids))
        store.remove_empty_namespace(CANARY_NAMESPACE)
    except MemoryOSSError as error:
        return [f"It could not be forgotten: {error}"]
    return [] if receipt.clean else ["It was forgotten, but not erased.", *receipt.notes]
