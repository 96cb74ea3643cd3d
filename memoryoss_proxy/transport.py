# SPDX-License-Identifier: AGPL-3.0-only
"""The connections to the providers. Nothing is retried, redirected, decoded or added."""

from __future__ import annotations

from collections.abc import AsyncIterable
from typing import Final
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx2

from memoryoss_mcp.errors import MemoryOSSError
from memoryoss_proxy.settings import Settings
from memoryoss_proxy.upstream import Provider, Upstream

KEPT_CONNECTIONS: Final = 100
"""Idle connections that are kept for later requests."""


class UpstreamError(MemoryOSSError):
    """The provider could not be reached or did not answer. ``status`` is what the client gets."""

    code = "upstream_error"

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class Transport:
    """A pool of connections for each provider. HTTP/2 where a provider speaks it; through the proxy
    that the environment names, if it names one.

    A transport of the HTTP client and not the client itself: that one follows, retries, decodes and
    keeps cookies for its caller, none of which is wanted here.
    """

    def __init__(self, settings: Settings) -> None:
        proxy = settings.proxy
        self._pools = {
            provider: httpx2.AsyncHTTPTransport(
                http2=True,
                retries=0,
                proxy=_proxy_for(settings.upstream(provider)),
                limits=httpx2.Limits(
                    max_connections=None, max_keepalive_connections=KEPT_CONNECTIONS
                ),
            )
            for provider in Provider
        }
        # There is no limit for a whole answer: only for connecting and for silence.
        self._timeout = httpx2.Timeout(
            connect=proxy.connect_timeout_secs,
            read=proxy.idle_timeout_secs,
            write=proxy.idle_timeout_secs,
            pool=proxy.connect_timeout_secs,
        ).as_dict()

    async def send(
        self,
        provider: Provider,
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
            return await self._pools[provider].handle_async_request(request)
        except httpx2.ConnectTimeout as error:
            raise UpstreamError(f"{_host(url)} could not be reached in time.", 504) from error
        except httpx2.TimeoutException as error:
            raise UpstreamError(f"{_host(url)} did not answer in time.", 504) from error
        except httpx2.ConnectError as error:
            raise UpstreamError(f"{_host(url)} could not be reached.", 502) from error
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise UpstreamError(f"{_host(url)} closed the connection.", 502) from error

    async def close(self) -> None:
        """Close all connections."""
        for pool in self._pools.values():
            await pool.aclose()


def _host(url: str) -> str:
    return f"The provider at {urlsplit(url).netloc}"


def _proxy_for(upstream: Upstream) -> str | None:
    """The proxy that the environment names for an upstream (``HTTPS_PROXY``, ``NO_PROXY`` …)."""
    scheme = upstream.origin.partition(":")[0]
    found = getproxies()
    address = found.get(scheme) or found.get("all")
    return None if address is None or proxy_bypass(upstream.host) else address
