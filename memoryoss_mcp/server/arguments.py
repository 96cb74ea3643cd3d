# SPDX-License-Identifier: AGPL-3.0-only
"""What the tools take: typed, forgiving about form, strict about names and values.

Models send ``null`` for what they leave out, numbers as strings and a lone string for a list; all
of these are read as meant. An unknown name or an unusable value is an error that says what to send.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import ErrorDetails

from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.model import MemoryType
from memoryoss_mcp.server.schema import compact_schema


def _as_list(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        try:
            parsed = json.loads(value)
        except (ValueError, RecursionError):
            return [value]
        if isinstance(parsed, list):
            return parsed
    return [value]


def _not_boolean(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError
    return value


_Text = str | SkipJsonSchema[None]
_Type = MemoryType | SkipJsonSchema[None]
_Flag = bool | SkipJsonSchema[None]
_Integer = Annotated[int | SkipJsonSchema[None], BeforeValidator(_not_boolean)]
_Strings = Annotated[list[str], BeforeValidator(_as_list)]
_OptionalStrings = Annotated[list[str] | SkipJsonSchema[None], BeforeValidator(_as_list)]


class Arguments(BaseModel):
    """Base of all tools' arguments."""

    model_config = ConfigDict(extra="forbid", coerce_numbers_to_str=True, defer_build=True)


class RecallArguments(Arguments):
    """Arguments of ``memoryoss_recall``."""

    query: str = Field(description="Question or keywords")
    limit: _Integer = Field(None, description="1-100, default 10")
    tags: _OptionalStrings = Field(None, description="Any of these")
    memory_type: _Type = None
    agent: _Text = None
    session: _Text = None
    after: _Text = Field(None, description="Date or RFC 3339")
    before: _Text = None
    namespace: _Text = Field(None, description="Default: this project")
    cursor: _Text = Field(None, description="From next_cursor")
    max_tokens: _Integer = Field(None, description="Content budget, default 6000")
    explain: _Flag = None


class StoreArguments(Arguments):
    """Arguments of ``memoryoss_store``."""

    content: str = Field(description="Self-contained text")
    tags: _OptionalStrings = None
    memory_type: _Type = None
    agent: _Text = None
    session: _Text = None
    created_at: _Text = Field(None, description="When stated")
    namespace: _Text = None


class UpdateArguments(Arguments):
    """Arguments of ``memoryoss_update``."""

    id: str
    content: _Text = None
    tags: _OptionalStrings = Field(None, description="Replaces all tags")
    memory_type: _Type = None
    namespace: _Text = None


class ForgetArguments(Arguments):
    """Arguments of ``memoryoss_forget``."""

    ids: _Strings
    dry_run: _Flag = Field(None, description="Only list")
    namespace: _Text = None


A = TypeVar("A", bound=Arguments)


def parse_arguments(model: type[A], values: dict[str, Any]) -> A:
    """Read ``values`` as the arguments of a tool.

    Raises:
        InvalidInputError: an unknown, missing or unusable argument; all of them are named.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=True)
        properties = compact_schema(model)["properties"]
        problems: dict[str, str] = {}  # the first of each argument
        for fault in faults:
            problems.setdefault(str(fault["loc"][0]), _describe(fault, properties))
        raise InvalidInputError(" ".join(problems.values()), field=next(iter(problems))) from None


def _describe(fault: ErrorDetails, properties: dict[str, Any]) -> str:
    name = str(fault["loc"][0])
    if fault["type"] == "extra_forbidden":
        shown = name[:40] + ("…" if len(name) > 40 else "")
        return f"Unknown argument {shown!r}; known are {', '.join(properties)}."
    expected = _expected(properties[name])
    if fault["type"] == "missing":
        return f"{name!r} is required: send {expected}."
    found = "one item is" if any(isinstance(part, int) for part in fault["loc"]) else "you sent"
    return f"{name!r} must be {expected}; {found} {_shown(fault['input'])}."


def _expected(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return "one of " + ", ".join(schema["enum"])
    kinds = {
        "string": "a string",
        "integer": "a whole number",
        "boolean": "true or false",
        "array": "a list of strings",
    }
    return kinds[schema["type"]]


def _shown(value: Any) -> str:
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 40 else text[:39] + "…"
