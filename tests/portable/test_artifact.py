# SPDX-License-Identifier: AGPL-3.0-only
"""Reading artifacts of any size and any spacing, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.portable import artifact as reading
from memoryoss_mcp.portable.artifact import Artifact, open_artifact, values
from memoryoss_mcp.portable.canonical import MalformedError
from tests.portable import samples


def whole(artifact: Artifact) -> object:
    """The document with its memories in their place again."""
    artifact.document["memories"] = list(values(artifact.memories))
    return artifact.header


def document(count: int) -> dict[str, object]:
    return samples.envelope(
        samples.passport(*(samples.memory(f"fact {n} \u2028 😀", n + 1) for n in range(count)))
    )


@pytest.mark.parametrize("indent", [None, 0, 3])
@pytest.mark.parametrize("count", [0, 1, 5])
def test_a_document_reads_the_same_however_it_is_spaced(count: int, indent: int | None) -> None:
    given_ = document(count)
    found = open_artifact(json.dumps(given_, ensure_ascii=indent is None, indent=indent).encode())
    assert (found.shape, found.payload_shape, len(found.memories)) == ("bundle", "passport", count)
    assert whole(found) == given_


@given(st.integers(1, 40))
def test_a_document_reads_the_same_in_blocks_of_any_size(size: int) -> None:
    given_ = document(2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "_BLOCK", size)
        assert whole(open_artifact(samples.data(given_))) == given_


def test_every_cut_is_noticed() -> None:
    data = json.dumps(document(1), ensure_ascii=False).encode()
    for end in range(len(data)):
        with pytest.raises(MalformedError):
            open_artifact(data[:end])


def test_whether_the_bytes_are_as_this_program_prints_them() -> None:
    given_ = samples.passport(samples.memory("ü", 1))
    compact = json.dumps(given_, ensure_ascii=False, separators=(",", ":"))
    assert open_artifact(compact.encode()).printed
    assert open_artifact(samples.data(given_)).printed, "white space is nothing"
    assert not open_artifact(json.dumps(given_).encode()).printed, "an escape for nothing"
    assert not open_artifact(compact.replace('"ü"', '"\\u00fc"').encode()).printed
    spelled = compact.replace('"evidence_count":1', '"evidence_count":1.0')
    assert open_artifact(spelled.encode()).printed
    assert not open_artifact(spelled.replace("1.0", "1.00").encode()).printed


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"memories":[]}',
        b'{"passport_id":1,"memories":[],"memories":[]}',
        b'{"passport_id":1,"passport_id":2,"memories":[]}',
        b'{"passport_id":1,"memories":[1],"payload":{"memories":[2]}}',
        b'{"passport_id":1,"memories":[]} x',
        b'\xef\xbb\xbf{"passport_id":1,"memories":[]}',
        b'{"passport_id":"\xff","memories":[]}',
        b'{"passport_id":1,"memories":[{"a":1,"a":2}]}',
        b'{"passport_id":1,"memories":[,]}',
        b'{"passport_id":1,"memories":[1 2]}',
        b'{"passport_id":1 "memories":[]}',
        b'{"passport_id":1,"memories":[' + b"[" * 200 + b"]" * 200 + b"]}",
        b'{"passport_id":1,"memories":["\\ud800"]}',
        b'{"passport_id":1,"x":NaN,"memories":[]}',
    ],
    ids=range(18),
)
def test_what_is_no_artifact_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedError):
        open_artifact(data)


def test_memories_count_only_where_they_belong() -> None:
    envelope = document(1)
    memories = envelope["payload"]["memories"]  # type: ignore[index]
    payload = envelope["payload"] | {"memories": []}  # type: ignore[operator]
    moved = envelope | {"payload": payload, "memories": memories}
    with pytest.raises(MalformedError, match="two lists"):
        open_artifact(samples.data(moved))


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"missing\.json"):
        open_artifact(tmp_path / "missing.json")


def test_many_memories_are_not_held_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "large.json"
    memory = json.dumps(samples.memory("x" * 2_000, 1)).encode()
    with path.open("wb") as out:
        out.write(b'{"passport_id":"1","memories":[')
        out.write(b",".join([memory] * 20_000))
        out.write(b"]}")
    found = open_artifact(path)
    assert len(found.memories) == 20_000
    assert found.memories._file._rolled  # type: ignore[attr-defined]
    assert sum(1 for _ in values(found.memories)) == 20_000
    found.close()
