# SPDX-License-Identifier: AGPL-3.0-only
"""The transparent path: authenticate, judge, recall, inject, forward, stream, and afterwards hand
over what was said.

What the provider sends is forwarded as it came, piece by piece; the client's bytes change only
where a block is put in.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

import anyio
import httpx2
from starlette.types import Receive, Scope, Send

from memoryoss_mcp.errors import MemoryOSSError, NotFoundError
from memoryoss_mcp.policy.actions import RiskyAction
from memoryoss_mcp.policy.firewall import CONFIRMATION_HEADER, Verdict
from memoryoss_mcp.policy.policies import Decision as PolicyDecision
from memoryoss_proxy.auth import Caller, CallerKind, authenticate
from memoryoss_proxy.bodies import ClientGoneError, check_length, read_body, stream_body
from memoryoss_proxy.headers import RawHeaders, forward_headers, response_headers, values
from memoryoss_proxy.limits import RateLimiter
from memoryoss_proxy.memory import MemoryCore, MemoryUnavailableError
from memoryoss_proxy.metrics import OTHER, route_of
from memoryoss_proxy.modes import Mode, confirms, memory_mode
from memoryoss_proxy.origins import check_local_caller
from memoryoss_proxy.paths import destination
from memoryoss_proxy.preparing import Guard, Injector, Prepared
from memoryoss_proxy.record import Record
from memoryoss_proxy.refusals import Fields, refuse, refuse_action, shape
from memoryoss_proxy.replies import ReplyCopy
from memoryoss_proxy.settings import Settings
from memoryoss_proxy.transport import Transport, UpstreamError
from memoryoss_proxy.upstream import Provider
from memoryoss_proxy.wire import Form, form_of
from memoryoss_proxy.wire.conversation import Conversation
from memoryoss_proxy.wire.encoding import decode_body
from memoryoss_proxy.wire.reply import Reply

_log = logging.getLogger("memoryoss.proxy")

LARGE: Final = 128 * 1024
"""Bytes of a body from which it is read in a thread, so that other streams do not wait."""

POLICY_SECS: Final = 5.0
"""How long a risky request waits for the policies as they are; then the last known ones hold."""

_COUNTING: Final = "/v1/messages/count_tokens"


@dataclass(frozen=True, slots=True)
class Exchange:
    """A finished exchange, for those who look at it afterwards."""

    caller: Caller
    mode: Mode
    conversation: Conversation = field(repr=False)
    reply: Reply | None = field(repr=False)


class Observer(Protocol):
    """Who is told of every request."""

    def began(self) -> None:
        """A request came."""

    async def ended(self, record: Record, exchange: Exchange | None) -> None:
        """The client has its answer; the exchange is ``None`` where nothing was read of it."""


@dataclass(frozen=True, slots=True)
class _Request:
    """One request that may go on."""

    scope: Scope
    headers: RawHeaders
    provider: Provider
    path: str
    caller: Caller
    record: Record


class _Answer:
    """The way back to the client. ``fields`` are what we add to the headers."""

    def __init__(self, send: Send) -> None:
        self.send = send
        self.fields: Fields = []
        self.started = False
        self.complete = False

    async def start(self, status: int, headers: Fields) -> None:
        """Send status and headers."""
        self.started = True
        fields = [*headers, *self.fields]
        await self.send({"type": "http.response.start", "status": status, "headers": fields})

    async def end(self) -> None:
        """Say that this was all."""
        self.complete = True
        await self.send({"type": "http.response.body", "body": b"", "more_body": False})


class Forwarder:
    """The ASGI application for every path under ``/proxy`` that belongs to a provider."""

    def __init__(
        self,
        settings: Settings,
        core: MemoryCore,
        transport: Transport,
        guard: Guard,
        injector: Injector,
        observer: Observer,
    ) -> None:
        self._settings = settings
        self._core = core
        self._transport = transport
        self._guard = guard
        self._injector = injector
        self._observer = observer
        self._limiter = RateLimiter(settings.rate_limit_per_sec)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":  # a web socket: not forwarded
            await send({"type": "websocket.close", "code": 1000})
            return
        record, answer = Record(route=OTHER), _Answer(send)
        form = provider = None
        exchange: Exchange | None = None
        self._observer.began()
        try:
            provider, path = destination(scope["raw_path"])
            form = form_of(path) if scope["method"] == "POST" else None
            record.provider = provider.value
            record.route = route_of(path)
            request = self._admitted(scope, provider, path, record)
            if form is None:
                await self._pass_on(request, receive, answer)
            else:
                exchange = await self._converse(request, form, receive, answer)
        except ClientGoneError:
            record.disconnected = True
        except MemoryOSSError as error:
            record.error = error.code
            if not answer.started:
                record.status = await refuse(send, shape(provider, form), error, answer.fields)
            # Else the server closes the connection, and the client sees that it was cut.
        finally:
            record.total_ms = record.elapsed_ms()
            with anyio.CancelScope(shield=True):
                await self._observer.ended(record, exchange)

    def _admitted(self, scope: Scope, provider: Provider, path: str, record: Record) -> _Request:
        """The request, if its caller may make it.

        Raises:
            NotFoundError, AuthenticationError, ForbiddenError, RateLimitedError
        """
        settings = self._settings
        if not settings.proxy.enabled:
            raise NotFoundError(
                "The proxy is switched off.", hint="Set enabled = true in [proxy] to use it."
            )
        headers: RawHeaders = scope["headers"]
        client = scope.get("client")
        caller = authenticate(headers, provider, client[0] if client else None, settings)
        if caller.kind is CallerKind.PASSTHROUGH:
            check_local_caller(headers, settings.server.host)
        self._limiter.take(caller.rate_key)
        record.client, record.namespace = caller.client, caller.namespace
        return _Request(scope, headers, provider, path, caller, record)

    # Requests that are read ---------------------------------------------------------------

    async def _converse(
        self, request: _Request, form: Form, receive: Receive, answer: _Answer
    ) -> Exchange | None:
        record, proxy = request.record, self._settings.proxy
        mode = memory_mode(request.headers, self._settings)
        record.mode = mode.kind.value
        raw = await read_body(receive, request.headers, proxy.max_body_bytes)
        record.bytes_in = len(raw)
        encodings = b",".join(values(request.headers, b"content-encoding")).decode("latin-1")

        def read() -> Conversation:
            return form.read(decode_body(raw, encodings or None, proxy.max_expanded_bytes))

        conversation = read() if len(raw) < LARGE else await anyio.to_thread.run_sync(read)
        if not await self._allowed(request, form, conversation, mode, answer):
            return None
        prepared = await self._prepared(request, conversation, mode, answer)
        body = conversation.with_blocks(prepared.blocks)
        changed = body is not conversation.raw
        fields = forward_headers(
            request.headers, request.caller, drop={b"content-encoding"} if changed else ()
        )
        copies: list[ReplyCopy] = []

        def copied(headers: RawHeaders) -> ReplyCopy:
            copies.append(ReplyCopy(form, headers))
            return copies[-1]

        await self._forward(request, fields, body if changed else raw, receive, answer, copied)
        reply = copies[0].reply() if copies else None
        if reply is not None:
            record.usage, record.finished = reply.usage, reply.finished
        return Exchange(request.caller, mode, conversation, reply)

    async def _allowed(
        self,
        request: _Request,
        form: Form,
        conversation: Conversation,
        mode: Mode,
        answer: _Answer,
    ) -> bool:
        """Whether the firewall lets a request pass; if not, it is answered."""
        settings, record = self._settings.proxy, request.record
        confirmed = confirms(request.headers)
        if not settings.firewall or (settings.modes_disable_firewall and not mode.recalls):
            return True
        if len(conversation.raw) < LARGE:
            actions = self._guard.actions(conversation)
        else:
            actions = await anyio.to_thread.run_sync(self._guard.actions, conversation)
        if not actions:
            return True
        verdict = await self._judged(actions, request.caller.namespace)
        record.policy = verdict.decision.label
        passes = self._guard.passes(
            verdict, conversation, caller=request.caller.rate_key, confirmed=confirmed
        )
        answer.fields += [
            (b"x-memory-policy-decision", verdict.decision.label.encode()),
            (b"x-memory-policy-actions", ",".join(verdict.risky_actions).encode()),
            (b"x-memory-policy-match-count", str(len(verdict.policies)).encode()),
        ]
        if verdict.decision is PolicyDecision.REQUIRE_CONFIRMATION:
            said = b"true" if passes else b"false"
            answer.fields.append((b"x-memory-policy-confirmed", said))
        if passes:
            return True
        block = verdict.decision is PolicyDecision.BLOCK
        record.status = 403 if block else 428
        message = " ".join(verdict.reasons) or "A policy stands against this request."
        if not block:
            message += f" Send {CONFIRMATION_HEADER}: true to go on."
        await refuse_action(
            answer.send, form, record.status, verdict.as_json(), message, answer.fields
        )
        return False

    async def _judged(self, actions: tuple[RiskyAction, ...], namespace: str) -> Verdict:
        try:
            with anyio.fail_after(POLICY_SECS):
                return await anyio.to_thread.run_sync(
                    self._guard.judge,
                    actions,
                    namespace,
                    self._core.runtime,
                    abandon_on_cancel=True,
                )
        except TimeoutError:
            return self._guard.judge(actions, namespace, None)

    async def _prepared(
        self, request: _Request, conversation: Conversation, mode: Mode, answer: _Answer
    ) -> Prepared:
        """The blocks of a request; none if the core cannot say."""
        record = request.record
        if not mode.recalls:
            prepared = Prepared(reason="mode_off")
        else:
            namespace = request.caller.namespace
            fresh = request.path.rstrip("/") != _COUNTING
            try:
                prepared = await self._core.call(
                    lambda runtime: self._injector.prepare(
                        runtime, conversation, namespace, mode, fresh=fresh
                    ),
                    self._settings.proxy.recall_deadline_ms / 1000,
                )
            except MemoryUnavailableError as error:
                record.core = error.reason
                prepared = Prepared(reason="memory_unavailable")
            except MemoryOSSError as error:
                record.core = error.code
                prepared = Prepared(reason="memory_unavailable")
            except Exception:  # noqa: BLE001 - a fault of ours costs the memory, not the request
                _log.exception("memories could not be looked for")
                record.core = "internal"
                prepared = Prepared(reason="memory_unavailable")
        record.gate, record.reason = prepared.gate, prepared.reason
        record.injected, record.block_tokens = prepared.injected, prepared.block_tokens
        record.repeated_tokens = prepared.repeated_tokens
        record.recall_ms = prepared.recall_ms
        answer.fields.append((b"x-memory-injected-count", str(len(prepared.injected)).encode()))
        if prepared.gate is not None:
            answer.fields.append((b"x-memory-gate-decision", prepared.gate.encode()))
        if prepared.reason is not None:
            answer.fields.append((b"x-memory-reason", prepared.reason.encode()))
        if record.core is not None:
            answer.fields.append((b"x-memory-core", record.core.encode()))
        return prepared

    # Requests that are not ----------------------------------------------------------------

    async def _pass_on(self, request: _Request, receive: Receive, answer: _Answer) -> None:
        limit = self._settings.proxy.max_body_bytes
        check_length(request.headers, limit)
        fields = forward_headers(request.headers, request.caller)
        content: AsyncIterator[bytes] | None = None
        lengths = values(request.headers, b"content-length")
        if lengths:
            fields.append((b"content-length", lengths[0]))
        if lengths or values(request.headers, b"transfer-encoding"):
            content = stream_body(receive, limit)
        await self._forward(request, fields, content, receive, answer, None)

    # Both ---------------------------------------------------------------------------------

    async def _forward(
        self,
        request: _Request,
        fields: Fields,
        content: bytes | AsyncIterator[bytes] | None,
        receive: Receive,
        answer: _Answer,
        copied: Callable[[RawHeaders], ReplyCopy] | None,
    ) -> None:
        """Send a request on and its answer back; ``copied`` gives whoever reads a copy of it. When
        the client goes away, so does the call to the provider."""
        record = request.record
        own = record.elapsed_ms()
        failure: MemoryOSSError | ClientGoneError | None = None
        async with anyio.create_task_group() as tasks:

            async def watch() -> None:
                nonlocal failure
                while (await receive())["type"] != "http.disconnect":
                    pass
                # The server says the same when the answer is complete.
                if not answer.complete:
                    failure = ClientGoneError()
                    tasks.cancel_scope.cancel()

            async def watched(stream: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
                # While a body is streamed, it is the stream that notices.
                async for chunk in stream:
                    yield chunk
                tasks.start_soon(watch)

            if isinstance(content, AsyncIterator):
                content = watched(content)
            else:
                tasks.start_soon(watch)
            try:
                response = await self._transport.send(
                    request.provider, request.scope["method"], self._url(request), fields, content
                )
                record.upstream_ms = record.elapsed_ms() - own
                record.upstream_status = record.status = response.status_code
                copy = copied(response.headers.raw) if copied and response.is_success else None
                await self._stream(record, response, answer, copy)
            except (MemoryOSSError, ClientGoneError) as error:
                failure = error
            tasks.cancel_scope.cancel()
        if failure is not None:
            raise failure

    async def _stream(
        self, record: Record, response: httpx2.Response, answer: _Answer, copy: ReplyCopy | None
    ) -> None:
        await answer.start(response.status_code, response_headers(response.headers.raw))
        record.own_ms = record.elapsed_ms() - (record.upstream_ms or 0.0)
        try:
            async for chunk in response.aiter_raw():
                await answer.send({"type": "http.response.body", "body": chunk, "more_body": True})
                record.bytes_out += len(chunk)
                if copy is not None:
                    copy.feed(chunk)
        except httpx2.HTTPError as error:
            raise UpstreamError("The provider broke off its answer.", 502) from error
        finally:
            with anyio.CancelScope(shield=True):
                await response.aclose()
        await answer.end()

    def _url(self, request: _Request) -> str:
        query: bytes = request.scope["query_string"]
        base = self._settings.upstream(request.provider).base
        return base + request.path[3:] + (f"?{query.decode('latin-1')}" if query else "")
