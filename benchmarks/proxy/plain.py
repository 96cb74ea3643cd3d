# SPDX-License-Identifier: AGPL-3.0-only
"""A pass-through of the same stack that does nothing else: the measure of what memory adds.
``python -m benchmarks.proxy.plain UPSTREAM``."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator

import httpx2
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route


def create_app(upstream: str) -> Starlette:
    """An application that forwards every request to ``upstream``."""
    client = httpx2.AsyncClient(timeout=60.0)

    async def forward(request: Request) -> StreamingResponse:
        path = request.url.path.removeprefix("/proxy")
        headers = {"authorization": request.headers["authorization"]}
        asked = httpx2.Request(
            request.method, upstream + path, headers=headers, content=await request.body()
        )
        answered = await client.send(asked, stream=True)

        async def pieces() -> AsyncIterator[bytes]:
            async for piece in answered.aiter_raw():
                yield piece
            await answered.aclose()

        kept = {"content-type": answered.headers["content-type"]}
        return StreamingResponse(pieces(), answered.status_code, kept)

    return Starlette(routes=[Route("/proxy/{path:path}", forward, methods=["GET", "POST"])])


if __name__ == "__main__":
    config = uvicorn.Config(create_app(sys.argv[1]), port=0, access_log=False, log_level="warning")
    server = uvicorn.Server(config)
    socket = config.bind_socket()
    print(f"http://127.0.0.1:{socket.getsockname()[1]}", flush=True)
    server.run(sockets=[socket])
