# SPDX-License-Identifier: AGPL-3.0-only
"""What the stored policies say of a question that announces a risky action.

To read the policies of a namespace for the first time takes about a second for ten thousand
memories. That is done beside the recall, and no answer waits long for it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from memoryoss_mcp.errors import MemoryOSSError

if TYPE_CHECKING:
    from memoryoss_mcp.runtime import Runtime

PATIENCE_SECONDS: Final = 0.75
"""How long an answer that is ready waits for the policies."""

UNKNOWN: Final = "unknown"
"""The decision while it is not known."""

_NOTES: Final = {
    "block": "A stored policy forbids what the query announces ({}): tell the user, do not do it.",
    "require_confirmation": "A stored policy asks for the user's confirmation of what the query "
    "announces ({}): get it first.",
    "warn": "A stored policy asks for care with what the query announces ({}).",
    "allow": "A stored policy allows what the query announces ({}).",
}
_LATER: Final = (
    "The stored policies are still being read, so it is not known whether one concerns what the "
    "query announces ({}): recall again, or ask the user first."
)
_UNREADABLE: Final = (
    "The stored policies cannot be read, so it is not known whether one concerns what the query "
    "announces ({}): ask the user first. {}"
)


@dataclass(frozen=True, slots=True)
class Ruling:
    """What an answer says of the policies: an object, and a sentence."""

    policy: dict[str, Any]
    note: str


class PolicyJudge:
    """Judges the questions of one server. Thread-safe."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._reading: dict[str, Future[Any]] = {}
        self._worker = ThreadPoolExecutor(1, "memoryoss-policies")

    def begin(self, runtime: Runtime, namespace: str, text: str) -> Callable[[], Ruling | None]:
        """Begin to judge a question. What is returned gives the ruling, ``None`` where nothing
        risky is announced or no policy concerns it."""
        if len(text) > runtime.config.limits.max_content_bytes:
            return _nothing  # recall refuses it
        from memoryoss_mcp.policy.firewall import find_actions  # start-up time: many words

        actions = find_actions(text)
        if not actions:
            return _nothing
        reading = self._read(runtime, namespace)
        kinds = tuple(dict.fromkeys(action.kind.value for action in actions))
        return lambda: _ruling(runtime, namespace, text, kinds, reading)

    def close(self) -> None:
        """Begin no more reading."""
        self._worker.shutdown(wait=False, cancel_futures=True)

    def _read(self, runtime: Runtime, namespace: str) -> Future[Any]:
        """The first reading of the policies of a namespace; one that failed is tried again."""
        with self._guard:
            reading = self._reading.get(namespace)
            if reading is None or (reading.done() and reading.exception() is not None):
                reading = self._worker.submit(runtime.firewall.policies, namespace)
                self._reading[namespace] = reading
            return reading


def _nothing() -> None:
    return None


def _ruling(
    runtime: Runtime, namespace: str, text: str, kinds: tuple[str, ...], reading: Future[Any]
) -> Ruling | None:
    unknown = {"decision": UNKNOWN, "risky_actions": list(kinds)}
    named = ", ".join(kinds)
    try:
        reading.result(PATIENCE_SECONDS)
        verdict = runtime.firewall.evaluate(namespace, text)
    except TimeoutError:
        return Ruling(unknown, _LATER.format(named))
    except MemoryOSSError as error:
        return Ruling(unknown, _UNREADABLE.format(named, error))
    if not verdict.policies:
        return None
    decision = verdict.decision.label
    told = verdict.policies[: len(verdict.reasons)]
    concerned = dict.fromkeys(kind.value for policy in told for kind in policy.kinds)
    return Ruling(
        {
            "decision": decision,
            "risky_actions": list(verdict.risky_actions),
            "reasons": list(verdict.reasons),
            "memory_ids": [str(policy.policy.id) for policy in told],
        },
        _NOTES[decision].format(", ".join(concerned)),
    )
