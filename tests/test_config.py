# SPDX-License-Identifier: AGPL-3.0-only
"""The configuration file is strict, and the nearest setting wins."""

from __future__ import annotations

from pathlib import Path

import pytest

from memoryoss_mcp.config import (
    CONFIG_VARIABLE,
    DATA_DIR_VARIABLE,
    HMAC_SECRET_VARIABLE,
    KEYS_DIR_VARIABLE,
    NAMESPACE_VARIABLE,
    PLUGIN_KEYS,
    PLUGIN_TABLES,
    Config,
    Connectors,
    Recall,
    default_data_dir,
    load_config,
)
from memoryoss_mcp.errors import ConfigError
from memoryoss_mcp.model import Limits


def write(folder: Path, text: str, name: str = "memoryoss.toml") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def read(tmp_path: Path, text: str) -> Config:
    return load_config(write(tmp_path, text), data_dir=tmp_path / "data", environ={})


# Where things come from -----------------------------------------------------------------------


def test_without_anything_the_defaults_hold(tmp_path: Path) -> None:
    config = load_config(data_dir=tmp_path, environ={})
    assert config == Config(data_dir=tmp_path, keys_dir=config.keys_dir)
    assert config.path is None
    assert config.store_path == tmp_path / "memoryoss.db"
    assert config.models_dir == tmp_path / "models"


def test_loading_makes_no_folder(tmp_path: Path) -> None:
    load_config(data_dir=tmp_path / "new", environ={})
    assert not (tmp_path / "new").exists()


def test_without_a_folder_the_platform_decides() -> None:
    assert load_config(environ={}).data_dir == default_data_dir()
    assert default_data_dir().is_absolute()


def test_the_data_folder_comes_from_option_then_environment_then_file(tmp_path: Path) -> None:
    path = write(tmp_path, '[storage]\ndata_dir = "from-file"\n')
    environ = {DATA_DIR_VARIABLE: str(tmp_path / "from-environment")}
    option = tmp_path / "from-option"
    assert load_config(path, data_dir=option, environ=environ).data_dir == option
    assert load_config(path, environ=environ).data_dir == tmp_path / "from-environment"
    assert load_config(path, environ={}).data_dir == tmp_path / "from-file"


def test_a_relative_data_folder_becomes_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_config(data_dir=Path("here"), environ={}).data_dir == tmp_path / "here"
    path = write(tmp_path / "etc", '[storage]\ndata_dir = "../var"\n')
    relative = load_config(path.relative_to(tmp_path), environ={})
    assert relative.data_dir.is_absolute()
    assert relative.data_dir.resolve() == (tmp_path / "var").resolve()


def test_the_secret_of_the_original_comes_from_environment_then_file(tmp_path: Path) -> None:
    chosen = "".join(("of-", "the-", "file"))
    path = write(tmp_path, f'[trust]\naudit_hmac_secret = "{chosen}"\n')
    assert load_config(path, environ={}).trust.audit_hmac_secret == chosen
    other = chosen.replace("file", "environment")
    config = load_config(path, environ={HMAC_SECRET_VARIABLE: other})
    assert config.trust.audit_hmac_secret == other
    assert load_config(path, environ={HMAC_SECRET_VARIABLE: ""}).trust.audit_hmac_secret == chosen
    assert load_config(data_dir=tmp_path / "none", environ={}).trust.audit_hmac_secret is None
    assert other not in repr(config)


def test_the_file_comes_from_option_then_environment_then_the_data_folder(tmp_path: Path) -> None:
    data = tmp_path / "data"
    option = write(tmp_path, "[limits]\nmax_tags = 1\n", "option.toml")
    named = write(tmp_path, "[limits]\nmax_tags = 2\n", "named.toml")
    implied = write(data, "[limits]\nmax_tags = 3\n")
    environ = {CONFIG_VARIABLE: str(named)}
    assert load_config(option, data_dir=data, environ=environ).limits.max_tags == 1
    assert load_config(data_dir=data, environ=environ).limits.max_tags == 2
    assert load_config(data_dir=data, environ={}).limits.max_tags == 3
    assert load_config(data_dir=data, environ={}).path == implied


def test_the_namespace_of_the_environment_beats_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, '[namespaces]\ndefault = "from-file"\n')
    assert load_config(path, environ={}).namespaces.default == "from-file"
    environ = {NAMESPACE_VARIABLE: "from-environment"}
    assert load_config(path, environ=environ).namespaces.default == "from-environment"


def test_empty_variables_are_as_good_as_none(tmp_path: Path) -> None:
    environ = {DATA_DIR_VARIABLE: "", CONFIG_VARIABLE: "", NAMESPACE_VARIABLE: ""}
    config = load_config(environ=environ)
    assert config.data_dir == default_data_dir()
    assert config.namespaces.default is None


def test_the_process_environment_is_read_by_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(DATA_DIR_VARIABLE, str(tmp_path))
    monkeypatch.delenv(CONFIG_VARIABLE, raising=False)
    monkeypatch.setenv(NAMESPACE_VARIABLE, "mine")
    config = load_config()
    assert (config.data_dir, config.namespaces.default) == (tmp_path, "mine")


def test_a_home_folder_is_expanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert load_config(data_dir=Path("~/memory"), environ={}).data_dir == tmp_path / "memory"
    path = write(tmp_path, '[storage]\ndata_dir = "~/kept"\n')
    assert load_config(path, environ={}).data_dir == tmp_path / "kept"


# What a file may say --------------------------------------------------------------------------


def test_every_table_is_read(tmp_path: Path) -> None:
    config = read(
        tmp_path,
        """
        [storage]
        keep_snapshots = 5
        [embeddings]
        model = "bge-small-en-v1.5"
        threads = 1
        [namespaces]
        default = "team"
        aliases = { owner-repo = "shared" }
        [recall]
        vector = 1
        diversity_factor = 0.5
        confidence_gate = false
        [limits]
        max_content_bytes = 100
        [screen]
        secrets = "refuse"
        [connectors]
        enabled = ["terminal", "editor"]
        raw = true
        [logging]
        level = "debug"
        json = true
        """,
    )
    assert config.storage.keep_snapshots == 5
    assert (config.embeddings.model, config.embeddings.threads) == ("bge-small-en-v1.5", 1)
    assert config.namespaces.aliases == {"owner-repo": "shared"}
    assert config.recall == Recall(vector=1.0, diversity_factor=0.5, confidence_gate=False)
    assert isinstance(config.recall.vector, float)
    assert config.screen.secrets == "refuse"
    assert config.connectors == Connectors(("terminal", "editor"), raw=True)
    assert config.limits == Limits(max_content_bytes=100)
    assert (config.logging.level, config.logging.json) == ("debug", True)


@pytest.mark.parametrize("table", sorted(PLUGIN_TABLES))
def test_tables_of_other_distributions_are_left_alone(tmp_path: Path, table: str) -> None:
    config = read(tmp_path, f"[{table}]\nanything = [1, 2]\n[{table}.deeper]\nx = 1\n")
    assert config == Config(tmp_path / "data", config.keys_dir, path=config.path)


@pytest.mark.parametrize(
    ("table", "key"), [(table, key) for table, keys in PLUGIN_KEYS.items() for key in keys]
)
def test_keys_of_other_distributions_are_left_alone(tmp_path: Path, table: str, key: str) -> None:
    config = read(tmp_path, f"[{table}]\n{key} = 7\n")
    assert config == Config(tmp_path / "data", config.keys_dir, path=config.path)
    mixed = read(tmp_path, "[limits]\nmax_tags = 3\nrate_limit_per_sec = 'theirs to check'\n")
    assert mixed.limits == Limits(max_tags=3)
    with pytest.raises(ConfigError, match="rate_limit_per_sec"):
        read(tmp_path, "[recall]\nrate_limit_per_sec = 7\n")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[recal]\nvector = 1.0\n", "recal"),
        ("vector = 1.0\n", "vector"),
        ("[recall]\nvektor = 1.0\n", "vektor"),
        ("[storage.deeper]\nx = 1\n", "deeper"),
        ("[limits]\nmax_tags = 5\nmax_tag = 5\n", "max_tag"),
    ],
)
def test_an_unknown_name_is_an_error_that_names_it(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)
    assert repr(named) in str(caught.value)
    assert "Known" in str(caught.value)
    assert caught.value.code == "config_invalid"


@pytest.mark.parametrize(
    "text",
    [
        'recall = "all"\n',
        "recall = 3\n",
        '[recall]\nvector = "1"\n',
        "[recall]\nvector = true\n",
        "[recall]\nvector = 1.5\n",
        "[recall]\nvector = -0.1\n",
        "[recall]\nvector = nan\n",
        "[recall]\nconfidence_gate = 1\n",
        "[recall]\nvector = 0\nfts = 0\nexact = 0\n",
        '[screen]\nsecrets = "hide"\n',
        "[screen]\nsecrets = true\n",
        '[connectors]\nenabled = "terminal"\n',
        "[connectors]\nenabled = [1]\n",
        "[connectors]\nenabled = true\n",
        '[connectors]\nraw = "yes"\n',
        "[limits]\nmax_tags = 0\n",
        "[limits]\nmax_tags = true\n",
        "[limits]\nmax_tags = 2.5\n",
        "[embeddings]\nthreads = 0\n",
        "[embeddings]\nmodel = 5\n",
        "[storage]\nkeep_snapshots = 0\n",
        "[storage]\ndata_dir = 5\n",
        '[logging]\nlevel = "loud"\n',
        "[namespaces]\naliases = { a = 1 }\n",
        '[namespaces]\naliases = ["a"]\n',
        '[namespaces]\ndefault = "a b"\n',
        '[namespaces]\naliases = { a = "b/c" }\n',
        "[recall\n",
        "[recall]\nvector = 1\nvector = 1\n",
    ],
)
def test_a_wrong_value_is_an_error(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)
    assert caught.value.code == "config_invalid"


@pytest.mark.parametrize("name", ["phone", "Terminal", "pr", ""])
def test_an_unknown_connector_is_an_error_that_names_the_known_ones(
    tmp_path: Path, name: str
) -> None:
    with pytest.raises(ConfigError, match="pull_request, incident") as caught:
        read(tmp_path, f'[connectors]\nenabled = ["terminal", "{name}"]\n')
    assert repr(name) in caught.value.message


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"missing\.toml"):
        load_config(tmp_path / "missing.toml", environ={})
    with pytest.raises(ConfigError, match=r"missing\.toml"):
        load_config(environ={CONFIG_VARIABLE: str(tmp_path / "missing.toml")})
    with pytest.raises(ConfigError):
        load_config(tmp_path, environ={})


def test_a_file_that_is_not_text_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_bytes(b"[recall]\n\xff\xfe\x00")
    with pytest.raises(ConfigError, match="TOML"):
        load_config(path, environ={})


def test_a_wrong_namespace_in_the_environment_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(data_dir=tmp_path, environ={NAMESPACE_VARIABLE: "a b"})
    assert "'a b'" in str(caught.value)


def test_keys_are_outside_of_the_data_folder_unless_somebody_says_where(tmp_path: Path) -> None:
    path = write(tmp_path, '[storage]\nkeys_dir = "safe"\n')
    assert load_config(path, data_dir=tmp_path, environ={}).keys_dir == path.parent / "safe"
    environ = {KEYS_DIR_VARIABLE: str(tmp_path / "stick")}
    assert load_config(path, data_dir=tmp_path, environ=environ).keys_dir == tmp_path / "stick"
    usual = load_config(data_dir=tmp_path / "data", environ={}).keys_dir
    assert usual.is_absolute()
    assert not usual.is_relative_to(tmp_path)
