# SPDX-License-Identifier: AGPL-3.0-only
"""Connections are encrypted with a certificate that stays the same, or with given files."""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from memoryoss_mcp.errors import ConfigError, MemoryOSSError, VaultError
from memoryoss_proxy.settings import Settings
from memoryoss_proxy.tables import Server, Tls
from memoryoss_proxy.tls import LIFETIME, PRIVATE_FILE, PUBLIC_FILE, server_context

NOW = datetime.now(UTC)


def settings(folder: Path, *, host: str = "127.0.0.1", **tls: str | bool) -> Settings:
    return Settings(
        keys_dir=folder / "keys", server=Server(host), tls=Tls(**{"enabled": True} | tls)
    )  # type: ignore[arg-type]


@contextmanager
def listening(context: ssl.SSLContext) -> Iterator[int]:
    """The port of a server on loopback that answers one connection with what it was sent."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(30)

        def answer() -> None:
            try:
                plain, _ = listener.accept()
                plain.settimeout(30)
                with plain, context.wrap_socket(plain, server_side=True) as connection:
                    connection.sendall(connection.recv(100))
            except OSError:  # the client is told; that is what a test looks at
                return

        thread = Thread(target=answer)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            thread.join()


def echoed(server: ssl.SSLContext, client: ssl.SSLContext, name: str = "localhost") -> bytes:
    """What a client gets back over a real connection to ``name``."""
    with (
        listening(server) as port,
        socket.create_connection(("127.0.0.1", port), timeout=30) as plain,
        client.wrap_socket(plain, server_hostname=name) as connection,
    ):
        connection.sendall(b"hello")
        return connection.recv(100)


def served(given: Settings, now: datetime = NOW) -> ssl.SSLContext:
    context = server_context(given, now=now)
    assert context is not None
    return context


def trusting(path: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(path))
    context.verify_flags |= ssl.VERIFY_X509_STRICT  # the default from Python 3.13 on
    return context


def certificate(folder: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate((folder / "keys" / PUBLIC_FILE).read_bytes())


class Authority:
    """Signs certificates, as the authority of a team would."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder
        folder.mkdir()
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.path = folder / "authority.pem"
        self._issue(self.name, self.key, self.path, authority=True)

    def issue(self, name: str, password: bytes | None = None) -> tuple[str, str]:
        """Paths of a certificate for ``name`` and of its private key."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        path, private = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        self._issue(subject, key, path, authority=False, names=[x509.DNSName(name)])
        encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
        if password is not None:
            encryption = serialization.BestAvailableEncryption(password)
        form = serialization.PrivateFormat.PKCS8
        private.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, encryption))
        return str(path), str(private)

    def _issue(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        path: Path,
        *,
        authority: bool,
        names: list[x509.GeneralName] | None = None,
    ) -> None:
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - timedelta(days=1))
            .not_valid_after(NOW + timedelta(days=1))
            .add_extension(x509.BasicConstraints(authority, None), critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
            )
            .add_extension(issuer, critical=False)
            .add_extension(
                x509.KeyUsage(
                    digital_signature=True,
                    content_commitment=False,
                    key_encipherment=False,
                    data_encipherment=False,
                    key_agreement=False,
                    key_cert_sign=authority,
                    crl_sign=authority,
                    encipher_only=False,
                    decipher_only=False,
                ),
                critical=True,
            )
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        signed = builder.sign(self.key, hashes.SHA256())
        path.write_bytes(signed.public_bytes(serialization.Encoding.PEM))


# A certificate of its own -----------------------------------------------------------------------


def test_switched_off_there_is_no_context_and_no_file(tmp_path: Path) -> None:
    assert server_context(settings(tmp_path, enabled=False)) is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1"])
def test_a_client_that_trusts_the_certificate_connects_by_every_local_name(
    tmp_path: Path, name: str
) -> None:
    server = served(settings(tmp_path))
    client = trusting(tmp_path / "keys" / PUBLIC_FILE)
    assert echoed(server, client, name) == b"hello"


def test_any_other_name_and_any_other_client_is_refused(tmp_path: Path) -> None:
    server = served(settings(tmp_path))
    with pytest.raises(ssl.SSLCertVerificationError):
        echoed(server, trusting(tmp_path / "keys" / PUBLIC_FILE), "example.org")
    with pytest.raises(ssl.SSLCertVerificationError):
        echoed(server, ssl.create_default_context())


def test_old_protocols_are_refused_and_http_1_is_agreed_on(tmp_path: Path) -> None:
    server = served(settings(tmp_path))
    assert server.minimum_version >= ssl.TLSVersion.TLSv1_2
    client = trusting(tmp_path / "keys" / PUBLIC_FILE)
    client.set_alpn_protocols(["h2", "http/1.1"])
    with (
        listening(server) as port,
        socket.create_connection(("127.0.0.1", port), timeout=30) as plain,
        client.wrap_socket(plain, server_hostname="localhost") as connection,
    ):
        assert connection.selected_alpn_protocol() == "http/1.1"


def test_the_next_start_has_the_same_certificate(tmp_path: Path) -> None:
    served(settings(tmp_path))
    trusted = (tmp_path / "keys" / PUBLIC_FILE).read_bytes()
    again = served(settings(tmp_path), NOW + LIFETIME - timedelta(days=32))
    assert (tmp_path / "keys" / PUBLIC_FILE).read_bytes() == trusted
    assert echoed(again, trusting(tmp_path / "keys" / PUBLIC_FILE)) == b"hello"


def test_it_is_renewed_before_it_ends(tmp_path: Path) -> None:
    served(settings(tmp_path))
    old = certificate(tmp_path)
    later = NOW + LIFETIME - timedelta(days=20)
    served(settings(tmp_path), later)
    assert certificate(tmp_path).serial_number != old.serial_number
    assert certificate(tmp_path).not_valid_after_utc > later + timedelta(days=365)


def test_it_is_not_valid_for_longer_than_clients_allow(tmp_path: Path) -> None:
    served(settings(tmp_path))
    kept = certificate(tmp_path)
    assert kept.not_valid_after_utc - kept.not_valid_before_utc <= timedelta(days=825)
    assert kept.not_valid_before_utc < NOW


@pytest.mark.parametrize("host", ["proxy.example.org", "192.0.2.7", "2001:db8::1"])
def test_the_name_that_it_listens_on_is_among_its_names(tmp_path: Path, host: str) -> None:
    served(settings(tmp_path))
    before = certificate(tmp_path)
    server = served(settings(tmp_path, host=host))
    assert certificate(tmp_path).serial_number != before.serial_number
    assert echoed(server, trusting(tmp_path / "keys" / PUBLIC_FILE), host) == b"hello"


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_listening_everywhere_needs_no_other_certificate(tmp_path: Path, host: str) -> None:
    served(settings(tmp_path))
    before = certificate(tmp_path)
    served(settings(tmp_path, host=host))
    assert certificate(tmp_path).serial_number == before.serial_number


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_only_the_owner_reads_the_key_and_everybody_the_certificate(tmp_path: Path) -> None:
    served(settings(tmp_path))
    keys = tmp_path / "keys"
    assert stat.S_IMODE((keys / PRIVATE_FILE).stat().st_mode) == 0o600
    assert b"PRIVATE" not in (keys / PUBLIC_FILE).read_bytes()
    assert {path.name for path in keys.iterdir()} == {PRIVATE_FILE, PUBLIC_FILE}
    (keys / PRIVATE_FILE).chmod(0o644)
    with pytest.raises(VaultError, match="others"):
        server_context(settings(tmp_path))


def test_a_lost_copy_of_the_certificate_is_put_back(tmp_path: Path) -> None:
    served(settings(tmp_path))
    copy = tmp_path / "keys" / PUBLIC_FILE
    before = copy.read_bytes()
    copy.unlink()
    served(settings(tmp_path))
    assert copy.read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"nonsense", b"-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_a_damaged_file_is_an_error_and_left_untouched(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "keys" / PRIVATE_FILE
    path.parent.mkdir()
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(ConfigError, match=PRIVATE_FILE):
        server_context(settings(tmp_path))
    assert path.read_bytes() == content


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("a file, not a folder")
    with pytest.raises(MemoryOSSError, match="kept"):
        server_context(settings(tmp_path))


# Given files ------------------------------------------------------------------------------------


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "authority", "Team")


def test_given_files_are_served_and_none_is_made(tmp_path: Path, authority: Authority) -> None:
    cert, key = authority.issue("proxy.example.org")
    server = served(settings(tmp_path, cert_path=cert, key_path=key))
    assert echoed(server, trusting(authority.path), "proxy.example.org") == b"hello"
    assert not (tmp_path / "keys").exists()


def test_files_that_cannot_be_used_are_named(tmp_path: Path, authority: Authority) -> None:
    cert, key = authority.issue("a.example.org")
    _, other = authority.issue("b.example.org")
    _, locked = authority.issue("c.example.org", b"passphrase")
    missing, nonsense = str(tmp_path / "missing.pem"), tmp_path / "nonsense.pem"
    nonsense.write_text("nonsense")
    for given, named in [
        ((missing, key), "missing.pem"),
        ((cert, missing), "missing.pem"),
        ((cert, str(tmp_path)), tmp_path.name),
        ((str(nonsense), key), "nonsense.pem"),
        ((cert, other), "b.example.org.key"),
        ((cert, locked), "passphrase"),
    ]:
        with pytest.raises(ConfigError) as caught:
            server_context(settings(tmp_path, cert_path=given[0], key_path=given[1]))
        assert named in str(caught.value)
        assert "PRIVATE KEY" not in str(caught.value)


def test_with_an_authority_only_its_clients_connect(tmp_path: Path, authority: Authority) -> None:
    given = settings(tmp_path, client_ca_path=str(authority.path))
    public = tmp_path / "keys" / PUBLIC_FILE
    stranger = Authority(tmp_path / "stranger", "Stranger")
    served(given)

    known = trusting(public)
    known.load_cert_chain(*authority.issue("client"))
    assert echoed(served(given), known) == b"hello"

    unknown = trusting(public)
    unknown.load_cert_chain(*stranger.issue("client"))
    for client in (unknown, trusting(public)):
        answer = b""
        with contextlib.suppress(OSError):  # an alert or a closed connection, as the system likes
            answer = echoed(served(given), client)
        assert answer == b""


def test_an_authority_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    nonsense = tmp_path / "nonsense.pem"
    nonsense.write_text("nonsense")
    for path in (nonsense, tmp_path / "missing.pem"):
        with pytest.raises(ConfigError) as caught:
            server_context(settings(tmp_path, client_ca_path=str(path)))
        assert path.name in str(caught.value)
