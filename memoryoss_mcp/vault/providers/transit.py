# SPDX-License-Identifier: AGPL-3.0-only
"""The Transit engine of HashiCorp Vault (and OpenBao): data keys are wrapped by a key that never
leaves it. Blocking HTTP, as the core is synchronous; nothing is tried twice, and no answer but the
right one opens anything."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlsplit

import httpx2

from memoryoss_mcp.errors import VaultError
from memoryoss_mcp.vault.providers import DataKey

if TYPE_CHECKING:
    from memoryoss_mcp.config import Encryption

TIMEOUT_S: Final = 10.0
_HEAD: Final = bytes((1, 4))
_KEY_BYTES: Final = 32
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class Transit:
    """``mount`` and ``key`` name the engine and the key in it; the latter is made when the first
    data key is asked for."""

    name = "vault"

    def __init__(
        self, address: str, token: str, mount: str, key: str, namespace: str | None = None
    ) -> None:
        parts = urlsplit(address)
        if parts.scheme not in {"https", "http"} or not parts.hostname:
            raise VaultError(f"{address!r} is no address of a Vault.")
        if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
            raise VaultError(
                "The address of Vault is not encrypted (http); keys are not sent there.",
                hint="Use https. Only on this machine itself http is accepted.",
            )
        headers = {"X-Vault-Token": token, "X-Vault-Request": "true"}
        if namespace:
            headers["X-Vault-Namespace"] = namespace
        self._address = address.rstrip("/")
        self._mount, self._key = mount.strip("/"), key
        self._headers = headers

    @classmethod
    def of(cls, settings: Encryption, environ: Mapping[str, str]) -> Transit:
        """The provider of a configuration; what it leaves out is taken from the variables that
        Vault's own tools use.

        Raises:
            VaultError: address or token are missing, or the address is not accepted.
        """
        address = settings.vault_address or environ.get("VAULT_ADDR")
        token = settings.vault_token or environ.get("VAULT_TOKEN")
        for value, name, variable in (
            (address, "vault_address", "VAULT_ADDR"),
            (token, "vault_token", "VAULT_TOKEN"),
        ):
            if not value:
                raise VaultError(
                    f"[encryption] provider is vault, and there is no {name}.",
                    hint=f"Set {variable} or [encryption] {name}.",
                )
        space = environ.get("VAULT_NAMESPACE")
        return cls(address or "", token or "", settings.vault_mount, settings.vault_key_name, space)

    def new_key(self, context: bytes) -> DataKey:
        """A data key made by Vault. Its wrapping key is made first if it is not there."""
        body = {"bits": 8 * _KEY_BYTES, "associated_data": _base64(context)}
        found = self._post(f"datakey/plaintext/{self._named}", body, missing=True)
        if found is None:
            self._post(f"keys/{self._named}", {"type": "aes256-gcm96"})
            found = self._post(f"datakey/plaintext/{self._named}", body)
        return DataKey(_plain(found), _wrapped(found))

    def wrap(self, key: bytes, context: bytes) -> bytes:
        """An existing data key, wrapped by Vault."""
        body = {"plaintext": _base64(key), "associated_data": _base64(context)}
        return _wrapped(self._post(f"encrypt/{self._named}", body))

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """The data key that Vault wrapped."""
        if not wrapped.startswith(_HEAD):
            raise VaultError(f"A wrapped key was not made by the provider {self.name!r}.")
        text = wrapped[len(_HEAD) :].decode("ascii", "replace")
        body = {"ciphertext": text, "associated_data": _base64(context)}
        return _plain(self._post(f"decrypt/{self._named}", body))

    @property
    def _named(self) -> str:
        return quote(self._key, safe="")

    def _post(self, path: str, body: Mapping[str, Any], *, missing: bool = False) -> Any:
        """The ``data`` of an answer; with ``missing``, ``None`` where Vault says that there is no
        such key."""
        url = f"{self._address}/v1/{self._mount}/{path}"
        try:
            # No proxy of the environment: a key goes to the configured host alone. A connection for
            # each question: there are few, and none stays open between them.
            with httpx2.Client(headers=self._headers, timeout=TIMEOUT_S, trust_env=False) as http:
                answer = http.post(url, json=body)
        except httpx2.HTTPError as error:
            raise VaultError(
                f"Vault at {self._address} cannot be reached ({type(error).__name__}).",
                hint="Nothing was encrypted or decrypted. Check the address and the network.",
            ) from error
        errors = _errors(answer)
        if missing and answer.status_code in (400, 404) and _is_missing(errors):
            return None
        if answer.status_code not in (200, 204):
            raise VaultError(
                f"Vault at {self._address} refused ({answer.status_code}): "
                f"{'; '.join(errors) or 'it gave no reason'}.",
                hint=_HINTS.get(answer.status_code),
            )
        if answer.status_code == 204:
            return {}
        try:
            return answer.json()["data"]
        except (ValueError, KeyError, TypeError) as error:
            raise _malformed() from error


_HINTS: Final = {
    403: "The token has to be valid and may use the transit key.",
    404: "The transit engine has to be mounted: vault secrets enable transit.",
    503: "Vault is sealed or starting: unseal it and try again.",
}


def _errors(answer: httpx2.Response) -> list[str]:
    try:
        found = answer.json().get("errors") or []
        return [str(error) for error in found]
    except (ValueError, AttributeError, TypeError):
        return []


def _is_missing(errors: list[str]) -> bool:
    """Whether Vault misses the key, not the engine (whose absence is an error of its own)."""
    return any("key not found" in error.lower() for error in errors)


def _plain(data: Any) -> bytes:
    try:
        plain = base64.b64decode(data["plaintext"], validate=True)
    except (KeyError, TypeError, ValueError, binascii.Error) as error:
        raise _malformed() from error
    if len(plain) != _KEY_BYTES:
        raise _malformed()
    return plain


def _wrapped(data: Any) -> bytes:
    try:
        text = data["ciphertext"]
        if not text.startswith("vault:v"):
            raise ValueError
        return _HEAD + bytes(text, "ascii")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _malformed() from error


def _malformed() -> VaultError:
    return VaultError("Vault gave an answer that is not one of its Transit engine.")


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
