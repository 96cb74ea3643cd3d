# SPDX-License-Identifier: AGPL-3.0-only
"""``memoryoss list`` and ``inspect``: everything that is there, newest first, and nothing else."""

from __future__ import annotations

from tests.cli.support import Cli


def test_the_listing_pages_through_everything_newest_first(library: Cli) -> None:
    seen = []
    cursor: tuple[str, ...] = ()
    while True:
        page = library.json("list", "--limit", "4", *cursor)
        assert list(page) == ["namespace", "namespace_source", "total", "next_cursor", "memories"]
        seen += page["memories"]
        if page["next_cursor"] is None:
            break
        cursor = ("--cursor", page["next_cursor"])
    assert len(seen) == len({memory["id"] for memory in seen}) == page["total"] == 13
    times = [memory["created_at"] for memory in seen]
    assert times == sorted(times, reverse=True)
    assert seen[-1]["content"] == "Ingrid prefers short answers."


def test_people_get_a_table(library: Cli) -> None:
    result = library("list", "--limit", "3")
    assert result.code == 0
    assert "3 of 13" in result.out
    assert "--cursor" in result.out


def test_inspect_shows_the_whole_record(library: Cli) -> None:
    listed = library.json("list", "--agent", "ann")["memories"][0]
    record = library.json("inspect", listed["id"])
    trust = record.pop("trust")
    assert record.pop("withheld") is None
    assert record == listed
    assert 0 < trust["low"] < trust["score"] < trust["high"] < 1
    assert list(trust["signals"]) == ["recency", "source", "coherence", "access", "outcome"]
    assert (record["version"], record["archived"], record["superseded_by"]) == (1, False, None)
    shown = library("inspect", listed["id"])
    assert "The tests need a running Redis." in shown.out
    assert "tests, setup" in shown.out
    assert listed["content_hash"] in shown.out
    assert "coherence" in shown.out


def test_an_id_that_is_not_there_is_an_error(library: Cli) -> None:
    missing = library("inspect", "01890a5d-ac96-774b-bcce-b302099a8057", "--json")
    assert missing.code == 1
    assert missing.error["code"] == "not_found"


def test_namespaces_do_not_see_each_other(library: Cli) -> None:
    listed = library.json("list", "--limit", "1")["memories"][0]
    assert library("inspect", listed["id"], "--namespace", "other").code == 1
    assert library.json("list", "--namespace", "other")["total"] == 0
    assert library.json("recall", "sailing", "--namespace", "other")["memories"] == []
