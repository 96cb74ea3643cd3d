# SPDX-License-Identifier: AGPL-3.0-only
"""Writes the JSON Schemas (2020-12) of the published lines from the models that read them.

``python schemas/generate.py`` writes them; with ``--check`` it only says whether those that are
there are the ones that it would write.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from pathlib import Path
from typing import Any

from memoryoss_mcp.portable import lines, trust_lines

HERE = Path(__file__).resolve().parent
DIALECT = "https://json-schema.org/draft/2020-12/schema"
BASE = "https://memoryoss.com/schemas/"

SCHEMAS: dict[str, tuple[type[lines.Line], str, dict[str, str]]] = {
    "runtime-contract": (
        lines.RuntimeContract,
        "Runtime contract",
        {"contract_id": lines.RUNTIME},
    ),
    "passport-bundle": (lines.Passport, "Passport", {"bundle_version": lines.PASSPORT}),
    "history-bundle": (lines.History, "History", {"bundle_version": lines.HISTORY}),
    "bundle-envelope": (lines.Envelope, "Bundle envelope", {"bundle_version": lines.BUNDLE}),
    "trust-catalog": (trust_lines.TrustCatalog, "Trust catalog", {}),
    "sidecar-signature": (lines.Sidecar, "Sidecar signature", {}),
    "sync-peer": (trust_lines.SyncPeer, "Descriptor of a sync peer", {}),
}
"""By name: the model, the title, and the fields that have one value only."""

PAYLOADS = ("passport-bundle", "history-bundle")


def name_of(schema: str) -> str:
    """The file of a schema."""
    return f"{schema}.schema.json"


def schema(name: str) -> dict[str, Any]:
    """One schema. Fields that it does not name are allowed: a line only ever gains some."""
    model, title, constants = SCHEMAS[name]
    made = model.model_json_schema(mode="validation", by_alias=True)
    properties = made["properties"]
    for field, value in constants.items():
        properties[field] = {"const": value}
    if "payload" in properties:
        choices = [{"$ref": BASE + name_of(payload)} for payload in PAYLOADS]
        properties["payload"] = {"anyOf": choices}
    head = {
        "$schema": DIALECT,
        "$id": BASE + name_of(name),
        "title": title,
        "description": _prose(inspect.getdoc(model) or ""),
    }
    body: dict[str, Any] = _plain({key: item for key, item in made.items() if key not in head})
    return head | body


def _prose(text: str) -> str:
    """A docstring as plain text on one line."""
    return " ".join(re.sub(r":\w+:`([^`]*)`", r"\1", text).replace("``", "").split())


def _plain(value: Any) -> Any:
    """Without the titles that only repeat the names of fields and models."""
    if isinstance(value, dict):
        return {
            key: _prose(item) if key == "description" and isinstance(item, str) else _plain(item)
            for key, item in value.items()
            if not (key == "title" and isinstance(item, str))
        }
    return [_plain(item) for item in value] if isinstance(value, list) else value


def contents() -> dict[str, str]:
    """Every file by its name."""
    return {
        name_of(name): json.dumps(schema(name), indent=2, ensure_ascii=False) + "\n"
        for name in SCHEMAS
    }


def main() -> int:
    """Write or compare; 1 if a file is not what it should be."""
    wrong = 0
    for name, text in contents().items():
        path = HERE / name
        if "--check" not in sys.argv[1:]:
            path.write_text(text, encoding="utf-8", newline="\n")
        elif not path.is_file() or path.read_text(encoding="utf-8") != text:
            sys.stderr.write(f"{name} is not what the models say; run schemas/generate.py.\n")
            wrong = 1
    return wrong


if __name__ == "__main__":
    sys.exit(main())
