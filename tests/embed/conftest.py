# SPDX-License-Identifier: AGPL-3.0-only
"""The real default model, loaded once; a small model that can be downloaded; a server for it."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import memoryoss_minilm
import pytest

from memoryoss_mcp.embed import DEFAULT_MODEL, Embedder, ModelFile, ModelSpec, find_model, load

HIDDEN_MODEL = Path(__file__).with_name("hidden_model.onnx")


@pytest.fixture(scope="session")
def embedder() -> Embedder:
    """The default model."""
    return load(find_model(DEFAULT_MODEL), Path("unused"))


@pytest.fixture(scope="session")
def contents() -> dict[str, bytes]:
    """The files of the small model: path on the server → bytes."""
    return {
        "lab/small/resolve/1/onnx/model.onnx": HIDDEN_MODEL.read_bytes(),
        "lab/small/resolve/1/tokenizer.json": memoryoss_minilm.TOKENIZER.read_bytes(),
    }


@pytest.fixture(scope="session")
def small(contents: dict[str, bytes]) -> ModelSpec:
    """A model of the make of the BGE models: pooled by its first token, questions prefixed."""
    files = tuple(
        ModelFile(Path(url).name, hashlib.sha256(content).hexdigest(), len(content), url)
        for url, content in contents.items()
    )
    return ModelSpec(
        name="small",
        dimension=8,
        revision="1",
        max_tokens=512,
        pooling="cls",
        query_prefix="Represent this sentence: ",
        files=files,
        licence="MIT",
    )


@dataclass
class Mirror:
    """A models server on loopback whose faults can be switched on. ``requests`` are the paths that
    were asked for with the first byte that was wanted, ``sent`` counts bytes of bodies."""

    contents: dict[str, bytes]
    url: str = ""
    resumes: bool = True
    cut_after: list[int] = field(default_factory=list)
    """Bytes after which a connection is closed, one entry for each coming request."""
    requests: list[tuple[str, int]] = field(default_factory=list)
    sent: int = 0


@pytest.fixture
def mirror(contents: dict[str, bytes]) -> Iterator[Mirror]:
    """A healthy server of the small model."""
    mirror = Mirror(dict(contents))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.lstrip("/")
            wanted = self.headers.get("Range", "bytes=0-")
            start = int(wanted.removeprefix("bytes=").rstrip("-")) if mirror.resumes else 0
            mirror.requests.append((path, start))
            content = mirror.contents.get(path)
            if content is None:
                self.send_error(404)
                return
            body = content[start:]
            self.send_response(206 if start else 200)
            if start:
                last = len(content) - 1
                self.send_header("Content-Range", f"bytes {start}-{last}/{len(content)}")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if mirror.cut_after:
                body = body[: mirror.cut_after.pop(0)]
            self.wfile.write(body)
            mirror.sent += len(body)

        def log_message(self, *_: object) -> None:
            """Requests are recorded, not printed."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        mirror.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield mirror
        server.shutdown()
        thread.join()
