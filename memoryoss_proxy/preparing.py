# SPDX-License-Identifier: AGPL-3.0-only
"""What memory does for a request before it goes upstream: the firewall's verdict, and the blocks
that stand beside the user's turns. Synchronous; runs in a thread of the core."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from memoryoss_mcp.context.block import Block, compile_block
from memoryoss_mcp.errors import MemoryOSSError
from memoryoss_mcp.policy.actions import RiskyAction
from memoryoss_mcp.policy.firewall import ToolCall, Verdict, find_actions, judge
from memoryoss_mcp.policy.policies import Decision as PolicyDecision
from memoryoss_mcp.policy.policies import PolicySet
from memoryoss_mcp.recall.query import Filters, RecallQuery
from memoryoss_mcp.runtime import Runtime
from memoryoss_mcp.screen.secrets import redact
from memoryoss_proxy.blocks import Scope, SentBlock, SentBlocks
from memoryoss_proxy.models import context_tokens
from memoryoss_proxy.modes import Mode
from memoryoss_proxy.settings import Settings
from memoryoss_proxy.wire.conversation import Conversation

_log = logging.getLogger("memoryoss.proxy")

RECALLED: Final = 20
"""Memories that a block is made of at the most."""

LONGEST_QUESTION: Final = 4_000
"""Characters of the user's turn that are asked with: its beginning and its end."""

MOST_CHECKED: Final = 50_000
"""Blocks of which it is remembered that their memories are there."""

MOST_CONFIRMED: Final = 10_000
"""Turns whose confirmation is remembered."""
CONFIRMED_SECS: Final = 3_600.0
"""How long."""

REPEATED: Final = "repeated"
"""The reason where the block of the latest turn was sent before."""

LEAST_SHARE: Final = 0.75
"""Share of ``min_recall_score`` that a memory needs once the gate has said that the question is
answered. Chosen on the injection lane."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is done with a request. ``blocks`` are texts by the index of their turn; ``injected``
    are the memories of the block that is new in this request and ``block_tokens`` what it takes,
    ``repeated_tokens`` what the blocks of earlier turns take. ``reason`` says why no new block was
    made."""

    blocks: dict[int, str] = field(default_factory=dict, repr=False)
    injected: tuple[UUID, ...] = ()
    block_tokens: int = 0
    repeated_tokens: int = 0
    gate: str | None = None
    reason: str | None = None
    recall_ms: float = 0.0


class PolicyUnknownError(MemoryOSSError):
    """A request asks for something risky, and no policies are known to hold it against."""

    code = "policy_unavailable"


class Guard:
    """The firewall as the proxy uses it: it goes on with the last known policies while the core is
    down, and remembers which turns were confirmed. Thread-safe."""

    def __init__(self) -> None:
        self._known: dict[str, PolicySet] = {}
        self._confirmed: OrderedDict[tuple[str, str], float] = OrderedDict()
        """When a caller (by rate key) confirmed what a turn asks for."""
        self._lock = threading.Lock()

    def learn(self, runtime: Runtime, namespace: str) -> PolicySet:
        """The policies of a namespace as they are now."""
        policies = runtime.firewall.policies(namespace)
        self._known[namespace] = policies
        return policies

    @staticmethod
    def actions(conversation: Conversation) -> tuple[RiskyAction, ...]:
        """The risky actions of a request. The user's words count when they are new; in the rounds
        of an agent that follow, only the calls of tools do."""
        if conversation.turns and conversation.fresh:
            return find_actions(conversation.turns[-1].text)
        return find_actions(
            "", [ToolCall(call.name, call.arguments) for call in conversation.tool_calls]
        )

    def judge(
        self, actions: tuple[RiskyAction, ...], namespace: str, runtime: Runtime | None
    ) -> Verdict:
        """The verdict over some actions; ``runtime`` is ``None`` while the core is down.

        Raises:
            PolicyUnknownError: there never was a set of policies.
        """
        policies = None
        if runtime is not None:
            try:
                policies = self.learn(runtime, namespace)
            except MemoryOSSError as error:
                _log.warning("the last known policies hold, because of: %s", error)
        policies = policies or self._known.get(namespace)
        if policies is None:
            raise PolicyUnknownError(
                "The request asks for something risky, and the policies cannot be read.",
                hint="Try again when the memory core is up (see /health).",
            )
        return judge(actions, policies)

    def passes(
        self, verdict: Verdict, conversation: Conversation, *, caller: str, confirmed: bool
    ) -> bool:
        """Whether a request may go on. A confirmation counts for the turn: the rounds of an agent
        that follow need none of their own. The same words said anew do."""
        if verdict.decision is PolicyDecision.BLOCK:
            return False
        if verdict.decision is not PolicyDecision.REQUIRE_CONFIRMATION:
            return True
        key = (caller, conversation.turns[-1].key if conversation.turns else "")
        with self._lock:
            if confirmed:
                self._confirmed[key] = time.monotonic()
                if len(self._confirmed) > MOST_CONFIRMED:
                    self._confirmed.popitem(last=False)
                return True
            at = self._confirmed.get(key)
            recent = at is not None and time.monotonic() - at < CONFIRMED_SECS
            return recent and not conversation.fresh


class Injector:
    """Finds what goes beside the user's turns. Thread-safe."""

    def __init__(self, settings: Settings, blocks: SentBlocks) -> None:
        self._settings = settings
        self._blocks = blocks
        self._checked: dict[tuple[Scope, str], tuple[int, bytes]] = {}
        """The mark of the memory at which all of a block's memories were there."""

    def prepare(
        self,
        runtime: Runtime,
        conversation: Conversation,
        namespace: str,
        mode: Mode,
        *,
        fresh: bool = True,
    ) -> Prepared:
        """The blocks of a request. Those of earlier turns are repeated as they were sent; a turn
        that is new gets one if recall finds something to say (``fresh`` of false never asks).

        Raises:
            MemoryOSSError: the core failed.
        """
        scope = (namespace, mode.after)
        known = self._blocks.find(scope, [turn.key for turn in conversation.turns])
        known = self._still_whole(runtime, scope, known)
        last = len(conversation.turns) - 1
        blocks, repeated = {}, 0
        for index, turn in enumerate(conversation.turns):
            block = known.get(turn.key)
            is_new = index == last and conversation.fresh
            if block is not None and not (is_new and not self._blocks.is_recent(block)):
                blocks[index] = block.text
                repeated += block.tokens
        if not conversation.turns:
            return Prepared(reason="no_user_text")
        if not conversation.fresh or not fresh:
            return Prepared(blocks, repeated_tokens=repeated, reason="continued_turn")
        turn = conversation.turns[last]
        if turn.place is None:
            return Prepared(blocks, repeated_tokens=repeated, reason="already_there")
        if last in blocks:
            sent = known[turn.key]
            return Prepared(
                blocks, sent.memories, sent.tokens, repeated - sent.tokens, "inject", REPEATED
            )
        start = time.perf_counter()
        made = self._recall(runtime, conversation, namespace, mode)
        spent = (time.perf_counter() - start) * 1000
        gate = made.decision.value
        if not made.text:
            return Prepared(blocks, (), 0, repeated, gate, made.reason, spent)
        kept = self._blocks.add(scope, turn.key, made.text, made.memories, made.tokens)
        blocks[last] = kept.text
        return Prepared(blocks, kept.memories, kept.tokens, repeated, gate, None, spent)

    def _recall(
        self, runtime: Runtime, conversation: Conversation, namespace: str, mode: Mode
    ) -> Block:
        proxy = self._settings.proxy
        question = _question(conversation.turns[-1].text)
        # ``after`` of a filter is exclusive, the date of a mode is not.
        filters = Filters() if mode.after is None else Filters(after=mode.after - 1)
        result = runtime.recall(
            RecallQuery(
                question,
                namespace,
                limit=RECALLED,
                filters=filters,
                confident_only=proxy.confidence_gate,
            )
        )
        budget = int(
            proxy.max_memory_pct * context_tokens(conversation.model, proxy.model_context_sizes)
        )
        # In a store of a few memories nothing stands out far, however well it answers.
        best = max((found.score for found in result.memories), default=0.0)
        return compile_block(
            question,
            result,
            budget,
            least_score=LEAST_SHARE * min(proxy.min_recall_score, best),
            gated=proxy.confidence_gate,
            redact=_without_secrets,
        )

    def _still_whole(
        self, runtime: Runtime, scope: Scope, known: dict[str, SentBlock]
    ) -> dict[str, SentBlock]:
        """Those blocks of which no memory was forgotten since they were sent. What was forgotten is
        not said again, even if the provider has to read the conversation anew."""
        if not known:
            return known
        mark = runtime.mark()
        unchecked = {
            key: block for key, block in known.items() if self._checked.get((scope, key)) != mark
        }
        if not unchecked:
            return known
        wanted = {memory for block in unchecked.values() for memory in block.memories}
        there = runtime.existing(list(wanted), scope[0])
        gone = {key: b for key, b in unchecked.items() if not there.issuperset(b.memories)}
        self._blocks.drop(scope, gone)
        if len(self._checked) > MOST_CHECKED:
            self._checked.clear()
        self._checked.update({(scope, key): mark for key in unchecked.keys() - gone.keys()})
        return {key: block for key, block in known.items() if key not in gone}


def _question(text: str) -> str:
    """What is asked with: a long turn's beginning and its end, where the request stands."""
    if len(text) <= LONGEST_QUESTION:
        return text.replace("\0", " ")
    half = LONGEST_QUESTION // 2
    return f"{text[:half]}\n{text[-half:]}".replace("\0", " ")


def _without_secrets(text: str) -> str:
    return redact(text).text
