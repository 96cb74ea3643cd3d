# SPDX-License-Identifier: AGPL-3.0-only
"""A long conversation through the proxy, and what the provider's prompt cache says of it."""

from __future__ import annotations

import itertools
from typing import Any, Final

import httpx2

FILLER: Final = (
    "Let us look at the next part of the plan, with all that was said before in mind; the shop, "
    "its database, the deployment and the people who look after them matter here. "
)


def notes(turns: int) -> list[str]:
    """What a memory may know of the parts of the plan."""
    return [
        f"Part {turn} of the plan is looked after by team {chr(65 + turn % 26)}; its review is in "
        f"week {turn + 10}."
        for turn in range(turns)
    ]


def conversation(
    client: httpx2.Client, url: str, headers: dict[str, str], turns: int, name: str
) -> dict[str, Any]:
    """Have a conversation of so many turns, which ``name`` makes another one than all before.

    ``prefix_share`` is the share of turns after the first in which the provider found at least the
    whole of the request before in its cache (but for the rounding of its blocks), ``cached_share``
    that of all input tokens.
    """
    messages: list[dict[str, str]] = [
        {"role": "system", "content": f"You help {name}. " + FILLER * 60}
    ]
    usages: list[tuple[int, int]] = []
    injected = 0
    for turn in range(turns):
        messages.append({"role": "user", "content": f"Who looks after part {turn} of the plan?"})
        answered = client.post(url, json={"model": "gpt-4o", "messages": messages}, headers=headers)
        answered.raise_for_status()
        injected += int(answered.headers["x-memory-injected-count"])
        document = answered.json()
        usage = document["usage"]
        cached = usage["prompt_tokens_details"]["cached_tokens"]
        usages.append((usage["prompt_tokens"], cached))
        text = document["choices"][0]["message"]["content"]
        messages.append({"role": "assistant", "content": text})
    whole = sum(tokens for tokens, _ in usages)
    found = [cached >= before - 2 * 128 for (before, _), (_, cached) in itertools.pairwise(usages)]
    return {
        "turns": turns,
        "memories_injected": injected,
        "input_tokens": whole,
        "cached_tokens": sum(cached for _, cached in usages),
        "cached_share": sum(cached for _, cached in usages) / whole,
        "prefix_share": sum(found) / len(found),
    }
