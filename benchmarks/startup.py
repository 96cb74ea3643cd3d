# SPDX-License-Identifier: AGPL-3.0-only
"""How soon the MCP server answers, and what it weighs: ``python -m benchmarks.startup``.

The handshake is compared with the least that the SDK allows, a server of four empty tools, started
in turn with ours. The server's file holds 10,000 memories.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import psutil  # type: ignore[import-untyped]

from benchmarks import report
from benchmarks.scratch import scratch_config
from benchmarks.timing import build, spread
from benchmarks.workload import (
    NAMESPACE,
    VectorSource,
    embed_documents,
    load_embedder,
    make_workload,
)

MEMORIES: Final = 10_000
EMBEDDED: Final = 1_000
HANDSHAKES: Final = 21
SESSIONS: Final = 5
SETTLE_SECONDS: Final = 2.0

RATIO: Final = 1.15
FIRST_VECTOR_MS: Final = 1_000.0
IDLE_MIB: Final = 130.0
USED_MIB: Final = 250.0
EXIT_MS: Final = 2_000.0

MINIMAL: Final = """
from mcp.server import MCPServer
server = MCPServer("minimal")
for name in ("recall", "store", "update", "forget"):
    server.add_tool(lambda: "", name=name, description=name)
server.run()
"""


class Session:
    """A server process and the clock since just before it was started."""

    def __init__(self, command: Sequence[str]) -> None:
        self._started = time.perf_counter()
        self._number = 0
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.process.kill()
        self.process.communicate()

    def elapsed(self) -> float:
        """Milliseconds since the start."""
        return (time.perf_counter() - self._started) * 1000

    def request(self, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """Ask, and wait for the answer's result."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self._number += 1
        message = {"jsonrpc": "2.0", "id": self._number, "method": method, "params": params}
        self.process.stdin.write(json.dumps(message).encode() + b"\n")
        self.process.stdin.flush()
        result = json.loads(self.process.stdout.readline())["result"]
        assert isinstance(result, dict)
        return result

    def handshake(self) -> float:
        """Shake hands; milliseconds from the start of the process to the answer."""
        about = {"name": "benchmark", "version": "1"}
        params = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": about}
        self.request("initialize", params)
        taken = self.elapsed()
        assert self.process.stdin is not None
        self.process.stdin.write(b'{"jsonrpc":"2.0","method":"notifications/initialized"}\n')
        return taken

    def recall(self, query: str) -> dict[str, Any]:
        """One recall; its structured answer."""
        call = {"name": "memoryoss_recall", "arguments": {"query": query}}
        answer = self.request("tools/call", call)["structuredContent"]
        assert isinstance(answer, dict)
        return answer

    def resident_mib(self) -> float:
        """Resident memory of the process."""
        return float(psutil.Process(self.process.pid).memory_info().rss) / 2**20

    def leave(self) -> float:
        """Close its input; milliseconds until it is gone."""
        assert self.process.stdin is not None
        start = time.perf_counter()
        self.process.stdin.close()
        self.process.wait()
        self.process.stdin = None
        return (time.perf_counter() - start) * 1000


def handshakes(command: Sequence[str], rounds: int) -> dict[str, Any]:
    """Minimal and ours in turn, after one unmeasured start of each."""
    minimal: list[float] = []
    ours: list[float] = []
    for number in range(rounds + 1):
        for taken, started in ((minimal, [sys.executable, "-c", MINIMAL]), (ours, command)):
            with Session(started) as session:
                milliseconds = session.handshake()
            if number:
                taken.append(milliseconds)
    middle, best = spread(ours)["p50"] / spread(minimal)["p50"], min(ours) / min(minimal)
    return {
        "minimal_ms": spread(minimal),
        "ours_ms": spread(ours),
        "ratio_p50": middle,
        "ratio_best": best,
    }


def session_figures(command: Sequence[str], questions: Sequence[str]) -> dict[str, float]:
    """Memory and first answers of one session, in MiB and milliseconds."""
    with Session(command) as session:
        handshake = session.handshake()
        session.request("tools/list", {})
        time.sleep(SETTLE_SECONDS)
        idle = session.resident_mib()
        start = session.elapsed()
        first = session.recall(questions[0])
        first_ms = session.elapsed() - start
        answer, asked = first, 1
        while answer["mode"] != "hybrid":
            answer = session.recall(questions[asked % len(questions)])
            asked += 1
        hybrid_ms = session.elapsed() - start
        used = session.resident_mib()
        start = session.elapsed()
        for question in questions[:20]:
            session.recall(question)
        warm_ms = (session.elapsed() - start) / min(20, len(questions))
        later = session.resident_mib()
        gone = session.leave()
    return {
        "handshake_ms": handshake,
        "idle_mib": idle,
        "first_recall_ms": first_ms,
        "first_recall_was_hybrid": float(first["mode"] == "hybrid"),
        "first_vector_recall_ms": hybrid_ms,
        "after_first_recall_mib": used,
        "after_twenty_recalls_mib": later,
        "warm_recall_ms": warm_ms,
        "exit_ms": gone,
    }


def run(folder: Path | None, rounds: int) -> dict[str, Any]:
    """Build the file (in ``folder`` it is kept), then measure."""
    facts = report.machine()
    workload = make_workload()
    embedder = load_embedder(scratch_config(Path("unused")))
    real = embed_documents(workload, embedder, EMBEDDED)
    del embedder
    with contextlib.ExitStack() as stack:
        kept = folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="startup-")))
        built = build(kept / f"store-{MEMORIES}", workload, MEMORIES, VectorSource(real))
        place = ["--data-dir", str(built.config.data_dir), "--namespace", NAMESPACE]
        command = [sys.executable, "-m", "memoryoss_mcp.server", *place]
        starts = handshakes(command, rounds)
        sessions = [session_figures(command, workload.questions) for _ in range(SESSIONS)]
    figures = {name: spread([session[name] for session in sessions]) for name in sessions[0]}
    return {"machine": facts, "memories": MEMORIES, "handshake": starts, "session": figures}


def checks(document: Mapping[str, Any]) -> list[report.Check]:
    """The figures that are asked for."""
    session = document["session"]
    bounds = (
        ("first vector recall", "first_vector_recall_ms", FIRST_VECTOR_MS, "ms"),
        ("resident memory, idle", "idle_mib", IDLE_MIB, "MiB"),
        ("resident memory, after the first recall", "after_first_recall_mib", USED_MIB, "MiB"),
        ("exit after the end of input", "exit_ms", EXIT_MS, "ms"),
    )
    ratio = document["handshake"]["ratio_p50"]
    return [
        report.Check("handshake, ours over minimal", ratio, RATIO, True),
        *(report.Check(name, session[key]["p50"], bound, True, unit)
          for name, key, bound, unit in bounds),
    ]  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the lane; 0 if every figure that is asked for was reached."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.startup", description=__doc__)
    parser.add_argument("--folder", type=Path, help="build the file here and keep it")
    parser.add_argument("--rounds", type=int, default=HANDSHAKES, help="starts of each server")
    parser.add_argument("--json", type=Path, help="write the figures")
    options = parser.parse_args(arguments)
    document = run(options.folder, options.rounds)
    starts = document["handshake"]
    rows: list[tuple[str, Any, Any]] = [
        (name, starts[key]["p50"], starts[key]["min"])
        for name, key in (("minimal server", "minimal_ms"), ("memoryoss-mcp", "ours_ms"))
    ]
    rows.append(("ratio", starts["ratio_p50"], starts["ratio_best"]))
    report.say(report.table(("handshake, ms", "p50", "best"), rows))
    rows = [(name, figure["p50"], figure["min"]) for name, figure in document["session"].items()]
    report.say("\n" + report.table(("session", "p50", "best"), rows))
    required = checks(document)
    report.say("\n" + report.verdict(required))
    if options.json:
        document |= {"lane": "startup", "required": [check.as_json() for check in required]}
        report.write_json(options.json, document)
    return 0 if all(check.passed for check in required) else 1


if __name__ == "__main__":
    sys.exit(main())
