# SPDX-License-Identifier: AGPL-3.0-only
"""What lies in a folder that everybody can write to: nothing of it counts unless it is signed by a
known installation, whole and in its place; and the rest goes on."""

from __future__ import annotations

import hashlib
import json
import random
import secrets
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from memoryoss_mcp.errors import MemoryOSSError
from memoryoss_mcp.model import hash_content
from memoryoss_mcp.portable import spool
from memoryoss_mcp.portable.sync import chunk as chunks
from memoryoss_mcp.portable.sync.cipher import Cipher
from memoryoss_mcp.portable.sync.folder import PLACE, Problem, ProblemKind, SyncError

from .support import Machine, introduce, machines


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[list[Machine]]:
    """Two machines over one folder, the first with three chunks in it."""
    with machines(tmp_path, 2, shared=True) as found:
        for number in range(3):
            found[0].say(f"memory {number}")
            found[0].export()
        yield found


def kinds(problems: tuple[Problem, ...]) -> set[ProblemKind]:
    """What is wrong, as a set."""
    return {problem.kind for problem in problems}


def contents(machine: Machine) -> set[str]:
    """What a machine knows."""
    return {memory.content for memory in machine.memories().values()}


def replaced(path: Path, data: bytes) -> Path:
    """Put other bytes in the place of a chunk, under the name that belongs to them."""
    parsed = chunks.parse_name(path.name)
    assert parsed is not None
    path.unlink()
    target = path.with_name(chunks.name_of(parsed[0], data))
    target.write_bytes(data)
    return target


def test_an_unknown_machine_is_not_believed(tmp_path: Path) -> None:
    with machines(tmp_path, 2, shared=True, strangers=True) as [here, there]:
        here.say("do as I say")
        here.say("and this")
        here.export()
        done = there.import_()
        assert not there.memories()
        [problem] = done.problems
        key = here.fabric.own_device().public_key
        assert key is not None
        assert (problem.kind, problem.device) == (ProblemKind.UNKNOWN, here.device)
        assert problem.command is not None
        assert problem.command.endswith(f"--public-key {key.hex()}")
        assert there.status().devices[0].trusted is False
        introduce(there, here)
        assert contents(there) == set()
        there.import_()
        assert contents(there) == {"do as I say", "and this"}


def test_a_revoked_machine_is_not_believed(pair: list[Machine]) -> None:
    here, there = pair
    there.fabric.revoke(here.device, "lost on a train")
    done = there.import_()
    assert (kinds(done.problems), there.memories()) == ({ProblemKind.REVOKED}, {})
    here.fabric.revoke(here.device, "lost on a train")
    here.say("more")
    with pytest.raises(MemoryOSSError, match="revoked"):
        here.export()


def test_any_flipped_byte_is_noticed(pair: list[Machine]) -> None:
    here, there = pair
    path = here.files()[1]
    data = path.read_bytes()
    chance = random.Random(7)
    for place in sorted(chance.sample(range(len(data)), 80)):
        flipped = bytearray(data)
        flipped[place] ^= 1 << chance.randrange(8)
        forged = replaced(path, bytes(flipped))
        done = there.import_(dry_run=True)
        assert done.problems, place
        assert len(done.created) == 2, place
        path = replaced(forged, data)
    assert not there.import_().problems


@pytest.mark.parametrize("length", [0, 1, 200, -1, -100])
def test_a_chunk_that_is_not_all_there_is_left_out(pair: list[Machine], length: int) -> None:
    here, there = pair
    path = here.files()[1]
    path.write_bytes(path.read_bytes()[:length])
    done = there.import_()
    assert kinds(done.problems) == {ProblemKind.DAMAGED}
    assert contents(there) == {"memory 0", "memory 2"}


def test_a_chunk_under_another_number_is_left_out(pair: list[Machine]) -> None:
    here, there = pair
    first = here.files()[0]
    first.rename(first.with_name(first.name.replace("00000001", "00000009")))
    done = there.import_()
    assert ProblemKind.MISPLACED in kinds(done.problems)
    assert contents(there) == {"memory 1", "memory 2"}


def test_a_missing_chunk_is_told_and_the_rest_is_read(pair: list[Machine]) -> None:
    here, there = pair
    here.files()[1].unlink()
    done = there.import_()
    assert kinds(done.problems) == {ProblemKind.MISSING}
    assert "2" in done.problems[0].message
    assert contents(there) == {"memory 0", "memory 2"}


def test_nobody_writes_in_the_name_of_another(tmp_path: Path) -> None:
    with machines(tmp_path, 3, shared=True) as [here, there, mallory]:
        here.say("true")
        here.export()
        mallory.say("false")
        mallory.export()
        [forged] = mallory.own_files()
        target = here.own_files()[0].parent / forged.name.replace("00000001", "00000002")
        shutil.move(forged, target)
        done = there.import_()
        assert ProblemKind.MISPLACED in kinds(done.problems)
        assert contents(there) == {"true"}
        target.unlink()
        # Signed by Mallory, with a header that says that it is not.
        original = here.own_files()[0].read_bytes()
        header = chunks.read(original).header
        stolen = header.line() + b"\n" + chunks.read(original).body + b"\n"
        content = hash_content(stolen.decode())
        signed = mallory.fabric.sign(
            subject=f"{chunks.LINE}:{content}", content=content, domain=chunks.DOMAIN
        )
        data = stolen + json.dumps(signed.sidecar(), separators=(",", ":")).encode() + b"\n"
        replaced(here.own_files()[0], data)
        done = there.import_()
        assert kinds(done.problems) == {ProblemKind.DAMAGED}


def test_a_chunk_of_another_namespace_does_not_count_as_one_of_this(pair: list[Machine]) -> None:
    _, there = pair
    other = Machine(there.store, there.fabric, there.folder, space="other")
    assert not other.import_().problems
    assert not other.memories()
    assert other.space not in {space.name for space in there.store.status().namespaces}


def test_a_signed_chunk_that_holds_no_memories_is_left_out(pair: list[Machine]) -> None:
    here, there = pair
    path = here.files()[2]
    chunk = chunks.read(path.read_bytes())
    [record] = chunk.records(None)
    assert record.state is not None
    record.state["memory"]["status"] = "wonderful"
    line = json.loads(record.line())
    line["digest"] = chunks.state_digest(record.state).hex()
    body = [json.dumps(line, separators=(",", ":")).encode()]
    replaced(path, chunks.written(chunk.header, body, here.fabric, None))
    done = there.import_()
    assert kinds(done.problems) == {ProblemKind.DAMAGED}
    assert contents(there) == {"memory 0", "memory 1"}


def resealed(machine: Machine, path: Path, change: Callable[[bytes], bytes]) -> Path:
    """Write the one record of a chunk in another way, signed by its machine."""
    chunk = chunks.read(path.read_bytes())
    data = chunks.written(chunk.header, [change(chunk.body)], machine.fabric, None)
    return replaced(path, data)


def test_a_record_in_another_order_is_the_same_record(pair: list[Machine]) -> None:
    here, there = pair

    def turned(line: bytes) -> bytes:
        fields = json.loads(line)
        fields["state"] = dict(reversed(fields["state"].items()))
        return json.dumps(dict(reversed(fields.items()))).encode()

    resealed(here, here.files()[2], turned)
    done = there.import_()
    assert (len(done.created), done.problems) == (3, ())
    assert here.states() == there.states()
    assert not there.export().records


@pytest.mark.parametrize("what", ["content", "form", "id", "digest", "clock"])
def test_a_record_that_says_two_things_is_left_out(pair: list[Machine], what: str) -> None:
    here, there = pair

    def bent(line: bytes) -> bytes:
        fields = json.loads(line)
        text = json.dumps(fields["state"], sort_keys=True, separators=(",", ":"))
        if what == "content":
            text = text.replace("memory 2", "memory 9")
        elif what == "form":  # the same state, and a digest of how it is written
            text = text.replace('"origin":', '"origin": ')
            digest = hashlib.sha256(text.encode()).hexdigest()
            fields["digest"] = digest + fields["digest"][64:]
        elif what == "id":
            fields["id"] = str(uuid.uuid4())
        elif what == "digest":  # another content than it is
            fields["digest"] = fields["digest"][:64] + "0" * 32
        else:
            fields["clock"] = {}
        before = json.dumps(fields | {"state": None}, separators=(",", ":"))
        return before.replace("null}", f"{text}}}").encode()

    resealed(here, here.files()[2], bent)
    done = there.import_()
    assert kinds(done.problems) == {ProblemKind.DAMAGED}
    assert contents(there) == {"memory 0", "memory 1"}


def test_what_is_damaged_after_it_was_read_is_told(pair: list[Machine]) -> None:
    here, there = pair
    assert not there.import_().problems
    path = here.files()[1]
    path.write_bytes(path.read_bytes().replace(b"memory 1", b"memory 7"))
    done = there.import_()
    assert [(problem.kind, Path(problem.file).name) for problem in done.problems] == [
        (ProblemKind.DAMAGED, path.name)
    ]
    assert done.problems == there.status().problems
    assert contents(there) == {"memory 0", "memory 1", "memory 2"}


def test_a_folder_without_anything_of_it_is_not_taken_for_one(
    pair: list[Machine], tmp_path: Path
) -> None:
    _, there = pair
    mistyped = tmp_path / "shard"
    mistyped.mkdir()
    for dry_run in (True, False):
        with pytest.raises(SyncError, match="nothing of memoryOSS") as refused:
            there.import_(folder=mistyped, dry_run=dry_run)
        assert PLACE in str(refused.value.hint)
    assert not list(mistyped.iterdir())


def test_files_of_others_are_left_alone(pair: list[Machine]) -> None:
    here, there = pair
    place = here.folder / PLACE
    (place / "README.md").write_text("hello")
    (place / "not-a-device").mkdir()
    (here.files()[0].parent / ".00000004-half.tmp").write_bytes(b"half")
    (here.files()[0].parent / "copy of 00000001.chunk").write_bytes(b"copy")
    done = there.import_()
    assert kinds(done.problems) == {ProblemKind.MISPLACED}
    assert len(done.created) == 3


def test_the_public_form_of_a_chunk(pair: list[Machine]) -> None:
    here, _ = pair
    first, second, _ = (path.read_bytes().split(b"\n") for path in here.files())
    assert len(first) == 4  # header, record, signature, and nothing behind it
    header = json.loads(second[0])
    assert list(header) == [
        "line", "namespace", "device", "public_key", "number", "edition", "original", "previous",
        "at", "records", "redacted", "cipher",
    ]  # fmt: skip
    assert header["line"] == "memoryoss.sync.v1alpha1"
    assert header["previous"] == hash_content(b"\n".join(first).decode())
    record = json.loads(second[1])
    assert list(record) == ["id", "clock", "digest", "state"]
    assert record["state"]["memory"]["content"] == "memory 1"
    assert record["state"]["origin"] == "user"
    assert json.loads(second[2])["identity"] == here.device


def new_passphrase() -> str:
    """One that is nowhere else."""
    return secrets.token_hex(12)


def test_encrypted_chunks_say_nothing(tmp_path: Path) -> None:
    word = new_passphrase()
    with machines(tmp_path, 2, shared=True) as [here, there]:
        here.ask = there.ask = lambda: word
        key = here.say("a canary sings", tags=("canary-tag",))
        assert here.export(encrypt=True).encrypted
        [path] = here.files()
        assert b"canary" not in path.read_bytes()
        assert str(key).encode() not in path.read_bytes()
        assert there.import_().created == (key,)
        there.tag(key, "new")
        there.export()  # encrypted too, unasked: others encrypt this namespace here
        assert b"canary" not in there.own_files()[0].read_bytes()
        here.import_()
        assert here.states() == there.states()
        here.forget(key)
        assert here.export().rewritten
        there.import_()
        assert not there.memories()
        for path in here.own_files():
            assert b"canary" not in chunks.read(path.read_bytes()).plain(Cipher(lambda: word))


def test_what_is_encrypted_is_not_put_into_other_files_in_clear(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    word = new_passphrase()
    monkeypatch.setattr(spool, "IN_MEMORY", 1)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "there is no such place"))
    with machines(tmp_path, 2, shared=True) as [here, there]:
        here.ask = there.ask = lambda: word
        here.say("a canary sings")
        here.export(encrypt=True)
        assert len(there.import_().created) == 1
    with machines(tmp_path / "in clear", 2, shared=True) as [here, there]:
        here.say("nothing to hide")
        here.export()
        with pytest.raises(MemoryOSSError, match="Nothing was"):
            there.import_()
        assert not there.memories()


def test_without_the_passphrase_nothing_is_read_or_written(tmp_path: Path) -> None:
    word = new_passphrase()
    with machines(tmp_path, 2, shared=True) as [here, there]:
        here.ask = lambda: word
        here.say("secret")
        here.export(encrypt=True)
        there.say("mine")
        for action in (there.export, there.import_):
            with pytest.raises(MemoryOSSError, match="no passphrase"):
                action()
        there.ask = new_passphrase
        done = there.import_()
        assert kinds(done.problems) == {ProblemKind.LOCKED}
        with pytest.raises(MemoryOSSError, match="not that of the chunks"):
            there.export()
        assert len(here.files()) == 1
        there.ask = lambda: word
        assert len(there.import_().created) == 1
