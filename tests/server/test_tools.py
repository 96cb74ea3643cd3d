# SPDX-License-Identifier: AGPL-3.0-only
"""What a client learns of the four tools before it calls one."""

from __future__ import annotations

import json
import re

import pytest
from jsonschema import Draft202012Validator
from mcp import Client
from mcp.shared.exceptions import MCPError

from memoryoss_mcp.config import Config
from memoryoss_mcp.server.app import INSTRUCTIONS, build_server
from memoryoss_mcp.server.handle import RuntimeHandle
from memoryoss_mcp.server.prompts import listing as prompt_listing
from memoryoss_mcp.server.tools import TOOLS
from memoryoss_mcp.text.preview import estimate_tokens

from .conftest import Talk

pytestmark = pytest.mark.anyio

HINTS = ("readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint")


async def test_the_four_tools_have_their_titles(talk: Talk) -> None:
    tools = (await talk.client.list_tools()).tools
    assert [(tool.name, tool.title) for tool in tools] == [
        ("memoryoss_recall", "Recall Relevant Memories"),
        ("memoryoss_store", "Store New Memory"),
        ("memoryoss_update", "Update Existing Memory"),
        ("memoryoss_forget", "Delete Stored Memory"),
    ]


async def test_every_hint_is_spelled_out(talk: Talk) -> None:
    hints = {}
    for tool in (await talk.client.list_tools()).tools:
        assert tool.annotations is not None
        shown = tool.annotations.model_dump(by_alias=True, exclude_none=True)
        hints[tool.name.removeprefix("memoryoss_")] = tuple(shown[name] for name in HINTS)
    assert hints == {
        "recall": (True, False, True, False),
        "store": (False, False, False, False),
        "update": (False, True, False, False),
        "forget": (False, True, True, False),
    }


async def test_input_schemas_are_closed_and_portable(talk: Talk) -> None:
    for tool in (await talk.client.list_tools()).tools:
        Draft202012Validator.check_schema(tool.input_schema)
        assert tool.input_schema["type"] == "object"
        assert tool.input_schema["additionalProperties"] is False
        text = json.dumps([tool.input_schema, tool.output_schema])
        for construct in ("$ref", "$defs", "anyOf", "oneOf", "allOf", "null"):
            assert construct not in text, tool.name


async def test_answers_conform_to_their_schemas(talk: Talk) -> None:
    schemas = {t.name: t.output_schema for t in (await talk.client.list_tools()).tools}

    async def check(tool: str, **arguments: object) -> dict[str, object]:
        answer = await talk.call(tool, **arguments)
        schema = schemas[f"memoryoss_{tool}"]
        assert schema is not None
        closed = json.loads(json.dumps(schema))
        closed["additionalProperties"] = False
        if tool == "recall":
            closed["properties"]["memories"]["items"]["additionalProperties"] = False
        Draft202012Validator(closed).validate(answer)
        return answer

    kept = await check("store", content="The staging host is blue.", tags=["ops"], agent="a")
    await check("recall", query="staging host", explain=True)
    await check("recall", query="staging host", max_tokens=1)
    await check("update", id=kept["id"], content="The staging host is green.")
    await check("forget", ids=[kept["id"]], dry_run=True)
    await check("forget", ids=[kept["id"]])
    await check("forget", ids=[kept["id"]])


def test_all_schemas_together_stay_under_1200_tokens() -> None:
    """By our estimate of current vocabularies, and by four characters to a token."""
    listed = [tool.listing() for tool in TOOLS.values()]
    dumped = [tool.model_dump(by_alias=True, exclude_none=True, mode="json") for tool in listed]
    text = "".join(json.dumps(tool, separators=(",", ":")) for tool in dumped)
    print(f"tools/list: {estimate_tokens(text)} tokens, {len(text)} characters")
    assert estimate_tokens(text) < 1_200
    assert len(text) / 4 < 1_200


def test_texts_inform_and_do_not_command() -> None:
    listed = [tool.listing() for tool in TOOLS.values()]
    texts = [INSTRUCTIONS, *(tool.description or "" for tool in listed)]
    texts += [prompt.description or "" for prompt in prompt_listing()]
    for text in texts:
        assert not re.search(
            r"\b(always|never|must|should|you|first call|before (any|each|every)|important)\b",
            text,
            re.IGNORECASE,
        ), text


async def test_an_unknown_tool_is_a_protocol_error(talk: Talk) -> None:
    with pytest.raises(MCPError, match="Unknown tool: memoryoss_erase") as caught:
        await talk.client.call_tool("memoryoss_erase", {})
    assert caught.value.error.code == -32602


@pytest.mark.parametrize(("mode", "version"), [("auto", "2026-07-28"), ("legacy", "2025-11-25")])
async def test_both_eras_are_served(handle: RuntimeHandle, mode: str, version: str) -> None:
    async with Client(build_server(handle), mode=mode) as client:
        assert client.protocol_version == version
        assert client.server_info is not None
        assert client.server_info.name == "memoryoss"
        stored = await client.call_tool("memoryoss_store", {"content": f"Seen by {mode}."})
        assert not stored.is_error


async def test_listing_touches_no_file(handle: RuntimeHandle, config: Config) -> None:
    """A client asks this of every server; the file appears with the first call of a tool."""
    async with Client(build_server(handle)) as client:
        await client.list_tools()
        await client.list_prompts()
        await client.list_resources()
        await client.list_resource_templates()
        assert not config.data_dir.exists()
        await client.call_tool("memoryoss_recall", {"query": "anything"})
        assert config.store_path.is_file()
