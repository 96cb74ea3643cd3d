# SPDX-License-Identifier: AGPL-3.0-only
"""``memoryoss certificate``: certificates of deletions, made here or anywhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from memoryoss_mcp.cli.parser import Commands, whole_number
from memoryoss_mcp.cli.session import Reply, Session
from memoryoss_mcp.cli.streams import one_line, read_input
from memoryoss_mcp.errors import InvalidInputError

if TYPE_CHECKING:
    from memoryoss_mcp.cli.console import Console
    from memoryoss_mcp.lifecycle.certificate import Certificate, Verdict

DEFAULT_LIMIT = 20
MOST_BYTES = 64 << 20


def register(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add(
        "certificate",
        run,
        "verify FILE | list | key [OPTIONS]",
        "Verify or list certificates of deletions.",
        description="verify: check a certificate with nothing but itself, without a memory file or "
        "a key\nof yours. Exit code 1 if it does not hold.\n"
        "list: the certificates of the namespace, which 'forget --certificate' made.\n"
        "key: the public key of this installation, for those who verify.",
        kept="Nothing was changed.",
    )
    parser.add_argument("action", choices=tuple(_ACTIONS), metavar="ACTION", help="see above")
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE", help="the certificate")
    parser.add_argument(
        "--key", metavar="HEX", help="the public key with which it has to be signed"
    )
    parser.add_argument(
        "--content", metavar="TEXT", help="say whether this text was deleted; - reads the input"
    )
    parser.add_argument(
        "-n",
        "--limit",
        type=whole_number("limit"),
        default=DEFAULT_LIMIT,
        metavar="N",
        help=f"certificates to list (default {DEFAULT_LIMIT})",
    )


def run(session: Session) -> Reply:
    """Do what the action says."""
    if (session.options.action == "verify") != (session.options.file is not None):
        raise InvalidInputError("Only verify takes a FILE, and it needs one.", field="file")
    return _ACTIONS[session.options.action](session)


def _verify(session: Session) -> Reply:
    from memoryoss_mcp.lifecycle.certificate import read, verify  # start-up time

    options = session.options
    certificate = read(_text(options.file))
    content = options.content
    if content == "-":
        content = read_input(session.config.limits.max_content_bytes, "content")
    verdict = verify(certificate, key=_key(options.key), content=content)
    good = verdict.valid and verdict.contains is not False
    fields = {
        "valid": verdict.valid,
        "problems": list(verdict.problems),
        "key": certificate.key,
        "key_id": verdict.key_id,
        "contains": verdict.contains,
        "certificate": dict(certificate.fields),
    }
    return Reply(
        fields, lambda console: _show_verdict(console, certificate, verdict), 0 if good else 1
    )


def _show_verdict(console: Console, certificate: Certificate, verdict: Verdict) -> None:
    if verdict.valid:
        console.line(console.styled("the certificate holds", "good"))
    for problem in verdict.problems:
        console.line(console.styled("it does not hold: ", "bad"), problem)
    fields = certificate.fields
    console.pairs(
        [
            ("deleted", f"{fields.get('deleted_count')} memories"),
            ("namespace", one_line(str(fields.get("namespace")))),
            ("at", one_line(str(fields.get("deleted_at")))),
            ("by", one_line(str(fields.get("deleted_by")))),
            ("signed with key", verdict.key_id),
        ]
    )
    if verdict.contains is not None:
        words = "was among what was deleted" if verdict.contains else "was not among it"
        console.line(f"the text {words}")


def _list(session: Session) -> Reply:
    with session.runtime() as runtime:
        chosen = session.namespace(runtime)
        found = runtime.certificates(chosen.name, session.options.limit)

    def show(console: Console) -> None:
        rows = [
            (
                str(certificate.id),
                str(certificate.fields["deleted_at"]),
                str(certificate.fields["deleted_count"]),
            )
            for certificate in found
        ]
        if rows:
            console.table(("certificate", "at", "memories"), rows, right=("memories",))
        console.line(console.styled(f"{len(rows)} certificates, newest first", "dim"))

    documents = [certificate.document() for certificate in found]
    return Reply({"namespace": chosen.name, "certificates": documents}, show)


def _public_key(session: Session) -> Reply:
    from memoryoss_mcp.vault.signing import Signer  # start-up time

    signer = Signer.load(session.config.keys_dir / "signing.key")
    key = signer.public_key.hex()
    return Reply({"key": key, "key_id": signer.key_id}, lambda console: console.line(key))


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise InvalidInputError(f"{path} is too large for a certificate.", field="file")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise InvalidInputError(
            f"{path} cannot be read ({error.strerror}).", field="file"
        ) from error
    except UnicodeDecodeError:
        raise InvalidInputError(f"{path} is no text.", field="file") from None


def _key(text: str | None) -> bytes | None:
    if text is None:
        return None
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != 32:
        raise InvalidInputError(
            "A public key has 64 hexadecimal digits.",
            field="key",
            hint="'memoryoss certificate key' shows that of an installation.",
        )
    return key


_ACTIONS = {"verify": _verify, "list": _list, "key": _public_key}
