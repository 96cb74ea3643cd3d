# SPDX-License-Identifier: AGPL-3.0-only
"""The stores of the speed lanes: what is in them, and that the bare steps read them right."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks import report
from benchmarks.datasets import DATA_VARIABLE
from benchmarks.floors import Floors
from benchmarks.timing import build
from benchmarks.workload import NAMESPACE, VectorSource, make_workload
from memoryoss_mcp.recall.query import RecallQuery
from memoryoss_mcp.runtime import Runtime
from memoryoss_mcp.store import vectors
from memoryoss_mcp.text.tokens import query_terms


def unit_vectors(count: int) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    rows = np.random.default_rng(1).standard_normal((count, 384)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows


@pytest.fixture
def without_sets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path / "nowhere"))


@pytest.mark.usefixtures("without_sets")
def test_without_the_sets_documents_come_from_a_made_up_vocabulary() -> None:
    workload = make_workload()
    assert workload.source == "Zipf vocabulary"
    few, more = list(workload.documents(3)), list(workload.documents(5))
    assert few == more[:3], "a larger store begins with the smaller one"
    assert all(30 <= len(text.split()) <= 70 for text in more)
    assert len(workload.questions) >= 700


def test_vectors_beyond_the_real_ones_are_near_copies() -> None:
    real = unit_vectors(4)
    rows = vectors.decode(VectorSource(real).take(12), 384)
    assert np.allclose(rows[:4], real, atol=0.01)
    for copy in (4, 8):
        cosines = (rows[copy : copy + 4] * real).sum(axis=1)
        assert ((cosines > 0.8) & (cosines < 0.95)).all()


@pytest.mark.slow
@pytest.mark.usefixtures("without_sets")
def test_the_bare_steps_find_what_is_in_the_store(tmp_path: Path) -> None:
    workload = make_workload()
    real = unit_vectors(50)
    built = build(tmp_path / "store", workload, 2_100, VectorSource(real))
    again = build(tmp_path / "store", workload, 2_100, VectorSource(real))
    assert again.seconds is None, "it is used as it is"
    text = next(workload.documents(1))
    floors = Floors(built.config.store_path)
    try:
        assert floors.lexical(query_terms(text))[0] == 0
        distances = floors.scan(real[7])
        assert len(distances) == 2_100
        assert int(distances.argmin()) == 7
    finally:
        floors.close()
    with Runtime.open(built.config) as runtime:
        found = runtime.recall(RecallQuery(text, NAMESPACE, limit=1)).memories
        assert found[0].memory.content == text


def test_a_check_passes_only_inside_its_bound() -> None:
    assert report.Check("speed", 4.9, 5.0, ceiling=True).passed
    assert not report.Check("speed", 5.1, 5.0, ceiling=True).passed
    assert not report.Check("speed", float("nan"), 5.0, ceiling=True).passed
    assert report.Check("quality", 0.8, 0.8).passed
    assert "FAIL" in report.verdict([report.Check("quality", 0.7, 0.8)])
