# SPDX-License-Identifier: AGPL-3.0-only
"""Who calls: a mapped key stands for a namespace and a provider's key; anybody else may pass
through with a credential of their own, if that is allowed.

A mapped key never leaves this server, and no credential goes to another provider than its own.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import Final

from memoryoss_proxy.checks import is_credential
from memoryoss_proxy.errors import AuthenticationError
from memoryoss_proxy.headers import RawHeaders, values
from memoryoss_proxy.peers import effective_peer, is_local
from memoryoss_proxy.settings import Settings
from memoryoss_proxy.tables import ApiKey, KeyMapping
from memoryoss_proxy.upstream import Provider, is_oauth


class CallerKind(StrEnum):
    """How a caller came in."""

    MAPPED = "mapped"
    PASSTHROUGH = "passthrough"


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated caller. Its credential is in no representation."""

    kind: CallerKind
    namespace: str
    client: str
    """A short name for bills: no key can be found from it. Callers with OAuth tokens share one for
    each provider, because their tokens change every few hours."""
    rate_key: str
    """Whose allowance a request counts against: the key's if it is mapped, else the address's, so
    that nobody gets another allowance by inventing another credential."""
    credentials: tuple[tuple[bytes, bytes], ...] = field(repr=False)
    """The header fields that authenticate the request upstream."""
    oauth: bool
    """Whether they hold an OAuth token, which may make the caller's own requests and no other."""
    may_use_operator_key: bool
    """Whether further calls on the caller's behalf may be paid with the operator's keys."""


def authenticate(
    headers: RawHeaders, provider: Provider, peer: str | None, settings: Settings
) -> Caller:
    """Find out who calls. ``peer`` is the socket's peer: its address without the port.

    Raises:
        AuthenticationError: nobody we know, nobody whom we may let through, or somebody for whom
            there is no credential of that provider.
    """
    offered = _offered(headers)
    mapped = [
        entry
        for credential in offered
        if (entry := _mapping(credential.token, settings)) is not None
    ]
    if mapped:
        if any(entry is not mapped[0] for entry in mapped):
            raise AuthenticationError("Two different keys of this proxy were sent.", hint=_ONE)
        return _mapped(mapped[0], provider, settings)
    _check_passthrough(headers, offered, peer, settings)
    return _passthrough(headers, offered, provider, peer, settings)


def authenticate_api(headers: RawHeaders, settings: Settings) -> ApiKey:
    """The entry of ``[[auth.api_keys]]`` whose key a request to our own endpoints has.

    Raises:
        AuthenticationError: it has none of them.
    """
    for credential in _offered(headers):
        index = _index(credential.token, settings.api_key_digests)
        if index is not None:
            return settings.auth.api_keys[index]
    raise AuthenticationError(
        "A key of [[auth.api_keys]] is needed.", hint="Send it as Authorization: Bearer."
    )


_ONE: Final = "Send one key, as Authorization: Bearer or as x-api-key."


@dataclass(frozen=True, slots=True)
class _Credential:
    field: tuple[bytes, bytes]
    token: str
    bearer: bool


def _offered(headers: RawHeaders) -> list[_Credential]:
    """The credentials of a request, ``x-api-key`` first. Empty ones are as good as none."""
    found = []
    for name in (b"x-api-key", b"authorization"):
        said = [value for value in values(headers, name) if value]
        if len(said) > 1:
            raise AuthenticationError(f"{name.decode()} was sent more than once.", hint=_ONE)
        for value in said:
            bearer = name == b"authorization"
            token = value
            if bearer:
                scheme, _, token = value.partition(b" ")
                if scheme.lower() != b"bearer":
                    raise AuthenticationError("Authorization is not Bearer.", hint=_ONE)
                token = token.strip()
            text = token.decode("latin-1")
            if not text:
                continue
            if not is_credential(text):
                raise AuthenticationError(
                    "The credential holds characters that no key has.", hint=_ONE
                )
            found.append(_Credential((name, value), text, bearer))
    return found


def _mapping(token: str, settings: Settings) -> KeyMapping | None:
    index = _index(token, settings.proxy_key_digests)
    return None if index is None else settings.proxy.key_mapping[index]


def _index(token: str, digests: Iterable[bytes]) -> int | None:
    """Which digest is the token's. All are compared, each in constant time, so that the time taken
    says nothing about a key."""
    digest, found = sha256(token.encode()).digest(), None
    for index, known in enumerate(digests):
        if hmac.compare_digest(known, digest):
            found = index
    return found


def _mapped(entry: KeyMapping, provider: Provider, settings: Settings) -> Caller:
    own = entry.upstream_key if provider is Provider.OPENAI else entry.anthropic_upstream_key
    key = own or settings.operator_key(provider)
    if key is None:
        raise AuthenticationError(
            f"This key of the proxy has no {_TITLES[provider]} key behind it.",
            hint=f"The operator sets {_SETTINGS[provider]}; another provider's key is never used.",
        )
    return Caller(
        kind=CallerKind.MAPPED,
        namespace=entry.namespace,
        client="key-" + _identifier("client", entry.proxy_key)[:12],
        rate_key=_identifier("rate of key", entry.proxy_key),
        credentials=_fields(key, provider),
        oauth=is_oauth(key),
        may_use_operator_key=True,
    )


def _check_passthrough(
    headers: RawHeaders, offered: list[_Credential], peer: str | None, settings: Settings
) -> None:
    proxy = settings.proxy
    if not settings.passes_through:
        raise AuthenticationError(
            "The key is not known here." if offered else "No key was sent.",
            hint="Send a proxy_key of [[proxy.key_mapping]], or set [proxy] passthrough_auth.",
        )
    if proxy.passthrough_local_only and not is_local(headers, peer, settings.trusted_proxies):
        raise AuthenticationError(
            "The key is not known here, and only programs on this machine may use their own.",
            hint="Send a proxy_key of [[proxy.key_mapping]]. Behind a reverse proxy, name it in "
            "[proxy] trusted_proxies.",
        )
    if any(_index(each.token, settings.api_key_digests) is not None for each in offered):
        raise AuthenticationError(
            "This is a key of the memory API, which is not sent to a provider.",
            hint="Send a proxy_key of [[proxy.key_mapping]] or the provider's own key.",
        )


def _passthrough(
    headers: RawHeaders,
    offered: list[_Credential],
    provider: Provider,
    peer: str | None,
    settings: Settings,
) -> Caller:
    upstream = settings.upstream(provider)
    usable = [
        each
        for each in offered
        if (each.bearer or provider is Provider.ANTHROPIC) and upstream.accepts(each.token)
    ]
    spends = settings.proxy.passthrough_uses_operator_key
    operator_key = settings.operator_key(provider) if spends else None
    if usable:
        oauth = any(is_oauth(each.token) for each in usable)
        client = "own-" + _identifier("client", usable[0].token)[:12]
        credentials = tuple(each.field for each in usable)
    elif operator_key is not None:
        oauth, client = is_oauth(operator_key), "operator"
        credentials = _fields(operator_key, provider)
    else:
        raise AuthenticationError(
            f"The credential does not look like one of {_TITLES[provider]}; it was not sent there."
            if offered
            else "No key was sent.",
            hint=f"Send a key of {_TITLES[provider]}, or a proxy_key of [[proxy.key_mapping]].",
        )
    address = effective_peer(headers, peer, settings.trusted_proxies)
    return Caller(
        kind=CallerKind.PASSTHROUGH,
        namespace=settings.passthrough_namespace,
        client=f"{provider}-oauth" if oauth and usable else client,
        rate_key=_identifier("rate of address", str(address)),
        credentials=credentials,
        oauth=oauth,
        may_use_operator_key=spends,
    )


def _fields(key: str, provider: Provider) -> tuple[tuple[bytes, bytes], ...]:
    """A key of ours as the provider wants it."""
    if provider is Provider.ANTHROPIC and not is_oauth(key):
        return ((b"x-api-key", key.encode()),)
    return ((b"authorization", b"Bearer " + key.encode()),)


def _identifier(purpose: str, secret: str) -> str:
    """64 hexadecimal digits that say nothing about the secret; another purpose gives others."""
    return sha256(f"memoryoss {purpose}\0{secret}".encode()).hexdigest()


_TITLES: Final = {Provider.OPENAI: "OpenAI", Provider.ANTHROPIC: "Anthropic"}
_SETTINGS: Final = {
    Provider.OPENAI: "upstream_key in its mapping or [proxy] upstream_api_key",
    Provider.ANTHROPIC: "anthropic_upstream_key in its mapping or [proxy] anthropic_api_key",
}
