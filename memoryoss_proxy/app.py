# SPDX-License-Identifier: AGPL-3.0-only
"""The application: wires the parts, and answers at the proxy's own paths."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import AsyncIterator
from typing import Any

import anyio
from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from memoryoss_mcp import __version__
from memoryoss_mcp.config import Config
from memoryoss_mcp.errors import MemoryOSSError, NotFoundError, StoreClosedError
from memoryoss_mcp.runtime import Runtime
from memoryoss_mcp.screen.secrets import redact
from memoryoss_proxy.afterwards import Afterwards
from memoryoss_proxy.auth import authenticate, authenticate_api
from memoryoss_proxy.bill import Bill
from memoryoss_proxy.blocks import SentBlocks
from memoryoss_proxy.errors import AuthenticationError
from memoryoss_proxy.extracting import Extraction, make_extractor
from memoryoss_proxy.extraction import LLMExtractor
from memoryoss_proxy.forward import Forwarder
from memoryoss_proxy.log import RequestLog
from memoryoss_proxy.memory import MemoryCore
from memoryoss_proxy.metrics import Metrics
from memoryoss_proxy.openapi import DOCUMENT
from memoryoss_proxy.peers import is_local
from memoryoss_proxy.preparing import Guard, Injector
from memoryoss_proxy.queue import ExtractionQueue, Job
from memoryoss_proxy.refusals import status_of
from memoryoss_proxy.seen import SeenTurns
from memoryoss_proxy.settings import Settings
from memoryoss_proxy.transport import Transport
from memoryoss_proxy.upstream import Provider

_log = logging.getLogger("memoryoss.proxy")


class ProxyState:
    """The parts of a running proxy."""

    def __init__(self, config: Config, settings: Settings) -> None:
        folder = config.data_dir / "proxy"
        self.settings = settings
        self.core = MemoryCore(config)
        self.metrics = Metrics()
        self.bill = Bill(folder / "bill")
        self.transport = Transport(settings)
        self.guard = Guard()
        self.extractor = make_extractor(settings)
        self.queue: ExtractionQueue | None = None
        if self.extractor is not None:
            extraction = Extraction(self.extractor, lambda: self.core.runtime, self._extracted)
            self.queue = ExtractionQueue(
                folder / "extraction", extraction, redact=lambda text: redact(text).text
            )
            self.metrics.watch(self.queue)
        self.afterwards = Afterwards(
            self.core,
            self.metrics,
            self.bill,
            RequestLog(privacy_mode=settings.proxy.privacy_mode),
            self.queue,
            SeenTurns(folder / "seen"),
        )
        self.forwarder = Forwarder(
            settings,
            self.core,
            self.transport,
            self.guard,
            Injector(settings, SentBlocks()),
            self.afterwards,
        )
        self.core.when_opened(self._learn_policies)

    @property
    def runtime(self) -> Runtime | None:
        """The memory, ``None`` while it is down."""
        return self.core.runtime

    @property
    def memory(self) -> MemoryCore:
        """The memory core."""
        return self.core

    def _learn_policies(self, runtime: Runtime) -> None:
        """Know the policies before the first request, and while the core is down."""
        mapped = {entry.namespace for entry in self.settings.proxy.key_mapping}
        for namespace in sorted(mapped | {self.settings.passthrough_namespace}):
            try:
                self.guard.learn(runtime, namespace)
            except StoreClosedError:
                return  # the proxy ends
            except MemoryOSSError as error:
                _log.warning("the policies of %s cannot be read: %s", namespace, error)

    def _extracted(self, job: Job, stored: int) -> None:
        self.metrics.facts(stored)
        self.bill.extracted(job.client, stored, self.extractor)


def create_app(config: Config, settings: Settings) -> Starlette:
    """The proxy over one data folder, as an ASGI application."""
    state = ProxyState(config, settings)

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        if not settings.server.hybrid_mode:
            await state.core.open()
        if state.queue is not None:
            state.queue.start()
        async with anyio.create_task_group() as tasks:
            await state.core.supervise(tasks)
            tasks.start_soon(state.afterwards.keep_counting)
            try:
                yield
            finally:
                tasks.cancel_scope.cancel()
                with anyio.CancelScope(shield=True):
                    await _shut_down(state)

    app = Starlette(
        routes=[
            Route("/health", health, methods=["GET"]),
            Route("/metrics", metrics, methods=["GET"]),
            Route("/openapi.json", openapi, methods=["GET"]),
            Route("/proxy/v1/debug/stats", Stats),
            Mount("/proxy", app=state.forwarder),
        ],
        lifespan=lifespan,
        exception_handlers={MemoryOSSError: _told, 404: _nothing_here},
    )
    app.router.redirect_slashes = False
    app.state.memory = state
    return app


async def _shut_down(state: ProxyState) -> None:
    await state.transport.close()
    if state.queue is not None:
        await anyio.to_thread.run_sync(state.queue.close)
    if isinstance(state.extractor, LLMExtractor):
        state.extractor.close()
    if state.runtime is not None:
        await anyio.to_thread.run_sync(state.afterwards.count_at_the_end, state.runtime)
    await anyio.to_thread.run_sync(state.bill.close)
    await state.core.close()


async def health(request: Request) -> Response:
    """Whether requests are served, and whether with memory."""
    state: ProxyState = request.app.state.memory
    reason = state.core.reason
    document: dict[str, Any] = {
        "status": "ok" if reason is None else "degraded",
        "mode": "hybrid" if state.settings.server.hybrid_mode else "monolith",
        "core_status": "ok" if reason is None else "degraded",
        "memory_mode": state.settings.default_mode.kind.value,
        "version": __version__,
    }
    if reason is not None:
        document["core_reason"] = reason
    return JSONResponse(document)


async def metrics(request: Request) -> Response:
    """Counters and histograms for Prometheus."""
    state: ProxyState = request.app.state.memory
    _admit(request, state.settings)
    state.metrics.core_up(state.core.reason is None)
    body, kind = state.metrics.render()
    return Response(body, headers={"content-type": kind})


async def openapi(_: Request) -> Response:
    """The description of the proxy's own paths."""
    return JSONResponse(DOCUMENT)


class Stats(HTTPEndpoint):
    """``/proxy/v1/debug/stats``, which no method but GET leads past to the provider."""

    async def get(self, request: Request) -> Response:
        """What is set and what was counted, without content."""
        state: ProxyState = request.app.state.memory
        client = request.client
        caller = authenticate(
            request.headers.raw, Provider.OPENAI, client.host if client else None, state.settings
        )
        proxy = state.settings.proxy
        document: dict[str, Any] = {
            "proxy_enabled": proxy.enabled,
            "extract_model": proxy.extract_model,
            "max_memory_pct": proxy.max_memory_pct,
            "min_recall_score": proxy.min_recall_score,
            "confidence_gate": proxy.confidence_gate,
            "identifier_first_routing": proxy.identifier_first_routing,
            "memory_coprocessor": proxy.memory_coprocessor,
            "log_privacy_mode": proxy.privacy_mode,
            "key_mappings": len(proxy.key_mapping),
            "extraction": state.extractor is not None,
            "core": state.core.reason or "ok",
            "metrics": state.metrics.totals(),
        }
        runtime = state.runtime
        if runtime is not None:
            inbox = await anyio.to_thread.run_sync(runtime.inbox, caller.namespace, 1)
            document["review_queue_summary"] = {"pending": inbox.pending}
        return JSONResponse(document)


def _admit(request: Request, settings: Settings) -> None:
    """Let in whoever has a key of the memory API, and programs on this machine if there is none.

    Raises:
        AuthenticationError: somebody else.
    """
    if settings.auth.api_keys:
        authenticate_api(request.headers.raw, settings)
        return
    peer = request.client.host if request.client else None
    if not is_local(request.headers.raw, peer, settings.trusted_proxies):
        raise AuthenticationError(
            "Only programs on this machine may ask here.",
            hint="Add a key to [[auth.api_keys]] and send it as Authorization: Bearer.",
        )


async def _nothing_here(request: Request, _: Exception) -> Response:
    error = NotFoundError(
        f"There is nothing at {request.url.path}.",
        hint="Clients of a provider use /proxy/v1 or /proxy/anthropic as their base URL.",
    )
    return await _told(request, error)


async def _told(_: Request, error: Exception) -> Response:
    assert isinstance(error, MemoryOSSError)
    status = status_of(error)
    message = str(error) if status != 500 else "Internal error."
    return JSONResponse({"error": message, "code": error.code}, status_code=status)
