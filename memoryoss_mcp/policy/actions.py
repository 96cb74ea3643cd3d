# SPDX-License-Identifier: AGPL-3.0-only
"""Risky actions that a text asks for: deploy, delete, exfiltrate, override.

Every sentence of the text is looked at, wherever it stands: a verb of one of the classes counts if
it is asked for (:mod:`memoryoss_mcp.policy.requests`) and if what it is said of makes it risky
(:mod:`memoryoss_mcp.policy.objects`). What is quoted counts only where the text asks to run it.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from memoryoss_mcp.policy import commands, objects, phrases
from memoryoss_mcp.policy.clauses import (
    Block,
    Sentence,
    blocks,
    bounded,
    folded,
    inline_code,
    quotations,
    sentences,
)
from memoryoss_mcp.policy.kinds import Kind
from memoryoss_mcp.policy.requests import requested
from memoryoss_mcp.policy.scope import scope
from memoryoss_mcp.policy.verbs import KIND_OF, WORDS, Form, Sense, Word, names_action
from memoryoss_mcp.text.stopwords import word_set

LONGEST_MATCH: Final = 160
"""Characters of the matched words that are kept."""


@dataclass(frozen=True, slots=True)
class RiskyAction:
    """One action: its class, the words that ask for it and where they stand (characters of the
    text or of a call's arguments), and what it is done to: ``objects`` (concepts and words),
    ``environments`` and whether ``everything`` is meant. ``source`` is ``user`` or the name of the
    tool that is called."""

    kind: Kind
    words: str
    start: int
    end: int
    objects: frozenset[str] = frozenset()
    environments: frozenset[str] = frozenset()
    everything: bool = False
    source: str = "user"


def risky_actions(text: str) -> tuple[RiskyAction, ...]:
    """The risky actions that a user's text asks for, in order; each class and place once."""
    found: dict[tuple[Kind, int], RiskyAction] = {}
    for offset, part in bounded(text):
        for action in _in_part(part):
            moved = replace(action, start=action.start + offset, end=action.end + offset)
            found.setdefault((moved.kind, moved.start), moved)
    return tuple(sorted(found.values(), key=lambda action: (action.start, action.kind)))


def _in_part(text: str) -> Iterator[RiskyAction]:
    if not _has_trigger(text):
        return
    plain, code = blocks(text)
    for block in code:
        yield from _in_code(block)
    for match in _PARAGRAPH.finditer(plain):
        if not _has_trigger(match[0]):
            continue
        yield from _in_paragraph(plain, match.start(), match.end())


def _in_paragraph(text: str, start: int, end: int) -> Iterator[RiskyAction]:
    """The actions of a paragraph; of sentences without a trigger the words are only remembered."""
    quotes = quotations(text, start, end)
    before: deque[str] = deque(maxlen=_REMEMBERED)
    while start < end:
        stop = _STOP.search(text, start, end)
        after = stop.end() if stop else end
        if _has_trigger(text[start:after]):
            inside = [quote for quote in quotes if quote[0] < after and quote[1] > start]
            for sentence in sentences(text, start, after, inside):
                yield from _in_sentence(text, sentence, before)
                before.extend(token.word for token in sentence.tokens)
        else:
            before.extend(map(folded, _LETTERS.findall(text[start:after])[-_REMEMBERED:]))
        start = after


_REMEMBERED: Final = 60
"""Words to which a pronoun may point back."""
_STOP: Final = re.compile(r"[.!?\u2026\u3002]+(?=\s)|\n(?=[ \t]*(?:[-*+\u2022]|\d{1,3}[.)])\s)")
_PARAGRAPH: Final = re.compile(r"[^\n](?:.|\n(?![ \t]*\n))*")
_LETTERS: Final = re.compile(r"[^\W\d_]+")
_MARKS: Final = word_set(
    "without ohne sans sin senza sem force verify admin public offentlich publique publico "
    "publica pubblico pubblica"
)
_CODE_WORDS: Final = frozenset(
    part for program in commands.PROGRAMS for part in _LETTERS.findall(program)
)
_LINE_WORDS: Final = frozenset(
    part for program in commands.IN_LINES for part in _LETTERS.findall(program)
)


def _has_trigger(text: str) -> bool:
    """Whether a text has any word without which it asks for nothing risky."""
    words = set(_LETTERS.findall(text.lower()))
    if not text.isascii():
        words |= {folded(word) for word in words if not word.isascii()}
    if not words.isdisjoint(_MARKS | _LINE_WORDS) or names_action(words):
        return True
    return "`" in text and not words.isdisjoint(_CODE_WORDS)


def _in_code(block: Block) -> Iterator[RiskyAction]:
    """Commands in a code block that the sentence before it asks to run."""
    asked = any(_runs(sentence) for sentence in sentences(block.before))
    if asked:
        yield from _commands(block.code, block.start)


def _runs(sentence: Sentence) -> bool:
    """Whether a sentence asks to run something."""
    for at, token in enumerate(sentence.tokens):
        if token.word not in phrases.RUNS:
            continue
        forms = [w for w in WORDS.get(token.word, ()) if w.form is not Form.NOUN]
        shown = forms or [_PLAIN]
        if any(requested(sentence, at, word) for word in shown):
            return True
    return False


_PLAIN: Final = Word(Sense.ACT, "en", Form.BASE)


def _commands(code: str, offset: int) -> Iterator[RiskyAction]:
    for command in commands.classify(code):
        named, places, everything = scope(command.objects)
        start = offset + command.start
        yield RiskyAction(
            command.kind,
            command.words[:LONGEST_MATCH],
            start,
            start + len(command.words),
            named,
            places,
            everything,
        )


def _in_sentence(text: str, sentence: Sentence, before: Sequence[str]) -> Iterator[RiskyAction]:
    tokens = sentence.tokens
    lead = 0
    while lead < len(tokens) - 1 and tokens[lead].word in phrases.FILLERS | phrases.RUNS:
        lead += 1
    first = tokens[lead]
    if (
        not sentence.question
        and not first.quoted
        and commands.is_command(text[first.start : first.start + 200])
    ):
        line = text[first.start : tokens[-1].end]
        end = re.search(r",\s|\s(?:and|then|und|et|y|e)\s", line)
        yield from _commands(line[: end.start()] if end else line, first.start)
    if _runs(sentence):
        begin = max(0, tokens[0].start - 1)
        for place, code in inline_code(text[begin : tokens[-1].end + 1]):
            yield from _commands(code, begin + place)
    for at, token in enumerate(tokens):
        for word in WORDS.get(token.word, ()):
            action = _action(text, sentence, at, word, before)
            if action is not None:
                yield action


def _action(
    text: str, sentence: Sentence, at: int, word: Word, before: Sequence[str]
) -> RiskyAction | None:
    """The action that a verb at a place asks for, if it is one."""
    if not _has_particle(sentence, at, word) or not requested(sentence, at, word):
        return None
    if word.form is Form.NOUN:
        word = replace(word, form=Form.BASE)
    if word.sense is Sense.START:
        return _started(text, sentence, at, word, before)
    found = objects.phrases(sentence, at, word)
    earlier = [*before, *sentence.words(0, at)]
    if not _is_risky(sentence, at, word, found, earlier):
        return None
    return _made(text, sentence, at, KIND_OF[word.sense], found, earlier)


def _made(
    text: str,
    sentence: Sentence,
    at: int,
    kind: Kind,
    found: Sequence[objects.Phrase],
    earlier: Sequence[str],
) -> RiskyAction:
    words = [word for phrase in found for word in phrase.words]
    named, places, everything = scope(words)
    if not named:
        named = scope(earlier[-12:])[0]
    start, end = sentence.tokens[at].start, _last(sentence, at)
    return RiskyAction(
        kind,
        re.sub(r"\s+", " ", text[start:end])[:LONGEST_MATCH],
        start,
        end,
        named,
        places,
        everything,
    )


def _last(sentence: Sentence, at: int) -> int:
    """Where the clause of a verb ends."""
    _, end = sentence.clause(at)
    return sentence.tokens[end - 1].end


def _has_particle(sentence: Sentence, at: int, word: Word) -> bool:
    if not word.particle:
        return True
    if word.adjacent:
        parts = word.particle.split()
        return sentence.words(at + 1, at + 1 + len(parts)) == parts
    _, end = sentence.clause(at)
    return word.particle in sentence.words(at + 1, end)


def _is_risky(
    sentence: Sentence,
    at: int,
    word: Word,
    found: Sequence[objects.Phrase],
    before: Sequence[str],
) -> bool:
    """Whether what a verb is said of makes it risky."""
    head = sentence.tokens[at].word
    match word.sense:
        case Sense.DEPLOY:
            return not _is_local(found)
        case Sense.RELEASE:
            return objects.is_released(found, word, head) and not _is_local(found)
        case Sense.MOVE:
            return objects.is_moved_to_production(found, head, word.language)
        case Sense.DELETE | Sense.DESTROY:
            return objects.is_lost(found, word, before)
        case Sense.SEND | Sense.TAKE:
            return objects.goes_out(found, word, before)
        case Sense.OVERRIDE:
            return objects.is_guard(found, word.language)
        case Sense.ACT:
            return _is_unguarded(sentence, at, found)
        case _:
            return False


_LOCAL: Final = word_set("localhost local locally lokal localement localmente")
_FORCED: Final = frozenset(("--no-verify", "--admin", "--force", "--skip-ci", "--skip-checks"))


def _is_local(found: Sequence[objects.Phrase]) -> bool:
    return any(not _LOCAL.isdisjoint(phrase.words) for phrase in found)


def _is_unguarded(sentence: Sentence, at: int, found: Sequence[objects.Phrase]) -> bool:
    words = sentence.words(at, len(sentence.tokens))
    if words[0] == "force" and words[1:2] == ["push"]:
        return True
    if words[0] == "add":
        return False
    flags = {word for word in words[1:] if word.startswith("-")}
    if flags & _FORCED and not (flags == {"--force"} and "push" not in words):
        return True
    return objects.is_unguarded(found)


_LINKS: Final = word_set("with mit avec con com a au al the das die den le la el il o an to")
_STEERED: Final = word_set("script scripts pipeline job jobs workflow process command procedure")


def _started(
    text: str, sentence: Sentence, at: int, word: Word, before: Sequence[str]
) -> RiskyAction | None:
    """The action named by the noun that is to be started ("kick off the deployment")."""
    found = objects.phrases(sentence, at, word)
    earlier = [*before, *sentence.words(0, at)]
    if objects.is_made_public(found, word.language):
        return _made(text, sentence, at, Kind.EXFILTRATE, found, earlier)
    start, end = sentence.clause(at)
    places = range(at + 1, min(end, at + 7))
    if word.language == "de" and word.form is Form.INFINITIVE:
        places = range(max(start, at - 6), at)
    for place in places:
        token = sentence.tokens[place]
        if token.word in objects.PREPOSITIONS and token.word not in _LINKS:
            return None
        for noun in WORDS.get(token.word, ()):
            if (
                noun.form is not Form.NOUN
                or token.quoted
                or not _has_particle(sentence, place, noun)
            ):
                continue
            following = sentence.words(place + 1, min(end, place + 2))
            if following and following[0] in phrases.NOMINAL and following[0] not in _STEERED:
                continue
            around = objects.phrases(sentence, place, replace(noun, form=Form.BASE))
            kind = _kind_of_noun(sentence, place, noun, around, following)
            if kind is not None:
                return _made(text, sentence, at, kind, found, earlier)
    return None


def _kind_of_noun(
    sentence: Sentence,
    place: int,
    noun: Word,
    around: Sequence[objects.Phrase],
    following: Sequence[str],
) -> Kind | None:
    if noun.sense in (Sense.DEPLOY, Sense.RELEASE):
        return None if _is_local(around) else Kind.DEPLOY
    if noun.sense in (Sense.DELETE, Sense.DESTROY, Sense.SEND, Sense.TAKE, Sense.OVERRIDE):
        if following and following[0] in _STEERED:
            return None
        risky = _is_risky(sentence, place, noun, around, ())
        return KIND_OF[noun.sense] if risky else None
    if noun.sense is Sense.ACT and place and sentence.tokens[place - 1].word == "force":
        return Kind.OVERRIDE
    return None
