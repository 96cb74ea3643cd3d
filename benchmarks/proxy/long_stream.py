# SPDX-License-Identifier: AGPL-3.0-only
"""A provider that answers every request with one long stream:
``python -m benchmarks.proxy.long_stream CHUNKS``."""

from __future__ import annotations

import itertools
import json
import sys
import threading
from typing import Final

from benchmarks.upstream import Script, running_upstream

_END: Final = b"data: [DONE]\n\n"


def long_answer(chunks: int) -> Script:
    """A chat completion of so many chunks, each sent on its own."""
    events = []
    for number in range(chunks):
        delta = {"index": 0, "delta": {"content": f"word{number} "}, "finish_reason": None}
        chunk = {"id": "c", "object": "chat.completion.chunk", "model": "m", "choices": [delta]}
        events.append(b"data: " + json.dumps(chunk).encode() + b"\n\n")
    splits = list(itertools.accumulate(map(len, events)))
    headers = (("content-type", "text/event-stream"),)
    return Script(body=b"".join(events) + _END, splits=splits, headers=headers)


if __name__ == "__main__":
    with running_upstream(long_answer(int(sys.argv[1])), keep_requests=False) as upstream:
        print(upstream.url, flush=True)
        threading.Event().wait()
