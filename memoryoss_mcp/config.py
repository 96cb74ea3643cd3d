# SPDX-License-Identifier: AGPL-3.0-only
"""Configuration: one strict TOML file, a few environment variables, defaults for all.

An unknown table or key is an error that names it. Precedence: explicit option, environment,
file, default.
"""

from __future__ import annotations

import os
import tomllib
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from memoryoss_mcp.errors import ConfigError, InvalidInputError
from memoryoss_mcp.model import Limits, check_namespace

CONFIG_VARIABLE = "MEMORYOSS_CONFIG"
DATA_DIR_VARIABLE = "MEMORYOSS_DATA_DIR"
NAMESPACE_VARIABLE = "MEMORYOSS_NAMESPACE"
KEYS_DIR_VARIABLE = "MEMORYOSS_KEYS_DIR"
HMAC_SECRET_VARIABLE = "MEMORYOSS_AUDIT_HMAC_SECRET"

PLUGIN_TABLES = frozenset({"server", "tls", "auth", "proxy", "sharing", "setup"})
"""Tables of other distributions that share the file; they check them themselves."""

PLUGIN_KEYS: Mapping[str, frozenset[str]] = {"limits": frozenset({"rate_limit_per_sec"})}
"""Keys of theirs in tables that are ours."""


@dataclass(frozen=True, slots=True)
class Storage:
    """``[storage]``: where memories are kept."""

    data_dir: str | None = None
    keys_dir: str | None = None
    """Where keys are kept: not in the data folder, so that a copy of it takes no key along."""
    keep_snapshots: int = 3
    """How many snapshots (one before each migration) are kept."""


@dataclass(frozen=True, slots=True)
class Embeddings:
    """``[embeddings]``: which model makes the vectors."""

    model: str = "all-minilm-l6-v2"
    threads: int = 2


@dataclass(frozen=True, slots=True)
class Namespaces:
    """``[namespaces]``: which namespace is used when a request names none."""

    default: str | None = None
    """Fixed namespace. Unset: the project around the working folder, else ``default``."""
    aliases: Mapping[str, str] = field(default_factory=dict)
    """Project namespace → namespace to use instead (to share one or keep an old name)."""


@dataclass(frozen=True, slots=True)
class Recall:
    """``[recall]``: weights of the four channels and thresholds, each in 0 to 1."""

    vector: float = 0.30
    fts: float = 0.30
    exact: float = 0.25
    recency: float = 0.15
    min_recall_score: float = 0.40
    min_channel_score: float = 0.15
    diversity_factor: float = 0.3
    identifier_first_routing: bool = True
    confidence_gate: bool = True


@dataclass(frozen=True, slots=True)
class Trust:
    """``[trust]``: below which score (0 to 1) a memory is marked as of low trust."""

    threshold: float = 0.3
    audit_hmac_secret: str | None = field(default=None, repr=False)
    """The secret of an installation of the original: with it its signatures can be verified."""


@dataclass(frozen=True, slots=True)
class Decay:
    """``[decay]``: after how many idle days memories turn stale; after as many more they are
    archived. ``enabled`` lets servers do it by themselves, every so many minutes."""

    after_days: int = 14
    enabled: bool = False
    interval_minutes: int = 15


@dataclass(frozen=True, slots=True)
class Consolidation:
    """``[consolidation]``: from which cosine memories may say the same, and how many mergers one
    run makes at the most. ``enabled`` lets servers do it by themselves, every so many minutes."""

    threshold: float = 0.9
    max_clusters: int = 50
    enabled: bool = False
    interval_minutes: int = 60


PROVIDERS = ("local", "vault", "aws_kms")
LOCAL_KEYS = ("file", "passphrase", "keyring")


@dataclass(frozen=True, slots=True)
class Encryption:
    """``[encryption]``: who keeps the keys of sealed namespaces."""

    provider: str = "local"
    """``local`` or ``vault``; ``aws_kms`` is known, and refused when a key is needed."""
    enabled: bool = False
    """Whether namespaces are sealed when they are made."""
    local_key: str = "file"
    """Where the local key is from: ``file``, ``passphrase`` or ``keyring``."""
    vault_address: str | None = None
    vault_token: str | None = None
    vault_mount: str = "transit"
    vault_key_name: str = "memoryoss"
    grace_period_secs: int = 86_400
    """How long a key is kept after a rotation when nothing is sealed with it any more."""


READS = ("off", "sealed", "all")


@dataclass(frozen=True, slots=True)
class Audit:
    """``[audit]``: which reads the ledger records; writes it always does."""

    reads: str = "off"
    """``off``, ``sealed`` (those of sealed namespaces) or ``all``. Nothing is returned before its
    entry is on disk."""


SECRETS = ("redact", "refuse", "keep")


@dataclass(frozen=True, slots=True)
class Screen:
    """``[screen]``: what becomes of memories that hold something that should not be kept."""

    secrets: str = "redact"
    """Keys, tokens and passwords: ``redact`` them, ``refuse`` the memory, or ``keep`` them."""


CONNECTORS = (
    "editor",
    "terminal",
    "browser",
    "docs",
    "ticket",
    "calendar",
    "pull_request",
    "incident",
)


@dataclass(frozen=True, slots=True)
class Connectors:
    """``[connectors]``: which signals of other programs are taken in; none unless named here."""

    enabled: tuple[str, ...] = ()
    """Kinds out of :data:`CONNECTORS`."""
    raw: bool = False
    """Whether raw excerpts may be kept where a signal asks for it."""


@dataclass(frozen=True, slots=True)
class Logging:
    """``[logging]``: what is written to stderr."""

    level: str = "info"
    json: bool = False


@dataclass(frozen=True, slots=True)
class Config:
    """Everything that a runtime needs to know. The folders are resolved and absolute."""

    data_dir: Path
    keys_dir: Path
    path: Path | None = None
    storage: Storage = Storage()
    embeddings: Embeddings = Embeddings()
    namespaces: Namespaces = Namespaces()
    recall: Recall = Recall()
    trust: Trust = Trust()
    decay: Decay = Decay()
    consolidation: Consolidation = Consolidation()
    encryption: Encryption = Encryption()
    audit: Audit = Audit()
    screen: Screen = Screen()
    connectors: Connectors = Connectors()
    limits: Limits = field(default_factory=Limits)
    logging: Logging = Logging()

    @property
    def store_path(self) -> Path:
        """The one SQLite file."""
        return self.data_dir / "memoryoss.db"

    @property
    def models_dir(self) -> Path:
        """Where models that the user pulled are kept."""
        return self.data_dir / "models"


_TABLES: dict[str, type[Any]] = {
    "storage": Storage,
    "embeddings": Embeddings,
    "namespaces": Namespaces,
    "recall": Recall,
    "trust": Trust,
    "decay": Decay,
    "consolidation": Consolidation,
    "encryption": Encryption,
    "audit": Audit,
    "screen": Screen,
    "connectors": Connectors,
    "limits": Limits,
    "logging": Logging,
}


def default_data_dir() -> Path:
    """The platform's folder for a user's application data."""
    import platformdirs  # start-up time: not needed when the folder is given

    return Path(platformdirs.user_data_dir("memoryoss", appauthor=False))


def default_keys_dir() -> Path:
    """The platform's folder for a user's configuration."""
    import platformdirs  # start-up time: not needed when the folder is given

    return Path(platformdirs.user_config_dir("memoryoss", appauthor=False)) / "keys"


def load_config(
    path: Path | None = None,
    *,
    data_dir: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> Config:
    """Read the configuration.

    ``path`` (or ``MEMORYOSS_CONFIG``) must exist if given; otherwise ``memoryoss.toml`` in the
    data folder is read if it is there. The data folder is ``data_dir``, else
    ``MEMORYOSS_DATA_DIR``, else ``[storage] data_dir`` (relative to the file), else the
    platform's user data folder. Likewise ``MEMORYOSS_KEYS_DIR``, ``[storage] keys_dir`` and the
    platform's user configuration folder for keys.

    Raises:
        ConfigError: the file is missing, not TOML, or holds an unknown key or a wrong value.
    """
    environ = os.environ if environ is None else environ
    named = environ.get(DATA_DIR_VARIABLE)
    given = data_dir or (Path(named) if named else None)
    if path is None and environ.get(CONFIG_VARIABLE):
        path = Path(environ[CONFIG_VARIABLE])
    if path is not None and not path.is_file():
        raise ConfigError(f"There is no configuration file {path}.", hint="Check -c/--config.")
    if path is None:
        implied = (given or default_data_dir()).expanduser() / "memoryoss.toml"
        path = implied if implied.is_file() else None
    config = _read(path) if path is not None else Config(Path(), Path())
    if given is None and config.storage.data_dir and path is not None:
        given = path.parent / Path(config.storage.data_dir).expanduser()
    folder = (given or default_data_dir()).expanduser().absolute()
    keys = _keys_dir(config, path, environ)
    namespace = environ.get(NAMESPACE_VARIABLE)
    if namespace:
        config = replace(config, namespaces=replace(config.namespaces, default=namespace))
    if secret := environ.get(HMAC_SECRET_VARIABLE):
        config = replace(config, trust=replace(config.trust, audit_hmac_secret=secret))
    _check(config)
    return replace(config, data_dir=folder, keys_dir=keys, path=path)


def _keys_dir(config: Config, path: Path | None, environ: Mapping[str, str]) -> Path:
    if named := environ.get(KEYS_DIR_VARIABLE):
        folder = Path(named)
    elif config.storage.keys_dir and path is not None:
        folder = path.parent / Path(config.storage.keys_dir).expanduser()
    else:
        folder = default_keys_dir()
    return folder.expanduser().absolute()


def _read(path: Path) -> Config:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}.") from error
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.") from error
    tables: dict[str, Any] = {}
    for name, content in document.items():
        if name in PLUGIN_TABLES:
            continue
        if name not in _TABLES:
            raise ConfigError(
                f"{path}: unknown table or key {name!r}.",
                hint=f"Known tables: {', '.join(sorted(_TABLES.keys() | PLUGIN_TABLES))}.",
            )
        theirs = PLUGIN_KEYS.get(name)
        if theirs and isinstance(content, dict):
            content = {key: value for key, value in content.items() if key not in theirs}
        tables[name] = read_table(_TABLES[name], name, content, path)
    return Config(Path(), Path(), **tables)


def read_table(kind: type[Any], name: str, content: Any, path: Path) -> Any:
    """The table ``name`` of the file ``path`` as a ``kind``, a dataclass with a field of a plain
    type for each key; keys that are missing have its defaults.

    Raises:
        ConfigError: it is no table, or has an unknown key or a value of a wrong type.
    """
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: {name!r} is a table, write [{name}].")
    hints = typing.get_type_hints(kind)
    known = {f.name for f in fields(kind)}
    for key, value in content.items():
        if key not in known:
            raise ConfigError(
                f"{path}: unknown key {key!r} in [{name}].",
                hint=f"Known keys: {', '.join(sorted(known))}.",
            )
        if not _fits(value, hints[key]):
            raise ConfigError(f"{path}: [{name}] {key} has the wrong type ({value!r}).")
    return kind(**{key: _read_value(value, hints[key]) for key, value in content.items()})


def _read_value(value: Any, hint: Any) -> Any:
    if hint is float:
        return float(value)
    return tuple(value) if isinstance(value, list) else value


def _fits(value: Any, hint: Any) -> bool:
    if isinstance(hint, types.UnionType):
        return any(_fits(value, part) for part in typing.get_args(hint))
    if typing.get_origin(hint) is Mapping:
        return isinstance(value, dict) and all(isinstance(v, str) for v in value.values())
    if typing.get_origin(hint) is tuple:
        return isinstance(value, list) and all(isinstance(v, str) for v in value)
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, hint)


def _check(config: Config) -> None:
    for entry in fields(Recall):
        value = getattr(config.recall, entry.name)
        if not isinstance(value, bool) and not 0.0 <= value <= 1.0:
            raise ConfigError(f"[recall] {entry.name} is {value}; it must be between 0 and 1.")
    if not 0.0 <= config.trust.threshold <= 1.0:
        raise ConfigError("[trust] threshold must be between 0 and 1.")
    if config.decay.after_days < 1:
        raise ConfigError("[decay] after_days must be at least 1.")
    if not 0.5 <= config.consolidation.threshold <= 1.0:
        raise ConfigError("[consolidation] threshold must be between 0.5 and 1.")
    if config.consolidation.max_clusters < 1:
        raise ConfigError("[consolidation] max_clusters must be at least 1.")
    for table in ("decay", "consolidation"):
        if getattr(config, table).interval_minutes < 1:
            raise ConfigError(f"[{table}] interval_minutes must be at least 1.")
    if config.audit.reads not in READS:
        raise ConfigError(f"[audit] reads must be one of {', '.join(READS)}.")
    if config.screen.secrets not in SECRETS:
        raise ConfigError(f"[screen] secrets must be one of {', '.join(SECRETS)}.")
    for kind in config.connectors.enabled:
        if kind not in CONNECTORS:
            raise ConfigError(
                f"[connectors] enabled names {kind!r}, which is no connector.",
                hint=f"Known connectors: {', '.join(CONNECTORS)}.",
            )
    if config.encryption.provider not in PROVIDERS:
        raise ConfigError(f"[encryption] provider must be one of {', '.join(PROVIDERS)}.")
    if config.encryption.local_key not in LOCAL_KEYS:
        raise ConfigError(f"[encryption] local_key must be one of {', '.join(LOCAL_KEYS)}.")
    if config.encryption.grace_period_secs < 0:
        raise ConfigError("[encryption] grace_period_secs must not be negative.")
    if not any((config.recall.vector, config.recall.fts, config.recall.exact)):
        raise ConfigError("[recall] switches off every channel that can find anything.")
    for limit in fields(Limits):
        if getattr(config.limits, limit.name) < 1:
            raise ConfigError(f"[limits] {limit.name} must be at least 1.")
    if not 1 <= config.embeddings.threads <= 64:
        raise ConfigError("[embeddings] threads must be between 1 and 64.")
    if config.storage.keep_snapshots < 1:
        raise ConfigError("[storage] keep_snapshots must be at least 1.")
    if config.logging.level not in {"debug", "info", "warning", "error"}:
        raise ConfigError("[logging] level must be debug, info, warning or error.")
    names = [*config.namespaces.aliases, *config.namespaces.aliases.values()]
    for name in (config.namespaces.default, *names):
        try:
            if name is not None:
                check_namespace(name, config.limits.max_namespace_length)
        except InvalidInputError as error:
            raise ConfigError(f"[namespaces] {error.message}", hint=error.hint) from error
