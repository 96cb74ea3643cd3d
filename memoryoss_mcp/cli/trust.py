# SPDX-License-Identifier: AGPL-3.0-only
"""``memoryoss trust``: who signs, whose signatures are good here, and catalogs of both."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memoryoss_mcp.cli.files import new_binary_file, new_file
from memoryoss_mcp.cli.parser import Commands, UsageError
from memoryoss_mcp.cli.session import Reply, Session
from memoryoss_mcp.cli.streams import to_json, write_line
from memoryoss_mcp.cli.views import counted
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
        description="whoami: this installation: its id, its public key (which is made if there is\n"
        "none), and the command that registers it on another machine.\n"
        "list: the identities that are known, catalogs, pins and revocations.\n"
        "register: a new identity of yours, with a key of its own (--kind, --label); with\n"
        "--public-key one of somebody else (64 digits, a file with them, or a catalog, and an ID\n"
        "if it has several); with an ID alone a name of the original, which has no key.\n"
        "label ID TEXT: call one that is yours, or registered here, so from now on.\n"
        "pin ID, unpin ID: keep an identity and its key, whatever becomes of catalogs.\n"
        "revoke ID --reason R: trust none of its signatures any more; --replacement names who\n"
        "signs in its place. restore ID: trust them again, whatever catalogs say.\n"
        "catalog export FILE: what is known here, signed by this installation.\n"
        "catalog import FILE: take over a catalog. Its signer has to be one of yours, registered\n"
        "or pinned here; --accept ID accepts another. --dry-run shows what would be taken over.\n"
        "sign KIND FILE: a signature beside a passport, history or sync_peer file, at -o, or\n"
        "printed; or a bundle signed (once more), at -o.\n"
        "verify KIND FILE: exit code 1 unless it is trusted. The signature of a bundle is in it,\n"
        "that of others is --signature FILE.",
        kept="Nothing was changed.",
    )
    parser.add_argument("action", choices=tuple(_ACTIONS), metavar="ACTION", help="see above")
    parser.add_argument("operands", nargs="*", metavar="OPERAND", help="see above")
    parser.add_argument("--kind", choices=KINDS, help="register: what it is")
    parser.add_argument("--label", metavar="TEXT", help="how it is called here")
    parser.add_argument(
        "--public-key",
        metavar="KEY",
        help="register: 64 hexadecimal digits, or a file with them or with an identity",
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
    name, operands = session.options.action, session.options.operands
    action = _ACTIONS[name]
    most = len(action.operands)
    if name == "catalog" and operands and operands[0] not in _CATALOG:
        problem = f"There is no 'trust catalog {operands[0][:40]}'."
    elif len(operands) > most:
        problem = f"{operands[most][:40]!r} is an operand too many for 'trust {name}'."
    elif len(operands) < most - sum(operand.startswith("[") for operand in action.operands):
        problem = f"'trust {name}' is not complete."
    else:
        return action.run(session)
    words = ("memoryoss trust", name, *action.operands, action.options)
    raise UsageError(problem, " ".join(filter(None, words)), "memoryoss trust")


def _whoami(session: Session) -> Reply:
    from memoryoss_mcp.portable.trust.identity import registration  # start-up time
    from memoryoss_mcp.portable.trust.report import identity_document  # start-up time

    with _fabric(session, writes=False) as fabric:
        found = fabric.own_device()
        called = _called(fabric, found)
    key = (found.public_key or b"").hex()
    command = registration(found.kind, found.label, key)

    def show(console: Console) -> None:
        console.pairs([("id", found.id), ("label", called), ("public key", key)])
        if found.revocation is not None:
            console.line(console.styled("revoked: ", "bad"), found.revocation.reason)
        console.line("To make it known on another machine, run there:")
        console.command(command)

    return Reply({"identity": identity_document(found), "command": command}, show)


def _list(session: Session) -> Reply:
    from memoryoss_mcp.portable.trust.report import fabric_document  # start-up time

    with _fabric(session, writes=False) as fabric:
        found = [(one, _called(fabric, one)) for one in fabric.identities()]
        fields = fabric_document(fabric)

    def show(console: Console) -> None:
        rows: list[tuple[Cell, ...]] = [
            (
                one.id,
                console.styled(called, "strong"),
                "yours" if one.own else one.origin.value.replace("_", " "),
                console.styled("revoked", "bad") if one.revocation else "",
            )
            for one, called in found
        ]
        if rows:
            console.table(("identity", "label", "known by", ""), rows, wrap=("label",))
        else:
            console.line("'memoryoss trust whoami' makes and shows that of this installation.")
        summary = fields["summary"]
        words = (
            counted(summary["identities"], "identity", "identities"),
            f"{summary['revoked']} revoked",
            counted(summary["catalogs"], "catalog", "catalogs"),
        )
        console.line(console.styled(", ".join(words), "dim"))

    return Reply(fields, show)


def _register(session: Session) -> Reply:
    from memoryoss_mcp.portable.trust.identity import (  # start-up time
        identity_id,
        parse_key,
        parse_kind,
    )

    options = session.options
    wanted = options.operands[0] if options.operands else None
    entry = _entry(options.public_key, wanted)
    kind_name, label = options.kind or entry.get("kind"), options.label or entry.get("label")
    if not isinstance(kind_name, str) or not isinstance(label, str):
        raise InvalidInputError("An identity needs a --kind and a --label.", field="kind")
    kind = parse_kind(kind_name)
    with _fabric(session) as fabric:
        if options.public_key:
            digits = entry.get("public_key")
            if not isinstance(digits, str):
                raise InvalidInputError("There is no public key in it.", field="public_key")
            key = parse_key(digits)
            if wanted not in (None, identity_id(kind, key)):
                raise InvalidInputError(
                    f"That key is not the one of {wanted}.",
                    field="operands",
                    hint="The id of a key follows from it; without ID it is told.",
                )
            found = fabric.register_key(kind, label, key)
        elif wanted is not None:
            found = fabric.register_name(wanted, kind, label)
        else:
            found = fabric.register_own(kind, label)
        return _one(fabric, found, "registered ")


def _entry(given: str | None, wanted: str | None) -> Mapping[str, Any]:
    """What is said of the identity of somebody else: digits, or a file with them or an object.
    ``wanted`` is its id, where it is one of several."""
    if given is None:
        return {}
    from memoryoss_mcp.portable.trust.catalog import identity_with_key  # start-up time

    path = Path(given)
    if not path.is_file():
        return {"public_key": given}
    data = _bytes(path, "public_key").strip()
    if not data.startswith(b"{"):
        return {"public_key": data.decode("ascii", "replace")}
    found = _object(path, "public_key")
    if "identities" in found:
        return identity_with_key(found, wanted)
    nested = found.get("identity", found)
    return nested if isinstance(nested, dict) else {}


def _label(session: Session) -> Reply:
    identity, label = session.options.operands
    with _fabric(session) as fabric:
        return _one(fabric, fabric.label(identity, label), "labelled ")


def _pin(session: Session) -> Reply:
    with _fabric(session) as fabric:
        return _one(fabric, fabric.pin(session.options.operands[0]), "pinned ")


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
        return _one(fabric, found, "revoked ")


def _restore(session: Session) -> Reply:
    with _fabric(session) as fabric:
        return _one(fabric, fabric.restore(session.options.operands[0]), "restored ")


def _catalog(session: Session) -> Reply:
    action, name = session.options.operands
    return _CATALOG[action](session, Path(name))


def _export(session: Session, target: Path) -> Reply:
    from memoryoss_mcp.portable.trust.fabric import CATALOG_LABEL  # start-up time

    options = session.options
    with new_file(target) as out, _fabric(session) as fabric:
        document = fabric.export_catalog(options.catalog_id, options.label or CATALOG_LABEL)
        out.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")
    told = counted(len(document["identities"]), "identity", "identities")

    def show(console: Console) -> None:
        console.line(console.styled("exported ", "good"), f"{told} to {target}")
        console.line(console.styled("signed by ", "dim"), document["signature"]["identity"])

    return Reply({"file": str(target), "catalog": document}, show)


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
        if done.remedy:
            console.line(done.remedy, indent=2)
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
    return _signed(session, sidecar, _decided(kind, subject, decision))


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
    return _signed(session, signed.sidecar(), _decided(PEER, subject, decision))


def _verify_peer(session: Session, path: Path, signature: dict[str, Any] | None) -> Reply:
    from memoryoss_mcp.portable.trust.peers import digests  # start-up time

    subject, content = digests(_object(path, "file"))
    with _fabric(session, writes=False) as fabric:
        decision = fabric.decide(signature, subject=subject, content=content)
    return _decided(PEER, subject, decision)


def _signed(session: Session, sidecar: Mapping[str, Any], reply: Reply) -> Reply:
    """Put a signature where it goes; without a file it is what is printed."""
    target = session.options.output
    if target is None:
        return Reply(reply.document, lambda _: write_line(to_json(sidecar)), reply.code)
    with new_file(target) as out:
        out.write(json.dumps(sidecar, ensure_ascii=False, indent=2) + "\n")
    return reply


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


def _called(fabric: Fabric, standing: Standing) -> str:
    """A label as it is shown here."""
    if standing.id != fabric.device_id():
        return standing.label
    return f"{standing.label} (this installation)"


def _one(fabric: Fabric, standing: Standing, verb: str) -> Reply:
    from memoryoss_mcp.portable.trust.report import (  # start-up time
        identity_document,
        revocation_document,
    )

    fields: dict[str, Any] = {"identity": identity_document(standing)}
    if standing.revocation is not None:
        fields["revocation"] = revocation_document(standing.revocation)
    told = f"{standing.id} · {_called(fabric, standing)}"
    return Reply(fields, lambda console: console.line(console.styled(verb, "good"), told))


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


@dataclass(frozen=True, slots=True)
class _Action:
    """What an action does, and how it is written: its operands, those that may be left out in
    brackets, and its options."""

    run: Callable[[Session], Reply]
    operands: tuple[str, ...] = ()
    options: str = ""


_CATALOG: Mapping[str, Callable[[Session, Path], Reply]] = {"export": _export, "import": _import}

_KIND = "|".join((*ARTIFACTS, PEER))

_ACTIONS: Mapping[str, _Action] = {
    "whoami": _Action(_whoami),
    "list": _Action(_list),
    "register": _Action(_register, ("[ID]",), "--kind KIND --label TEXT [--public-key KEY]"),
    "label": _Action(_label, ("ID", "TEXT")),
    "pin": _Action(_pin, ("ID",)),
    "unpin": _Action(_unpin, ("ID",)),
    "revoke": _Action(_revoke, ("ID",), "--reason TEXT [--replacement ID]"),
    "restore": _Action(_restore, ("ID",)),
    "catalog": _Action(_catalog, ("|".join(_CATALOG), "FILE")),
    "sign": _Action(_sign, (_KIND, "FILE"), "[--identity ID] [-o FILE]"),
    "verify": _Action(_verify, (_KIND, "FILE"), "[--signature FILE]"),
}
