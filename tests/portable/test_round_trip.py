# SPDX-License-Identifier: AGPL-3.0-only
"""Whatever is in a store leaves and arrives as it was, byte by byte in the documents."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import given, settings

from memoryoss_mcp.model import Memory
from memoryoss_mcp.portable.exporting import export_history, export_passport
from memoryoss_mcp.portable.integrity import verify
from memoryoss_mcp.portable.lines import Entry
from memoryoss_mcp.portable.records import entry_of
from memoryoss_mcp.portable.replaying import replay
from memoryoss_mcp.portable.signing import decide, sign_bundle
from memoryoss_mcp.portable.trust.fabric import Fabric
from memoryoss_mcp.store.store import Store
from tests.portable import stores
from tests.store import support

EXAMPLES = int(os.environ.get("MEMORYOSS_ROUND_TRIPS", "120"))
"""Generated stores: 5,000 in the long form (see benchmarks/README.md)."""


@dataclass
class Pair:
    """Two memory files of one owner. Each example has a namespace of its own in both."""

    here: Store
    there: Store
    fabric: Fabric
    numbers: Iterator[int]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    folder: Path = tmp_path_factory.mktemp("pair")
    with ExitStack() as stack:
        here = stack.enter_context(support.opened(folder / "here.db"))
        there = stack.enter_context(support.opened(folder / "there.db"))
        yield Pair(here, there, Fabric(there, folder / "keys"), itertools.count())


@settings(max_examples=EXAMPLES)
@given(found=stores.memories())
def test_what_was_exported_and_imported_is_exported_the_same(
    pair: Pair, found: list[Memory]
) -> None:
    space = f"n{next(pair.numbers)}"
    found = [replace(memory, namespace=space) for memory in found]
    stores.put(pair.here, space, found)
    passport, report = export_passport(pair.here, space, "all", (), stores.silent)
    kept = {memory.id: memory for memory in found if not memory.archived}
    assert report.selected == len(kept)
    arrived = stores.sent(sign_bundle(passport, pair.fabric))
    assert verify(arrived).valid
    imported = stores.importer(pair.there).run(
        arrived,
        space,
        lambda artifact: decide(artifact, pair.fabric),
        dry_run=False,
        progress=stores.silent,
    )
    assert imported.preview.trusted
    assert set(imported.imported_ids) == set(kept)
    assert stores.everything(pair.there, space) == kept
    again, _ = export_passport(pair.there, space, "all", (), stores.silent)
    assert stores.data(again) == stores.data(passport)


@settings(max_examples=EXAMPLES)
@given(found=stores.memories())
def test_a_replayed_history_has_the_same_lineage(pair: Pair, found: list[Memory]) -> None:
    if not found:
        return
    space = f"h{next(pair.numbers)}"
    found = [replace(memory, namespace=space) for memory in found]
    stores.put(pair.here, space, found)
    root = found[0].id
    history = export_history(pair.here, space, root)
    assert stores.data(history) == stores.data(export_history(pair.here, space, root))
    arrived = stores.sent(sign_bundle(history, pair.fabric))
    done = replay(
        pair.there,
        stores.importer(pair.there),
        arrived,
        space,
        lambda artifact: decide(artifact, pair.fabric),
        dry_run=False,
        progress=stores.silent,
    )
    assert done.create_count == len(history.memories)
    again = export_history(pair.there, space, root)
    assert list(again.memories) == list(history.memories)
    assert again.header["edges"] == history.header["edges"]
    members = {memory.id for memory in found}
    assert (
        stores.everything(pair.there, space).items()
        <= {memory.id: memory for memory in found if memory.id in members}.items()
    )


@given(stores.memories())
def test_an_entry_is_written_as_the_model_of_the_line_writes_it(found: list[Memory]) -> None:
    for memory in found:
        entry = entry_of(memory)
        assert list(Entry.model_validate(entry).written().items()) == list(entry.items())
