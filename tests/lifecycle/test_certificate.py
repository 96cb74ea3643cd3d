# SPDX-License-Identifier: AGPL-3.0-only
"""A certificate of deletion holds for anyone, and not for anything else."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memoryoss_mcp.errors import InvalidInputError, NotFoundError, VaultError
from memoryoss_mcp.lifecycle.certificate import Certificate, merkle_root, read, verify
from memoryoss_mcp.model import Draft, new_id
from memoryoss_mcp.runtime import Runtime
from memoryoss_mcp.store.types import ForgetRequest

SPACE = "project"


def forgotten(runtime: Runtime, *texts: str, session: str = "s") -> Certificate:
    for text in texts:
        runtime.store(Draft(text, SPACE, session=session))
    _, certificate = runtime.forget_certified(ForgetRequest(SPACE, session=session))
    return certificate


def test_it_says_what_was_deleted_and_holds_without_the_file(runtime: Runtime) -> None:
    texts = ("The code is 4711.", "Ada's locker is number 12.", "The vault opens at nine.")
    certificate = forgotten(runtime, *texts)
    copied = read(json.dumps(certificate.document()))
    verdict = verify(copied, key=bytes.fromhex(certificate.key), content=texts[1])
    assert (verdict.problems, verdict.contains, verdict.valid) == ((), True, True)
    assert verify(copied, content="Ada's locker is number 13.").contains is False
    fields = copied.fields
    assert fields["deleted_count"] == len(fields["deleted_ids"]) == 3
    assert fields["clean"] is True
    assert {entry["file"] for entry in fields["searched"]} >= {"memoryoss.db"}
    assert all(entry["residues"] == 0 for entry in fields["searched"])
    assert not any(word in json.dumps(certificate.document()) for word in ("The code", "locker"))


def test_the_file_keeps_it_without_salts(runtime: Runtime) -> None:
    certificate = forgotten(runtime, "A text that somebody could guess.")
    [kept] = runtime.certificates(SPACE)
    assert kept == replace(certificate, salts={})
    assert verify(kept).valid
    assert verify(kept, content="A text that somebody could guess.").contains is False
    assert runtime.certificates("elsewhere") == ()


def test_whatever_is_altered_does_not_hold(runtime: Runtime) -> None:
    certificate = forgotten(runtime, "One.", "Two.")
    fields = dict(certificate.fields)
    for name, value in (
        ("deleted_count", 1),
        ("deleted_ids", fields["deleted_ids"][:1]),
        ("deleted_at", "2020-01-01T00:00:00Z"),
        ("namespace", "other"),
        ("leaf_hashes", fields["leaf_hashes"][::-1]),
        ("clean", False),
    ):
        altered = replace(certificate, fields=fields | {name: value})
        assert not verify(altered).valid, name
    assert not verify(replace(certificate, signature="00" * 64)).valid
    assert not verify(replace(certificate, key="00" * 32)).valid
    assert not verify(certificate, key=bytes(32)).valid


def test_what_matches_nothing_is_not_certified(runtime: Runtime) -> None:
    runtime.store(Draft("Stays.", SPACE))
    with pytest.raises(NotFoundError):
        runtime.forget_certified(ForgetRequest(SPACE, ids=(new_id(),)))
    assert runtime.certificates(SPACE) == ()


def test_without_a_key_nothing_is_deleted(runtime: Runtime) -> None:
    runtime.store(Draft("Stays.", SPACE, session="s"))
    folder: Path = runtime.config.keys_dir
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "signing.key").unlink(missing_ok=True)
    (folder / "signing.key").write_text("no key", "utf-8")
    (folder / "signing.key").chmod(0o600)
    with pytest.raises(VaultError):
        runtime.forget_certified(ForgetRequest(SPACE, session="s"))
    assert runtime.status().namespaces[0].total == 1


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"certificate": 3}', "nonsense", "[" * 9999])
def test_what_is_no_certificate_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError):
        read(text)


@given(st.lists(st.binary(min_size=32, max_size=32), max_size=20), st.data())
def test_the_root_depends_on_every_leaf_and_their_order(
    leaves: list[bytes], data: st.DataObject
) -> None:
    root = merkle_root(leaves)
    assert len(root) == 32
    if leaves:
        place = data.draw(st.integers(0, len(leaves) - 1))
        other = [*leaves[:place], bytes(32), *leaves[place + 1 :]]
        assert (merkle_root(other) == root) == (other == leaves)
        assert merkle_root([*leaves, leaves[-1]]) != root


def test_a_certificate_names_merged_copies_too(runtime: Runtime) -> None:
    one, two, merged = merge(runtime)
    receipt, certificate = runtime.forget_certified(ForgetRequest(SPACE, ids=(merged,)))
    assert set(receipt.deleted) == {one, two, merged}
    assert certificate.fields["deleted_count"] == 3


def test_forgetting_a_source_takes_the_merged_copy_and_frees_the_others(runtime: Runtime) -> None:
    one, two, merged = merge(runtime)
    before = runtime.inspect(two, SPACE)
    assert before.archived
    receipt = runtime.forget(ForgetRequest(SPACE, ids=(one,)))
    assert set(receipt.deleted) == {one, merged}
    assert receipt.clean
    after = runtime.inspect(two, SPACE)
    assert (after.archived, after.lineage.superseded_by) == (False, None)
    assert after.content == before.content


def merge(runtime: Runtime) -> tuple[UUID, UUID, UUID]:
    """Two memories and the one that they were merged into, as a consolidation leaves them."""
    from memoryoss_mcp.model import Lineage, Memory, Status
    from memoryoss_mcp.store.changes import Entry, Find, draft_memory

    keys = [
        runtime.store(Draft(text, SPACE)).id
        for text in ("Backups run at night.", "The backups run at night.")
    ]

    def rule(find: Find) -> list[Memory | Entry]:
        sources = find(keys)
        made = draft_memory(Draft(sources[keys[1]].content, SPACE))
        made = replace(made, lineage=Lineage(derived_from=tuple(sorted(keys))))
        given_up = [
            replace(
                source, archived=True, status=Status.STALE, lineage=Lineage(superseded_by=made.id)
            )
            for source in sources.values()
        ]
        return [Entry(made, ("backups", "night"), None), *given_up]

    derived, *_ = runtime._store.amend(SPACE, rule, "consolidate")
    return keys[0], keys[1], derived.id
