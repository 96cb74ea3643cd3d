# SPDX-License-Identifier: AGPL-3.0-only
"""The tables of the configuration file that belong to the proxy: names and defaults.

Secrets are left out of every representation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

MIB: Final = 1024 * 1024

ROLES: Final = ("reader", "writer", "admin")
EXTRACT_PROVIDERS: Final = ("openai", "claude", "ollama")
COPROCESSORS: Final = ("off", "local_heuristic")


@dataclass(frozen=True, slots=True)
class Server:
    """``[server]``: where the proxy listens."""

    host: str = "127.0.0.1"
    port: int = 8000
    hybrid_mode: bool = True
    """Start, and go on forwarding, while the memory file cannot be opened. Without it the proxy
    does not start then; once it runs, a failing memory never stops a request in either mode."""
    core_port: int | None = None
    """Checked and not used: the memory core runs in this process and needs no port."""
    max_body_bytes: int = 2 * MIB
    """The largest request body of our own endpoints."""


@dataclass(frozen=True, slots=True)
class Tls:
    """``[tls]``: encryption of the connections to the proxy. Paths are relative to the file."""

    enabled: bool = False
    """Off, because it listens on this machine only unless ``host`` says otherwise."""
    auto_generate: bool = True
    """Without given files: make a self-signed certificate, keep it beside the keys, renew it."""
    cert_path: str | None = None
    key_path: str | None = None
    client_ca_path: str | None = None
    """If given, only clients with a certificate of this authority may connect."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """``[[auth.api_keys]]``: who may use our own endpoints."""

    key: str = field(repr=False)
    role: str
    namespace: str = "default"


@dataclass(frozen=True, slots=True)
class Auth:
    """``[auth]``: access to our own endpoints, and secrets of at least 32 bytes."""

    jwt_secret: str | None = field(default=None, repr=False)
    jwt_expiry_secs: int = 3600
    audit_hmac_secret: str | None = field(default=None, repr=False)
    api_keys: tuple[ApiKey, ...] = ()


@dataclass(frozen=True, slots=True)
class KeyMapping:
    """``[[proxy.key_mapping]]``: a key that is handed to a client, and what it stands for.

    A provider's key goes to that provider only. One that is missing is taken from
    ``[proxy] upstream_api_key`` or ``anthropic_api_key``, whichever is of the same provider.
    """

    proxy_key: str = field(repr=False)
    upstream_key: str | None = field(default=None, repr=False)
    """For the OpenAI upstream."""
    anthropic_upstream_key: str | None = field(default=None, repr=False)
    """For the Anthropic upstream."""
    namespace: str = "default"


@dataclass(frozen=True, slots=True)
class Proxy:
    """``[proxy]``: what happens to requests on their way."""

    enabled: bool = True
    """Without it every path under ``/proxy`` is answered with 404."""
    upstream_url: str = "https://api.openai.com/v1"
    """A base URL as the OpenAI SDKs know it; what follows ``/v1`` in a path is appended."""
    upstream_api_key: str | None = field(default=None, repr=False)
    anthropic_upstream_url: str = "https://api.anthropic.com/v1/messages"
    """With or without ``/v1/messages``."""
    anthropic_api_key: str | None = field(default=None, repr=False)

    key_mapping: tuple[KeyMapping, ...] = ()
    passthrough_auth: bool | None = None
    """Let callers in whose key is not mapped: their own credential goes upstream unchanged. Unset:
    only as long as no key is mapped at all."""
    passthrough_local_only: bool = True
    """Only from this machine."""
    passthrough_namespace: str | None = None
    """Their namespace. Unset: as on the command line, ``[namespaces] default``, else that of the
    git project in whose folder the proxy was started, else ``default``."""
    passthrough_uses_operator_key: bool = False
    """Let those of them who have no usable credential spend the keys of this file."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses and CIDR blocks whose ``X-Forwarded-For`` is believed."""

    default_memory_mode: str = "full"
    """``full``, ``readonly``, ``after`` or ``off``."""
    memory_after_date: str | None = None
    """For the mode ``after``: a date or RFC 3339."""
    allow_client_memory_control: bool = True
    """Whether ``X-Memory-Mode``, ``X-Memory-After`` and ``X-Memory-Bypass`` have any effect."""
    firewall: bool = True
    """Whether risky actions are held against policy memories."""
    modes_disable_firewall: bool = False
    """Whether the mode ``off`` switches that off too."""

    max_memory_pct: float = 0.10
    """Share of the model's context that memories may take, 0 to 1."""
    min_recall_score: float = 0.40
    min_channel_score: float | None = None
    """Unset: as in ``[recall]``; likewise ``diversity_factor``."""
    diversity_factor: float | None = None
    confidence_gate: bool = True
    identifier_first_routing: bool = True
    recall_deadline_ms: int = 1_000
    """A recall that takes longer is given up; the request goes upstream without memories."""
    model_context_sizes: Mapping[str, int] = field(default_factory=dict)
    """Model → tokens; they take precedence over what is built in."""

    extraction_enabled: bool = True
    extract_provider: str = "openai"
    """``openai`` (any compatible endpoint), ``claude`` or ``ollama``."""
    extract_model: str = "gpt-4o-mini"
    extract_api_key: str | None = field(default=None, repr=False)
    extract_url: str | None = None
    """Base URL of the extracting model. Unset: the provider's, as given above."""
    memory_coprocessor: str = "local_heuristic"
    """``local_heuristic`` extracts without a model and without network; ``off`` leaves it to the
    extracting model."""

    privacy_mode: bool = True
    """Logs say what happened and never what was said."""
    max_body_bytes: int = 32 * MIB
    """The largest body of a proxied request, as it arrives."""
    max_expanded_bytes: int = 64 * MIB
    """The largest body after decompression."""
    connect_timeout_secs: float = 10.0
    idle_timeout_secs: float = 300.0
    """How long an upstream may be silent. There is no limit for a whole answer."""
