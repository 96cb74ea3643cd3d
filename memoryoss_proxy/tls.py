# SPDX-License-Identifier: AGPL-3.0-only
"""TLS for the listening socket: given files, or a self-signed certificate that stays the same.

The certificate of an installation is kept with its keys, so that a client which trusts it once
trusts it after the next start too. A copy without the private key lies beside it, for clients
(``SSL_CERT_FILE``, ``NODE_EXTRA_CA_CERTS``).
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import secrets
import socket
import ssl
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NoReturn

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from memoryoss_mcp.errors import ConfigError, VaultError
from memoryoss_mcp.vault import keyfile
from memoryoss_proxy.settings import Settings

PRIVATE_FILE: Final = "proxy-tls.pem"
"""Private key and certificate, in the folder of keys; for its owner only."""
PUBLIC_FILE: Final = "proxy-tls-certificate.pem"
"""The certificate alone."""

LIFETIME: Final = timedelta(days=820)
"""Apple's clients refuse certificates that are valid for more than 825 days."""
RENEWAL: Final = timedelta(days=30)
"""How long before its end a certificate is renewed."""

_SKEW: Final = timedelta(days=1)
_LOOPBACK_NAMES: Final = ("localhost", "127.0.0.1", "::1")


def server_context(settings: Settings, *, now: datetime | None = None) -> ssl.SSLContext | None:
    """The context for the listening socket: TLS 1.2 or newer, HTTP/1.1, with a demand for a client
    certificate if ``client_ca_path`` is given. ``None`` if TLS is switched off. ``now`` is for
    tests.

    Raises:
        ConfigError: a file is missing, unreadable, no certificate or no key, or they do not match.
        VaultError: the kept certificate can be read by others, or cannot be written.
    """
    tls = settings.tls
    if not tls.enabled:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    if tls.cert_path is not None and tls.key_path is not None:
        _load(context, Path(tls.cert_path), Path(tls.key_path))
    else:
        path = own_certificate(settings.keys_dir, settings.server.host, now=now)
        _load(context, path, path)
    if tls.client_ca_path is not None:
        try:
            context.load_verify_locations(cafile=tls.client_ca_path)
        except (OSError, ValueError) as error:
            raise ConfigError(
                f"[tls] client_ca_path: {tls.client_ca_path} cannot be used "
                f"({_reason(error, 'it holds no certificate')})."
            ) from error
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def own_certificate(keys_dir: Path, host: str, *, now: datetime | None = None) -> Path:
    """The file with this installation's private key and self-signed certificate.

    It is made when there is none, when it ends within ``RENEWAL``, and when ``host``, the name or
    address that the server listens on, is not among its names.

    Raises:
        ConfigError: the file that is there is damaged; it is left untouched.
        VaultError: the file cannot be used, or others may read it.
    """
    now = now or datetime.now(UTC)
    path, copy = keys_dir / PRIVATE_FILE, keys_dir / PUBLIC_FILE
    try:
        kept = _kept(path) if path.exists() else None
        if kept is None or _is_due(*kept, host, now):
            private, public = _make(_names(host), now)
            keys_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
            _write(path, private + public)
            _write(copy, public, mode=0o644)
        elif not copy.exists():
            _write(copy, kept[0].public_bytes(serialization.Encoding.PEM), mode=0o644)
    except OSError as error:
        raise VaultError(f"The certificate in {path} cannot be kept ({error.strerror}).") from error
    return path


def _kept(path: Path) -> tuple[x509.Certificate, x509.SubjectAlternativeName]:
    try:
        certificate = x509.load_pem_x509_certificate(keyfile.read(path))
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, x509.ExtensionNotFound) as error:
        raise ConfigError(
            f"{path} holds no certificate of ours; it was left untouched.",
            hint="Remove it: another one is made, which clients have to trust anew.",
        ) from error
    return certificate, names


def _is_due(
    certificate: x509.Certificate, names: x509.SubjectAlternativeName, host: str, now: datetime
) -> bool:
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc - RENEWAL:
        return True
    # The machine's own name may change with the network; only what was configured counts.
    return not set(_general_names(_bound(host))) <= set(names)


def _bound(host: str) -> list[str]:
    """What clients call a server that listens on ``host``, as far as that says it."""
    with contextlib.suppress(ValueError):
        if ipaddress.ip_address(host).is_unspecified:
            return []
    return [host]


def _names(host: str) -> list[str]:
    machine = socket.gethostname()
    return list(dict.fromkeys([*_LOOPBACK_NAMES, *_bound(host), machine.lower()]))


def _general_names(names: Iterable[str]) -> list[x509.GeneralName]:
    found: list[x509.GeneralName] = []
    for name in names:
        try:
            found.append(x509.IPAddress(ipaddress.ip_address(name)))
        except ValueError:
            if name and name.isascii() and len(name) <= 253:
                found.append(x509.DNSName(name.lower()))
    return found


def _make(names: list[str], now: datetime) -> tuple[bytes, bytes]:
    """A private key and a certificate for it, both PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "memoryOSS self-signed")])
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    server = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(now - _SKEW + LIFETIME)
        .add_extension(x509.SubjectAlternativeName(_general_names(names)), critical=False)
        # Not an authority: whoever trusts it trusts this server and nothing that it might sign.
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(server, critical=False)
        .add_extension(identifier, critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return private, certificate.public_bytes(serialization.Encoding.PEM)


def _write(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Put a file in its place as a whole; of several programs at once the last one's stays."""
    draft = path.with_name(f"{path.name}.new-{secrets.token_hex(8)}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    try:
        with os.fdopen(os.open(draft, flags, mode), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _load(context: ssl.SSLContext, certificate: Path, key: Path) -> None:
    for place in (certificate, key):
        if not place.is_file():
            raise ConfigError(f"[tls] There is no file {place}.")
    try:
        context.load_cert_chain(certificate, key, password=_refuse_password)
    except (OSError, ValueError) as error:
        reason = _reason(error, "they hold no certificate and key that belong together")
        raise ConfigError(
            f"[tls] The certificate {certificate} and the key {key} cannot be used ({reason})."
        ) from error


def _refuse_password() -> NoReturn:
    raise ValueError("the key needs a passphrase; give one that needs none")


def _reason(error: OSError | ValueError, otherwise: str) -> str:
    if isinstance(error, ssl.SSLError):
        return otherwise
    return error.strerror or otherwise if isinstance(error, OSError) else str(error)
