# SPDX-License-Identifier: AGPL-3.0-only
"""The connections to the providers. Nothing is retried, redirected, decoded or added."""

from __future__ import annotations

from collections.abc import AsyncIterable
from typing import Final

import httpx2

from memoryoss_mcp.errors import MemoryOSSError
from memoryoss_proxy.settings import Settings

KEPT_CONNECTIONS: Final = 100
"""Idle connections that are kept for later requests."""


class UpstreamError(MemoryOSSError):
    """The provider could not be reached or did not answer. ``status`` is what the client gets."""

    code = "upstream_error"

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class Transport:
    """One pool of connections for both providers. HTTP/2 where a provider speaks it."""

    def __init__(self, settings: Settings) -> None:
        proxy = settings.proxy
        self._client = httpx2.AsyncClient(
            http2=True,
            follow_redirects=False,
            # There is no limit for a whole answer: only for connecting and for silence.
            timeout=httpx2.Timeout(
                connect=proxy.connect_timeout_secs,
                read=proxy.idle_timeout_secs,
                write=proxy.idle_timeout_secs,
                pool=proxy.connect_timeout_secs,
            ),
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=KEPT_CONNECTIONS),
        )
        self._timeout = self._client.timeout.as_dict()

    async def send(
        self,
        method: str,
        url: str,
        headers: list[tuple[bytes, bytes]],
        content: bytes | AsyncIterable[bytes] | None,
    ) -> httpx2.Response:
        """Send one request and return its response with the body still to come.

        Raises:
            UpstreamError: there is no response. The request was sent at most once.
        """
        request = httpx2.Request(
            method, url, headers=headers, content=content, extensions={"timeout": self._timeout}
        )
        try:
            return await self._client.send(request, stream=True)
        except httpx2.ConnectTimeout as error:
            raise UpstreamError("The provider could not be reached in time.", 504) from error
        except httpx2.TimeoutException as error:
            raise UpstreamError("The provider did not answer in time.", 504) from error
        except httpx2.ConnectError as error:
            raise UpstreamError("The provider could not be reached.", 502) from error
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise UpstreamError("The provider closed the connection.", 502) from error

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()
