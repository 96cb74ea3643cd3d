# SPDX-License-Identifier: AGPL-3.0-only
"""What a request asks for, and the words of the answer: they depend on the request alone."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

_USER: Final = "user"
_RESULTS: Final = frozenset({"tool", "function"})
_BLOCK: Final = re.compile(r"\s*(<memory_context\b.*?</memory_context>)", re.DOTALL)
_SAY: Final = re.compile(r"\bsay (\w+(?:[.-]\w+)*)", re.IGNORECASE)
_COUNT: Final = re.compile(r"\bcount to (\d{1,6})\b", re.IGNORECASE)
_USE: Final = re.compile(r"\buse the tool\b", re.IGNORECASE)
_WORD: Final = re.compile(r"\S*\s*")
_QUOTED: Final = 200


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that the model may call."""

    name: str
    schema: Mapping[str, Any]

    def arguments(self, text: str) -> dict[str, Any]:
        """A value for each of its parameters."""
        properties = self.schema.get("properties", {})
        return {name: _example(each, text) for name, each in properties.items()}


@dataclass(frozen=True, slots=True)
class Asked:
    """What the last turn asks. ``text`` are the user's words without a context block, ``block`` is
    that block, ``result`` the latest result of a tool if nothing was said since."""

    text: str
    block: str
    images: int
    result: str | None
    tools: tuple[Tool, ...]

    @property
    def call(self) -> Tool | None:
        """The tool that the answer calls."""
        wanted = self.result is None and self.tools and _USE.search(self.text)
        return self.tools[0] if wanted else None

    @property
    def answer(self) -> str:
        """The words of the answer.

        ``count to 40`` gives forty words, ``say port`` the lines of the block that have that word;
        nothing else quotes the block.
        """
        if self.result is not None:
            return f"Das Werkzeug antwortet: «{self.result[:_QUOTED]}» ✓"
        if count := _COUNT.search(self.text):
            return " ".join(map(str, range(1, int(count[1]) + 1)))
        if say := _SAY.search(self.text):
            return _lines_with(say[1], self.block) or f"Nothing is known about {say[1]}."
        seen = f" ({self.images} image{'s' if self.images > 1 else ''})" if self.images else ""
        return f"Notiert: «{self.text[:_QUOTED]}»{seen} – größer als vorher 🧠✓"


def pieces(text: str) -> list[str]:
    """A text word by word, each with the blanks behind it."""
    return [word for word in _WORD.findall(text) if word]


def tokens(size: int) -> int:
    """About how many tokens so many bytes are."""
    return (size + 3) // 4


def ask(messages: Sequence[Any], tools: Sequence[Any]) -> Asked:
    """Read the messages or items of any of the three wire forms."""
    said, images, result = "", 0, None
    for message in messages:
        if not isinstance(message, Mapping):
            continue
        role, content = message.get("role"), message.get("content")
        output = message.get("output")
        if role in _RESULTS or output is not None:
            result = _joined(content if output is None else output)
            continue
        parts = list(_parts(content))
        results = [part for part in parts if part.get("type") == "tool_result"]
        if results:
            result = "\n".join(_joined(part.get("content")) for part in results)
        text = _joined(content)
        if role == _USER and _BLOCK.sub("", text).strip():
            said, result = text, result if results else None
            images = sum("image" in str(part.get("type")) for part in parts)
    blocks = _BLOCK.findall(said)
    read = tuple(tool for each in tools if (tool := _tool(each)) is not None)
    return Asked(_BLOCK.sub("", said).strip(), "\n".join(blocks), images, result, read)


def _parts(content: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(content, str):
        yield {"type": "text", "text": content}
    elif isinstance(content, list):
        yield from (part for part in content if isinstance(part, Mapping))


def _joined(content: Any) -> str:
    texts = (part.get("text") for part in _parts(content))
    return "\n".join(text for text in texts if isinstance(text, str))


def _tool(value: Any) -> Tool | None:
    if not isinstance(value, Mapping):
        return None
    value = value.get("function", value)
    name = value.get("name")
    schema = value.get("parameters", value.get("input_schema"))
    return Tool(name, schema) if isinstance(name, str) and isinstance(schema, Mapping) else None


def _example(schema: Any, text: str) -> Any:
    match schema.get("type") if isinstance(schema, Mapping) else None:
        case "integer" | "number":
            return 7
        case "boolean":
            return True
        case "string":
            return schema.get("enum", [f"Zürich – {text}"])[0]
        case _:
            return None


def _lines_with(word: str, block: str) -> str:
    lines = (re.sub(r"<[^>]*>", "", line).strip() for line in block.splitlines())
    return "\n".join(line for line in lines if word.lower() in line.lower())


def parse_object(body: bytes) -> dict[str, Any] | None:
    """A JSON object, or ``None`` if this is none."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
