# SPDX-License-Identifier: AGPL-3.0-only
"""The proxy's tables are as strict as the core's, checked at once, and silent about secrets."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memoryoss_mcp.config import Config, load_config
from memoryoss_mcp.errors import ConfigError
from memoryoss_proxy.modes import Mode, ModeKind
from memoryoss_proxy.settings import KEY_VARIABLES, Settings, load_settings
from memoryoss_proxy.tables import Auth, KeyMapping, Proxy, Server, Tls
from memoryoss_proxy.upstream import Provider
from tests.proxy.callers import anthropic_key, openai_key, random_key, settings


def read(folder: Path, text: str, **environ: str) -> Settings:
    folder.mkdir(exist_ok=True)
    path = folder / "memoryoss.toml"
    path.write_text(text, encoding="utf-8")
    config = load_config(path, data_dir=folder / "data", environ={})
    return load_settings(config, environ=environ)


# Defaults and sources -------------------------------------------------------------------------


def test_without_a_file_the_defaults_hold(config: Config) -> None:
    got = load_settings(config, environ={})
    assert got == Settings(keys_dir=config.keys_dir)
    assert (got.server, got.tls, got.auth, got.proxy) == (Server(), Tls(), Auth(), Proxy())
    assert got.openai.base == "https://api.openai.com/v1"
    assert got.anthropic.base == "https://api.anthropic.com/v1"
    assert got.default_mode == Mode(ModeKind.FULL)
    assert got.rate_limit_per_sec == 100
    assert got.passthrough_namespace == "default"
    assert got.operator_key(Provider.OPENAI) is got.operator_key(Provider.ANTHROPIC) is None


def test_the_published_defaults_are_safe() -> None:
    proxy, server = Proxy(), Server()
    assert (server.host, server.port) == ("127.0.0.1", 8000)
    assert Settings(keys_dir=Path("keys")).passes_through
    mapped = Proxy(key_mapping=(KeyMapping(random_key()),))
    assert not Settings(keys_dir=Path("keys"), proxy=mapped).passes_through
    assert proxy.passthrough_local_only
    assert not proxy.passthrough_uses_operator_key
    assert proxy.firewall
    assert not proxy.modes_disable_firewall
    assert proxy.privacy_mode
    assert proxy.trusted_proxies == ()


def test_every_key_of_every_table_is_read(tmp_path: Path) -> None:
    keys = [random_key() for _ in range(4)]
    secrets = [random_key() for _ in range(2)]
    got = read(
        tmp_path,
        f"""
        [server]
        host = "::1"
        port = 9000
        hybrid_mode = false
        core_port = 9001
        max_body_bytes = 1000
        [tls]
        enabled = true
        auto_generate = false
        cert_path = "tls/cert.pem"
        key_path = "tls/key.pem"
        client_ca_path = "/etc/ca.pem"
        [auth]
        jwt_secret = "{secrets[0]}"
        jwt_expiry_secs = 60
        audit_hmac_secret = "{secrets[1]}"
        [[auth.api_keys]]
        key = "{keys[0]}"
        role = "reader"
        namespace = "team"
        [[auth.api_keys]]
        key = "{keys[1]}"
        role = "admin"
        [namespaces]
        default = "mine"
        [proxy]
        enabled = false
        upstream_url = "http://localhost:11434/v1/"
        upstream_api_key = "{keys[2]}"
        anthropic_upstream_url = "https://gateway.example.org/anthropic"
        anthropic_api_key = "{keys[3]}"
        passthrough_auth = true
        passthrough_local_only = false
        passthrough_uses_operator_key = true
        trusted_proxies = ["10.0.0.5", "fd00::/8"]
        default_memory_mode = "After"
        memory_after_date = "2026-03-31"
        allow_client_memory_control = false
        firewall = false
        modes_disable_firewall = true
        max_memory_pct = 1
        min_recall_score = 0.5
        min_channel_score = 0
        diversity_factor = 0.2
        confidence_gate = false
        identifier_first_routing = false
        recall_deadline_ms = 50
        model_context_sizes = {{ "local-model" = 4096 }}
        extraction_enabled = false
        extract_provider = "ollama"
        extract_model = "small"
        extract_api_key = "{keys[2]}"
        extract_url = "http://localhost:11434/v1"
        memory_coprocessor = "off"
        privacy_mode = false
        max_body_bytes = 10
        max_expanded_bytes = 20
        connect_timeout_secs = 1
        idle_timeout_secs = 2.5
        [[proxy.key_mapping]]
        proxy_key = "{random_key()}"
        upstream_key = "{openai_key()}"
        anthropic_upstream_key = "{anthropic_key()}"
        namespace = "team"
        """,
    )
    assert got.server == Server("::1", 9000, False, 9001, 1000)
    assert got.tls.cert_path == str(tmp_path / "tls" / "cert.pem")
    assert got.auth.jwt_secret == secrets[0]
    assert [(k.key, k.role, k.namespace) for k in got.auth.api_keys] == [
        (keys[0], "reader", "team"),
        (keys[1], "admin", "default"),
    ]
    assert got.openai.base == "http://localhost:11434/v1"
    assert got.anthropic.base == "https://gateway.example.org/anthropic/v1"
    assert got.default_mode.kind is ModeKind.AFTER
    assert got.default_mode.after == got.memory_after
    assert [str(network) for network in got.trusted_proxies] == ["10.0.0.5/32", "fd00::/8"]
    assert got.passthrough_namespace == "mine"
    assert got.proxy.model_context_sizes == {"local-model": 4096}
    assert isinstance(got.proxy.connect_timeout_secs, float)
    assert isinstance(got.proxy.max_memory_pct, float)
    assert got.proxy.key_mapping[0].namespace == "team"
    changed = replace(got, proxy=replace(got.proxy, passthrough_namespace="guests"))
    assert changed.passthrough_namespace == "guests"
    untouched = {"upstream_api_key", "anthropic_api_key", "passthrough_namespace"}
    for name in Proxy.__dataclass_fields__.keys() - untouched:
        assert getattr(got.proxy, name) != getattr(Proxy(), name), name


def test_the_rate_limit_stands_among_the_limits(tmp_path: Path, config: Config) -> None:
    path = tmp_path / "memoryoss.toml"
    path.write_text("[limits]\nmax_tags = 3\nrate_limit_per_sec = 7\n")
    assert load_settings(replace(config, path=path), environ={}).rate_limit_per_sec == 7
    for wrong in ("0", "-1", '"7"', "true", "1.5"):
        path.write_text(f"[limits]\nrate_limit_per_sec = {wrong}\n")
        with pytest.raises(ConfigError, match="rate_limit_per_sec"):
            load_settings(replace(config, path=path), environ={})


@pytest.mark.parametrize("provider", list(Provider))
def test_variables_beat_the_file_in_their_order(tmp_path: Path, provider: Provider) -> None:
    name = "upstream_api_key" if provider is Provider.OPENAI else "anthropic_api_key"
    in_file = random_key()
    text = f'[proxy]\n{name} = "{in_file}"\n'
    got = read(tmp_path, text)
    assert got.operator_key(provider) == in_file
    assert got.operator_keys_from == {provider: f"[proxy] {name}"}
    environ: dict[str, str] = {}
    for variable in reversed(KEY_VARIABLES[provider]):
        environ[variable] = random_key()
        got = read(tmp_path, text, **environ)
        assert got.operator_key(provider) == environ[variable]
        assert got.operator_keys_from == {provider: variable}
    assert read(tmp_path, text, **dict.fromkeys(environ, "")).operator_key(provider) == in_file


def test_a_key_in_the_environment_may_end_with_a_line_break(tmp_path: Path) -> None:
    key = openai_key()
    assert read(tmp_path, "", OPENAI_API_KEY=key + "\n").operator_key(Provider.OPENAI) == key


def test_a_clients_proxy_key_in_a_providers_variable_is_not_the_operators(tmp_path: Path) -> None:
    proxy_key, real = random_key(), openai_key()
    text = f'[proxy]\nupstream_api_key = "{real}"\n[[proxy.key_mapping]]\nproxy_key = "{proxy_key}"'
    got = read(tmp_path, text, OPENAI_API_KEY=proxy_key)
    assert got.operator_key(Provider.OPENAI) == real
    with pytest.raises(ConfigError, match="proxy_key"):
        read(tmp_path, text, MEMORYOSS_PROXY_UPSTREAM_KEY=proxy_key)


def test_port_and_secrets_of_the_environment_beat_the_file(tmp_path: Path) -> None:
    secret = random_key()
    text = "[server]\nport = 9000\n"
    assert read(tmp_path, text).server.port == 9000
    assert read(tmp_path, text, MEMORYOSS_PORT="").server.port == 9000
    got = read(
        tmp_path,
        text,
        MEMORYOSS_PORT="9100",
        MEMORYOSS_JWT_SECRET=secret,
        MEMORYOSS_AUDIT_HMAC_SECRET=secret,
    )
    assert got.server.port == 9100
    assert got.auth.jwt_secret == got.auth.audit_hmac_secret == secret
    for wrong in ("80a", "-1", "65536", "٣", "9" * 5000):
        with pytest.raises(ConfigError, match=r"port"):
            read(tmp_path, text, MEMORYOSS_PORT=wrong)


# What is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[server]\nhostname = 'a'\n", "hostname"),
        ("[tls]\ncert = 'a'\n", "cert"),
        ("[auth]\ntoken = 'a'\n", "token"),
        ("[proxy]\nupstream = 'a'\n", "upstream"),
        ("[proxy.deeper]\na = 1\n", "deeper"),
        ("[[proxy.key_mapping]]\nproxy_key = 'aaaaaaaaaaaaaaaaaaaa'\nkey = 'b'\n", "key"),
        ("[[auth.api_keys]]\nkey = 'aaaaaaaaaaaaaaaaaaaa'\nrole = 'admin'\nttl = 1\n", "ttl"),
        ("[[auth.api_keys]]\nkey = 'aaaaaaaaaaaaaaaaaaaa'\nrole = 'admin'\njwt_expiry_secs = 1\n",
         "jwt_expiry_secs"),
    ],
)  # fmt: skip
def test_an_unknown_key_is_an_error_that_names_it(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)
    assert repr(named) in str(caught.value)
    assert "Known keys" in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "server = 1\n",
        "proxy = []\n",
        "[server]\nport = 70000\n",
        "[server]\nport = true\n",
        "[server]\nport = '8000'\n",
        "[server]\nhost = ''\n",
        "[server]\nhost = 'a b'\n",
        "[server]\nmax_body_bytes = 0\n",
        "[server]\nhybrid_mode = true\ncore_port = 8000\n",
        "[tls]\ncert_path = 'a'\n",
        "[tls]\nkey_path = 'a'\n",
        "[tls]\nenabled = true\nauto_generate = false\n",
        "[tls]\nenabled = false\nclient_ca_path = 'a'\n",
        "[auth]\njwt_secret = 'short'\n",
        "[auth]\naudit_hmac_secret = 'short'\n",
        "[auth]\njwt_expiry_secs = 0\n",
        "[auth]\napi_keys = 'a'\n",
        "[auth]\napi_keys = ['a']\n",
        "[[auth.api_keys]]\nkey = 'aaaaaaaaaaaaaaaaaaaa'\n",
        "[[auth.api_keys]]\nrole = 'admin'\n",
        "[[auth.api_keys]]\nkey = 'aaaaaaaaaaaaaaaaaaaa'\nrole = 'root'\n",
        "[[auth.api_keys]]\nkey = 'short'\nrole = 'admin'\n",
        "[[auth.api_keys]]\nkey = 'aaaaaaaaaaaaaaaaaaaa'\nrole = 'admin'\nnamespace = 'a b'\n",
        "[proxy]\nkey_mapping = { proxy_key = 'aaaaaaaaaaaaaaaaaaaa' }\n",
        "[[proxy.key_mapping]]\nnamespace = 'a'\n",
        "[[proxy.key_mapping]]\nproxy_key = 'short'\n",
        "[[proxy.key_mapping]]\nproxy_key = 'aaaaaaaaaa aaaaaaaaaa'\n",
        "[[proxy.key_mapping]]\nproxy_key = 'aaaaaaaaaaaaaaaaaaaa'\nnamespace = 'a/b'\n",
        "[[proxy.key_mapping]]\nproxy_key = 'aaaaaaaaaaaaaaaaaaaa'\nupstream_key = ''\n",
        "[[proxy.key_mapping]]\nproxy_key = 'aaaaaaaaaaaaaaaaaaaa'\n" * 2,
        "[proxy]\nupstream_url = 'api.openai.com'\n",
        "[proxy]\nanthropic_upstream_url = ''\n",
        "[proxy]\nextract_url = 'localhost'\n",
        "[proxy]\nupstream_api_key = 'a b'\n",
        "[proxy]\ndefault_memory_mode = 'writeonly'\n",
        "[proxy]\ndefault_memory_mode = ''\n",
        "[proxy]\ndefault_memory_mode = 'after'\n",
        "[proxy]\nmemory_after_date = 'yesterday'\n",
        "[proxy]\nmemory_after_date = 2026-03-31\n",
        "[proxy]\nmax_memory_pct = 1.5\n",
        "[proxy]\nmax_memory_pct = nan\n",
        "[proxy]\nmin_recall_score = -0.1\n",
        "[proxy]\nmin_channel_score = 2\n",
        "[proxy]\ndiversity_factor = 2\n",
        "[proxy]\nextract_provider = 'other'\n",
        "[proxy]\nmemory_coprocessor = 'on'\n",
        "[proxy]\nrecall_deadline_ms = 0\n",
        "[proxy]\nmax_body_bytes = 0\n",
        "[proxy]\nmax_expanded_bytes = 1\n",
        "[proxy]\nconnect_timeout_secs = 0\n",
        "[proxy]\nidle_timeout_secs = inf\n",
        "[proxy]\nidle_timeout_secs = nan\n",
        "[proxy]\nmodel_context_sizes = { a = 0 }\n",
        "[proxy]\nmodel_context_sizes = { a = '1' }\n",
        "[proxy]\nmodel_context_sizes = { a = true }\n",
        "[proxy]\ntrusted_proxies = '10.0.0.5'\n",
        "[proxy]\ntrusted_proxies = [1]\n",
        "[proxy]\ntrusted_proxies = ['0.0.0.0/0']\n",
        "[proxy]\ntrusted_proxies = ['10.0.0.1/8']\n",
        "[proxy]\ntrusted_proxies = ['proxy.example.org']\n",
        "[proxy]\npassthrough_namespace = 'a b'\n",
    ],
)
def test_a_value_that_is_wrong_is_an_error(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)
    assert caught.value.code == "config_invalid"


def test_a_key_of_the_other_provider_is_refused() -> None:
    with pytest.raises(ConfigError, match="another provider"):
        settings(KeyMapping(random_key(), upstream_key=anthropic_key()))
    with pytest.raises(ConfigError, match="another provider"):
        settings(KeyMapping(random_key(), anthropic_upstream_key=openai_key()))
    with pytest.raises(ConfigError, match="another provider"):
        settings(upstream_api_key=anthropic_key())
    with pytest.raises(ConfigError, match="another provider"):
        settings(anthropic_api_key=openai_key())


def test_a_changed_copy_is_checked_and_worked_out_anew() -> None:
    before = settings()
    after = replace(before, proxy=replace(before.proxy, upstream_url="http://127.0.0.1:9/v1"))
    assert after.openai.base == "http://127.0.0.1:9/v1"
    with pytest.raises(ConfigError):
        replace(before, proxy=replace(before.proxy, max_memory_pct=2.0))


# Secrets --------------------------------------------------------------------------------------

SECRET_KEYS = [
    ("auth", "jwt_secret"),
    ("auth", "audit_hmac_secret"),
    ("auth.api_keys", "key"),
    ("proxy", "upstream_api_key"),
    ("proxy", "anthropic_api_key"),
    ("proxy", "extract_api_key"),
    ("proxy.key_mapping", "proxy_key"),
    ("proxy.key_mapping", "upstream_key"),
    ("proxy.key_mapping", "anthropic_upstream_key"),
]


@pytest.mark.parametrize(("table", "key"), SECRET_KEYS)
@pytest.mark.parametrize("form", ['["{}"]', '{{ value = "{}" }}', '"{} with a space"', '"é{}"'])
def test_a_secret_of_a_wrong_form_is_not_repeated(
    tmp_path: Path, table: str, key: str, form: str
) -> None:
    secret = random_key()
    head = f"[[{table}]]" if "." in table else f"[{table}]"
    more = {"auth.api_keys": "role = 'admin'", "proxy.key_mapping": ""}.get(table, "")
    if table == "proxy.key_mapping" and key != "proxy_key":
        more = f"proxy_key = '{random_key()}'"
    text = f"{head}\n{more}\n{key} = {form.format(secret)}\n"
    try:
        shown = repr(read(tmp_path, text))
    except ConfigError as error:
        shown = str(error) + repr(error) + str(error.__cause__)
        assert key in shown
    assert secret not in shown
    assert secret[10:20] not in shown


def test_no_representation_holds_a_secret() -> None:
    mapping = KeyMapping(random_key(), openai_key(), anthropic_key())
    auth = Auth(jwt_secret=random_key(), audit_hmac_secret=random_key())
    given = settings(mapping, auth=auth, upstream_api_key=openai_key(), extract_api_key="x" * 30)
    secrets = [mapping.proxy_key, mapping.upstream_key, mapping.anthropic_upstream_key]
    secrets += [auth.jwt_secret, auth.audit_hmac_secret, given.proxy.upstream_api_key, "x" * 30]
    for secret in secrets:
        assert secret is not None
        assert secret not in repr(given)
    assert repr(given.proxy_key_digests[0]) not in repr(given)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**6), 10**6)
    | st.floats()
    | st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12),
    lambda inner: st.lists(inner, max_size=2),
    max_leaves=3,
)


@given(st.sampled_from(sorted(Proxy.__dataclass_fields__)), VALUES)
def test_no_value_of_a_file_gives_another_error(
    tmp_path_factory: pytest.TempPathFactory, name: str, value: object
) -> None:
    folder = tmp_path_factory.getbasetemp() / "any-value"
    with contextlib.suppress(ConfigError):
        read(folder, f"[proxy]\n{name} = {_toml(value)}\n")


def _toml(value: object) -> str:
    if value is None:
        return "{}"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "[" + ", ".join(_toml(each) for each in value) + "]"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return repr(value)
