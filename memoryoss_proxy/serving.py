# SPDX-License-Identifier: AGPL-3.0-only
"""The server process: the application under uvicorn, on one socket."""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import socket
import ssl
from types import FrameType
from typing import Any

import uvicorn

from memoryoss_mcp.config import Config
from memoryoss_mcp.errors import ConfigError
from memoryoss_proxy.app import create_app
from memoryoss_proxy.log import configure_logging
from memoryoss_proxy.settings import Settings
from memoryoss_proxy.tls import server_context

_log = logging.getLogger("memoryoss.proxy")

SHUTDOWN_SECS = 30
"""How long answers under way may go on after the signal to end."""


def run(config: Config, settings: Settings, *, any_port: bool = False) -> int:
    """Serve until a signal ends it.

    Raises:
        ConfigError: the address cannot be listened on.
        MemoryOSSError: the memory cannot be opened, and ``hybrid_mode`` is off.
    """
    configure_logging(config.logging, settings)
    port = 0 if any_port else settings.server.port
    server = _Server(uvicorn_config(config, settings, port))
    try:
        listening = bound_socket(settings.server.host, port)
    except OSError as error:
        why = error.strerror or str(error)
        raise ConfigError(
            f"{settings.server.host}:{port} cannot be listened on ({why}).",
            hint="Choose another with --port or --host, or in [server].",
        ) from error
    # What is loaded stays: the collector need not look at it again and again.
    gc.collect()
    gc.freeze()
    _introduce(config, settings, listening.getsockname()[1])
    # The server ends in order, and then raises the signal that told it to once more.
    with contextlib.suppress(KeyboardInterrupt):
        server.run(sockets=[listening])
    _log.info("ended")
    return 0 if server.started else 1


def address(settings: Settings, port: int) -> str:
    """Where the proxy is reached from this machine."""
    scheme = "https" if settings.tls.enabled else "http"
    host = settings.server.host
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def _introduce(config: Config, settings: Settings, port: int) -> None:
    """Tell the operator what is served, from where, and what looks like a mistake."""
    base = address(settings, port)
    _log.info("OpenAI clients: %s/proxy/v1; Anthropic clients: %s/proxy/anthropic", base, base)
    _log.info("memory: %s, namespace %s", config.store_path, settings.passthrough_namespace)
    if not settings.proxy.enabled:
        _log.warning("every request is answered with 404: enabled = false in [proxy]")
    if settings.server.host in {"0.0.0.0", "::"} and not settings.tls.enabled:
        _log.warning("keys and words of other machines come unencrypted: enable [tls]")


class _Server(uvicorn.Server):
    """Says what it waits for when it is told to end."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Let what is under way come to its end; at the second signal, cut it off."""
        if not self.should_exit and (waiting := len(self.server_state.tasks)):
            _log.info("requests under way: %d; a second signal cuts them off", waiting)
        super().handle_exit(sig, frame)


def bound_socket(host: str, port: int) -> socket.socket:
    """A TCP socket bound to an address. It names its protocol: asyncio sends small pieces at once
    only where it does (TCP_NODELAY).

    Raises:
        OSError: the address is taken, or none of this machine.
    """
    [(family, _, _, _, address), *_] = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
    except OSError:
        bound.close()
        raise
    return bound


def uvicorn_config(config: Config, settings: Settings, port: int) -> uvicorn.Config:
    """How the application is served. Nothing that a client says of itself is believed, and nothing
    is added to a provider's headers."""
    context = server_context(settings)
    more: dict[str, Any] = {}
    if context is not None:
        ready: ssl.SSLContext = context
        more["ssl_context_factory"] = lambda _config, _default: ready
    return uvicorn.Config(
        create_app(config, settings),
        host=settings.server.host,
        port=port,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        access_log=False,
        log_config=None,
        lifespan="on",
        timeout_graceful_shutdown=SHUTDOWN_SECS,
        **more,
    )
