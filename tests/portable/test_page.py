# SPDX-License-Identifier: AGPL-3.0-only
"""The page of an artifact: whatever the artifact says, it is text, and it can be seen."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memoryoss_mcp.portable.diff import compare
from memoryoss_mcp.portable.drawing import timeline
from memoryoss_mcp.portable.markup import joined, tag, visible
from memoryoss_mcp.portable.page import SHORT_TEXT, diff_page, page
from memoryoss_mcp.portable.tally import Tally
from memoryoss_mcp.portable.view import look
from tests.portable.samples import (
    HOSTILE,
    Document,
    claim,
    envelope,
    history,
    memory,
    memory_id,
    opened,
    passport,
    review,
)

TAGS = {
    *("html", "head", "meta", "title", "style", "body", "main", "header", "section", "h1", "h2"),
    *("h3", "p", "ul", "ol", "li", "div", "span", "b", "i", "bdi", "code", "a", "figure", "svg"),
    *("g", "rect", "path", "table", "tr", "th", "td", "ins", "del", "details", "summary"),
}
ATTRIBUTES = {
    *("charset", "http-equiv", "content", "name", "lang", "class", "id", "href", "title", "style"),
    *("viewbox", "preserveaspectratio", "role", "aria-label", "aria-hidden", "x", "y", "width"),
    *("height", "d"),
}
TEXTS = st.text(st.characters(codec="utf-8"), min_size=1)


class Parsed(HTMLParser):
    """What a browser would make of a page."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")


def parsed(source: str) -> Parsed:
    """The page, checked: only known elements and attributes, nothing from elsewhere, no character
    that cannot be seen."""
    found = Parsed(source)
    assert found.tags <= TAGS
    assert {name for name, _ in found.attributes} <= ATTRIBUTES
    for name, value in found.attributes:
        assert name != "href" or value.startswith("#m-")
        assert name != "style" or value.partition(":")[0] in ("width", "max-width")
    for character in source:
        assert (
            unicodedata.category(character) not in ("Cc", "Zl", "Zp", "Cs") or character in "\n\t"
        )
        assert character not in "\u200b\u200e\u200f\u202a\u202b\u202d\u202e\u2066\u2067\ufeff"
    return found


def shown(text: str) -> str:
    """How a text is to be read on a page."""
    return re.sub(r"\[(U\+[0-9A-F]+)\]", r"\1", visible(text))


def page_of(document: Document, source: str = "file.json", **settings: Any) -> str:
    return page(look(opened(document), source, **{"memories": 50} | settings))


def diff_of(left: Document, right: Document) -> str:
    old, new = opened(left), opened(right)
    return diff_page(compare(old, new, (look(old, "old"), look(new, "new"))))


def hostile(text: str) -> tuple[Document, Document]:
    """An envelope and a history that say ``text`` wherever a text may stand."""
    entry = memory(
        text,
        1,
        tags=[text],
        agent=text,
        session=text,
        original_namespace=text,
        source_key_id=text,
        content_hash=text,
        superseded_by=memory_id(2),
        review_events=[review(text, via=text)],
        team_governance={
            "branch": text,
            "scope": text,
            "owners": [text],
            "proposed_by": text,
            "proposed_at": "2026-03-01T00:00:00Z",
        },
    )
    contract = {
        "contract_id": text,
        "version": text,
        "document_route": text,
        "stable_semantics": [text],
        "experimental_layers_excluded": [text],
    }
    common: Document = {"namespace": text, "runtime_contract": contract, "bundle_version": text}
    provenance = {"exported_from_namespace": text, "source_key_ids": [text]}
    signature = claim(text, scheme=text, public_key=text, value=text)
    event = {
        "at": "2026-03-01T00:00:00Z",
        "memory_id": memory_id(1),
        "kind": "created",
        "summary": text,
        "actor": text,
        "via": text,
    }
    signed = envelope(
        passport(entry | {text: text}, provenance=provenance, **common),
        signature=signature,
        reference={"uri": text, "attachment_name": text},
        bundle_version=text,
        runtime_contract_id=text,
    )
    return signed, history(entry, timeline=[event], **common)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_are_shown_and_not_obeyed(text: str) -> None:
    decision = dict.fromkeys(("status", "reason", "origin", "catalog_id"), text)
    signed, told = hostile(text)
    for source in (
        page_of(signed, text, decide=lambda _: decision),
        page_of(told, text),
        diff_of(signed, told),
        diff_of(passport(memory("plain", 1)), signed),
    ):
        assert shown(text) in parsed(source).text


@given(TEXTS)
def test_any_text_is_read_as_it_is(text: str) -> None:
    found = parsed(page_of(passport(memory(text, tags=[text]), namespace=text), text))
    if len(visible(text)) < SHORT_TEXT and "[U+" not in text:
        assert shown(text) in found.text


@given(TEXTS, TEXTS)
def test_any_two_wordings_are_compared_safely(before: str, after: str) -> None:
    parsed(diff_of(passport(memory(before)), passport(memory(after))))


@given(TEXTS)
def test_no_text_leaves_its_attribute(text: str) -> None:
    found = Parsed(tag("p", title=text))
    assert found.attributes == [("title", visible(text))]
    assert found.tags == {"p"}


def test_a_page_loads_nothing_and_runs_nothing() -> None:
    source = page_of(passport(memory("a")))
    assert source.startswith("<!doctype html>")
    policies = [value for name, value in Parsed(source).attributes if "default-src" in value]
    assert len(policies) == 1
    assert policies[0].startswith("default-src 'none'; style-src 'unsafe-inline'")
    head = source.partition("<style>")[0]
    assert source.count("<style>") == 1
    assert "Content-Security-Policy" in head
    for word in ("<script", "@import", "url(", "http://", "https://", "javascript:"):
        assert word not in source


def test_what_cannot_be_seen_is_written_out() -> None:
    assert visible("a\u202eb\u2066\x1b\u200b") == "a[U+202E]b[U+2066][U+001B][U+200B]"
    assert joined(["\u202e"]) == '<span class="unseen">U+202E</span>'


def test_what_belongs_to_a_script_or_an_emoji_stays() -> None:
    for text in ("👨‍👩‍👧", "❤️", "می‌خواهم", "क्‍ष", "1️⃣", "שלום", "e\u0301", "a\nb\tc"):
        assert visible(text) == text
    for text in ("a\u200db", "a\ufe0f", "❤\ufe0f\ufe0f", "\u200d", "x\U000e0101"):
        assert "U+" in visible(text)


def test_a_page_says_whether_the_artifact_holds() -> None:
    good = parsed(page_of(envelope(passport(memory("a"))))).text
    assert "digest holds" in good
    assert "envelope holds" in good
    assert "unsigned" in good
    stripped = envelope(passport(memory("a")), signature=claim(value=None))
    stripped["payload"]["memories"][0]["content"] = "b"
    bad = parsed(page_of(stripped)).text
    for words in ("not valid", "digest does not hold", "envelope does not hold", "stripped"):
        assert words in bad
    assert "unsigned" not in bad


def test_a_page_shows_memories_over_time_ties_and_events() -> None:
    event = {
        "at": "2026-03-01T00:00:00Z",
        "memory_id": memory_id(1),
        "kind": "superseded",
        "summary": "the port moved",
        "from_status": "active",
        "to_status": "stale",
    }
    edge = {"from": memory_id(1), "to": memory_id(2), "kind": "superseded_by"}
    source = page_of(
        history(
            memory("The port is 80.", 1, status="stale", created_at="2026-01-01T00:00:00Z"),
            memory("The port is 81.", 2),
            edges=[edge],
            timeline=[event],
        )
    )
    found = parsed(source)
    assert "2026-02: none" in found.text
    assert "2026-01: 1 stale" in found.text
    assert ("class", "superseded_by") in found.attributes
    assert "the port moved" in found.text
    assert "active → stale" in found.text


def test_what_is_not_listed_is_counted() -> None:
    document = passport(*(memory(f"text {n}", n) for n in range(1, 9)))
    text = parsed(page_of(document, memories=3)).text
    assert "Memories (8)" in text
    assert "5 more are not shown." in text


def test_a_span_of_centuries_is_drawn_in_few_bars() -> None:
    counts = Tally()
    for month in ("1700-01", "2026-03", "2260-12"):
        counts.months[month] = Counter({"active": 1})
    source = timeline(counts.months)
    assert source is not None
    assert source.count("<g>") <= 60
    assert "1700" in source


def test_a_difference_shows_words_tags_links_and_states() -> None:
    left = passport(memory("It runs on port 80.", 1, tags=["old"]), memory("gone", 2))
    right = passport(
        memory("It runs on port 81.", 1, tags=["new"], status="stale", superseded_by=memory_id(3)),
        memory("come", 3),
    )
    found = parsed(diff_of(left, right))
    assert "What differs" in found.text
    for words in ("80", "81", "old", "new", "active", "stale", memory_id(3), "gone", "come"):
        assert words in found.text
    assert {"ins", "del"} <= found.tags
    assert "Nothing differs" in parsed(diff_of(left, left)).text
