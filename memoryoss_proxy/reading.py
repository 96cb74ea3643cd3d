# SPDX-License-Identifier: AGPL-3.0-only
"""The proxy's tables out of the configuration file, as strict as the core reads its own."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Final

from memoryoss_mcp.config import read_table
from memoryoss_mcp.errors import ConfigError
from memoryoss_proxy.tables import ApiKey, Auth, KeyMapping, Proxy, Server, Tls

RATE_LIMIT: Final = "rate_limit_per_sec"
"""The one key of ``[limits]`` that is the proxy's; the others are the core's."""
RATE: Final = 100
"""Its default."""


@dataclass(frozen=True, slots=True)
class Tables:
    """What the file says, with defaults for what it does not."""

    server: Server = field(default_factory=Server)
    tls: Tls = field(default_factory=Tls)
    auth: Auth = field(default_factory=Auth)
    proxy: Proxy = field(default_factory=Proxy)
    rate_limit_per_sec: int = RATE


def read_tables(path: Path | None) -> Tables:
    """Read them; without a file all are the defaults.

    Raises:
        ConfigError: an unknown key or a value of a wrong type, named. Secrets are not repeated.
    """
    if path is None:
        return Tables()
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}.") from error
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.") from error
    return Tables(
        server=_table(Server, "server", document, path),
        tls=_table(Tls, "tls", document, path),
        auth=_table(Auth, "auth", document, path),
        proxy=_table(Proxy, "proxy", document, path),
        rate_limit_per_sec=_rate_limit(document.get("limits", {}), path),
    )


def _table(kind: type[Any], name: str, document: Mapping[str, Any], path: Path) -> Any:
    content = document.get(name, {})
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: {name!r} is a table, write [{name}].")
    composed = {
        key: _COMPOSED[name, key](content[key], f"{name}.{key}", path)
        for key in content
        if (name, key) in _COMPOSED
    }
    plain = {key: value for key, value in content.items() if key not in composed}
    return replace(_plain(kind, name, plain, path), **composed)


def _plain(kind: type[Any], name: str, content: dict[str, Any], path: Path) -> Any:
    """A table of plain values. A secret of a wrong type is refused without being shown."""
    for entry in fields(kind):
        if not entry.repr and not isinstance(content.get(entry.name, ""), str):
            raise ConfigError(f"{path}: [{name}] {entry.name} must be text.")
        needed = entry.default is MISSING and entry.default_factory is MISSING
        if needed and entry.name not in content:
            raise ConfigError(f"{path}: [[{name}]] has no {entry.name}.")
    return read_table(kind, name, content, path)


def _tables_of(kind: type[Any]) -> Callable[[Any, str, Path], tuple[Any, ...]]:
    def read(content: Any, name: str, path: Path) -> tuple[Any, ...]:
        if not isinstance(content, list) or not all(isinstance(entry, dict) for entry in content):
            raise ConfigError(f"{path}: {name!r} is a list of tables, write [[{name}]].")
        return tuple(_plain(kind, name, entry, path) for entry in content)

    return read


def _texts(content: Any, name: str, path: Path) -> tuple[str, ...]:
    if not isinstance(content, list) or not all(isinstance(entry, str) for entry in content):
        raise ConfigError(f"{path}: {name!r} must be a list of texts.")
    return tuple(content)


def _sizes(content: Any, name: str, path: Path) -> dict[str, int]:
    if not isinstance(content, dict) or not all(type(size) is int for size in content.values()):
        raise ConfigError(f"{path}: [{name}] must hold a whole number for each model.")
    return content


def _rate_limit(limits: Any, path: Path) -> int:
    rate = limits.get(RATE_LIMIT, RATE) if isinstance(limits, dict) else None
    if type(rate) is not int:
        raise ConfigError(f"{path}: [limits] {RATE_LIMIT} must be a whole number.")
    return rate


_COMPOSED: Final[dict[tuple[str, str], Callable[[Any, str, Path], Any]]] = {
    ("auth", "api_keys"): _tables_of(ApiKey),
    ("proxy", "key_mapping"): _tables_of(KeyMapping),
    ("proxy", "model_context_sizes"): _sizes,
    ("proxy", "trusted_proxies"): _texts,
}
