# SPDX-License-Identifier: AGPL-3.0-only
"""Everything that the proxy needs to know, read from the core's file and environment, and checked.

Precedence: environment, file, default. Empty variables count as unset.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Final

from memoryoss_mcp.config import Config
from memoryoss_mcp.errors import ConfigError, InvalidInputError
from memoryoss_mcp.model.clock import parse_time
from memoryoss_mcp.model.namespace import DEFAULT_NAMESPACE
from memoryoss_proxy.checks import check_auth, check_proxy, check_server, check_tls
from memoryoss_proxy.modes import Mode, ModeKind, parse_kind
from memoryoss_proxy.peers import Network, parse_network
from memoryoss_proxy.reading import RATE, RATE_LIMIT, read_tables
from memoryoss_proxy.tables import Auth, Proxy, Server, Tls
from memoryoss_proxy.upstream import Provider, Upstream, anthropic_upstream, openai_upstream

PORT_VARIABLE: Final = "MEMORYOSS_PORT"
JWT_SECRET_VARIABLE: Final = "MEMORYOSS_JWT_SECRET"
AUDIT_SECRET_VARIABLE: Final = "MEMORYOSS_AUDIT_HMAC_SECRET"
KEY_VARIABLES: Final = {
    Provider.OPENAI: (
        "MEMORYOSS_PROXY_UPSTREAM_KEY",
        "MEMORYOSS_OPENAI_REAL_KEY",
        "OPENAI_API_KEY",
    ),
    Provider.ANTHROPIC: (
        "MEMORYOSS_PROXY_ANTHROPIC_KEY",
        "MEMORYOSS_ANTHROPIC_REAL_KEY",
        "ANTHROPIC_API_KEY",
    ),
}
"""The first that is set beats the file."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Checked settings. What follows from a table is worked out once, also by ``replace``.

    Raises:
        ConfigError: a value makes no sense. Secrets are neither in the message nor in ``repr``.
    """

    keys_dir: Path
    """Where the self-signed certificate is kept."""
    server: Server = field(default_factory=Server)
    tls: Tls = field(default_factory=Tls)
    """With absolute paths."""
    auth: Auth = field(default_factory=Auth)
    proxy: Proxy = field(default_factory=Proxy)
    rate_limit_per_sec: int = RATE
    """``[limits] rate_limit_per_sec``: requests of one caller at once and on average."""
    default_namespace: str = DEFAULT_NAMESPACE
    operator_keys_from: Mapping[Provider, str] = field(default_factory=dict)
    """Which variable or key gave the operator's key of a provider; without an entry there is
    none."""

    openai: Upstream = field(init=False)
    anthropic: Upstream = field(init=False)
    default_mode: Mode = field(init=False)
    memory_after: int | None = field(init=False)
    """``[proxy] memory_after_date`` in nanoseconds since the epoch."""
    trusted_proxies: tuple[Network, ...] = field(init=False)
    proxy_key_digests: tuple[bytes, ...] = field(init=False, repr=False)
    """SHA-256 of the keys in ``proxy.key_mapping``, in that order."""
    api_key_digests: tuple[bytes, ...] = field(init=False, repr=False)
    """SHA-256 of the keys in ``auth.api_keys``, in that order."""

    def __post_init__(self) -> None:
        check_server(self.server)
        check_tls(self.tls)
        check_auth(self.auth)
        if self.rate_limit_per_sec < 1:
            raise ConfigError(f"[limits] {RATE_LIMIT} must be at least 1.")
        proxy = self.proxy
        after = _after(proxy.memory_after_date)
        openai = _upstream("upstream_url", openai_upstream, proxy.upstream_url)
        anthropic = _upstream(
            "anthropic_upstream_url", anthropic_upstream, proxy.anthropic_upstream_url
        )
        check_proxy(proxy, openai, anthropic)
        for name, value in {
            "openai": openai,
            "anthropic": anthropic,
            "default_mode": _default_mode(proxy.default_memory_mode, after),
            "memory_after": after,
            "trusted_proxies": tuple(_network(text) for text in proxy.trusted_proxies),
            "proxy_key_digests": _digests([entry.proxy_key for entry in proxy.key_mapping]),
            "api_key_digests": _digests([entry.key for entry in self.auth.api_keys]),
        }.items():
            object.__setattr__(self, name, value)

    @property
    def passes_through(self) -> bool:
        """Whether callers are let in whose key is not mapped."""
        allowed = self.proxy.passthrough_auth
        return not self.proxy.key_mapping if allowed is None else allowed

    @property
    def passthrough_namespace(self) -> str:
        """The namespace of callers whose key is not mapped."""
        return self.proxy.passthrough_namespace or self.default_namespace

    def upstream(self, provider: Provider) -> Upstream:
        """Where a provider's requests go."""
        return self.openai if provider is Provider.OPENAI else self.anthropic

    def operator_key(self, provider: Provider) -> str | None:
        """The operator's own key of a provider."""
        proxy = self.proxy
        return proxy.upstream_api_key if provider is Provider.OPENAI else proxy.anthropic_api_key


def load_settings(config: Config, *, environ: Mapping[str, str] | None = None) -> Settings:
    """Read the proxy's settings from the file that ``config`` was read from.

    Raises:
        ConfigError: an unknown key, a value that is wrong or makes no sense.
    """
    environ = os.environ if environ is None else environ
    tables = read_tables(config.path)
    proxy, sources = _with_operator_keys(tables.proxy, environ)
    return Settings(
        keys_dir=config.keys_dir,
        server=_with_port(tables.server, environ.get(PORT_VARIABLE)),
        tls=_with_absolute_paths(tables.tls, config.path),
        auth=replace(
            tables.auth,
            jwt_secret=environ.get(JWT_SECRET_VARIABLE) or tables.auth.jwt_secret,
            audit_hmac_secret=environ.get(AUDIT_SECRET_VARIABLE) or tables.auth.audit_hmac_secret,
        ),
        proxy=proxy,
        rate_limit_per_sec=tables.rate_limit_per_sec,
        default_namespace=config.namespaces.default or DEFAULT_NAMESPACE,
        operator_keys_from=sources,
    )


def _with_port(server: Server, text: str | None) -> Server:
    if not text:
        return server
    if not text.isascii() or not text.isdigit() or len(text) > 5:
        raise ConfigError(f"{PORT_VARIABLE} must be a port number.")
    return replace(server, port=int(text))


def _with_absolute_paths(tls: Tls, path: Path | None) -> Tls:
    def absolute(text: str | None) -> str | None:
        if not text:
            return text
        return str(((path.parent if path else Path()) / Path(text).expanduser()).absolute())

    return replace(
        tls,
        cert_path=absolute(tls.cert_path),
        key_path=absolute(tls.key_path),
        client_ca_path=absolute(tls.client_ca_path),
    )


def _with_operator_keys(
    proxy: Proxy, environ: Mapping[str, str]
) -> tuple[Proxy, dict[Provider, str]]:
    keys = {
        Provider.OPENAI: proxy.upstream_api_key,
        Provider.ANTHROPIC: proxy.anthropic_api_key,
    }
    sources = {
        provider: f"[proxy] {name}"
        for provider, name in (
            (Provider.OPENAI, "upstream_api_key"),
            (Provider.ANTHROPIC, "anthropic_api_key"),
        )
        if keys[provider] is not None
    }
    ours = {mapping.proxy_key for mapping in proxy.key_mapping}
    for provider, variables in KEY_VARIABLES.items():
        for variable in variables:
            key = environ.get(variable, "").strip()
            # Where clients of the proxy run, the providers' own variables hold proxy keys.
            if key and not (variable == variables[-1] and key in ours):
                keys[provider], sources[provider] = key, variable
                break
    proxy = replace(
        proxy,
        upstream_api_key=keys[Provider.OPENAI],
        anthropic_api_key=keys[Provider.ANTHROPIC],
    )
    return proxy, sources


def _upstream(name: str, parse: Callable[[str], Upstream], url: str) -> Upstream:
    try:
        return parse(url)
    except ValueError as error:
        raise ConfigError(f"[proxy] {name} is not usable: {error}.") from None


def _after(text: str | None) -> int | None:
    try:
        return None if text is None else parse_time(text, field="memory_after_date")
    except InvalidInputError as error:
        raise ConfigError(f"[proxy] memory_after_date: {error.message}", hint=error.hint) from error


def _default_mode(text: str, after: int | None) -> Mode:
    try:
        kind = parse_kind(text)
    except InvalidInputError as error:
        raise ConfigError(
            f"[proxy] default_memory_mode: {error.message}", hint=error.hint
        ) from error
    if kind is ModeKind.AFTER and after is None:
        raise ConfigError("[proxy] default_memory_mode = 'after' needs memory_after_date.")
    return Mode(kind, after if kind is ModeKind.AFTER else None)


def _network(text: str) -> Network:
    try:
        return parse_network(text)
    except ValueError as error:
        raise ConfigError(f"[proxy] trusted_proxies: {text!r} cannot be used: {error}.") from error


def _digests(keys: list[str]) -> tuple[bytes, ...]:
    return tuple(sha256(key.encode()).digest() for key in keys)
