# SPDX-License-Identifier: AGPL-3.0-only
"""Which actions a memory governs, read from how it is written.

A sentence is a rule when it names a class of actions, in any form of its verbs, and says that it is
forbidden (block), needs somebody's word (require_confirmation) or wants care (warn). A prohibition
that holds under a condition which cannot be seen from here ("without a backup", "unless …") asks
for a confirmation instead. Tags such as ``policy`` make a sentence that names a class without any
of this a warning; a memory *about* reviews or approvals is no rule against leaving them out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from memoryoss_mcp.model import Memory, Origin, Status
from memoryoss_mcp.policy import modality, objects, phrases, things
from memoryoss_mcp.policy.clauses import Sentence, folded, sentences
from memoryoss_mcp.policy.kinds import Kind
from memoryoss_mcp.policy.policies import PREVIEW, Decision, Policy, Rule
from memoryoss_mcp.policy.scope import scope
from memoryoss_mcp.policy.verbs import KIND_OF, WORDS, Form, Sense, Word, names_action
from memoryoss_mcp.screen.injectable import LEAST_CONFIDENCE, confirmed_by_person
from memoryoss_mcp.screen.injection import attacks
from memoryoss_mcp.text.stopwords import word_set

LONGEST: Final = 4_000
"""Characters of a memory that are read as rules."""

POLICY_TAGS: Final = word_set(
    "policy policies guardrail guardrails approval approvals security compliance runbook "
    "retention privacy governance rule rules safety warning richtlinie regel sicherheit "
    "datenschutz freigabe politique regle securite conformite politica regla seguridad regola "
    "sicurezza regra seguranca"
)
"""Tags that say that a memory is meant as a rule."""

_TRUSTED: Final = frozenset({Origin.USER})
_HEARD: Final = frozenset({Origin.AGENT})


def read_policy(memory: Memory) -> Policy | None:
    """The rules of a memory; ``None`` if it governs nothing or may not.

    Only what is active counts: nothing archived, superseded, contested, stale or unconfirmed. What
    the user said and what a person confirmed decides in full; what an agent noted asks for a
    confirmation at most; what came out of a tool, an extraction, an import or a connector decides
    nothing before a person confirmed it. A text that is an attack never does.
    """
    ceiling = _ceiling(memory)
    if ceiling is Decision.ALLOW or not _may_govern(memory.content):
        return None
    rules, rest = _read(memory.content[:LONGEST], _is_tagged(memory.tags))
    if not rules or attacks(rest) or any(attacks(tag) for tag in memory.tags):
        return None
    capped = tuple(
        dict.fromkeys(replace(rule, decision=min(rule.decision, ceiling)) for rule in rules)
    )
    content = " ".join(memory.content.split())
    preview = content if len(content) <= PREVIEW else content[: PREVIEW - 1] + "…"
    return Policy(memory.id, preview, memory.tags, capped, memory.status.value)


def _ceiling(memory: Memory) -> Decision:
    """The most that a memory may decide."""
    if (
        memory.archived
        or memory.lineage.superseded_by is not None
        or memory.status is not Status.ACTIVE
        or (memory.confidence is not None and memory.confidence < LEAST_CONFIDENCE)
    ):
        return Decision.ALLOW
    if memory.origin in _TRUSTED or confirmed_by_person(memory):
        return Decision.BLOCK
    return Decision.REQUIRE_CONFIRMATION if memory.origin in _HEARD else Decision.ALLOW


_LETTERS: Final = re.compile(r"[^\W\d_]+")


def _may_govern(text: str) -> bool:
    """Whether a text has any word of a class at all: most memories are done with here."""
    words = {folded(word) for word in set(_LETTERS.findall(text[:LONGEST].lower()))}
    return names_action(words) or any(things.concept(word, "safeguard") for word in words)


def _is_tagged(tags: Sequence[str]) -> bool:
    return any(part in POLICY_TAGS for tag in tags for part in re.split(r"[\W_]+", folded(tag)))


def _read(text: str, tagged: bool) -> tuple[list[Rule], str]:
    """The rules of a text, and the text without what they forbid (in which what an attack asks for
    may be named)."""
    rules: list[Rule] = []
    forbidden: list[tuple[int, int]] = []
    for sentence in sentences(text):
        if sentence.question:
            continue
        found = list(_of_sentence(sentence, tagged))
        rules += found
        if found and (begin := _begin_of_prohibition(sentence)) is not None:
            forbidden.append((begin, sentence.tokens[-1].end))
    for start, end in reversed(forbidden):
        text = f"{text[:start]} {text[end:]}"
    return rules, text


def _said(sentence: Sentence) -> str:
    return " ".join(token.word for token in sentence.tokens)


def _begin_of_prohibition(sentence: Sentence) -> int | None:
    """Where what forbids begins in the text."""
    said = phrases.FORGIVEN.sub(lambda m: "_" * len(m[0]), _said(sentence))
    match = modality.FORBIDS.search(said)
    if match is None:
        return None
    return sentence.tokens[said[: match.start()].count(" ")].start


def _of_sentence(sentence: Sentence, tagged: bool) -> Iterator[Rule]:
    said = _said(sentence)
    bare = modality.PERMITS.sub(" _ ", phrases.FORGIVEN.sub(" ", said))
    forbids = modality.FORBIDS.search(bare) is not None
    permits = modality.PERMITS.search(said) is not None
    if permits and not forbids:
        return
    approves = _needs_approval(bare, forbids)
    decision = _decision(sentence, bare, forbids, approves, tagged)
    days = frozenset(day for t in sentence.tokens for day in modality.DAYS.get(t.word, ()))
    mentions = list(_mentions(sentence, forbids)) if decision is not Decision.ALLOW else []
    for kind, start, end in mentions:
        named, places = _scope(sentence, start, end, kind)
        yield Rule(kind, decision, named, places, days)
    if forbids and (guards := _left_out(sentence)):
        # "Never deploy without approval": to leave the approval out is what is forbidden.
        yield Rule(Kind.OVERRIDE, Decision.BLOCK, guards, frozenset(), days)
    elif not mentions and modality.MANDATORY.search(bare):
        guards = _guards(sentence, 0, len(sentence.tokens))
        if guards:
            yield Rule(Kind.OVERRIDE, Decision.REQUIRE_CONFIRMATION, guards, frozenset(), days)


def _needs_approval(said: str, forbids: bool) -> bool:
    if modality.REVIEWED.search(said):
        return True
    if modality.APPROVAL.search(said) is None:
        return _ONLY_SOMEBODY.search(said) is not None
    return forbids or modality.DEMANDS.search(said) is not None


_ONLY_SOMEBODY: Final = re.compile(
    r"\b(?:only|nur|seule?s?|solo|somente|apenas) (?:\w+ ){1,4}"
    r"(?:may|can|is allowed|are allowed|darf|durfen|peut|peuvent|puede|pueden|puo|possono|pode"
    r"|podem)\b"
)


def _decision(
    sentence: Sentence, said: str, forbids: bool, approves: bool, tagged: bool
) -> Decision:
    if forbids:
        limited = any(token.word in modality.LIMITS for token in sentence.tokens)
        return Decision.REQUIRE_CONFIRMATION if approves or limited else Decision.BLOCK
    if approves:
        return Decision.REQUIRE_CONFIRMATION
    if modality.CAUTIONS.search(said) or modality.OBLIGES.search(said) or tagged:
        return Decision.WARN
    return Decision.ALLOW


_BE: Final = word_set(
    "be being getting get allowed gets werden wird worden etre ser estar essere venire sein"
)


def _mentions(sentence: Sentence, forbids: bool) -> Iterator[tuple[Kind, int, int]]:
    """The classes of actions that a sentence names, each with the part that is about it."""
    seen: set[Kind] = set()
    for at, token in enumerate(sentence.tokens):
        if token.quoted:
            continue
        for word in WORDS.get(token.word, ()):
            kind = KIND_OF.get(word.sense)
            if (
                kind is None
                or kind in seen
                or word.sense is Sense.ACT
                or not _fits(sentence, at, word)
            ):
                continue
            if _is_about(sentence, at, word, forbids):
                seen.add(kind)
                yield (kind, *_part(sentence, at))
        forced = token.word == "force" and sentence.words(at + 1, at + 2) in _PUSHES
        if forced and Kind.OVERRIDE not in seen:
            seen.add(Kind.OVERRIDE)
            yield (Kind.OVERRIDE, *_part(sentence, at))


_PUSHES: Final = (["push"], ["pushes"], ["pushing"], ["pushed"])


def _fits(sentence: Sentence, at: int, word: Word) -> bool:
    """Whether a form of a verb names its action here: with its particle, as a participle with *be*
    or behind the auxiliary, and not as the first part of another name."""
    following = sentence.words(at + 1, at + 8)
    if word.particle:
        parts = word.particle.split()
        if word.adjacent and following[: len(parts)] != parts:
            return False
        if not word.adjacent and word.particle not in following:
            return False
    if word.form is Form.PARTICIPLE:
        near = {*sentence.words(max(0, at - 8), at), *following[:2]}
        return not near.isdisjoint(_BE)
    return not following or following[0] not in phrases.NAMED


def _is_about(sentence: Sentence, at: int, word: Word, forbids: bool) -> bool:
    """Whether what the verb is said of makes it one of its class."""
    start, end = _part(sentence, at)
    part, place = Sentence(sentence.tokens[start:end]), at - start
    # What stands before the verb too: "audit logs must never be deleted".
    every = [
        *objects.phrases(part, place, word),
        *objects.phrases(part, place, replace(word, form=Form.PARTICIPLE)),
    ]
    words = sentence.words(start, end)
    match word.sense:
        case Sense.DEPLOY:
            return True
        case Sense.RELEASE:
            return word.form is Form.NOUN or objects.is_released(
                every, word, sentence.tokens[at].word
            )
        case Sense.MOVE:
            head = sentence.tokens[at].word
            return any(objects.is_moved_to_production([p], head, word.language) for p in every)
        case Sense.DELETE | Sense.DESTROY:
            if any(map(things.is_harmless, words)) and not objects.is_lost(every, word, ()):
                return False
            return (
                word.form is Form.NOUN
                or objects.is_lost(every, word, ())
                or (forbids and not _ANYTHING.isdisjoint(words))
            )
        case Sense.SEND | Sense.TAKE:
            secret = objects.is_secret(every, word.language)
            if word.sense is Sense.TAKE:
                return secret and objects.is_outside(every)
            return secret or (forbids and _leaves(words))
        case Sense.OVERRIDE:
            return any(
                objects.is_guard([replace(p, preposition="")], word.language) for p in every
            ) or bool(_guards(sentence, start, end))
        case _:
            return False


_ANYTHING: Final = word_set(
    "anything nothing data something irgendetwas etwas nichts rien nada niente quoi algo "
    "qualcosa production prod produktion produccion produzione producao"
)
_LEAVING: Final = word_set(
    "external externally outside extern public publicly offentlich third dritte"
)


def _leaves(words: Sequence[str]) -> bool:
    return not _LEAVING.isdisjoint(words) and not _ANYTHING.isdisjoint(words)


def _part(sentence: Sentence, at: int) -> tuple[int, int]:
    """The part of a sentence that is about the verb at a place: up to the words behind which a
    condition or a demand begins."""
    start, end = at, at + 1
    while start > 0 and sentence.tokens[start - 1].word not in modality.CONDITIONS:
        start -= 1
    while end < len(sentence.tokens) and sentence.tokens[end].word not in modality.CONDITIONS:
        end += 1
    return start, end


def _scope(
    sentence: Sentence, start: int, end: int, kind: Kind
) -> tuple[frozenset[str], frozenset[str]]:
    """What a rule is about: the words of its part without those of ruling and of doing."""
    somebody = _somebody(sentence)
    words = [
        token.word
        for place, token in enumerate(sentence.tokens[start:end], start)
        if place not in somebody
        and token.word not in modality.IDLE
        and token.word not in modality.DAYS
        and (token.word not in WORDS or things.concept(token.word, "data"))
    ]
    if kind is Kind.OVERRIDE:
        return _guards(sentence, start, end), frozenset()
    named, places, _ = scope(words)
    if kind is Kind.DEPLOY:
        named -= {"environment", "branch"}
    return named, places


def _somebody(sentence: Sentence) -> range:
    """Where those are named who alone may do it."""
    said = _said(sentence)
    match = _ONLY_SOMEBODY.search(said)
    if match is None:
        return range(0)
    first = said[: match.start()].count(" ")
    return range(first, first + match[0].count(" ") + 1)


def _guards(sentence: Sentence, start: int, end: int) -> frozenset[str]:
    """The safeguards that a part of a sentence names."""
    found = (things.concept(token.word, "safeguard") for token in sentence.tokens[start:end])
    return frozenset(concept for concept in found if concept is not None)


_WITHOUT: Final = word_set("without ohne sans sin senza sem")
_NEAR: Final = 6


def _left_out(sentence: Sentence) -> frozenset[str]:
    """The safeguards without which something is forbidden."""
    for at, token in enumerate(sentence.tokens):
        if token.word in _WITHOUT:
            return _guards(sentence, at + 1, at + 1 + _NEAR)
    return frozenset()
