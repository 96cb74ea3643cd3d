# SPDX-License-Identifier: AGPL-3.0-only
"""The Transit endpoints of HashiCorp Vault on loopback, for tests. Not a Vault: an implementation
of what its documentation says of keys, data keys, encryption and decryption, with its paths, status
codes and error bodies."""

from __future__ import annotations

import base64
import json
import os
import secrets
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM


@dataclass
class TransitKey:
    """A key of the engine: its versions, and the oldest that still decrypts."""

    versions: list[bytes] = field(default_factory=lambda: [os.urandom(32)])
    min_decryption_version: int = 1


class RefusedError(Exception):
    """An answer with a status code and Vault's list of errors."""

    def __init__(self, status: int, *errors: str) -> None:
        self.status = status
        self.errors = list(errors)


class TransitServer:
    """Listens while the ``with`` block runs. ``mounted``, ``sealed`` and ``garbled`` say how it
    behaves; ``requests`` are the paths that were asked for."""

    def __init__(self, mount: str = "transit") -> None:
        self.mount = mount
        self.token = secrets.token_urlsafe(24)
        self.keys: dict[str, TransitKey] = {}
        self.mounted = True
        self.sealed = False
        self.garbled = False
        self.redirects = False
        self.requests: list[str] = []
        self.namespaces: list[str | None] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                server.answer(self)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._http.serve_forever, daemon=True)

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def rotate(self, name: str) -> None:
        """``POST keys/:name/rotate`` by its operator: a new version, which encrypts from now on."""
        self.keys[name].versions.append(os.urandom(32))

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer one request."""
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        self.requests.append(handler.path)
        self.namespaces.append(handler.headers.get("X-Vault-Namespace"))
        document: Any
        try:
            if self.redirects:
                raise RefusedError(307)
            given = json.loads(body or b"{}")
            status, document = self._answer(handler.path, handler.headers, given)
        except RefusedError as refused:
            status, document = refused.status, {"errors": refused.errors}
        sent = b"" if status == 204 else json.dumps(document).encode()
        if self.garbled:
            sent = b"<html>it works</html>"
        handler.send_response(status)
        if self.redirects:
            handler.send_header("Location", f"{self.address}/elsewhere")
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(sent)))
        handler.end_headers()
        handler.wfile.write(sent)

    def _answer(self, path: str, headers: Any, given: dict[str, Any]) -> tuple[int, Any]:
        if self.sealed:
            raise RefusedError(503, "Vault is sealed")
        if not secrets.compare_digest(headers.get("X-Vault-Token", ""), self.token):
            raise RefusedError(403, "permission denied")
        prefix = f"/v1/{self.mount}/"
        if not self.mounted or not path.startswith(prefix):
            route = path.removeprefix("/v1/")
            raise RefusedError(404, f'no handler for route "{route}". route entry not found.')
        action, _, rest = path.removeprefix(prefix).partition("/")
        if action == "keys":
            self.keys.setdefault(rest, TransitKey())
            return 204, None
        if action == "datakey":
            return self._datakey(*rest.split("/"), given)
        if action == "encrypt":
            # As Vault does for who may create keys: an unknown one is made.
            key = self.keys.setdefault(rest, TransitKey())
            return 200, {"data": {"ciphertext": _encrypted(key, _plaintext(given), given)}}
        if action == "decrypt":
            return 200, {"data": {"plaintext": self._decrypted(rest, given)}}
        raise RefusedError(404, "unsupported path")

    def _datakey(self, kind: str, name: str, given: dict[str, Any]) -> tuple[int, Any]:
        if name not in self.keys:
            raise RefusedError(400, "encryption key not found")
        secret = os.urandom(given.get("bits", 256) // 8)
        data = {"ciphertext": _encrypted(self.keys[name], secret, given)}
        if kind == "plaintext":
            data["plaintext"] = base64.b64encode(secret).decode()
        return 200, {"data": data}

    def _decrypted(self, name: str, given: dict[str, Any]) -> str:
        if name not in self.keys:
            raise RefusedError(400, "encryption key not found")
        key = self.keys[name]
        try:
            vault, version, text = given["ciphertext"].split(":")
            number = int(version.removeprefix("v"))
            blob = base64.b64decode(text, validate=True)
        except (KeyError, ValueError):
            raise RefusedError(400, "invalid ciphertext: no prefix") from None
        if vault != "vault" or not 1 <= number <= len(key.versions):
            raise RefusedError(400, "invalid ciphertext: version is too new")
        if number < key.min_decryption_version:
            raise RefusedError(
                400,
                "ciphertext or signature version is disallowed by policy (too old)",
            )
        try:
            plain = AESGCM(key.versions[number - 1]).decrypt(blob[:12], blob[12:], _context(given))
        except (InvalidTag, ValueError):
            raise RefusedError(400, "cipher: message authentication failed") from None
        return base64.b64encode(plain).decode()


def _plaintext(given: dict[str, Any]) -> bytes:
    return base64.b64decode(given["plaintext"])


def _context(given: dict[str, Any]) -> bytes | None:
    return base64.b64decode(given["associated_data"]) if "associated_data" in given else None


def _encrypted(key: TransitKey, plain: bytes, given: dict[str, Any]) -> str:
    nonce = os.urandom(12)
    blob = nonce + AESGCM(key.versions[-1]).encrypt(nonce, plain, _context(given))
    return f"vault:v{len(key.versions)}:{base64.b64encode(blob).decode()}"
