# SPDX-License-Identifier: AGPL-3.0-only
"""``memoryoss trust``: who signs, whose signatures are good here, and catalogs of both."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memoryoss_mcp.cli.files import new_binary_file, new_file
from memoryoss_mcp.cli.parser import Commands
from memoryoss_mcp.cli.session import Reply, Session
from memoryoss_mcp.errors import InvalidInputError

if TYPE_CHECKING:
    from memoryoss_mcp.cli.console import Cell, Console
    from memoryoss_mcp.portable.artifact import Artifact
    from memoryoss_mcp.portable.trust.decision import TrustDecision
    from memoryoss_mcp.portable.trust.fabric import Fabric
    from memoryoss_mcp.portable.trust.importing import Import
    from memoryoss_mcp.portable.trust.registry import Standing

MOST_BYTES = 64 << 20
KINDS = ("author", "device", "sync_peer")
ARTIFACTS, PEER = ("bundle", "passport", "history"), "sync_peer"


def register(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add(
        "trust",
        run,
        "ACTION [OPERANDS] [OPTIONS]",
        "Who signs, and whose signatures are good here.",
        description="list: the identities that are known, catalogs, pins and revocations.\n"
        "register: a new identity of yours, with a key of its own (--kind, --label); with\n"
        "--public-key one of somebody else; with an ID a name of the original, which has no key.\n"
        "pin ID, unpin ID: keep an identity and its key, whatever becomes of catalogs.\n"
        "revoke ID --reason R: trust none of its signatures any more; --replacement names who\n"
        "signs in its place. restore ID: trust them again, whatever catalogs say.\n"
        "catalog export FILE: what is known here, signed by this installation.\n"
        "catalog import FILE: take over a catalog. Its signer has to be one of yours, registered\n"
        "or pinned here; --accept ID accepts another. --dry-run shows what would be taken over.\n"
        "sign KIND FILE: a signature beside a passport, history or sync_peer file, or a bundle\n"
        "signed (once more), each at -o. verify KIND FILE: exit code 1 unless it is trusted; the\n"
        "signature of a bundle is in it, of others it is --signature FILE.",
        kept="Nothing was changed.",
    )
    parser.add_argument("action", choices=tuple(_ACTIONS), metavar="ACTION", help="see above")
    parser.add_argument("operands", nargs="*", metavar="OPERAND", help="see above")
    parser.add_argument("--kind", choices=KINDS, help="register: what it is")
    parser.add_argument("--label", metavar="TEXT", help="how it is called here")
    parser.add_argument(
        "--public-key",
        metavar="KEY",
        help="register: 64 hexadecimal digits, or a file with them or with an entry of a catalog",
    )
    parser.add_argument("--reason", metavar="TEXT", help="revoke: why")
    parser.add_argument("--replacement", metavar="ID", help="revoke: who signs in its place")
    parser.add_argument("--catalog-id", metavar="ID", help="catalog export: its id")
    parser.add_argument("--dry-run", action="store_true", help="catalog import: only show it")
    parser.add_argument("--accept", metavar="ID", help="catalog import: the signer to accept")
    parser.add_argument(
        "--identity", metavar="ID", help="sign: who signs (default: this installation)"
    )
    parser.add_argument("--signature", type=Path, metavar="FILE", help="verify: the signature")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="sign: where it goes")


def run(session: Session) -> Reply:
    """Do what the action says."""
    names, action = _ACTIONS[session.options.action]
    operands = session.options.operands
    least = sum(1 for name in names if not name.startswith("["))
    if not least <= len(operands) <= len(names):
        wanted = " ".join(names) or "nothing"
        raise InvalidInputError(
            f"{session.options.action} takes {wanted} behind it.", field="operands"
        )
    return action(session)


def _list(session: Session) -> Reply:
    from memoryoss_mcp.portable.trust.report import fabric_document  # start-up time

    with _fabric(session, writes=False) as fabric:
        found = fabric.identities()
        fields = fabric_document(fabric)

    def show(console: Console) -> None:
        rows: list[tuple[Cell, ...]] = [
            (
                one.id,
                console.styled(one.label, "strong"),
                "yours" if one.own else one.origin.value.replace("_", " "),
                console.styled("revoked", "bad") if one.revocation else "",
            )
            for one in found
        ]
        if rows:
            console.table(("identity", "label", "known by", ""), rows, wrap=("label",))
        summary = fields["summary"]
        words = f"{summary['identities']} identities, {summary['revoked']} revoked, "
        console.line(console.styled(f"{words}{summary['catalogs']} catalogs", "dim"))

    return Reply(fields, show)


def _register(session: Session) -> Reply:
    from memoryoss_mcp.portable.trust.identity import parse_key, parse_kind  # start-up time

    options = session.options
    entry = _entry(options.public_key)
    kind_name, label = options.kind or entry.get("kind"), options.label or entry.get("label")
    if not isinstance(kind_name, str) or not isinstance(label, str):
        raise InvalidInputError("An identity needs a --kind and a --label.", field="kind")
    kind = parse_kind(kind_name)
    if options.operands and options.public_key:
        raise InvalidInputError("The id of a key follows from it; leave ID out.", field="operands")
    with _fabric(session) as fabric:
        if options.operands:
            found = fabric.register_name(options.operands[0], kind, label)
        elif options.public_key:
            key = entry.get("public_key")
            if not isinstance(key, str):
                raise InvalidInputError("There is no public key in it.", field="public_key")
            found = fabric.register_key(kind, label, parse_key(key))
        else:
            found = fabric.register_own(kind, label)
    return _one(found, "registered ")


def _entry(given: str | None) -> Mapping[str, Any]:
    """What is said of the identity of somebody else: digits, or a file with them or an object."""
    if given is None:
        return {}
    path = Path(given)
    if not path.is_file():
        return {"public_key": given}
    data = _bytes(path, "public_key").strip()
    if not data.startswith(b"{"):
        return {"public_key": data.decode("ascii", "replace")}
    found = _object(path, "public_key")
    nested = found.get("identity", found)
    return nested if isinstance(nested, dict) else {}


def _pin(session: Session) -> Reply:
    with _fabric(session) as fabric:
        return _one(fabric.pin(session.options.operands[0]), "pinned ")


def _unpin(session: Session) -> Reply:
    identity = session.options.operands[0]
    with _fabric(session) as fabric:
        removed = fabric.unpin(identity)
    verb = "unpinned " if removed else "was not pinned: "
    return Reply(
        {"removed": removed, "id": identity},
        lambda console: console.line(console.styled(verb, "good"), identity),
    )


def _revoke(session: Session) -> Reply:
    options = session.options
    if not options.reason:
        raise InvalidInputError("A revocation needs a --reason.", field="reason")
    with _fabric(session) as fabric:
        found = fabric.revoke(options.operands[0], options.reason, options.replacement)
    return _one(found, "revoked ")


def _restore(session: Session) -> Reply:
    with _fabric(session) as fabric:
        return _one(fabric.restore(session.options.operands[0]), "restored ")


def _catalog(session: Session) -> Reply:
    action, name = session.options.operands
    if action == "export":
        return _export(session, Path(name))
    if action == "import":
        return _import(session, Path(name))
    raise InvalidInputError("Use catalog export FILE or catalog import FILE.", field="operands")


def _export(session: Session, target: Path) -> Reply:
    from memoryoss_mcp.portable.trust.fabric import CATALOG_LABEL  # start-up time

    options = session.options
    with new_file(target) as out, _fabric(session) as fabric:
        document = fabric.export_catalog(options.catalog_id, options.label or CATALOG_LABEL)
        out.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")
    count = len(document["identities"])
    fields = {"file": str(target), "catalog": document}
    return Reply(
        fields,
        lambda console: console.line(
            console.styled("exported ", "good"), f"{count} identities to {target}"
        ),
    )


def _import(session: Session, path: Path) -> Reply:
    options = session.options
    document = _object(path, "file")
    with _fabric(session, writes=not options.dry_run) as fabric:
        done = fabric.import_catalog(document, accept=options.accept, dry_run=options.dry_run)
    return Reply(
        {"import": done.document()},
        lambda console: _show_import(console, done),
        1 if done.refusal else 0,
    )


def _show_import(console: Console, done: Import) -> None:
    rows: list[tuple[Cell, ...]] = [
        (item.action, item.what, item.id, item.reason) for item in done.items
    ]
    if rows:
        console.table(("", "what", "identity", "why"), rows, wrap=("why",))
    console.pairs([("catalog", done.label), ("signer", done.signer or "unsigned")])
    if done.refusal:
        console.line(console.styled("it may not be imported: ", "bad"), done.refusal)
    else:
        verb = "would be imported" if done.dry_run else "imported"
        console.line(console.styled(verb, "warn" if done.dry_run else "good"))


def _sign(session: Session) -> Reply:
    from memoryoss_mcp.portable import signing  # start-up time

    options = session.options
    kind, name = options.operands
    if kind == PEER:
        return _sign_peer(session, Path(name))
    with _artifact(kind, Path(name)) as artifact, _fabric(session) as fabric:
        if kind == "bundle":
            return _sign_bundle(session, artifact, fabric)
        sidecar = signing.sign_sidecar(artifact, fabric, options.identity)
        decision = signing.decide(artifact, fabric, sidecar)
        subject = signing.sidecar_subject(artifact)
    _write(options.output, sidecar)
    return _decided(kind, subject, decision)


def _sign_bundle(session: Session, artifact: Artifact, fabric: Fabric) -> Reply:
    from memoryoss_mcp.portable import document, signing  # start-up time

    options = session.options
    if options.output is None:
        raise InvalidInputError("Say with -o where the signed bundle goes.", field="output")
    signed = signing.sign_bundle(artifact, fabric, options.identity)
    with new_binary_file(options.output) as out:
        document.write(signed, out)
    subject = f"bundle:{document.envelope_digest(signed)}"
    return _decided("bundle", subject, signing.decide(signed, fabric))


def _verify(session: Session) -> Reply:
    from memoryoss_mcp.portable import document, signing  # start-up time
    from memoryoss_mcp.portable.integrity import verify

    options = session.options
    kind, name = options.operands
    signature = None if options.signature is None else _object(options.signature, "signature")
    if kind == PEER:
        return _verify_peer(session, Path(name), signature)
    if kind == "bundle" and signature is not None:
        raise InvalidInputError("The signature of a bundle is in it.", field="signature")
    with _artifact(kind, Path(name)) as artifact, _fabric(session, writes=False) as fabric:
        problems = verify(artifact).problems
        decision = signing.decide(artifact, fabric, signature)
        subject = (
            f"bundle:{document.envelope_digest(artifact)}"
            if kind == "bundle"
            else signing.sidecar_subject(artifact)
        )
    return _decided(kind, subject, decision, [problem.message for problem in problems])


def _sign_peer(session: Session, path: Path) -> Reply:
    from memoryoss_mcp.portable.trust.peers import digests  # start-up time

    options = session.options
    subject, content = digests(_object(path, "file"))
    with _fabric(session) as fabric:
        signed = fabric.sign(options.identity, subject=subject, content=content)
        decision = fabric.decide(signed.sidecar(), subject=subject, content=content)
    _write(options.output, signed.sidecar())
    return _decided(PEER, subject, decision)


def _verify_peer(session: Session, path: Path, signature: dict[str, Any] | None) -> Reply:
    from memoryoss_mcp.portable.trust.peers import digests  # start-up time

    subject, content = digests(_object(path, "file"))
    with _fabric(session, writes=False) as fabric:
        decision = fabric.decide(signature, subject=subject, content=content)
    return _decided(PEER, subject, decision)


def _write(target: Path | None, sidecar: Mapping[str, Any]) -> None:
    if target is not None:
        with new_file(target) as out:
            out.write(json.dumps(sidecar, ensure_ascii=False, indent=2) + "\n")


@contextmanager
def _artifact(kind: str, path: Path) -> Iterator[Artifact]:
    """The artifact of that kind in a file."""
    from memoryoss_mcp.portable.artifact import open_artifact  # start-up time

    if kind not in ARTIFACTS:
        raise InvalidInputError(
            f"{kind[:40]!r} is not a kind of artifact.",
            field="operands",
            hint=f"Use {', '.join((*ARTIFACTS, PEER))}.",
        )
    with closing(open_artifact(path)) as artifact:
        if artifact.shape != kind:
            raise InvalidInputError(f"{path} is a {artifact.shape}, not a {kind}.", field="file")
        yield artifact


def _decided(
    kind: str, subject: str, decision: TrustDecision, problems: Sequence[str] = ()
) -> Reply:
    fields: dict[str, Any] = {"kind": kind, "subject": subject, "trust": decision.document()}
    if problems:
        fields["errors"] = list(problems)
    if decision.signature is not None:
        fields["signature"] = dict(decision.signature)

    def show(console: Console) -> None:
        style = "good" if decision.verified else "bad"
        console.line(console.styled(decision.status.value.replace("_", " "), style))
        console.line(decision.reason, indent=2)
        if decision.signature is not None:
            console.line(f"signer: {decision.signature['identity']}", indent=2)
        for problem in problems:
            console.line(console.styled("wrong: ", "bad"), problem, indent=2)

    return Reply(fields, show, 0 if decision.verified and not problems else 1)


def _one(standing: Standing, verb: str) -> Reply:
    from memoryoss_mcp.portable.trust.report import (  # start-up time
        identity_document,
        revocation_document,
    )

    fields: dict[str, Any] = {"identity": identity_document(standing)}
    if standing.revocation is not None:
        fields["revocation"] = revocation_document(standing.revocation)
    return Reply(
        fields,
        lambda console: console.line(
            console.styled(verb, "good"), f"{standing.id} · {standing.label}"
        ),
    )


@contextmanager
def _fabric(session: Session, *, writes: bool = True) -> Iterator[Fabric]:
    """The trust fabric; what only reads makes no memory file."""
    from memoryoss_mcp.portable.trust.fabric import Fabric  # start-up time: imports cryptography

    config = session.config
    if not writes and not config.store_path.exists():
        yield Fabric(None, config.keys_dir, config.trust.audit_hmac_secret)
        return
    with session.runtime() as runtime:
        yield runtime.fabric


def _object(path: Path, field: str) -> dict[str, Any]:
    from memoryoss_mcp.portable.canonical import loads  # start-up time

    found = loads(_bytes(path, field))
    if not isinstance(found, dict):
        raise InvalidInputError(f"There is no JSON object in {path}.", field=field)
    return found


def _bytes(path: Path, field: str) -> bytes:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise InvalidInputError(f"{path} is too large.", field=field)
        return path.read_bytes()
    except OSError as error:
        raise InvalidInputError(f"{path} cannot be read ({error.strerror}).", field=field) from None


_ACTIONS: Mapping[str, tuple[tuple[str, ...], Callable[[Session], Reply]]] = {
    "list": ((), _list),
    "register": (("[ID]",), _register),
    "pin": (("ID",), _pin),
    "unpin": (("ID",), _unpin),
    "revoke": (("ID",), _revoke),
    "restore": (("ID",), _restore),
    "catalog": (("export|import", "FILE"), _catalog),
    "sign": (("KIND", "FILE"), _sign),
    "verify": (("KIND", "FILE"), _verify),
}
