# SPDX-License-Identifier: AGPL-3.0-only
"""What is done with an exchange when the client has its answer: it is counted, and its facts are
put into the queue of extraction."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from typing import Final
from uuid import UUID

import anyio

from memoryoss_mcp.errors import MemoryOSSError
from memoryoss_mcp.model import new_id, now
from memoryoss_mcp.runtime import Runtime
from memoryoss_mcp.text.identifiers import extract_identifiers
from memoryoss_mcp.text.tokens import index_terms, query_terms
from memoryoss_proxy.bill import Bill
from memoryoss_proxy.forward import Exchange
from memoryoss_proxy.log import RequestLog
from memoryoss_proxy.memory import MemoryCore
from memoryoss_proxy.metrics import Metrics
from memoryoss_proxy.preparing import REPEATED
from memoryoss_proxy.queue import ExtractionQueue, Job
from memoryoss_proxy.record import Record
from memoryoss_proxy.seen import SeenTurns
from memoryoss_proxy.transport import UpstreamError

_log = logging.getLogger("memoryoss.proxy")

CONTEXT_MESSAGES: Final = 6
"""Messages before the new ones that go along, so that what is new can be understood."""

SHARED_TERMS: Final = 3
"""Words of a memory, beside those of the question, from which an answer is taken to draw on it."""

LOOKED_AT: Final = 20_000
"""Characters of a question and of an answer that are compared with what was injected."""

DEADLINE_SECS: Final = 30.0
COUNT_SECS: Final = 5.0
MOST_UNCOUNTED: Final = 1_000
"""Exchanges that wait to be counted; losing a count is allowed."""


class Afterwards:
    """Counts, and hands over to extraction."""

    def __init__(
        self,
        core: MemoryCore,
        metrics: Metrics,
        bill: Bill,
        log: RequestLog,
        queue: ExtractionQueue | None,
        seen: SeenTurns,
    ) -> None:
        self._core = core
        self._metrics = metrics
        self._bill = bill
        self._log = log
        self._queue = queue
        self._seen = seen
        self._uncounted: list[tuple[Record, str, str]] = []
        """Requests with what was asked and answered."""
        self.under_way = 0
        """Requests that came and are not looked after yet."""

    def began(self) -> None:
        """A request came."""
        self._metrics.begin()
        self.under_way += 1

    async def ended(self, record: Record, exchange: Exchange | None) -> None:
        """Look after one request that is over. Nothing that fails here reaches the client."""
        self._measure(record)
        self._log.write(record)
        if record.client and record.upstream_status is not None:
            self._bill.add(record)
        try:
            if exchange is not None and exchange.reply is not None and exchange.reply.finished:
                await self._look_at(record, exchange)
        except (MemoryOSSError, OSError) as error:
            _log.warning("an exchange could not be looked at: %s", error)
        finally:
            self.under_way -= 1

    async def _look_at(self, record: Record, exchange: Exchange) -> None:
        if record.injected and len(self._uncounted) < MOST_UNCOUNTED:
            question = exchange.conversation.turns[-1].text[:LOOKED_AT]
            said = exchange.reply.text[:LOOKED_AT] if exchange.reply else ""
            self._uncounted.append((record, question, said))
        if self._queue is not None and exchange.mode.stores:
            await anyio.to_thread.run_sync(self._take_up, self._queue, exchange)

    async def keep_counting(self) -> None:
        """Count every few seconds what was injected and used, until this is cancelled: one
        transaction for many requests, and none while somebody waits for an answer."""
        while True:
            await anyio.sleep(COUNT_SECS)
            if self._uncounted:
                try:
                    await self._core.call(self.count, DEADLINE_SECS)
                except MemoryOSSError as error:
                    _log.warning("what was injected could not be counted: %s", error)
                except Exception:  # noqa: BLE001 - a count is not worth the proxy
                    _log.exception("what was injected could not be counted")

    def count_at_the_end(self, runtime: Runtime) -> None:
        """Count what is left; nothing that fails here keeps the proxy from ending in order."""
        try:
            self.count(runtime)
        except Exception:  # noqa: BLE001 - as above
            _log.exception("what was injected could not be counted")

    def count(self, runtime: Runtime) -> None:
        """Count what was injected and used since the last time."""
        waiting, self._uncounted = self._uncounted, []
        injected: defaultdict[str, Counter[UUID]] = defaultdict(Counter)
        used: defaultdict[str, Counter[UUID]] = defaultdict(Counter)
        for record, question, said in waiting:
            if record.reason != REPEATED:
                injected[record.namespace].update(record.injected)
            if drawn_on := _drawn_on(runtime, record, question, said):
                used[record.namespace].update(drawn_on)
                self._bill.used(record, len(drawn_on))
        for namespace in injected.keys() | used.keys():
            runtime.note_injections(namespace, injected[namespace], used[namespace])

    def _measure(self, record: Record) -> None:
        metrics = self._metrics
        metrics.request(record.provider, record.route, record.status, record.total_ms / 1000)
        if record.own_ms is not None and record.upstream_ms is not None:
            metrics.first_byte(record.provider, record.own_ms / 1000, record.upstream_ms / 1000)
        if record.recall_ms:
            metrics.recall(record.recall_ms / 1000)
        if record.core is not None:
            metrics.recall_failed()
        if record.injected and record.reason != REPEATED:
            metrics.injected(len(record.injected), record.block_tokens)
        if record.gate is not None:
            metrics.gate(record.gate)
        if record.policy is not None:
            metrics.policy(record.policy)
        if record.error == UpstreamError.code:
            metrics.upstream_error(record.provider)

    def _take_up(self, queue: ExtractionQueue, exchange: Exchange) -> None:
        conversation, reply = exchange.conversation, exchange.reply
        keys = [turn.key for turn in conversation.turns]
        if reply is None or not keys:
            return
        first = self._seen.first_new(keys, namespace=exchange.caller.namespace)
        job = _job(exchange, first)
        # Words of a sealed namespace never touch the disk, and while the core is down nobody knows
        # which one is.
        runtime = self._core.runtime
        durable = runtime is not None and not runtime.is_sealed(job.namespace)
        if queue.put(job, durable=durable):
            self._seen.add(keys, namespace=job.namespace, durable=durable)
        else:
            _log.warning(
                "an exchange was not extracted: the queue is full, or its folder cannot be written"
            )


def _job(exchange: Exchange, first_new_turn: int) -> Job:
    """The new part of an exchange, with a little of what came before."""
    conversation = exchange.conversation
    messages = [(m.role, m.text) for m in conversation.messages]
    user = [place for place, (role, _) in enumerate(messages) if role == "user"]
    new_from = user[first_new_turn] if first_new_turn < len(user) else len(messages)
    start = max(new_from - CONTEXT_MESSAGES, 0)
    return Job(
        id=str(new_id()),
        namespace=exchange.caller.namespace,
        # The first turn of a conversation stands for all of it.
        session=f"proxy:{conversation.turns[0].key}",
        client=exchange.caller.client,
        form=conversation.form,
        messages=tuple(messages[start:]),
        reply=exchange.reply.text if exchange.reply else "",
        new_from=new_from - start,
        created=now(),
    )


def _drawn_on(runtime: Runtime, record: Record, question: str, said: str) -> list[UUID]:
    """Those of the injected memories that an answer seems to draw on: it has an identifier of
    theirs, or several of their words, that the question had not."""
    fresh = set(index_terms(said)) - set(index_terms(question))
    found = []
    for memory in runtime.known(record.injected, record.namespace):
        names = {name.text for name in extract_identifiers(memory.content)}
        named = any(name in said and name not in question for name in names)
        if named or len(fresh.intersection(query_terms(memory.content))) >= SHARED_TERMS:
            found.append(memory.id)
    return found
