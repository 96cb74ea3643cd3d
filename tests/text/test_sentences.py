# SPDX-License-Identifier: AGPL-3.0-only
from itertools import pairwise

import pytest
from hypothesis import example, given

from memoryoss_mcp.text.sentences import sentence_spans, split_sentences

from .strategies import texts


@pytest.mark.parametrize(
    "sentence",
    [
        "Edit a/b.c.toml and ../x/y.rs first.",
        "It runs v1.2.3 of foo.bar on host.example.com:8443.",
        "Pi is 3.14, the limit 1.5 MB.",
        "Use a database, e.g. Postgres, i.e. not SQLite, vs. MySQL etc. for this.",
        "Dr. Smith of the U.S. Army met J. Doe at approx. 5 p.m. on Monday.",
        "Wait... what was the question… again?",
        "Call `foo. Bar` with (see docs. They help) care.",
        '"Really?" he asked.',
        "See No. 5 and fig. 3.",
        "Am 8. Mai haben wir z. B. bzw. d. h. Abs. 3 geändert.",
        "大阪は「大きい。」と言った。",
        "Deploy on Friday. Unless there is a freeze.",
        "Push to main. But never without a review.",
        "Sie darf laufen. Außer am Freitag.",
        "Is it at https://example.com/a.b?c=d or at www.example.org?",
    ],
)
def test_one_sentence_stays_one(sentence: str) -> None:
    assert split_sentences(sentence) == [sentence]
    assert split_sentences(f"It is so. {sentence}\n\nThe end.")[1:-1] == [sentence]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One. Two! Three? Four.", ["One.", "Two!", "Three?", "Four."]),
        ("i like it. we go.", ["i like it.", "we go."]),
        ("He said no. Then he left.", ["He said no.", "Then he left."]),
        ("We met at 5 p.m. It rained.", ["We met at 5 p.m.", "It rained."]),
        ("Use npm etc. The rest is fine.", ["Use npm etc.", "The rest is fine."]),
        ('She said "go." Then left.', ['She said "go."', "Then left."]),
        ("東京は首都です。大阪も大きい！次？", ["東京は首都です。", "大阪も大きい！", "次？"]),
        ("यह पहला है। यह दूसरा है।", ["यह पहला है।", "यह दूसरा है।"]),
        ("Port is 8001\nDB is Postgres", ["Port is 8001", "DB is Postgres"]),
        ("# Title\nText here.", ["# Title", "Text here."]),
        ("First paragraph\n\nsecond one", ["First paragraph", "second one"]),
        ("a.\r\nb.\r\n", ["a.", "b."]),
        ("🚀 Shipped! 🎉 Party.", ["🚀 Shipped!", "🎉 Party."]),
        ("", []),
        (" \n\t ", []),
    ],
)
def test_sentences_are_separated(text: str, sentences: list[str]) -> None:
    assert split_sentences(text) == sentences


def test_a_hard_wrapped_sentence_stays_one() -> None:
    wrapped = (
        "The session store was moved to the new cluster because the old one\n"
        "Frankfurt used to host does not\n"
        "Have enough disks."
    )
    assert split_sentences(wrapped) == [wrapped]


def test_a_fenced_block_is_one_unit() -> None:
    fence = '```py\nx = 1. \n\n# a. B. C.\nprint("Hi. There.")\n```'
    assert split_sentences(f"Code:\n{fence}\nAfter. Done.") == ["Code:", fence, "After.", "Done."]


def test_an_unclosed_fence_reaches_to_the_end() -> None:
    assert split_sentences("Before.\n~~~\na. B.\n\nC.") == ["Before.", "~~~\na. B.\n\nC."]


def test_a_table_is_one_unit() -> None:
    table = "| a | b |\n|---|---|\n| 1. x. Y | 2 |"
    assert split_sentences(f"Intro.\n{table}\nEnd.") == ["Intro.", table, "End."]


def test_a_list_item_with_its_continuation_is_one_unit() -> None:
    text = "Facts:\n- Port is 8001. It is TLS.\n- DB is Postgres\n  on host b.\n1. Install. Run."
    assert split_sentences(text) == [
        "Facts:",
        "- Port is 8001. It is TLS.",
        "- DB is Postgres\n  on host b.",
        "1. Install. Run.",
    ]


@pytest.mark.parametrize(
    "clause",
    [
        "Never do the following:",
        "We don't support:",
        "It may start only if:",
        "Before you deploy:",
        "Niemals ohne Freigabe:",
    ],
)
def test_a_restricting_clause_is_not_parted_from_its_list(clause: str) -> None:
    unit = f"{clause}\n\n- drop tables. Ever.\n- push to main"
    assert split_sentences(f"Rules of the house. {unit}\n\nThank you.") == [
        "Rules of the house.",
        unit,
        "Thank you.",
    ]


def test_a_dependent_fragment_on_the_next_line_is_not_parted() -> None:
    assert split_sentences("Deploy on Friday.\nUnless frozen.") == [
        "Deploy on Friday.\nUnless frozen."
    ]


@given(texts)
@example("never:\n\n- a\n\n- b")
@example("\x1c a\x85b\u2028. C")
@example("。」。」x")
def test_every_visible_character_lies_in_exactly_one_span(text: str) -> None:
    at = 0
    rebuilt = ""
    for start, end in sentence_spans(text):
        assert at <= start < end
        assert not text[at:start].strip()
        assert text[start:end] == text[start:end].strip()
        rebuilt += text[at:start] + text[start:end]
        at = end
    assert not text[at:].strip()
    assert rebuilt + text[at:] == text


@given(texts)
def test_no_cut_inside_a_word(text: str) -> None:
    """Between two spans there is white space, or an end of sentence that needs none."""
    spans = sentence_spans(text)
    for (_, end), (start, _) in pairwise(spans):
        assert end < start or set(text[:end][-20:]) & set("。！？｡")
