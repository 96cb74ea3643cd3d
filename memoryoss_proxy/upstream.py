# SPDX-License-Identifier: AGPL-3.0-only
"""Where requests go: the two providers, their addresses, and which credentials belong there."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

_OPENAI_HOSTS: Final = ("openai.com", "chatgpt.com")
_ANTHROPIC_HOSTS: Final = ("anthropic.com", "claude.com")

_ANTHROPIC_KEY: Final = "sk-ant-"
_ANTHROPIC_OAUTH: Final = "sk-ant-oat"
_OPENAI_ONLY: Final = ("sk-proj-", "sk-svcacct-", "sk-admin-", "sess-")
_OPENAI_MARK: Final = "T3BlbkFJ"
"""Every API key of OpenAI has these letters (base64 of its name) in the middle."""
_OPENAI_KEYS: Final = ("sk-", "sess-")
_JSON_WEB_TOKEN: Final = "eyJ"  # what the base64 of '{"' begins with


class Provider(StrEnum):
    """Whose wire form a request has."""

    OPENAI = "openai"
    ANTHROPIC = "anthropic"


@dataclass(frozen=True, slots=True)
class Upstream:
    """One provider's address. ``prefix`` stands for the ``/v1`` of the published paths, as in
    ``/v1/chat/completions``; it is empty or begins with a slash and does not end with one."""

    provider: Provider
    origin: str
    """Scheme, host and port, without a slash at the end."""
    prefix: str

    @property
    def base(self) -> str:
        """Origin and prefix: what a path after ``/v1`` is appended to."""
        return self.origin + self.prefix

    @property
    def host(self) -> str:
        """The host name in lower case, or the address without brackets."""
        return urlsplit(self.origin).hostname or ""

    def is_foreign(self, credential: str) -> bool:
        """Whether a credential is unmistakably the other provider's."""
        if credential.startswith(_ANTHROPIC_KEY):
            wrong = self._is_openai or self.provider is Provider.OPENAI
            return wrong and not self._is_anthropic
        if credential.startswith(_OPENAI_ONLY) or _OPENAI_MARK in credential:
            wrong = self._is_anthropic or self.provider is Provider.ANTHROPIC
            return wrong and not self._is_openai
        return False

    def accepts(self, credential: str) -> bool:
        """Whether a caller's own credential looks as if it could belong here. The providers' own
        hosts get their own kinds only; others (gateways, compatible services) get all that are not
        unmistakably foreign."""
        if self._is_anthropic:
            return credential.startswith(_ANTHROPIC_KEY)
        if self._is_openai:
            own = credential.startswith((*_OPENAI_KEYS, _JSON_WEB_TOKEN))
            return own and not credential.startswith(_ANTHROPIC_KEY)
        return not self.is_foreign(credential)

    @property
    def _is_openai(self) -> bool:
        return _is_of(self.host, _OPENAI_HOSTS)

    @property
    def _is_anthropic(self) -> bool:
        return _is_of(self.host, _ANTHROPIC_HOSTS)


def openai_upstream(url: str) -> Upstream:
    """The upstream of a base URL as the SDKs know it: ``https://api.openai.com/v1``.

    Raises:
        ValueError: it is no such address. The message does not repeat it.
    """
    origin, path = _split(url)
    return Upstream(Provider.OPENAI, origin, path)


def anthropic_upstream(url: str) -> Upstream:
    """The upstream of ``https://api.anthropic.com``, with or without ``/v1`` or ``/v1/messages``.

    Raises:
        ValueError: it is no such address. The message does not repeat it.
    """
    origin, path = _split(url)
    path = path.removesuffix("/messages")
    return Upstream(Provider.ANTHROPIC, origin, path if path.endswith("/v1") else path + "/v1")


def is_oauth(credential: str) -> bool:
    """Whether a credential is an OAuth token: it may make the caller's own requests and no other
    (extraction never uses it)."""
    return credential.startswith((_JSON_WEB_TOKEN, _ANTHROPIC_OAUTH))


def _split(url: str) -> tuple[str, str]:
    """Origin, and path without a slash at the end."""
    if not url.isascii() or any(c.isspace() or not c.isprintable() for c in url):
        raise ValueError("it holds spaces or characters that an address cannot have")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError("it is not an address") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("it must begin with https:// or http:// and name a host")
    if "@" in parts.netloc or parts.query or parts.fragment or url.endswith(("?", "#")):
        raise ValueError("it must not hold a user, a password, a query or a fragment")
    path = parts.path.rstrip("/")
    if "//" in path or any(part in {".", ".."} for part in path.split("/")):
        raise ValueError("its path must be plain")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}" + (f":{port}" if port is not None else ""), path


def _is_of(host: str, domains: tuple[str, ...]) -> bool:
    return any(host == domain or host.endswith("." + domain) for domain in domains)
