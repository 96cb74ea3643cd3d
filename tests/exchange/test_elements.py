# SPDX-License-Identifier: AGPL-3.0-only
"""A long JSON array is read element by element, as the whole of it would be."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.exchange import elements as module
from memoryoss_mcp.exchange.elements import elements

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def write(folder: Path, text: str) -> Path:
    file = folder / "file.json"
    file.write_text(text, encoding="utf-8", newline="")
    return file


@settings(deadline=None)
@given(items=st.lists(values), others=st.dictionaries(st.text(), values), data=st.data())
def test_the_elements_are_those_of_the_whole(
    items: list[object],
    others: dict[str, object],
    data: st.DataObject,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    indent = data.draw(st.sampled_from([None, 1]))
    ascii_only = data.draw(st.booleans())
    whole: object = items
    if data.draw(st.booleans()):
        whole = {**others, "results": items, "more": 12}
    text = json.dumps(whole, indent=indent, ensure_ascii=ascii_only)
    folder = tmp_path_factory.mktemp("json")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "CHUNK", data.draw(st.integers(1, 9)))
        if ascii_only:
            assert list(elements(write(folder, f"\ufeff{text} \n"), ["results"])) == items
        else:
            encoded = text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
            again = json.loads(encoded)
            expected = again["results"] if isinstance(again, dict) else again
            assert list(elements(write(folder, encoded), ["results"])) == expected


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("", 0),
        ("{", 0),
        ("[1, 2", 1),
        ("[1, 2,]", 2),
        ("[1 2]", 0),
        ("[1] 2", 1),
        ('{"results": [1, {]}', 1),
        ('{"other": [1]}', 0),
        ('{"results" [1]}', 0),
        ("[" * 100_000, 0),
        ('"text"', 0),
        ("12", 0),
    ],
)
def test_a_fault_is_an_error_after_what_stands_before_it(
    tmp_path: Path, text: str, given: int
) -> None:
    each = elements(write(tmp_path, text), ["results"])
    for _ in range(given):
        next(each)
    with pytest.raises(InvalidInputError, match=r"file\.json is not sound JSON"):
        list(each)


def test_bytes_that_are_no_text_and_files_that_are_not_there_are_errors(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_bytes(b'["\xff"]')
    with pytest.raises(InvalidInputError, match="not sound JSON"):
        list(elements(tmp_path / "x.json"))
    with pytest.raises(InvalidInputError, match="There is no file"):
        list(elements(tmp_path / "y.json"))
    with pytest.raises(InvalidInputError, match="cannot be read"):
        list(elements(tmp_path))


def test_memory_is_needed_for_an_element_and_not_for_the_file(tmp_path: Path) -> None:
    file = write(tmp_path, json.dumps([{"memory": "word " * 400}] * 4_000))
    assert file.stat().st_size > 8_000_000
    tracemalloc.start()
    try:
        assert sum(1 for _ in elements(file)) == 4_000
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()
