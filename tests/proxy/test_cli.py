# SPDX-License-Identifier: AGPL-3.0-only
"""The command line of the proxy as a user types it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from benchmarks.upstream import Script, Upstream, running_upstream
from memoryoss_proxy.bill import Bill
from memoryoss_proxy.record import Record
from tests.proxy.running import PATIENCE
from tests.proxy.test_forward import wait_for


def environment(folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
    return kept | {
        "MEMORYOSS_DATA_DIR": str(folder / "data"),
        "MEMORYOSS_KEYS_DIR": str(folder / "keys"),
        "PYTHONUTF8": "1",
    }


def run(
    folder: Path, *arguments: str, cwd: Path | None = None, **environ: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "memoryoss_proxy", *arguments],
        env=environment(folder) | environ,
        cwd=cwd or folder,
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )


def test_check_says_what_the_configuration_means_and_no_secret(tmp_path: Path) -> None:
    key = "sk-" + "proj-" + "q" * 40
    done = run(tmp_path, "check", "--json", OPENAI_API_KEY=key)
    assert done.returncode == 0, done.stderr
    shown: dict[str, Any] = json.loads(done.stdout)
    assert shown["openai_base_url"] == "http://127.0.0.1:8000/proxy/v1"
    assert shown["anthropic_base_url"] == "http://127.0.0.1:8000/proxy/anthropic"
    assert shown["openai_key"] == "OPENAI_API_KEY"
    assert shown["anthropic_key"] == "none"
    assert key not in done.stdout
    assert "openai base url" in run(tmp_path, "check").stdout


def test_the_namespace_is_that_of_the_command_line(tmp_path: Path) -> None:
    project = tmp_path / "shop"
    (project / ".git").mkdir(parents=True)
    (project / ".git" / "HEAD").write_text("ref: refs/heads/main\n", encoding="utf-8")

    def namespace(*arguments: str) -> str:
        done = run(tmp_path, "check", "--json", *arguments, cwd=project)
        return str(json.loads(done.stdout)["namespace"])

    stored = subprocess.run(
        [sys.executable, "-m", "memoryoss_mcp", "store", "A fact.", "--json"],
        env=environment(tmp_path),
        cwd=project,
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=True,
    )
    assert namespace() == json.loads(stored.stdout)["namespace"] != "default"
    assert namespace("--namespace", "team") == "team"
    (tmp_path / "data" / "memoryoss.toml").write_text(
        "[proxy]\npassthrough_namespace = 'ours'\n", encoding="utf-8"
    )
    assert namespace() == "ours"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[proxy]\nupstream = 'x'\n", "upstream"),
        ("[proxy]\ndefault_memory_mode = 'writeonly'\n", "default_memory_mode"),
        ("[server]\nport = 'many'\n", "port"),
        ("[nonsense]\nx = 1\n", "nonsense"),
    ],
)
def test_a_wrong_configuration_is_named(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "memoryoss.toml").write_text(text, encoding="utf-8")
    done = run(tmp_path, "serve")
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_status_of_nothing_and_of_something(tmp_path: Path) -> None:
    assert "No requests" in run(tmp_path, "status").stdout
    bill = Bill(tmp_path / "data" / "proxy" / "bill")
    record = Record("chat_completions", "openai", "key-1", upstream_status=200, block_tokens=50)
    bill.add(record)
    bill.close()
    shown = json.loads(run(tmp_path, "status", "--json").stdout)
    assert "key-1" in json.dumps(shown)
    shown_to_people = run(tmp_path, "status", COLUMNS="80").stdout
    assert "key-1" in shown_to_people
    assert max(map(len, shown_to_people.splitlines())) <= 80
    assert run(tmp_path, "status", "--days", "0").returncode == 2


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run(tmp_path, "serve", "--port", str(port))
    assert done.returncode == 2
    assert str(port) in done.stderr
    assert "Traceback" not in done.stderr


@dataclass
class Served:
    """A proxy in a process of its own; ``said`` is what it wrote to stderr, once it has ended."""

    process: subprocess.Popen[str]
    port: int
    said: str = ""

    @property
    def chat(self) -> str:
        return f"http://127.0.0.1:{self.port}/proxy/v1/chat/completions"


@contextmanager
def serving(
    folder: Path, upstream: Upstream, before: Callable[[], None] | None = None
) -> Iterator[Served]:
    """``memoryoss-proxy serve`` until the block ends; ``before`` runs in the new process."""
    (folder / "data").mkdir()
    (folder / "data" / "memoryoss.toml").write_text(
        f'[proxy]\nupstream_url = "{upstream.url}/v1"\n', encoding="utf-8"
    )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    with subprocess.Popen(
        [sys.executable, "-m", "memoryoss_proxy", "serve", "--port", str(port)],
        env=environment(folder),
        stderr=subprocess.PIPE,
        encoding="utf-8",
        preexec_fn=before,
    ) as process:
        served = Served(process, port)
        try:
            wait_for(lambda: _status(port) is not None)
            yield served
        finally:
            process.send_signal(signal.SIGTERM)
            _, served.said = process.communicate(timeout=PATIENCE)


FIELDS = {"authorization": "Bearer sk-" + "t" * 40}
posix = pytest.mark.skipif(os.name != "posix", reason="signals and limits as POSIX has them")


@posix
def test_serve_answers_at_once_and_leaves_when_it_is_told_to(tmp_path: Path) -> None:
    with running_upstream() as upstream, serving(tmp_path, upstream) as served:
        wait_for(lambda: _status(served.port) == "ok")
    assert served.process.returncode in {0, -signal.SIGTERM}
    assert f"127.0.0.1:{served.port}" in served.said
    assert "Traceback" not in served.said


@posix
def test_a_second_signal_cuts_off_what_is_under_way_without_a_fuss(tmp_path: Path) -> None:
    slow = Script(pause=0.2)
    with running_upstream(slow) as upstream, serving(tmp_path, upstream) as served:
        asked = {"model": "m", "stream": True, "messages": _said("count to 1000")}
        with httpx2.stream("POST", served.chat, json=asked, headers=FIELDS) as answered:
            pieces = answered.iter_raw()
            assert next(pieces)
            served.process.send_signal(signal.SIGINT)
            time.sleep(0.5)
            served.process.send_signal(signal.SIGINT)
            with pytest.raises(httpx2.HTTPError):
                list(pieces)
    assert "a second signal cuts them off" in served.said
    assert "Traceback" not in served.said


@posix
@pytest.mark.parametrize("most", [0, 48 * 1024])
def test_a_disk_without_room_costs_the_memory_and_no_request(tmp_path: Path, most: int) -> None:
    def without_room() -> None:
        import resource  # POSIX has it

        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

    with running_upstream() as upstream, serving(tmp_path, upstream, without_room) as served:
        asked = {"model": "m", "messages": _said("We decided to use Tailscale for access.")}
        for _ in range(3):
            answered = httpx2.post(served.chat, json=asked, headers=FIELDS, timeout=PATIENCE)
            assert answered.status_code == 200
        assert len(upstream.requests) == 3
        health = httpx2.get(f"http://127.0.0.1:{served.port}/health").json()
        assert health["status"] == "degraded"
        assert answered.headers["x-memory-core"]


def _said(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


def _status(port: int) -> str | None:
    try:
        return str(httpx2.get(f"http://127.0.0.1:{port}/health", timeout=5.0).json()["status"])
    except httpx2.HTTPError:
        return None
