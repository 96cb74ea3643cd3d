# SPDX-License-Identifier: AGPL-3.0-only
"""JSON Schemas as a client wants them: complete, self-contained, and few tokens."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, TypeAdapter


def compact_schema(kind: Any) -> dict[str, Any]:
    """The JSON Schema of a pydantic model or typed dict.

    Left out are titles, which repeat the names, and defaults of ``null``; references are put in
    place, because not every client follows them.
    """
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        schema = kind.model_json_schema()
    else:
        schema = TypeAdapter(kind).json_schema()
    definitions = schema.pop("$defs", {})
    compacted: dict[str, Any] = _compact(schema, definitions)
    compacted.pop("description", None)  # the docstring is for readers of the code
    return compacted


def _compact(node: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(node, list):
        return [_compact(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        target = definitions[node["$ref"].rpartition("/")[2]]
        inlined = {k: v for k, v in target.items() if k != "description"}
        return _compact({**inlined, **{k: v for k, v in node.items() if k != "$ref"}}, definitions)
    kept: dict[str, Any] = {}
    for key, value in node.items():
        if key == "title" and isinstance(value, str):
            continue
        if key == "default" and value is None:
            continue
        if key == "properties":
            kept[key] = {name: _compact(part, definitions) for name, part in value.items()}
        else:
            kept[key] = _compact(value, definitions)
    return kept
