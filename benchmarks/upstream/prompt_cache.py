# SPDX-License-Identifier: AGPL-3.0-only
"""The prompt cache of a provider: what the beginning of a request has in common with an earlier
one costs less."""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import Final

from benchmarks.upstream.asked import tokens

LEAST_TOKENS: Final = 1024
"""A shorter beginning is not cached."""
_LEAST_BYTES: Final = 4 * LEAST_TOKENS
_CONVERSATIONS: Final = 1024
_KEPT: Final = 32


class PromptCache:
    """Prompts that were seen, by what they begin with."""

    def __init__(self) -> None:
        self._seen: OrderedDict[bytes, deque[bytes]] = OrderedDict()

    def read(self, prompt: bytes) -> int:
        """How many tokens of a prompt are read from the cache: those of the longest beginning, in
        whole bytes, that it shares with an earlier one. It is kept for the next."""
        if not self.takes(prompt):
            return 0
        start = prompt[:_LEAST_BYTES]
        earlier = self._seen.setdefault(start, deque(maxlen=_KEPT))
        self._seen.move_to_end(start)
        if len(self._seen) > _CONVERSATIONS:
            self._seen.popitem(last=False)
        longest = max((_common(prompt, other) for other in earlier), default=0)
        earlier.append(prompt)
        return longest // 4

    def takes(self, prompt: bytes) -> bool:
        """Whether a prompt is long enough."""
        return len(prompt) >= _LEAST_BYTES

    def forget(self) -> None:
        """Forget everything."""
        self._seen.clear()


def size(prompt: bytes) -> int:
    """The tokens of a whole prompt."""
    return tokens(len(prompt))


def _common(one: bytes, other: bytes) -> int:
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
