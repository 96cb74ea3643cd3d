# SPDX-License-Identifier: AGPL-3.0-only
"""``memoryoss models``: what can be chosen, what is here, and nothing fetched unasked."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from memoryoss_mcp.embed import REGISTRY
from tests.cli.support import Cli

SMALL = "bge-small-en-v1.5"


@contextmanager
def refusing_server() -> Iterator[tuple[str, list[str]]]:
    """A models server on loopback that has nothing; its address and the paths it was asked for."""
    asked: list[str] = []

    class Refuse(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            """Nothing on the test's output."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Refuse) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join()


def test_the_list_says_what_is_here_and_in_use(cli: Cli) -> None:
    models = cli.json("models", "list")["models"]
    assert [model["name"] for model in models] == list(REGISTRY)
    assert [model["in_use"] for model in models] == [True, False, False, False]
    assert models[0]["state"] == "installed"
    assert {model["state"] for model in models[1:]} == {"not here"}
    assert [model["dimension"] for model in models] == [384, 384, 768, 1024]
    folder = cli.data_dir / "models" / SMALL
    folder.mkdir(parents=True)
    (folder / "model.onnx.part").write_bytes(b"the beginning")
    assert cli.json("models", "list")["models"][1]["state"] == "incomplete"
    shown = cli("models", "list").out
    assert "incomplete" in shown
    assert "Apache-2.0" in shown


def test_the_default_model_is_whole_and_needs_no_download(cli: Cli) -> None:
    report = cli.json("models", "verify")
    assert report["ok"] is True
    assert {file["state"] for file in report["models"][0]["files"]} == {"ok"}
    with refusing_server() as (url, asked):
        pulled = cli.json("models", "pull", "all-minilm-l6-v2", "--url", url)
    assert (pulled["downloaded"], asked) == (False, [])


def test_a_file_of_the_right_size_with_other_content_is_told(cli: Cli) -> None:
    folder = cli.data_dir / "models" / SMALL
    folder.mkdir(parents=True)
    for file in REGISTRY[SMALL].files:
        with (folder / file.name).open("wb") as empty:
            empty.truncate(file.size)
    report = cli.json("models", "verify", SMALL, code=1)
    assert report["ok"] is False
    assert {file["state"] for file in report["models"][0]["files"]} == {"damaged"}


def test_a_download_that_fails_says_so_and_memory_goes_on(cli: Cli) -> None:
    with refusing_server() as (url, asked):
        failed = cli("models", "pull", SMALL, "--url", url, "--json")
    assert (failed.code, failed.error["code"]) == (1, "model_download_failed")
    assert failed.error["hint"]
    assert len(asked) == 1
    assert cli.json("models", "verify", SMALL, code=1)["ok"] is False
    assert cli("store", "Something").code == 0


def test_a_name_that_is_no_model_is_a_wrong_command(cli: Cli) -> None:
    for arguments in (("pull", "gpt"), ("verify", "gpt")):
        refused = cli("models", *arguments, "--json")
        assert (refused.code, refused.error["code"]) == (2, "model_unknown")
        assert SMALL in refused.error["hint"]
    assert cli("models", "pull").code == 2
    assert cli("models", "dance").code == 2
    config = cli.folder / "other.toml"
    config.write_text('[embeddings]\nmodel = "gpt"\n', encoding="utf-8")
    assert cli("store", "x", "-c", str(config)).code == 2


def test_a_model_that_was_chosen_but_not_pulled_leaves_recall_by_words(cli: Cli) -> None:
    config = cli.folder / "other.toml"
    config.write_text(f'[embeddings]\nmodel = "{SMALL}"\n', encoding="utf-8")
    stored = cli("store", "The pier is closed.", "-c", str(config), "--json")
    assert stored.document["embedding"] == "pending"
    found = cli("recall", "pier", "-c", str(config), "--json")
    assert (found.code, found.document["mode"]) == (0, "lexical")
    assert found.document["memories"][0]["content"] == "The pier is closed."
    assert any("models pull" in note for note in found.document["notes"])
