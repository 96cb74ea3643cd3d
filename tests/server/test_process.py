# SPDX-License-Identifier: AGPL-3.0-only
"""The server as a process: what is on its pipes, and when it leaves."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from memoryoss_mcp import __version__

from .wire import COMMAND, MODERN, PATIENCE, Wire, modern

EXIT_SECONDS = 5.0
"""Two are promised and the server's own clock allows 1.2; the rest is for a busy machine."""
LEGACY = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"]
posix = pytest.mark.skipif(os.name != "posix", reason="POSIX signals and process groups")


def content(result: dict[str, object]) -> str:
    blocks = result["content"]
    assert isinstance(blocks, list)
    text = blocks[0]["text"]
    assert isinstance(text, str)
    return text


# Eras ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", LEGACY)
def test_each_handshake_version_is_spoken(wire: Wire, version: str) -> None:
    result = wire.handshake(version)
    assert result["protocolVersion"] == version
    assert result["serverInfo"]["name"] == "memoryoss"
    assert result["serverInfo"]["version"] == __version__
    assert result["instructions"]
    assert set(result["capabilities"]) == {"tools", "resources", "prompts"}
    assert wire.request("ping")["result"] == {}
    assert len(wire.request("tools/list")["result"]["tools"]) == 4
    assert not wire.call("store", content="Kept over the wire.").get("isError")


@pytest.mark.parametrize("version", ["2026-07-28", "1999-01-01"])
def test_an_unknown_version_gets_the_newest_handshake(wire: Wire, version: str) -> None:
    assert wire.handshake(version)["protocolVersion"] == "2025-11-25"


def test_the_modern_era_needs_no_handshake(wire: Wire) -> None:
    found = wire.request("server/discover", modern())["result"]
    assert found["supportedVersions"] == [MODERN]
    assert found["resultType"] == "complete"
    assert found["instructions"]
    listed = wire.request("tools/list", modern())["result"]
    assert len(listed["tools"]) == 4
    assert listed["ttlMs"] > 0
    arguments = {"name": "memoryoss_store", "arguments": {"content": "Kept without a handshake."}}
    kept = wire.request("tools/call", modern(arguments))["result"]
    assert kept["structuredContent"]["stored"] is True
    assert kept["_meta"]["io.modelcontextprotocol/serverInfo"]["name"] == "memoryoss"


def test_a_first_call_without_any_greeting_is_served(wire: Wire) -> None:
    arguments = {"name": "memoryoss_recall", "arguments": {"query": "anything"}}
    result = wire.request("tools/call", modern(arguments))["result"]
    assert result["structuredContent"]["memories"] == []


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("no/such/method", modern(), -32601),
        ("tools/call", modern({"name": "memoryoss_nothing", "arguments": {}}), -32602),
        ("tools/call", modern({"name": "memoryoss_recall", "arguments": [1]}), -32602),
        ("tools/list", modern(version="1900-01-01"), -32022),
        ("resources/read", modern({"uri": "memoryoss://none"}), -32602),
    ],
)
def test_protocol_errors_have_their_codes(
    wire: Wire, method: str, params: dict[str, object], code: int
) -> None:
    wire.request("server/discover", modern())
    assert wire.request(method, params)["error"]["code"] == code


# Bytes --------------------------------------------------------------------------------------


def test_standard_output_carries_protocol_only(tmp_path: Path) -> None:
    """Even what a library prints, by Python or below it, ends on stderr."""
    noisy = (
        "import os, sys, threading, time\n"
        "def shout():\n"
        "    while True:\n"
        "        print('noise from python', flush=True)\n"
        "        os.write(1, b'noise from below\\n')\n"
        "        os.system('echo noise from a child')\n"
        "        time.sleep(0.02)\n"
        "import memoryoss_mcp.server.session as session\n"
        "pipes = session.Pipes\n"
        "def late():\n"
        "    taken = pipes()\n"
        "    threading.Thread(target=shout, daemon=True).start()\n"
        "    return taken\n"
        "session.Pipes = late\n"
        "from memoryoss_mcp.server import main\n"
        "sys.exit(main())\n"
    )
    with Wire(tmp_path, command=(sys.executable, "-c", noisy)) as wire:
        wire.handshake()
        wire.call("store", content="Kept among noise.")
        for _ in range(10):
            wire.call("recall", query="noise")
        wire.end_input()
        assert wire.wait() == 0
        for line in wire.output:
            assert json.loads(line)["jsonrpc"] == "2.0"
    for noise in ("noise from python", "noise from below", "noise from a child"):
        assert noise in wire.log


@pytest.mark.parametrize(
    "environ",
    [
        {"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONIOENCODING": "latin-1"},
    ],
)
def test_text_is_utf8_whatever_the_locale(tmp_path: Path, environ: dict[str, str]) -> None:
    text = "naïve café — 東京 \u2028 🙂 \U0010ffff"
    with Wire(tmp_path, environ=environ) as wire:
        wire.handshake()
        kept = wire.call("store", content=text, tags=["ünïcode"])
        identifier = kept["structuredContent"]["id"]
        answer = wire.call("recall", query="café")
        assert answer["structuredContent"]["memories"][0]["content"] == text
        refused = wire.call("store", content="x", memory_type="größe")
        assert "größe" in content(refused)
        wire.end_input()
        assert wire.wait() == 0
        assert all(line.endswith(b"}\n") for line in wire.output)
    with Wire(tmp_path) as wire:
        wire.handshake()
        uri = f"memoryoss://memory/{identifier}"
        document = wire.request("resources/read", {"uri": uri})["result"]["contents"][0]["text"]
        assert json.loads(document)["content"] == text


MALFORMED = [
    (b"\n\r\n   \n", 0),
    (b"hello\n", 1),
    (b"{\n", 1),
    (b"[]\n", 1),
    (b'[{"jsonrpc":"2.0","id":1,"method":"ping"}]\n', 1),
    (b"\x00\x01\x02\xff\xfe\n", 1),
    (b"[" * 50_000 + b"\n", 1),
    (b'{"jsonrpc":"2.0","id":null,"method":"ping"}\n', 1),
    (b'{"jsonrpc":"2.0","id":{},"method":"ping"}\n', 1),
    (b'{"jsonrpc":"2.0","id":900,"result":{}}\n', 0),
    (b'{"jsonrpc":"2.0","method":"notifications/unheard/of"}\n', 0),
    (b'{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":4}}\n', 0),
    (b'{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":{}}}\n', 0),
]


@pytest.mark.parametrize("opened", [False, True], ids=["before", "after the handshake"])
def test_malformed_frames_never_end_the_server(wire: Wire, opened: bool) -> None:
    if opened:
        wire.handshake()
    for frame, answers in MALFORMED:
        wire.write(frame)
        for _ in range(answers):
            assert wire.answer()["error"]["code"] in {-32700, -32600}, frame
    if not opened:
        wire.handshake()
    assert wire.request("ping")["result"] == {}
    assert wire.process.poll() is None


@posix
def test_it_serves_without_standard_error(tmp_path: Path) -> None:
    """Some starters close what they do not read."""
    shell = f'exec "{sys.executable}" -m memoryoss_mcp.server "$@" 2>&-'
    with Wire(tmp_path, command=("sh", "-c", shell, "sh")) as wire:
        wire.handshake()
        assert wire.call("store", content="Nobody listens to the log.")["structuredContent"]
        assert wire.call("store", content="")["isError"]
        wire.end_input()
        assert wire.wait() == 0


@pytest.mark.parametrize("broken", [b"\xff", b"\\ud800", b"\xed\xa0\x80"])
def test_text_that_is_no_utf8_is_refused_not_altered(wire: Wire, broken: bytes) -> None:
    wire.handshake()
    call = b'{"jsonrpc":"2.0","id":"odd","method":"tools/call","params":{"name":'
    call += b'"memoryoss_store","arguments":{"content":"broken ' + broken + b' text"}}}\n'
    wire.write(call)
    answer = wire.answer()
    assert answer["id"] == "odd"
    assert answer["error"]["code"] == -32700
    found = wire.call("recall", query="broken text")["structuredContent"]
    assert found["memories"] == []


def test_a_content_of_many_megabytes_is_refused_and_service_goes_on(wire: Wire) -> None:
    wire.handshake()
    refused = wire.call("store", content="x" * 20_000_000)
    assert refused["isError"]
    assert content(refused).startswith("limit_exceeded: ")
    assert len(content(refused)) < 500
    assert wire.call("store", content="Small.")["structuredContent"]["stored"]


def test_values_of_a_refused_call_are_not_logged(wire: Wire) -> None:
    """A log is kept longer, and seen by more people, than a conversation."""
    wire.handshake()
    secret = f"word-{os.urandom(6).hex()}"
    refused = wire.call("store", content="x", memory_type=secret)
    assert secret in content(refused)
    wire.end_input()
    wire.wait()
    assert "memoryoss_store refused: invalid_input" in wire.log
    assert secret not in wire.log


def test_a_burst_as_the_first_thing_is_served(wire: Wire) -> None:
    """While one thread loads the model, others make their first imports."""
    wire.handshake()
    stores = {"name": "memoryoss_store", "arguments": {"content": "One of the first."}}
    recalls = {"name": "memoryoss_recall", "arguments": {"query": "one of the first"}}
    sent = {wire.send("tools/call", params) for params in (stores, recalls) * 6}
    answers = [wire.answer() for _ in sent]
    assert {answer["id"] for answer in answers} == sent
    assert not [answer for answer in answers if answer["result"].get("isError")]


# Start and end ------------------------------------------------------------------------------


def test_memories_outlive_the_session(tmp_path: Path) -> None:
    with Wire(tmp_path) as wire:
        wire.handshake()
        kept = wire.call("store", content="The lighthouse keeper is called Ida.")
        wire.end_input()
        assert wire.wait() == 0
    with Wire(tmp_path) as wire:
        wire.handshake()
        found = wire.call("recall", query="Who keeps the lighthouse?")["structuredContent"]
        assert [memory["id"] for memory in found["memories"]] == [kept["structuredContent"]["id"]]


def test_calls_that_run_when_input_ends_are_answered(tmp_path: Path) -> None:
    with Wire(tmp_path) as wire:
        wire.handshake()
        wire.call("store", content="Sent in good time, so that the file is open.")
        call = {"name": "memoryoss_store", "arguments": {"content": "Sent at the last moment."}}
        number = wire.send("tools/call", call)
        wire.end_input()
        assert wire.wait() == 0
    last = json.loads(wire.output[-1])
    assert last["id"] == number
    assert last["result"]["structuredContent"]["stored"]


def leaves_in_time(wire: Wire, since: float) -> None:
    assert wire.wait() == 0
    assert time.monotonic() - since < EXIT_SECONDS


@pytest.mark.parametrize("used", [False, True], ids=["idle", "after a recall"])
def test_it_leaves_when_input_ends(wire: Wire, used: bool) -> None:
    wire.handshake()
    if used:
        wire.call("recall", query="anything")
    since = time.monotonic()
    wire.end_input()
    leaves_in_time(wire, since)


def test_it_leaves_when_input_ends_before_the_handshake(wire: Wire) -> None:
    wire.end_input()
    assert wire.wait() == 0
    assert wire.output == []


@posix
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP"])
@pytest.mark.parametrize("used", [False, True], ids=["idle", "after a store"])
def test_it_leaves_on_a_signal(wire: Wire, name: str, used: bool) -> None:
    wire.handshake()
    if used:
        wire.call("store", content="Committed before the signal.")
    since = time.monotonic()
    wire.process.send_signal(getattr(signal, name))
    leaves_in_time(wire, since)


@posix
def test_it_leaves_on_signals_as_a_client_sends_them(wire: Wire) -> None:
    """SIGINT, a little later SIGTERM, then the end of input, as seen with real clients."""
    wire.handshake()
    wire.call("recall", query="anything")
    since = time.monotonic()
    wire.process.send_signal(signal.SIGINT)
    time.sleep(0.05)
    if wire.process.poll() is None:
        wire.process.send_signal(signal.SIGTERM)
    wire.end_input()
    leaves_in_time(wire, since)


@posix
def test_it_leaves_on_a_signal_while_the_client_does_not_read(tmp_path: Path) -> None:
    """A full pipe blocks the writer; the deadline still holds."""
    process = subprocess.Popen(
        [*COMMAND, "--data-dir", str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    frame = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": modern()})
    process.stdin.write(frame.encode() + b"\n")
    process.stdin.flush()
    assert process.stdout.readline()
    for _ in range(40):  # some 200 kB of answers
        process.stdin.write(frame.encode() + b"\n")
    process.stdin.flush()
    time.sleep(0.5)
    since = time.monotonic()
    process.send_signal(signal.SIGTERM)
    try:
        assert process.wait(PATIENCE) == 0
        assert time.monotonic() - since < EXIT_SECONDS
    finally:
        process.kill()
        process.stdin.close()
        process.stdout.close()


def is_alive(process: psutil.Process) -> bool:
    """Whether it runs; one that ended may wait for a new parent that never asks for it."""
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


@posix
def test_it_leaves_when_its_parent_is_killed(tmp_path: Path) -> None:
    """Even if somebody else still holds its input open, so that no end of input tells it."""
    reading, writing = os.pipe()
    starter = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen(sys.argv[1:], stdin=0, stdout=subprocess.DEVNULL)\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", starter, *COMMAND, "--data-dir", str(tmp_path / "data")],
        stdin=reading,
        stdout=subprocess.PIPE,
    )
    assert parent.stdout is not None
    server = psutil.Process(int(parent.stdout.readline()))
    try:
        # It watches once it serves, and it has made its folder once it served a call.
        call = {"name": "memoryoss_recall", "arguments": {"query": "anything"}}
        frame = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": modern(call)}
        os.write(writing, json.dumps(frame).encode() + b"\n")
        while not (tmp_path / "data" / "memoryoss.db").exists():
            assert is_alive(server)
            time.sleep(0.05)
        parent.kill()
        parent.wait()
        since = time.monotonic()
        while is_alive(server):
            assert time.monotonic() - since < PATIENCE
            time.sleep(0.02)
        assert time.monotonic() - since < EXIT_SECONDS
    finally:
        parent.kill()
        parent.stdout.close()
        os.close(reading)
        os.close(writing)
        if is_alive(server):
            server.kill()


def test_it_starts_no_process_and_opens_no_socket(wire: Wire) -> None:
    wire.handshake()
    wire.call("store", content="Alone.")
    wire.call("recall", query="alone")
    process = psutil.Process(wire.process.pid)
    assert process.children(recursive=True) == []
    assert process.net_connections(kind="inet") == []


def test_it_writes_nothing_outside_its_folders(tmp_path: Path) -> None:
    """Neither we nor a library: no cache, no identifier, no record of use. What signs the ledger
    is in the folder of keys, and nothing else."""
    home = tmp_path / "home"
    home.mkdir()
    places = {name: str(home) for name in ("HOME", "USERPROFILE", "XDG_CACHE_HOME", "TMPDIR")}
    keys = tmp_path / "keys"
    with Wire(tmp_path / "data", environ=places | {"MEMORYOSS_KEYS_DIR": str(keys)}) as wire:
        wire.handshake()
        wire.call("store", content="Kept here and nowhere else.")
        while wire.call("recall", query="where")["structuredContent"]["mode"] != "hybrid":
            time.sleep(0.1)
        wire.end_input()
        wire.wait()
    assert list(home.rglob("*")) == []
    assert (tmp_path / "data" / "memoryoss.db").is_file()
    assert {path.name for path in keys.iterdir()} == {"signing.key", "heads"}
    assert b"nowhere" not in b"".join(p.read_bytes() for p in keys.rglob("*") if p.is_file())


def test_the_handshake_loads_neither_numpy_nor_model(tmp_path: Path) -> None:
    """Asked of the process itself: which modules are there once the handshake was answered."""
    spy = (
        "import sys\n"
        "import memoryoss_mcp.server.session as session\n"
        "write = session.Pipes.write\n"
        "def told(self, data):\n"
        "    heavy = {'numpy', 'onnxruntime', 'tokenizers', 'rich', 'apsw', 'sqlite3'}\n"
        "    print('LOADED', sorted(heavy & set(sys.modules)), file=sys.stderr, flush=True)\n"
        "    write(self, data)\n"
        "session.Pipes.write = told\n"
        "from memoryoss_mcp.server import main\n"
        "sys.exit(main())\n"
    )
    with Wire(tmp_path / "data", command=(sys.executable, "-c", spy)) as wire:
        wire.handshake()
        wire.request("tools/list")
        wire.end_input()
        wire.wait()
    loaded = [line for line in wire.log.splitlines() if line.startswith("LOADED")]
    assert loaded == ["LOADED []", "LOADED []"]
    assert not (tmp_path / "data").exists()


# Options ------------------------------------------------------------------------------------


def run(*options: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *options],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env={**os.environ, **environ},
        check=False,
    )


def test_version_and_help() -> None:
    shown = run("--version")
    assert (shown.returncode, shown.stdout) == (0, f"memoryoss-mcp {__version__}\n")
    help_text = run("--help")
    assert help_text.returncode == 0
    for option in ("--data-dir", "--config", "--namespace", "--log-level", "--version"):
        assert option in help_text.stdout


@pytest.mark.parametrize(
    ("options", "mentions"),
    [
        (["--namespace", "a/b"], "invalid_input"),
        (["--config", "no-such-file.toml"], "config_invalid"),
        (["--no-such-option"], "--no-such-option"),
        (["--log-level", "loud"], "--log-level"),
    ],
)
def test_wrong_options_end_with_2_and_say_why(options: list[str], mentions: str) -> None:
    ended = run(*options)
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert mentions in ended.stderr
    assert "Traceback" not in ended.stderr


def test_data_folder_and_namespace_come_from_the_environment(tmp_path: Path) -> None:
    environ = {"MEMORYOSS_DATA_DIR": str(tmp_path / "env"), "MEMORYOSS_NAMESPACE": "from-env"}
    with Wire(None, namespace=None, environ=environ) as wire:
        wire.handshake()
        result = wire.call("store", content="Where?")["structuredContent"]
    assert (result["namespace"], result["namespace_source"]) == ("from-env", "configuration")
    assert (tmp_path / "env" / "memoryoss.db").is_file()


def test_the_namespace_is_the_project_of_the_client(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the working folder, or from the variable that Claude Code sets."""
    monkeypatch.delenv("CLAUDE_PROJECT_DIR", raising=False)
    monkeypatch.delenv("MEMORYOSS_NAMESPACE", raising=False)
    for name, remote in (("here", "git@git.example:acme/anvil.git"), ("there", None)):
        git = tmp_path / name / ".git"
        git.mkdir(parents=True)
        section = f'[remote "origin"]\n\turl = {remote}\n' if remote else ""
        (git / "config").write_text(section)

    def chosen(**environ: str) -> tuple[str, str]:
        data_dir, folder = tmp_path / "data", tmp_path / "here"
        with Wire(data_dir, namespace=None, cwd=folder, environ=environ) as wire:
            wire.handshake()
            answer = wire.call("recall", query="anything")["structuredContent"]
        return answer["namespace"], answer["namespace_source"]

    assert chosen() == ("acme-anvil", "project")
    name, source = chosen(CLAUDE_PROJECT_DIR=str(tmp_path / "there"))
    assert source == "project"
    assert name.startswith("there-")
    assert chosen(CLAUDE_PROJECT_DIR=str(tmp_path / "gone")) == ("acme-anvil", "project")
