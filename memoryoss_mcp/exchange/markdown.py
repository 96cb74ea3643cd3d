# SPDX-License-Identifier: AGPL-3.0-only
"""Markdown into statements: paragraphs, list items, tables and code, each word for word.

A statement is cut out of the source, so that code, identifiers, links and emphasis stay as they
were written. What it would not make sense without is put before it: the line that introduces a
list, the item above a nested one, a heading that turns the meaning round ("Never").
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import zip_longest
from typing import Final, Literal

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from memoryoss_mcp.exchange.frontmatter import FrontMatter, split_front_matter, text_of
from memoryoss_mcp.model import Limits
from memoryoss_mcp.text import fold, split_sentences
from memoryoss_mcp.text.polarity import NEGATIONS
from memoryoss_mcp.text.stopwords import word_set

StatementKind = Literal["paragraph", "item", "table", "code", "quote", "html"]

WHOLE: Final = 1_000
"""Characters up to which an item with nested ones, a table or a list of steps is one statement:
about what the embedding model reads at once."""

MAX_LEAD: Final = 300
"""Characters of an introduction that is repeated before each item; of a longer one only the last
sentence is."""


HEADING_ALONE: Final = "a heading with nothing below it"
"""Why a heading is a :class:`Left`."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One thing that a document says. ``line`` counts from 1; ``headings`` from the title down."""

    text: str
    line: int
    headings: tuple[str, ...] = ()
    kind: StatementKind = "paragraph"


@dataclass(frozen=True, slots=True)
class Left:
    """A part of a document that cannot be a statement, and why."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Document:
    """What a Markdown text holds, in its order."""

    front: FrontMatter
    parts: tuple[Statement | Left, ...]

    @property
    def statements(self) -> tuple[Statement, ...]:
        """The parts that are statements."""
        return tuple(part for part in self.parts if isinstance(part, Statement))


def read_markdown(text: str, *, content_limit: int | None = None) -> Document:
    """Take a Markdown text apart. Nothing is cut: a statement of more than ``content_limit`` bytes
    (default: what a memory may have) is reported as a :class:`Left`."""
    text = unify_line_ends(text)
    front, body = split_front_matter(text)
    lines = text.split("\n")
    lines[:body] = [""] * body
    limit = Limits().max_content_bytes if content_limit is None else content_limit
    reader = _Reader(lines, limit, text_of(front, "title"))
    reader.read()
    return Document(front, tuple(reader.parts))


def unify_line_ends(text: str) -> str:
    """The text with ``\\n`` for every line end and without a byte order mark."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    """Blocks only. Definitions of links stay paragraphs: they belong to what uses them."""
    parser = MarkdownIt("commonmark").enable("table").disable("reference")
    parser.core.ruler.enableOnly(["normalize", "block"])
    return parser


_LISTS: Final = ("bullet_list", "ordered_list")
_KINDS: Final[dict[str, StatementKind]] = {
    "fence": "code",
    "code_block": "code",
    "table": "table",
    "blockquote": "quote",
    "html_block": "html",
}
_DEFINITION = re.compile(r" {0,3}\[([^\]\n]+)\]:[ \t]*\S.*")
_REFERENCE = re.compile(r"\[([^\[\]\n]+)\](?!\()")
_COMMENT = re.compile(r"\s*(?:<!--(?:(?!-->).)*-->\s*)+", re.DOTALL)
_ELEMENT = re.compile(r"<[^<>]*>")
_MARKER = re.compile(r"([ \t]*)([-+*]|\d{1,9}[.)])([ \t]*)")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_PROHIBITIONS: Final = word_set(
    "avoid avoided forbidden prohibited disallowed deprecated dont vermeiden verboten veraltet "
    "eviter interdit interdits obsolete evitar prohibido prohibidos obsoleto evitare vietato "
    "vietati proibido proibidos"
)


class _Reader:
    """Goes through the blocks of a document in order."""

    def __init__(self, lines: list[str], limit: int, title: str | None) -> None:
        self.parts: list[Statement | Left] = []
        self._lines = lines
        self._limit = limit
        self._title = title
        self._headings: list[tuple[int, str]] = []
        self._bare: list[tuple[int, int]] = []
        """Levels and lines of the headings that nothing stands below yet."""
        self._definitions: dict[str, str] = {}
        self._used: set[str] = set()

    def read(self) -> None:
        root = SyntaxTreeNode(_parser().parse("\n".join(self._lines)))
        asides = []
        nodes = []
        for node in root.children:
            definitions = self._definitions_in(node)
            self._definitions |= definitions
            asides += [(node, key) for key in definitions]
            if not definitions:
                nodes.append(node)
        self._blocks(nodes, 0, ())
        self._close_headings(1)
        self._headings = []
        for node, key in asides:
            if key not in self._used:
                self._put(self._definitions[key], _start(node), "paragraph")

    def _definitions_in(self, node: SyntaxTreeNode) -> dict[str, str]:
        if node.type != "paragraph":
            return {}
        matches = [_DEFINITION.fullmatch(line) for line in self._text(node, 0).split("\n")]
        found = [match for match in matches if match]
        if len(found) < len(matches):
            return {}
        return {match[1].casefold(): match[0].strip() for match in found}

    def _blocks(
        self, nodes: Sequence[SyntaxTreeNode], column: int, context: tuple[str, ...]
    ) -> None:
        """Blocks that begin at a column, each below the lines of ``context``."""
        lead: SyntaxTreeNode | None = None
        for node, following in zip_longest(nodes, nodes[1:]):
            if node.type == "heading" and "\n" in node.children[0].content:
                # Prose of several lines above a rule: a heading by the letter only.
                text = _below(self._over(context), node.children[0].content, "\n\n")
                self._put(text, _start(node), "paragraph")
            elif node.type == "heading":
                self._heading(node)
            elif node.type in _LISTS:
                before = len(self.parts)
                self._list(node, column, context, self._lead(lead, column))
                if lead is not None and len(self.parts) == before:
                    self._block(lead, column, context, None)
            elif node.type == "html_block" and self._is_mute(node, column):
                pass
            elif lead is None and _introduces(self._text(node, column), node, following):
                lead = node
                continue
            elif node.type != "hr":
                self._block(node, column, context, lead)
            lead = None

    def _block(
        self,
        node: SyntaxTreeNode,
        column: int,
        context: tuple[str, ...],
        lead: SyntaxTreeNode | None,
    ) -> None:
        kind = _KINDS.get(node.type, "paragraph")
        text = self._text(node, column)
        line = _start(node if lead is None else lead)
        context = self._over(context)
        if lead is not None:
            context = (*context, self._text(lead, column))
        elif kind in ("code", "table") and self._headings and not context:
            context = (self._headings[-1][1],)
        if kind == "table" and len(text) > WHOLE:
            head, rule, *rows = text.split("\n")
            for number, row in enumerate(rows, _start(node) + 2):
                self._put(_below(context, f"{head}\n{rule}\n{row}", "\n\n"), number, kind)
            return
        self._put(_below(context, text, "\n\n"), line, kind)

    def _heading(self, node: SyntaxTreeNode) -> None:
        level = int(node.tag[1:])
        self._close_headings(level)
        self._headings = [heading for heading in self._headings if heading[0] < level]
        name = " ".join(node.children[0].content.split()) if node.children else ""
        if name:
            self._headings.append((level, name))
            self._bare.append((level, _start(node)))

    def _close_headings(self, level: int) -> None:
        """Report the bare headings of a level and those below it."""
        closed = [line for deep, line in self._bare if deep >= level]
        self.parts.extend(Left(line, HEADING_ALONE) for line in closed)
        self._bare = [heading for heading in self._bare if heading[0] < level]

    def _is_mute(self, node: SyntaxTreeNode, column: int) -> bool:
        """Whether HTML shows no text; it is reported then."""
        text = self._text(node, column)
        if _COMMENT.fullmatch(text):
            self.parts.append(Left(_start(node), "an HTML comment"))
            return True
        if not _ELEMENT.sub("", text).strip():
            self.parts.append(Left(_start(node), "HTML without text"))
            return True
        return False

    def _lead(self, node: SyntaxTreeNode | None, column: int) -> str | None:
        """What introduces a list; a long introduction is a statement too."""
        if node is None:
            return None
        text = self._text(node, column)
        if len(text) <= MAX_LEAD:
            return text
        self._put(_below(self._over(()), text, "\n"), _start(node), "paragraph")
        return split_sentences(text)[-1][-MAX_LEAD:]

    def _list(
        self, node: SyntaxTreeNode, column: int, context: tuple[str, ...], lead: str | None
    ) -> None:
        if lead is not None:
            context = (*context, lead)
            text = self._text(node, column)
            if node.type == "ordered_list" and len(text) <= WHOLE:
                # Steps: their order is part of what is said.
                self._put(_below(self._over(context), text, "\n\n"), _start(node), "item")
                return
        for item in node.children:
            self._item(item, column, context)

    def _item(self, item: SyntaxTreeNode, column: int, context: tuple[str, ...]) -> None:
        marker, inner = _columns(_from_column(self._line(item), column), column)
        text = self._text(item, inner)
        if len(text) > WHOLE and any(child.type in _LISTS for child in item.children):
            self._long_item(item, inner, context)
        elif text:
            if context := self._over(context):
                text = _below(context, self._text(item, marker), "\n")
            self._put(text, _start(item), "item")

    def _long_item(self, item: SyntaxTreeNode, column: int, context: tuple[str, ...]) -> None:
        """The blocks of an item one by one, below its first line."""
        first, *others = item.children
        if first.type != "paragraph":
            self._blocks(item.children, column, context)
            return
        said = self._text(first, column)
        before = len(self.parts)
        if "\n" in said or len(said) > MAX_LEAD or others[0].type not in _LISTS:
            self._put(_below(self._over(context), said, "\n"), _start(first), "item")
        self._blocks(others, column, (*context, said.split("\n")[0][:MAX_LEAD]))
        if len(self.parts) == before:
            self._put(_below(self._over(context), said, "\n"), _start(first), "item")

    def _over(self, context: tuple[str, ...]) -> tuple[str, ...]:
        """The context below the headings that turn it round. The title that the front matter gives
        is a name."""
        names = (name for _, name in self._headings if name != self._title)
        return (*(f"{name.rstrip(':')}:" for name in names if _turns(name)), *context)

    def _put(self, text: str, line: int, kind: StatementKind) -> None:
        if not text.strip():
            return
        if missing := [key for key in self._referred(text) if self._definitions[key] not in text]:
            self._used.update(missing)
            text = "\n".join([f"{text}\n", *(self._definitions[key] for key in missing)])
        self._bare = []
        size = len(text.encode("utf-8", "surrogatepass"))
        if size > self._limit:
            reason = f"{size:,} bytes in one {kind}; a memory has at most {self._limit:,}"
            self.parts.append(Left(line, reason))
            return
        self.parts.append(Statement(text, line, tuple(name for _, name in self._headings), kind))

    def _referred(self, text: str) -> Iterable[str]:
        names = (match[1].casefold() for match in _REFERENCE.finditer(text))
        return dict.fromkeys(name for name in names if name in self._definitions)

    def _line(self, node: SyntaxTreeNode) -> str:
        return self._lines[_start(node) - 1]

    def _text(self, node: SyntaxTreeNode, column: int) -> str:
        """The source of a block, from a column on."""
        assert node.map is not None
        first, *others = self._lines[slice(*node.map)]
        lines = [_from_column(first, column), *(_dedent(line, column) for line in others)]
        text = "\n".join(lines).rstrip()
        return text if node.type == "code_block" else text.lstrip(" \t")


def _start(node: SyntaxTreeNode) -> int:
    assert node.map is not None
    return node.map[0] + 1


def _introduces(text: str, node: SyntaxTreeNode, following: SyntaxTreeNode | None) -> bool:
    if node.type != "paragraph" or following is None:
        return False
    if following.type not in (*_LISTS, *_KINDS) or following.type == "html_block":
        return False
    return text.rstrip("*_ ").endswith((":", "："))


def _below(context: tuple[str, ...], text: str, separator: str) -> str:
    return separator.join(["\n".join(context), text]) if context else text


def _turns(heading: str) -> bool:
    """Whether what stands below a heading means the opposite without it."""
    words = [fold(word).replace("’", "'") for word in _WORD.findall(heading)]
    return any(word in NEGATIONS or word in _PROHIBITIONS or word.endswith("n't") for word in words)


def _columns(line: str, column: int) -> tuple[int, int]:
    """The columns of an item's marker and of its text; ``line`` begins at ``column``."""
    match = _MARKER.match(line)
    if match is None:
        return column, column
    marker = _width(match[1], column)
    after = marker + len(match[2])
    inner = _width(match[3], after)
    if match.end() == len(line) or inner - after > 4:
        inner = after + 1
    return marker, inner


def _width(blanks: str, column: int) -> int:
    """The column after blanks that begin at a column; tabs go to the next multiple of four."""
    for blank in blanks:
        column += 4 - column % 4 if blank == "\t" else 1
    return column


def _from_column(line: str, column: int) -> str:
    """The line from a column on, whatever stands before it."""
    at = 0
    for index, character in enumerate(line):
        if at >= column:
            return " " * (at - column) + line[index:]
        at = _width(character, at)
    return " " * (at - column) if at > column else ""


def _dedent(line: str, column: int) -> str:
    """The line without the blanks before a column."""
    blanks = len(line) - len(line.lstrip(" \t"))
    if _width(line[:blanks], 0) <= column:
        return line[blanks:]
    return _from_column(line, column)
