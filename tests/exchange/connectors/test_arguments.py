# SPDX-License-Identifier: AGPL-3.0-only
"""Secrets in command lines go, everything else stays."""

from __future__ import annotations

import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memoryoss_mcp.exchange.connectors.arguments import without_secrets


@pytest.mark.parametrize(
    "command",
    [
        "mysql -u root -p{} shop",
        "sudo -u db mysqldump -p{} shop > shop.sql",
        "mysql --password={} shop",
        "sshpass -p {} ssh host",
        "sshpass -p'{}' ssh host",
        "docker login -u ann -p {} registry.example",
        "mongosh -u ann -p {} --host db",
        "redis-cli -a {} ping",
        "htpasswd -b users ann {}",
        "openssl rsa -passin pass:{} -in key",
        "curl -u ann:{} https://api.example/",
        "smbclient //host/share -U ann%{}",
        "7z a -p{} all.7z folder",
        "zip -P {} all.zip file",
        "ldapsearch -w {} -D cn=ann",
        "vault login {}",
        "export DEPLOY_TOKEN={}",
        "DB_PASSWORD='{}' ./migrate --all",
        "docker run -e API_KEY={} image",
        "deploy --token {} now",
        'deploy --auth-token="{}" now',
        "echo {} | sudo -S reboot",
        "echo '{}' | docker login -u ann --password-stdin",
        "echo ann:{} | sudo chpasswd",
        "bash -c 'mysql -p{} shop'",
        'ssh host "mysql -p{} shop" && make',
        "for name in a b; do mysql -p{} $name; done",
        "kubectl exec db -- mysql -p{} shop",
        "It was `mysql -p{} shop` that helped.",
        "cat file | xargs env SECRET_KEY={} run",
    ],
)
@pytest.mark.parametrize("word", ["plainword", "1234567", "Tr0ub&dor"])
def test_the_secret_goes_and_the_command_stays(command: str, word: str) -> None:
    if "&" in word and "'{}'" not in command and '"{}"' not in command:
        word = word.replace("&", "_")  # Without quotes it would end the command.
    secret = word + secrets.token_hex(2)
    text, kinds = without_secrets(command.format(secret))
    assert secret not in text
    assert len(kinds) == 1
    mark = f"[redacted:{kinds[0]}]"
    assert text == command.format(mark)
    assert without_secrets(text) == (text, ())


@pytest.mark.parametrize(
    "command",
    [
        "ssh -p 2222 host",
        "mkdir -p build/out",
        "cp -pr one two",
        "docker run -p 8080:80 nginx",
        "docker compose -p shop up",
        "mysql -p shop",
        "htpasswd -c users ann",
        "openssl rsa -passin env:PASS -in key",
        "curl -u ann https://api.example/",
        "PASSWORD=$(pass show shop) ./run",
        'TOKEN="$DEPLOY_TOKEN" ./run',
        "deploy --token-file token.txt --max-tokens 5",
        "deploy --password-file ~/.secret --private-key key.pem",
        "kubectl create secret generic shop",
        "PWD=/srv make",
        "echo $PASS | sudo -S reboot",
        "echo done | sudo tee log",
        "git commit -m 'The token is checked'",
        "read -p 'Name: ' name",
        "nmap -p 22,80 host",
        'echo "not closed',
        "",
    ],
)
def test_what_is_no_secret_stays(command: str) -> None:
    assert without_secrets(command) == (command, ())


@given(st.text("ab -p=|;&'\"`$()<>\\\nmysqlTOKEN", max_size=60))
def test_any_text_is_read_and_nothing_but_values_is_replaced(text: str) -> None:
    cleaned, kinds = without_secrets(text)
    assert (cleaned == text) == (kinds == ())
    assert cleaned.count("[redacted:") == len(kinds)
    again, _ = without_secrets(cleaned)
    assert again.count("[redacted:") >= len(kinds)
