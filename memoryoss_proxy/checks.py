# SPDX-License-Identifier: AGPL-3.0-only
"""Which settings make sense. No message repeats a secret."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

from memoryoss_mcp.errors import ConfigError, InvalidInputError
from memoryoss_mcp.model import check_namespace
from memoryoss_proxy.tables import (
    COPROCESSORS,
    EXTRACT_PROVIDERS,
    ROLES,
    Auth,
    Proxy,
    Server,
    Tls,
)
from memoryoss_proxy.upstream import Upstream, openai_upstream

MIN_KEY_LENGTH: Final = 16
MIN_SECRET_BYTES: Final = 32


def check_server(server: Server) -> None:
    """Raises: ConfigError: a port or a size is out of range."""
    if not server.host or not server.host.isascii() or any(c.isspace() for c in server.host):
        raise ConfigError("[server] host must be an address or a host name.")
    for key, port in (("port", server.port), ("core_port", server.core_port)):
        if port is not None and not 0 <= port <= 65_535:
            raise ConfigError(f"[server] {key} must be between 0 and 65535.")
    if server.hybrid_mode and server.core_port == server.port:
        raise ConfigError("[server] core_port must differ from port.")
    if server.max_body_bytes < 1:
        raise ConfigError("[server] max_body_bytes must be at least 1.")


def check_tls(tls: Tls) -> None:
    """Raises: ConfigError: half a key pair, none at all, or client certificates without TLS."""
    if (tls.cert_path is None) != (tls.key_path is None):
        raise ConfigError("[tls] cert_path and key_path belong together: give both or neither.")
    if tls.enabled and not tls.auto_generate and tls.cert_path is None:
        raise ConfigError("[tls] needs cert_path and key_path, or auto_generate = true.")
    if tls.client_ca_path is not None and not tls.enabled:
        raise ConfigError(
            "[tls] client_ca_path asks for client certificates, but TLS is switched off.",
            hint="Set enabled = true or remove client_ca_path.",
        )


def check_auth(auth: Auth) -> None:
    """Raises: ConfigError: a weak secret, a key twice, an unknown role or a wrong namespace."""
    for name, secret in (
        ("jwt_secret", auth.jwt_secret),
        ("audit_hmac_secret", auth.audit_hmac_secret),
    ):
        if secret is not None and len(secret.encode()) < MIN_SECRET_BYTES:
            raise ConfigError(f"[auth] {name} must have at least {MIN_SECRET_BYTES} bytes.")
    if auth.jwt_expiry_secs < 1:
        raise ConfigError("[auth] jwt_expiry_secs must be at least 1.")
    for number, entry in enumerate(auth.api_keys, 1):
        place = f"[[auth.api_keys]] number {number}"
        _check_own_key(entry.key, f"{place}: key")
        if entry.role not in ROLES:
            raise ConfigError(f"{place}: role must be one of {', '.join(ROLES)}.")
        _check_namespace(entry.namespace, place)
    _check_distinct([entry.key for entry in auth.api_keys], "[[auth.api_keys]]")


def check_proxy(proxy: Proxy, openai: Upstream, anthropic: Upstream) -> None:
    """Raises: ConfigError: a number out of range, an unknown name, a key that cannot be right."""
    for name in ("max_memory_pct", "min_recall_score", "min_channel_score", "diversity_factor"):
        share = getattr(proxy, name)
        if share is not None and not 0.0 <= share <= 1.0:
            raise ConfigError(f"[proxy] {name} must be between 0 and 1.")
    for name in ("recall_deadline_ms", "max_body_bytes", "max_expanded_bytes"):
        if getattr(proxy, name) < 1:
            raise ConfigError(f"[proxy] {name} must be at least 1.")
    if proxy.max_expanded_bytes < proxy.max_body_bytes:
        raise ConfigError("[proxy] max_expanded_bytes must not be below max_body_bytes.")
    for name in ("connect_timeout_secs", "idle_timeout_secs"):
        seconds = getattr(proxy, name)
        if not math.isfinite(seconds) or seconds <= 0:
            raise ConfigError(f"[proxy] {name} must be more than 0.")
    for model, size in proxy.model_context_sizes.items():
        if size < 1:
            raise ConfigError(f"[proxy.model_context_sizes] {model!r} must be at least 1.")
    if proxy.extract_provider not in EXTRACT_PROVIDERS:
        names = ", ".join(EXTRACT_PROVIDERS)
        raise ConfigError(f"[proxy] extract_provider must be one of {names}.")
    if proxy.memory_coprocessor not in COPROCESSORS:
        raise ConfigError(f"[proxy] memory_coprocessor must be one of {', '.join(COPROCESSORS)}.")
    if proxy.extract_url is not None:
        try:
            openai_upstream(proxy.extract_url)
        except ValueError as error:
            raise ConfigError(f"[proxy] extract_url is not usable: {error}.") from None
    if proxy.passthrough_namespace is not None:
        _check_namespace(proxy.passthrough_namespace, "[proxy] passthrough_namespace")
    for number, mapping in enumerate(proxy.key_mapping, 1):
        place = f"[[proxy.key_mapping]] number {number}"
        _check_own_key(mapping.proxy_key, f"{place}: proxy_key")
        _check_namespace(mapping.namespace, place)
    _check_distinct([mapping.proxy_key for mapping in proxy.key_mapping], "[[proxy.key_mapping]]")
    ours = {mapping.proxy_key for mapping in proxy.key_mapping}
    for place, key, upstream in _provider_keys(proxy, openai, anthropic):
        if not is_credential(key):
            raise ConfigError(f"{place} must be printable ASCII without spaces.")
        if key in ours:
            raise ConfigError(f"{place} is a proxy_key too: it would be sent to the provider.")
        if upstream is not None and upstream.is_foreign(key):
            raise ConfigError(f"{place} is a key of another provider than {upstream.provider}.")


def is_credential(text: str) -> bool:
    """Whether a text can be a key in a header: visible ASCII characters, at least one."""
    return bool(text) and all("!" <= c <= "~" for c in text)


def _provider_keys(
    proxy: Proxy, openai: Upstream, anthropic: Upstream
) -> Iterator[tuple[str, str, Upstream | None]]:
    found = [
        ("[proxy] upstream_api_key", proxy.upstream_api_key, openai),
        ("[proxy] anthropic_api_key", proxy.anthropic_api_key, anthropic),
        ("[proxy] extract_api_key", proxy.extract_api_key, None),
    ]
    for number, mapping in enumerate(proxy.key_mapping, 1):
        place = f"[[proxy.key_mapping]] number {number}:"
        found.append((f"{place} upstream_key", mapping.upstream_key, openai))
        found.append((f"{place} anthropic_upstream_key", mapping.anthropic_upstream_key, anthropic))
    for place, key, upstream in found:
        if key is not None:
            yield place, key, upstream


def _check_own_key(key: str, place: str) -> None:
    if not is_credential(key) or len(key) < MIN_KEY_LENGTH:
        raise ConfigError(
            f"{place} must be at least {MIN_KEY_LENGTH} printable ASCII characters without spaces.",
            hint="python -c 'import secrets; print(secrets.token_urlsafe(32))' makes one.",
        )


def _check_distinct(keys: list[str], place: str) -> None:
    if len(set(keys)) != len(keys):
        raise ConfigError(f"{place} holds the same key twice.")


def _check_namespace(name: str, place: str) -> None:
    try:
        check_namespace(name)
    except InvalidInputError as error:
        raise ConfigError(f"{place}: {error.message}", hint=error.hint) from error
