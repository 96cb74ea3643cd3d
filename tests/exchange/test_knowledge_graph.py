# SPDX-License-Identifier: AGPL-3.0-only
"""The graph of the official MCP memory server: one that it wrote, one that it writes now."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mcp import Client, StdioServerParameters

from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.exchange.record import Found
from memoryoss_mcp.exchange.sources.knowledge_graph import KnowledgeGraph

from .foreign import PEERS, read

PEER = PEERS / "mcp-memory"
SOURCE = KnowledgeGraph()
NODE_MODULES = "MEMORYOSS_NODE_MODULES"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def entity(name: str, *observations: object, kind: str = "thing") -> dict[str, Any]:
    return {
        "type": "entity",
        "name": name,
        "entityType": kind,
        "observations": list(observations),
    }


def relation(source: str, kind: str, target: str) -> dict[str, Any]:
    return {"type": "relation", "from": source, "to": target, "relationType": kind}


def write(folder: Path, *items: object) -> Path:
    file = folder / "memory.jsonl"
    lines = [item if isinstance(item, str) else json.dumps(item) for item in items]
    file.write_text("\n".join(lines), encoding="utf-8", newline="")
    return file


def test_observations_and_relations_become_memories() -> None:
    found, skipped = read(SOURCE, PEER)
    assert read(SOURCE, PEER / "memory.jsonl") == (found, skipped)
    assert [record.content for record in found] == [
        "Anna_Keller: Leads the payments team",
        "Anna Keller prefers written updates over meetings",
        "Anna_Keller: Speaks German and 日本語",
        "payments-api is written in Go",
        "Billing: Deadline is 30 September 2026",
        "Billing: Uses the double-entry ledger",
        'Billing: Says "done"\nonly when it is invoiced',
        "Zürich office: Opens at 8:00",
        "The Zürich office has a quiet room 🤫",
        "Go: Going forward all new services are written in it",
        "Anna_Keller leads Billing.",
        "Anna_Keller works at Zürich office.",
        "payments-api is part of Billing.",
        "payments-api is written in Go.",
        "Placeholder mentions Billing.",
    ]
    assert found[0].tags == ("person", "Anna_Keller")
    assert found[11].tags == ("works_at", "Anna_Keller", "Zürich office")
    assert [(record.place, record.reason) for record in skipped] == [
        ("line 5", "is an entity without observations")
    ]


def test_what_stands_behind_the_name_of_an_entity_is_known(tmp_path: Path) -> None:
    file = write(tmp_path, entity("Anna", "ok", "Anna sings"), relation("Anna", "knows", "Ben"))
    found, _ = read(SOURCE, file)
    assert [(record.content, record.said) for record in found] == [
        ("Anna: ok", "ok"),
        ("Anna sings", None),
        ("Anna knows Ben.", None),
    ]


def test_wrong_lines_are_skipped_and_the_others_read(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        "{broken",
        entity("A", "first", 7, " "),
        "",
        "[1]",
        {"type": "note", "text": "x"},
        {"type": "entity", "name": "B"},
        {"type": "relation", "from": "A", "relationType": "knows"},
        "[" * 100_000,
        entity("C", "last"),
    )
    with file.open("ab") as more:
        more.write(b'\n{"type": "entity", "name": "\xff"}\n')
    found, skipped = read(SOURCE, file)
    assert [record.content for record in found] == ["A: first", "C: last"]
    assert [(record.place, record.reason) for record in skipped] == [
        ("line 1", "is not a JSON object"),
        ("line 2, observation 2", "is an observation without text"),
        ("line 2, observation 3", "is an observation without text"),
        ("line 4", "is not a JSON object"),
        ("line 5", "is no entity or relation"),
        ("line 6", "is no entity or relation"),
        ("line 7", "is no entity or relation"),
        ("line 8", "is not a JSON object"),
        ("line 10", "is not a JSON object"),
    ]


def test_what_is_said_twice_is_skipped_once(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        entity("A", "x", "x"),
        entity("A", "x", "y"),
        entity("B", "x"),
        relation("A", "knows", "B"),
        relation("A", "knows", "B"),
    )
    found, skipped = read(SOURCE, file)
    assert [record.content for record in found] == ["A: x", "A: y", "B: x", "A knows B."]
    assert {record.reason for record in skipped} == {"is in the file already, further up"}


def test_keys_stay_when_the_graph_grows_around_them(tmp_path: Path) -> None:
    before = {
        record.content: record.key for record in read(SOURCE, write(tmp_path, entity("A", "x")))[0]
    }
    after = read(SOURCE, write(tmp_path, entity("B", "z"), entity("A", "y", "x")))[0]
    assert {record.content: record.key for record in after}["A: x"] == before["A: x"]


@pytest.mark.parametrize(
    ("kind", "spoken"),
    [
        ("worksAt", "works at"),
        ("WORKS_AT", "works at"),
        ("works-at", "works at"),
        ("knows", "knows"),
        ("is in Charge of", "is in Charge of"),
        ("verwendetFür", "verwendet für"),
        ("__", "__"),
    ],
)
def test_a_relation_is_spoken(tmp_path: Path, kind: str, spoken: str) -> None:
    file = write(tmp_path, relation("A", kind, "B"))
    assert [record.content for record in read(SOURCE, file)[0]] == [f"A {spoken} B."]


def test_files_of_other_kinds_are_refused(tmp_path: Path) -> None:
    other = tmp_path / "list.jsonl"
    other.write_text('{"content": "x"}\n')
    binary = PEERS / "mem0" / "history.db"
    for path in (other, binary):
        assert not SOURCE.recognises(path)
        with pytest.raises(InvalidInputError, match="holds no knowledge graph"):
            SOURCE.count(path)
    for path in (tmp_path / "none", tmp_path):
        assert not SOURCE.recognises(path)
        with pytest.raises(InvalidInputError, match="There is no file"):
            list(SOURCE.read(path))
    (tmp_path / "memory.json").write_text("")
    assert list(SOURCE.read(tmp_path)) == []  # the older name, and an empty graph


texts = st.text(max_size=12)


@settings(deadline=None)
@given(
    graph=st.lists(
        st.one_of(
            st.builds(lambda name, said: entity(name, *said), texts, st.lists(texts, max_size=4)),
            st.builds(relation, texts, texts, texts),
            st.dictionaries(texts, texts, max_size=2),
        ),
        max_size=8,
    )
)
def test_any_graph_is_found_or_skipped_whole(
    graph: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever names and texts hold, also line separators, quotes and halves of surrogate pairs."""
    file = write(tmp_path_factory.mktemp("graph"), entity("start", "x"), *graph)
    found, skipped = read(SOURCE, file)
    expected = 1 + sum(
        max(len(item.get("observations", ())), 1) if item.get("name", "").strip() else 1
        for item in graph
    )
    assert len(found) + len(skipped) == expected
    said = [record.content for record in found]
    for item in graph:
        if item.get("type") == "entity" and item["name"].strip():
            for text in filter(str.strip, item["observations"]):
                assert any(text.strip() in content for content in said)


@pytest.mark.anyio
async def test_what_the_server_writes_now_is_read(tmp_path: Path) -> None:
    folder = os.environ.get(NODE_MODULES)
    if not folder:
        pytest.skip(f"{NODE_MODULES} is not set: the npm packages of tests/clients are not there")
    package = Path(folder) / "@modelcontextprotocol" / "server-memory"
    if not package.is_dir():
        pytest.skip(f"{NODE_MODULES} holds no @modelcontextprotocol/server-memory")
    search = os.pathsep.join((str(Path(folder) / ".bin"), os.environ.get("PATH", "")))
    node = shutil.which("node", path=search)
    assert node is not None, "there is no Node.js"
    file = tmp_path / "graph.jsonl"
    parameters = StdioServerParameters(
        command=node,
        args=[str(package / "dist" / "index.js")],
        env={**os.environ, "MEMORY_FILE_PATH": str(file)},
    )
    async with Client(parameters) as client:

        async def call(name: str, **arguments: object) -> None:
            answer = await client.call_tool(name, arguments)
            assert not answer.is_error, answer.content

        made = entity("Łódź depot", "Opens at six", "Holds 40 trams", kind="place")
        del made["type"]
        await call("create_entities", entities=[made, {**made, "name": "Tram 12"}])
        await call(
            "create_relations",
            relations=[{"from": "Tram 12", "to": "Łódź depot", "relationType": "starts_from"}],
        )
        await call(
            "delete_observations",
            deletions=[{"entityName": "Tram 12", "observations": ["Holds 40 trams"]}],
        )
        found, skipped = read(SOURCE, file)
        keys = {record.content: record.key for record in found}
        await call(
            "add_observations",
            observations=[{"entityName": "Łódź depot", "contents": ["Has a café ☕"]}],
        )
    assert list(keys) == [
        "Łódź depot: Opens at six",
        "Łódź depot: Holds 40 trams",
        "Tram 12: Opens at six",
        "Tram 12 starts from Łódź depot.",
    ]
    assert skipped == []
    later = [record for record in SOURCE.read(file) if isinstance(record, Found)]
    assert {record.content: record.key for record in later if record.content in keys} == keys
    assert "Łódź depot: Has a café ☕" in [record.content for record in later]
