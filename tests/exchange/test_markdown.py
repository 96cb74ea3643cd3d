# SPDX-License-Identifier: AGPL-3.0-only
from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memoryoss_mcp.exchange.frontmatter import split_front_matter, text_of, texts_of
from memoryoss_mcp.exchange.markdown import WHOLE, Left, Statement, read_markdown


def said(text: str) -> list[str]:
    return [statement.text for statement in read_markdown(text).statements]


def test_each_item_and_each_paragraph_is_a_statement_with_its_line_and_its_headings() -> None:
    document = read_markdown(
        "# Shop\n\nTwo lines\nof prose.\n\n## Style\n\n- first\n* second\n\n1. third\n"
    )
    assert document.parts == (
        Statement("Two lines\nof prose.", 3, ("Shop",), "paragraph"),
        Statement("first", 8, ("Shop", "Style"), "item"),
        Statement("second", 9, ("Shop", "Style"), "item"),
        Statement("third", 11, ("Shop", "Style"), "item"),
    )


@pytest.mark.parametrize(
    "text",
    [
        "Use snake_case_names and __dunder__ methods",
        "Run `make  test` with *care* and **force**",
        r"Escape \* and \_ in C:\new\table",
        "See [the guide](https://example.org/a_b?c=*d*#e_f) and <https://example.org/x_y>",
        "Prices > 10 € — naïve café, 日本語",
        "Keep `| pipes |` and [brackets] and &amp; entities",
    ],
)
def test_words_are_kept_letter_by_letter(text: str) -> None:
    assert said(text) == [text]
    assert said(f"- {text}\n- other\n") == [text, "other"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_make_no_difference(end: str) -> None:
    text = "---\ntags: [a]\n---\n# T\n\n- one\n  more\n\n```\ncode\n```\n"
    assert read_markdown(text.replace("\n", end)) == read_markdown(text)


def test_prose_beside_lists_is_kept() -> None:
    assert said("Before.\n\n- item\n\nAfter.\n") == ["Before.", "item", "After."]


def test_lines_that_go_on_belong_to_their_item() -> None:
    assert said("- one\n  goes on\nlazily\n\n  and a second paragraph\n- two\n") == [
        "one\ngoes on\nlazily\n\nand a second paragraph",
        "two",
    ]


def test_a_nested_list_stays_with_its_item() -> None:
    assert said("- parent\n    - child\n        - grandchild\n- other\n") == [
        "parent\n  - child\n      - grandchild",
        "other",
    ]


def test_a_large_nested_list_is_told_apart_below_its_parent() -> None:
    long = "x" * WHOLE
    assert said(f"- Backend\n  - {long}\n  - short\n") == [f"Backend\n- {long}", "Backend\n- short"]


def test_code_in_an_item_stays_there_as_it_is() -> None:
    assert said("- Build with\n\n  ```sh\n  \tmake  all\n\n    # done\n  ```\n") == [
        "Build with\n\n```sh\n\tmake  all\n\n  # done\n```"
    ]


def test_code_goes_with_the_line_that_introduces_it_or_with_its_heading() -> None:
    assert said("Run this:\n\n```\n- no_item\n# no heading\n```\n") == [
        "Run this:\n\n```\n- no_item\n# no heading\n```"
    ]
    assert said("# T\n\nProse.\n\n## Build\n\n~~~\nmake\n~~~\n") == [
        "Prose.",
        "Build\n\n~~~\nmake\n~~~",
    ]


def test_an_introduction_goes_with_each_item_and_steps_stay_in_order() -> None:
    assert said("When you deploy:\n- tag it\n- tell us\n") == [
        "When you deploy:\n- tag it",
        "When you deploy:\n- tell us",
    ]
    assert said("To deploy:\n\n1. tag\n2. push\n") == ["To deploy:\n\n1. tag\n2. push"]


@pytest.mark.parametrize("heading", ["Never", "Don't do this", "Das ist verboten", "À éviter"])
def test_what_a_heading_turns_round_is_not_stored_without_it(heading: str) -> None:
    assert said(f"# Rules\n\n## {heading}\n\n- push to main\n") == [f"{heading}:\n- push to main"]


def test_a_table_is_one_statement_and_a_long_one_is_told_row_by_row() -> None:
    head = "| a | b |\n|---|---|"
    assert said(f"{head}\n| 1 | 2 |\n| 3 | 4 |\n") == [f"{head}\n| 1 | 2 |\n| 3 | 4 |"]
    long = "y" * WHOLE
    assert said(f"{head}\n| 1 | {long} |\n| 3 | 4 |\n") == [
        f"{head}\n| 1 | {long} |",
        f"{head}\n| 3 | 4 |",
    ]


def test_a_link_takes_its_definition_along() -> None:
    text = "See [the docs][d].\n\nOther.\n\n[d]: https://example.org/a_b\n[unused]: https://e.org\n"
    assert said(text) == [
        "See [the docs][d].\n\n[d]: https://example.org/a_b",
        "Other.",
        "[unused]: https://e.org",
    ]


def test_what_says_nothing_is_reported() -> None:
    document = read_markdown(
        "<!-- note to self -->\n\n# Empty\n\n# Full\n\n<p align=center>\n</p>\n\nText\n\n---\n"
    )
    assert document.parts == (
        Left(1, "an HTML comment"),
        Left(3, "a heading with nothing below it"),
        Left(7, "HTML without text"),
        Statement("Text", 10, ("Full",), "paragraph"),
    )


def test_of_headings_with_nothing_below_each_is_reported() -> None:
    document = read_markdown("# A\n\n## B\n\n## C\n\ntext\n\n# D\n\n## E\n")
    assert [part.line for part in document.parts] == [3, 7, 9, 11]


def test_a_statement_above_the_limit_is_reported_with_its_size_and_not_cut() -> None:
    document = read_markdown(f"- small\n- {'é' * 16_400}\n- last\n")
    assert [part for part in document.parts if isinstance(part, Left)] == [
        Left(2, "32,800 bytes in one item; a memory has at most 32,768")
    ]
    assert [statement.text for statement in document.statements] == ["small", "last"]


def test_a_long_file_is_read_to_its_end() -> None:
    assert len(said("".join(f"- rule {number}\n" for number in range(2_000)))) == 2_000


def test_front_matter_is_read_as_texts() -> None:
    front, lines = split_front_matter(
        "---\ntitle: 'A: b'\ncount: 007\non: yes\ntags: [x, y]\ndate: 2026-01-02\n---\nbody"
    )
    assert lines == 7
    assert front == {
        "title": "A: b",
        "count": "007",
        "on": "yes",
        "tags": ["x", "y"],
        "date": "2026-01-02",
    }
    assert texts_of({"tags": "x, y, x"}, "tags") == ("x", "y")
    assert text_of({"title": "  "}, "title") is None


def test_front_matter_that_is_no_yaml_is_read_line_by_line() -> None:
    front, _ = split_front_matter(
        "---\ndescription: Tests: how to\nglobs: *.ts,**/*.tsx\nlist:\n  - *a\n  - b\n---\n"
    )
    assert front == {
        "description": "Tests: how to",
        "globs": "*.ts,**/*.tsx",
        "list": ["*a", "b"],
    }


@pytest.mark.parametrize(
    "text", ["---\nno front matter\n---\nx", "---\nnever: closed\n\nx", "--\n"]
)
def test_other_rules_are_no_front_matter(text: str) -> None:
    assert split_front_matter(text) == ({}, 0)


PIECES = [
    *("- ", "* ", "1. ", "2) ", "# ", "## ", "> ", "```\n", "~~~\n", "    ", "  ", "\t", "\n"),
    *("\n\n", "| ", " |", "\n|-|-|\n", "---\n", "===\n", ":\n", "[", "]", "(", ")", "]: ", "*"),
    *("_", "`", "\\", "Never ", "- [ ] ", "[^1]", "+\n", "-\n"),
]


@given(st.lists(st.one_of(st.sampled_from(PIECES), st.just("word")), max_size=40))
def test_no_word_is_lost_whatever_the_markdown(pieces: list[str]) -> None:
    text = "".join(f"w{n}x" if piece == "word" else piece for n, piece in enumerate(pieces))
    document = read_markdown(text)
    kept = " ".join(word for part in document.statements for word in (part.text, *part.headings))
    lines = text.split("\n")
    kept += " ".join(lines[part.line - 1] for part in document.parts if isinstance(part, Left))
    kept += " ".join(
        lines[part.line]
        for part in document.parts
        if isinstance(part, Left) and part.line < len(lines)
    )
    assert set(re.findall(r"w\d+x", text)) <= set(re.findall(r"w\d+x", kept))


@pytest.mark.parametrize(
    "text",
    [
        "<!--a-->" * 30_000 + "x",
        "---\na" + " " * 60_000 + "\n*\n---\n",
        "> " * 50_000,
        "- " * 50_000,
        "[" * 100_000,
        "`" * 100_000,
        "#" + "1" * 100_000,
        "* " + "x [[" * 20_000,
    ],
)
def test_hostile_texts_take_no_longer_than_others(text: str) -> None:
    read_markdown(text)


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    read_markdown(text)
