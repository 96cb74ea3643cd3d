# SPDX-License-Identifier: AGPL-3.0-only
"""``python -m benchmarks.upstream --port 0``: the provider as a process of its own.

The first line on stdout is its address; it serves until it is interrupted or terminated.
"""

from __future__ import annotations

import argparse
import signal
import threading

from benchmarks.upstream.script import Script
from benchmarks.upstream.server import running_upstream


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.upstream", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0: any that is free")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--pause", type=float, default=0.0, help="seconds between pieces of it")
    arguments = parser.parse_args()
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    script = Script(delay=arguments.delay, pause=arguments.pause)
    with running_upstream(
        script, host=arguments.host, port=arguments.port, keep_requests=False
    ) as upstream:
        print(upstream.url, flush=True)
        while not ended.wait(1.0):  # with a timeout: on Windows nothing else lets signals in
            pass


if __name__ == "__main__":
    main()
