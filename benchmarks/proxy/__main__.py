# SPDX-License-Identifier: AGPL-3.0-only
"""What the proxy adds: ``python -m benchmarks.proxy``.

A provider, a plain pass-through of the same stack and the proxy run as processes of their own on
loopback. The same requests go to the provider directly, through the pass-through, and through the
proxy with memory off and on, in turns of a few dozen, so that what else the machine does hits all
alike.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import httpx2

from benchmarks import measures, report
from benchmarks.proxy.bill import conversation, notes
from benchmarks.scratch import scratch_config
from benchmarks.workload import (
    NAMESPACE,
    VectorSource,
    embed_documents,
    fill,
    load_embedder,
    make_workload,
    open_store,
)
from memoryoss_mcp.config import Config
from memoryoss_mcp.model import Draft, Origin
from memoryoss_mcp.runtime import Runtime

MEMORIES: Final = 10_000
EMBEDDED: Final = 4_000
ROUNDS: Final = 300
BLOCK: Final = 30
WARM_UP: Final = 5
"""Requests by way in all, one after the other, and before those that count."""
CHUNKS: Final = 2_000
STREAMS: Final = 200
TURNS: Final = 20
START_SECS: Final = 60.0
FIELDS: Final = {"authorization": "Bearer sk-" + "b" * 40, "content-type": "application/json"}

FIRST_BYTE_MS: Final = 12.0
OFF_MS: Final = 2.0
CHUNK_MS: Final = 0.3
COLD_SECS: Final = 2.0


@contextmanager
def process(*arguments: str, **environ: str) -> Iterator[subprocess.Popen[str]]:
    """A Python process that ends with the block."""
    running = subprocess.Popen(
        [sys.executable, *arguments],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **environ},
    )
    try:
        yield running
    finally:
        running.terminate()
        running.wait(30)


def first_line(running: subprocess.Popen[str]) -> str:
    """What a process prints when it is ready."""
    assert running.stdout is not None
    return running.stdout.readline().strip()


def configured(folder: Path, upstream: str, port: int) -> Config:
    """A data folder whose file points the proxy at ``upstream``."""
    config = scratch_config(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "memoryoss.toml").write_text(
        f'[server]\nport = {port}\n[proxy]\nupstream_url = "{upstream}/v1"\n'
        f'anthropic_upstream_url = "{upstream}"\npassthrough_namespace = "{NAMESPACE}"\n'
        "[limits]\nrate_limit_per_sec = 1000000\n[logging]\nlevel = 'warning'\n",
        encoding="utf-8",
    )
    return config


def free_port() -> int:
    """A port that nobody listens on now."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def proxy_process(config: Config, port: int) -> Iterator[tuple[str, float, float]]:
    """The proxy; its address, and the seconds until it answered and until its memory was there."""
    environ = {"MEMORYOSS_KEYS_DIR": str(config.keys_dir), "OPENAI_API_KEY": ""}
    # As installed: with its bytecode, which an installer makes.
    environ |= {"PYTHONPYCACHEPREFIX": str(config.data_dir), "PYTHONDONTWRITEBYTECODE": ""}
    module = ("-m", "memoryoss_proxy")
    with process(*module, "serve", "--data-dir", str(config.data_dir), **environ):
        _until(lambda: _health(f"http://127.0.0.1:{port}") == "ok", time.perf_counter())
    start = time.perf_counter()
    with process(*module, "serve", "--data-dir", str(config.data_dir), **environ):
        url = f"http://127.0.0.1:{port}"
        answered = _until(lambda: _health(url) is not None, start)
        with_memory = _until(lambda: _health(url) == "ok", start)
        yield url, answered, with_memory


def _health(url: str) -> str | None:
    try:
        return str(httpx2.get(f"{url}/health", timeout=5.0).json()["core_status"])
    except httpx2.HTTPError:
        return None


def _until(done: Callable[[], bool], start: float) -> float:
    while not done():
        if time.perf_counter() - start > START_SECS:
            raise SystemExit("the proxy did not start")
        time.sleep(0.01)
    return time.perf_counter() - start


class Asking:
    """One kept-alive connection."""

    def __init__(self, url: str, path: str, **headers: str) -> None:
        parts = urlsplit(url)
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
        self._path = path
        self._headers = FIELDS | {k.replace("_", "-"): v for k, v in headers.items()}

    def __call__(self, document: dict[str, Any]) -> float:
        """Milliseconds until the head of the answer was there."""
        body = json.dumps(document)
        start = time.perf_counter()
        self._connection.request("POST", self._path, body, self._headers)
        response = self._connection.getresponse()
        elapsed = (time.perf_counter() - start) * 1000
        response.read()
        assert response.status == 200, response.status
        return elapsed


def latency(ways: dict[str, Asking], questions: Sequence[str]) -> dict[str, dict[str, float]]:
    """Time to the first byte by way, each request with words of its own."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(ROUNDS // BLOCK):
        for name, ask in ways.items():
            for number in range(turn * BLOCK - WARM_UP, (turn + 1) * BLOCK):
                question = questions[number % len(questions)]
                messages = [{"role": "user", "content": f"{question} ({name} {turn} {number})"}]
                spent = ask({"model": "gpt-4o", "messages": messages})
                if number >= turn * BLOCK:
                    times[name].append(spent)
    return {
        name: {f"p{round(s * 100)}": measures.percentile(found, s) for s in (0.5, 0.95, 0.99)}
        for name, found in times.items()
    }


def chunk_cost(ways: dict[str, str]) -> dict[str, float]:
    """Milliseconds per chunk of a long stream, by way: the best of three."""
    found = {}
    for name, url in ways.items():
        best = float("inf")
        for _ in range(3):
            with httpx2.Client(timeout=60.0) as client:
                start = time.perf_counter()
                document = {"model": "m", "stream": True, "messages": _said("Say it all.")}
                chunks = 0
                headers = FIELDS | {"x-memory-mode": "readonly"}
                with client.stream("POST", url, json=document, headers=headers) as answered:
                    for piece in answered.iter_raw():
                        chunks += piece.count(b"data:")
                spent = (time.perf_counter() - start) * 1000
            best = min(best, spent / max(chunks, 1))
        found[name] = best
    return found


def _said(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


async def _streams(url: str, questions: Sequence[str]) -> dict[str, float]:
    limits = httpx2.Limits(max_connections=None)
    first: list[float] = []
    errors = 0
    received = 0

    async with httpx2.AsyncClient(timeout=120.0, limits=limits) as client:

        async def one(number: int) -> None:
            nonlocal errors, received
            question = f"{questions[number % len(questions)]} (stream {number})"
            document = {"model": "gpt-4o", "stream": True, "messages": _said(question)}
            start = time.perf_counter()
            try:
                async with client.stream("POST", url, json=document, headers=FIELDS) as answered:
                    first.append((time.perf_counter() - start) * 1000)
                    body = b"".join([piece async for piece in answered.aiter_raw()])
                received += len(body)
                errors += answered.status_code != 200 or not body.endswith(b"[DONE]\n\n")
            except httpx2.HTTPError:
                errors += 1

        start = time.perf_counter()
        await asyncio.gather(*(one(number) for number in range(STREAMS)))
        spent = time.perf_counter() - start
    return {
        "errors": float(errors),
        "seconds": spent,
        "streams per second": STREAMS / spent,
        "first byte p50": measures.percentile(first, 0.5),
        "first byte p99": measures.percentile(first, 0.99),
        "bytes": float(received),
    }


def run() -> dict[str, Any]:
    """All measurements of the lane."""
    facts = report.machine()
    workload = make_workload()
    path = "/proxy/v1/chat/completions"
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="proxy-")))
        upstream = first_line(stack.enter_context(process("-m", "benchmarks.upstream")))
        plain = first_line(stack.enter_context(process("-m", "benchmarks.proxy.plain", upstream)))
        port = free_port()
        config = configured(folder / "data", upstream, port)
        embedder = load_embedder(config)
        report.say(f"{workload.source}; storing {MEMORIES:,} memories")
        real = embed_documents(workload, embedder, EMBEDDED)
        del embedder
        store = open_store(config)
        fill(store, workload, MEMORIES, VectorSource(real))
        store.close()
        with Runtime.open(config) as runtime:
            runtime.store_many(
                [Draft(note, NAMESPACE, origin=Origin.USER) for note in notes(TURNS)]
            )
        url, answered, with_memory = stack.enter_context(proxy_process(config, port))
        time.sleep(3.0)  # the policies are read and the model is warm
        ways = {
            "direct": Asking(upstream, "/v1/chat/completions"),
            "pass-through": Asking(plain, path),
            "off": Asking(url, path, x_memory_mode="off"),
            "recall": Asking(url, path, x_memory_mode="readonly"),
        }
        times = latency(ways, workload.questions)
        streams = {
            name: asyncio.run(_streams(target, workload.questions))
            for name, target in (("pass-through", plain + path), ("recall", url + path))
        }
        with httpx2.Client(timeout=60.0) as client:
            bill = {
                name: conversation(
                    client, url + path, FIELDS | {"x-memory-mode": mode}, TURNS, name
                )
                for name, mode in (("with memory", "readonly"), ("without memory", "off"))
            }
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="proxy-")))
        upstream = first_line(
            stack.enter_context(process("-m", "benchmarks.proxy.long_stream", str(CHUNKS)))
        )
        plain = first_line(stack.enter_context(process("-m", "benchmarks.proxy.plain", upstream)))
        port = free_port()
        proxy = proxy_process(configured(folder / "data", upstream, port), port)
        url, _, _ = stack.enter_context(proxy)
        chunks = chunk_cost(
            {
                "direct": f"{upstream}/v1/chat/completions",
                "pass-through": plain + path,
                "recall": url + path,
            }
        )
    return {
        "machine": facts,
        "memories": MEMORIES,
        "cold start": {"answers": answered, "with memory": with_memory},
        "first byte": times,
        "chunk": chunks,
        "streams": streams,
        "bill": bill,
    }


def checks(document: dict[str, Any]) -> list[report.Check]:
    """The figures that are asked for."""
    times, chunk = document["first byte"], document["chunk"]
    direct = times["direct"]["p50"]
    bill = document["bill"]
    return [
        report.Check(
            "added to first byte with recall, p50",
            times["recall"]["p50"] - direct,
            FIRST_BYTE_MS,
            True,
            "ms",
        ),
        report.Check(
            "added to first byte in mode off, p50", times["off"]["p50"] - direct, OFF_MS, True, "ms"
        ),
        report.Check(
            "added per streamed chunk", chunk["recall"] - chunk["direct"], CHUNK_MS, True, "ms"
        ),
        report.Check(
            f"errors of {STREAMS} streams at once", document["streams"]["recall"]["errors"], 0, True
        ),
        report.Check("cold start", document["cold start"]["with memory"], COLD_SECS, True, "s"),
        report.Check(
            "turns whose request begins with the one before",
            bill["with memory"]["prefix_share"],
            1.0,
        ),
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the lane; 0 if every figure that is asked for was reached."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.proxy", description=__doc__)
    parser.add_argument("--json", type=Path, help="write the figures")
    options = parser.parse_args(arguments)
    document = report.plain(run())
    rows = [[name, *values.values()] for name, values in document["first byte"].items()]
    report.say(report.table(("first byte, ms", "p50", "p95", "p99"), rows))
    for name in ("chunk", "streams", "cold start", "bill"):
        report.say(f"{name}: {json.dumps(document[name])}")
    required = checks(document)
    report.say("\n" + report.verdict(required))
    if options.json:
        document |= {"lane": "proxy", "required": [check.as_json() for check in required]}
        report.write_json(options.json, document)
    return 0 if all(check.passed for check in required) else 1


if __name__ == "__main__":
    sys.exit(main())
