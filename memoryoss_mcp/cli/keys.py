# SPDX-License-Identifier: AGPL-3.0-only
"""``memoryoss seal``, ``unseal`` and ``keys``: what is on disk is for whoever has the key."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from memoryoss_mcp.cli.documents import document
from memoryoss_mcp.cli.parser import Commands
from memoryoss_mcp.cli.session import Reply, Session
from memoryoss_mcp.cli.streams import new_passphrase
from memoryoss_mcp.cli.views import brief_time, namespace_text
from memoryoss_mcp.config import LOCAL_KEYS, PROVIDERS
from memoryoss_mcp.errors import InvalidInputError

if TYPE_CHECKING:
    from memoryoss_mcp.cli.console import Cell, Console
    from memoryoss_mcp.store.custodian import Sealed
    from memoryoss_mcp.store.custody import DataKey

NOTHING = "Nothing was changed."


def register(commands: Commands) -> None:
    """Add the commands."""
    seal = commands.add(
        "seal",
        run_seal,
        "[--dry-run] [OPTIONS]",
        "Encrypt a namespace: on disk, nothing of what it says is left in clear.",
        description="Contents, tags, labels, earlier versions, words and vectors are sealed with "
        "AES-256-GCM.\nThe file is rewritten, and snapshots that have them in clear are removed. "
        "Ids, times,\nstates and counts stay readable. The key is wrapped as [encryption] says; "
        "with the\ndefault it is in a file outside the data folder: without that file nobody can "
        "open the\nnamespace, so keep a copy of it.",
        kept=NOTHING,
    )
    seal.add_argument("--dry-run", action="store_true", help="only say how much would be sealed")
    unseal = commands.add(
        "unseal",
        run_unseal,
        "[--dry-run] [OPTIONS]",
        "Keep a sealed namespace in clear again.",
        kept=NOTHING,
    )
    unseal.add_argument("--dry-run", action="store_true", help="only say how much would be opened")
    keys = commands.add(
        "keys",
        run_keys,
        "list | rotate | resume | revoke KEY | rewrap [OPTIONS]",
        "Show and change the keys of sealed namespaces.",
        description="list: all keys, and which namespaces cannot be opened.\n"
        "rotate: give the namespace a new key and seal everything with it. Memories can be\n"
        "stored and recalled meanwhile. Ended in the middle it goes on in the next server that\n"
        "starts, or with resume.\n"
        "resume: finish rotations; delete retired keys whose time has come.\n"
        "revoke: delete a retired key before its time.\n"
        "rewrap: let another provider keep the keys (see --provider, --local-key). Set it in\n"
        "[encryption] afterwards. What is sealed stays as it is.",
        kept=NOTHING,
    )
    keys.add_argument("action", choices=tuple(_ACTIONS), metavar="ACTION", help="see above")
    keys.add_argument("key", nargs="?", metavar="KEY", help="the key to revoke")
    keys.add_argument("--provider", choices=PROVIDERS, help="rewrap: the provider to come")
    keys.add_argument("--local-key", choices=LOCAL_KEYS, help="rewrap: where its key is from")


def run_seal(session: Session) -> Reply:
    """Encrypt a namespace."""
    with session.runtime() as runtime, session.progress("sealing") as progress:
        chosen = session.namespace(runtime)
        done = runtime.keys.seal(chosen.name, progress, dry_run=session.options.dry_run)
    verb = "would seal " if done.dry_run else "sealed "
    return _reply(done, verb, chosen.source)


def run_unseal(session: Session) -> Reply:
    """Keep a sealed namespace in clear again."""
    with session.runtime() as runtime, session.progress("unsealing") as progress:
        chosen = session.namespace(runtime)
        done = runtime.keys.unseal(chosen.name, progress, dry_run=session.options.dry_run)
    return _reply(done, "would open " if done.dry_run else "opened ", chosen.source)


def _reply(done: Sealed, verb: str, source: str) -> Reply:
    erasure = done.erasure
    fields = {
        "namespace": done.namespace,
        "namespace_source": source,
        "memories": done.memories,
        "dry_run": done.dry_run,
        "clean": None if erasure is None else erasure.clean,
        "notes": [] if erasure is None else list(erasure.notes),
        "scanned": [] if erasure is None else [document(file) for file in erasure.scanned],
    }

    def show(console: Console) -> None:
        console.line(
            console.styled(verb, "warn" if done.dry_run else "good"),
            f"{done.memories:,} memories in {done.namespace}",
        )
        if erasure is None:
            return
        for note in erasure.notes:
            console.line(note)
        if erasure.clean:
            names = ", ".join(file.path.name for file in erasure.scanned)
            console.line(console.styled(f"nothing of them is left in clear in {names}", "dim"))
        else:
            console.line(console.styled("Bytes may be left in clear, see above.", "bad"))

    return Reply(fields, show, 0 if erasure is None or erasure.clean else 1)


def run_keys(session: Session) -> Reply:
    """Do what the action says."""
    options = session.options
    if (options.action == "revoke") != (options.key is not None):
        raise InvalidInputError("Only revoke takes a KEY, and it needs one.", field="key")
    if options.action != "rewrap" and (options.provider or options.local_key):
        raise InvalidInputError("--provider and --local-key belong to rewrap.", field="provider")
    return _ACTIONS[options.action](session)


def _list(session: Session) -> Reply:
    with session.runtime() as runtime:
        keys, locked = runtime.keys.data_keys(), runtime.keys.locked()

    def show(console: Console) -> None:
        rows: list[tuple[Cell, ...]] = [
            (key.id, brief_time(key.created_at), key.provider, _state(key)) for key in keys
        ]
        if rows:
            console.table(("key", "made", "provider", "state"), rows, wrap=("state",))
        else:
            console.line("No namespace is sealed.")
        for reason in locked.values():
            console.line(console.styled(reason, "bad"))

    return Reply({"keys": [document(key) for key in keys], "locked": locked}, show)


def _state(key: DataKey) -> str:
    if key.expires_at is not None:
        return f"retired, goes at {brief_time(key.expires_at)}"
    if key.rotated is not None:
        return f"in use, {key.rotated[0]:,} of {key.rotated[1]:,} sealed anew"
    return "in use" if key.current else "in use until all is sealed anew"


def _rotate(session: Session) -> Reply:
    with session.runtime() as runtime, session.progress("rotating") as progress:
        chosen = session.namespace(runtime)
        done = runtime.keys.rotate(chosen.name, progress)
        keys = [document(key) for key in runtime.keys.data_keys() if key.namespace == chosen.name]
    return Reply(
        document(done) | {"namespace_source": chosen.source, "keys": keys},
        lambda console: console.line(
            console.styled("sealed anew ", "good"),
            f"{done.memories:,} memories in ",
            namespace_text(chosen),
        ),
    )


def _resume(session: Session) -> Reply:
    with session.runtime() as runtime, session.progress("rotating") as progress:
        done = runtime.keys.resume(progress)

    def show(console: Console) -> None:
        for rotated in done:
            console.line(
                console.styled("sealed anew ", "good"),
                f"{rotated.memories:,} memories in {rotated.namespace}",
            )
        if not done:
            console.line("No rotation is under way.")

    return Reply({"rotated": [document(rotated) for rotated in done]}, show)


def _revoke(session: Session) -> Reply:
    key = session.options.key
    with session.runtime() as runtime:
        runtime.keys.revoke(key)
    return Reply(
        {"revoked": key}, lambda console: console.line(console.styled("deleted ", "good"), key)
    )


def _rewrap(session: Session) -> Reply:
    options, config = session.options, session.config
    present = config.encryption
    changed = replace(
        present,
        provider=options.provider or present.provider,
        local_key=options.local_key or present.local_key,
    )
    with session.runtime() as runtime:
        successor = replace(config, encryption=changed)
        count = runtime.keys.rewrap(successor, lambda: new_passphrase("MEMORYOSS_PASSPHRASE"))

    def show(console: Console) -> None:
        console.line(console.styled("wrapped anew ", "good"), f"{count} keys")
        if changed != present:
            console.line(
                f'Now set in [encryption]: provider = "{changed.provider}"'
                f', local_key = "{changed.local_key}"'
            )

    return Reply(
        {"keys": count, "provider": changed.provider, "local_key": changed.local_key}, show
    )


_ACTIONS = {
    "list": _list,
    "rotate": _rotate,
    "resume": _resume,
    "revoke": _revoke,
    "rewrap": _rewrap,
}
