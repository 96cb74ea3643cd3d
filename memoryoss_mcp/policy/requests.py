# SPDX-License-Identifier: AGPL-3.0-only
"""Whether a verb in a sentence is asked for: an imperative, a polite question, an intention; or
named only: in a question, a report, a condition, a refusal, as the first part of a name."""

from __future__ import annotations

import re
from typing import Final

from memoryoss_mcp.policy import phrases
from memoryoss_mcp.policy.clauses import Sentence, Token
from memoryoss_mcp.policy.verbs import Form, Word
from memoryoss_mcp.text.stopwords import word_set

MOST_LEFT: Final = 14
"""Words before a verb that are looked at."""


def requested(sentence: Sentence, at: int, word: Word) -> bool:
    """Whether the form of a verb at a place of a sentence asks for what the verb says."""
    token = sentence.tokens[at]
    if token.quoted:
        return False
    start, _ = sentence.clause(at)
    if word.form is Form.NOUN:
        polite = word.language == "en" and token.word.endswith("ing")
        return polite and _MIND.search(" ".join(sentence.words(start, at)) + " ") is not None
    if _is_topic(sentence, at, start) or _is_refused(sentence, at, start, word):
        return False
    if word.form is Form.PARTICIPLE:
        return _is_wished(sentence, at, start, word)
    if _is_name(sentence, at, word):
        return False
    left = _without_fillers(sentence.tokens[start:at], word.language)
    if not left:
        return _begins(sentence, start, word)
    before = " ".join(left[-MOST_LEFT:]) + " "
    if left[0] in _WAITS and left[-1] in _DONE:
        return word.form in (Form.BASE, Form.IMPERATIVE)
    if word.form is not Form.IMPERATIVE and phrases.ASKS.search(before):
        return True
    if word.form is Form.IMPERATIVE and _WISHES_THAT.search(before):
        return True
    if word.form is Form.BASE and left[-1] == "to" and left[0] in phrases.RUNS:
        return True
    if word.language == "de" and word.form is Form.INFINITIVE:
        return _is_asked_in_german(sentence, at, start, left, token)
    return False


def _begins(sentence: Sentence, start: int, word: Word) -> bool:
    """Whether a verb that begins a clause begins a request: not behind a subject in the clause
    before ("the jobs build and deploy"), nor behind a noun ("build and release notes")."""
    breaks = sentence.tokens[start].breaks
    if start == 0 or not breaks or breaks[0] in ",:;([{-\u2013\u2014":
        return True
    first, _ = sentence.clause(start - 1)
    words = _without_fillers(sentence.tokens[first:start], word.language)
    return not words or words[0] not in _SUBJECTS


def _without_fillers(tokens: list[Token], language: str) -> list[str]:
    """The words before a verb without those that change nothing."""
    words = [token.word for token in tokens]
    while words and words[0] in phrases.FILLERS:
        del words[0]
    while words and words[-1] in phrases.FILLERS:
        words.pop()
    if language != "en" and language != "de":
        while words and words[-1] in phrases.CLITICS and len(words) > 1:
            words.pop()
        if len(words) == 1 and words[0] in phrases.CLITICS:
            return []
    return words


def _is_topic(sentence: Sentence, at: int, start: int) -> bool:
    """Whether the sentence asks about what the verb says, reports it or makes it a condition."""
    tokens = sentence.tokens
    clause = sentence.words(start, at)
    under = not phrases.SUBORDINATES.isdisjoint(clause)
    if under and _WISH.search(" ".join(clause) + " ") is None and not _is_awaited(clause):
        return True
    if any(word in phrases.EXPLAINS for word in clause):
        return True
    lead = max(0, at - 40)
    before = sentence.words(lead, at)
    for place, word in enumerate(before):
        if word in phrases.REPORTS and word not in ("wants", "wanted"):
            by = before[place - 1] if place else ""
            if place and by not in phrases.SPEAKERS:
                return True
        elif (
            word in ("wants", "wanted", "asked") and place and before[place - 1] not in ("i", "we")
        ):
            return True
    if any(word in phrases.EXPLAINS for word in before) and not _resets(tokens, lead, at):
        return True
    if not sentence.question:
        return False
    if any(word in phrases.QUESTIONS for word in before if word != "that"):
        return True
    first = _without_fillers(tokens[_question_start(tokens, at) : at], "en")
    return phrases.ASKS_LEAVE.match(" ".join([*first, ""])) is not None and not _POLITE.match(
        " ".join([*first, ""])
    )


def _is_awaited(clause: list[str]) -> bool:
    """Whether a clause is a condition that ends before the verb ("once CI is green deploy")."""
    plain = [word for word in clause if word not in phrases.FILLERS]
    return bool(plain) and plain[0] in _WAITS and plain[-1] in _DONE


_WAITS: Final = word_set(
    "once when if after as sobald wenn falls quand des cuando quando se si appena"
)
_DONE: Final = word_set(
    "green pass passes passed done ready finished approved ok okay through complete completed "
    "succeed succeeds succeeded merged over works clean built tested verde verdes vert verts "
    "listo lista pronto pronta pasan passano passam fini"
)
_MIND: Final = re.compile(r"\b(?:(?:would|do) you mind|how about|what about we|any chance of) $")
_WISH: Final = re.compile(
    r"\b(?:want|wish|sure|need|prefer|quiero|necesito|veux|voudrais|faut|voglio|vorrei|quero"
    r"|preciso|"
    r"que tu|que vous|che tu|que voce|dass du|dass sie|dass ihr|dass wir)\b"
)
_WISHES_THAT: Final = re.compile(
    r"\b(?:quiero|necesito|queremos|quisiera|pido|quero|preciso|queremos|voglio|vorrei) (?:que|che)"
    r"(?: (?:usted|voce|vc|tu|lei|me|se|te))* $"
)
"""A wish with the subjunctive that is the polite imperative too (Portuguese *apague*)."""
_POLITE: Final = re.compile(
    r"(?:can|could|would|will) (?:you|we|u)\b|(?:peux|pouvez) (?:tu|vous)\b"
)


def _resets(tokens: list[Token], lead: int, at: int) -> bool:
    """Whether a mark stands between a word of explanation and the verb."""
    for place in range(at, lead, -1):
        if tokens[place].breaks[:1] in (",", ":", ";", "("):
            return True
        if tokens[place - 1].word in phrases.EXPLAINS:
            return False
    return True


def _question_start(tokens: list[Token], at: int) -> int:
    """Where the clause chain of a verb begins: behind the last mark, conjunctions do not count."""
    while at > 0 and tokens[at].breaks[:1] not in (",", ":", ";", "("):
        at -= 1
    return at


def _is_refused(sentence: Sentence, at: int, start: int, word: Word) -> bool:
    """Whether a negation in the clause, or one that goes on into it, turns the request round."""
    tokens = sentence.tokens
    _, end = sentence.clause(at)
    following = sentence.words(at + 1, min(end, at + 3))
    if following and following[0] in phrases.NOTHING and word.language != "de":
        return True
    if following[:1] and following[0] in ("nichts", "kein", "keine", "keinen"):
        return True
    whole = " ".join(sentence.words(start, end))
    if phrases.NEVER_AT_ALL.search(whole):
        return True
    while start > 0 and tokens[start].breaks and _goes_on(tokens[start].breaks):
        start, _ = sentence.clause(start - 1)
    before = phrases.FORGIVEN.sub(" ", " ".join(sentence.words(start, at)))
    if any(negation in phrases.NEGATIONS for negation in before.split()):
        return _denies(before.split(), word)
    return word.language == "de" and _german_not(sentence, at, start, end)


_ALTERNATIVES: Final = frozenset(["or", "nor", "oder", "noch", "ou", "ni", "o", "u", "nem"])


def _goes_on(breaks: str) -> bool:
    """Whether a negation reaches over a conjunction ("don't build or deploy"); "and" too, a comma
    before it ends it."""
    parts = breaks.split()
    return bool(parts) and (parts[-1] in _ALTERNATIVES or (len(parts) == 1 and parts[0] in _AND))


_AND: Final = frozenset(["and", "und", "et", "y", "e"])


def _denies(words: list[str], word: Word) -> bool:
    """Whether one of the negations before a verb concerns it: *without* and its like only if the
    verb follows at once or in an infinitive with *zu*."""
    for place, negation in enumerate(words):
        if negation not in phrases.NEGATIONS:
            continue
        rest = words[place + 1 :]
        if negation in ("without", "sans", "sin", "senza", "sem"):
            if not [w for w in rest if w not in phrases.CLITICS]:
                return True
        elif negation in ("ohne", "statt", "anstatt"):
            if rest[-1:] == ["zu"] or word.form is not Form.INFINITIVE:
                return True
        elif negation == "no" and word.language == "en" and rest[:2] != ["need", "to"]:
            continue
        elif negation in ("kein", "keine", "keinen", "keiner", "keinem"):
            return word.form is not Form.IMPERATIVE
        else:
            return True
    return False


_BEHIND_NOT: Final = word_set(
    "der die das den dem des diese diesen dieses in im auf an am aus von vom zu zum zur mit bei "
    "ohne uber es sie ihn etwas alles jetzt heute einfach noch"
)


def _german_not(sentence: Sentence, at: int, start: int, end: int) -> bool:
    """Whether a *nicht* belongs to the verb: at the end, before the verb or before an object; not
    before an adjective ("die nicht genutzten Tabellen")."""
    for place in range(start, end):
        if sentence.tokens[place].word != "nicht":
            continue
        following = place + 1
        if following < end and sentence.tokens[following].word == "mehr":
            continue
        if following >= end or following == at:
            return True
        if sentence.tokens[following].word in _BEHIND_NOT | phrases.FILLERS:
            return True
    return False


def _is_name(sentence: Sentence, at: int, word: Word) -> bool:
    """Whether a word is the first part of a name, or a noun by its capital (German)."""
    token = sentence.tokens[at]
    if word.language == "de" and word.form is Form.INFINITIVE and token.capital and at > 0:
        return not token.breaks
    if at + 1 >= len(sentence.tokens) or word.form is Form.PARTICIPLE:
        return False
    following = sentence.tokens[at + 1]
    return not following.breaks and not following.quoted and following.word in phrases.NOMINAL


_ENGLISH_WISH: Final = re.compile(
    r"(?:\b(?:needs?|has|have|must|got|ought|want|wants|like|should"
    r"|supposed)\b(?: \S+){0,6} (?:to be|be)"
    r"|\b(?:must|should|shall) be|\b(?:want|need|get|have|like|needs|getting)(?: \S+){1,6}) $"
)
_OTHER_WISH: Final = re.compile(
    r"\b(?:doit|doivent|faut|debe|deben|tiene que|tienen que|hay que|deve|devono|va|vanno"
    r"|devem|precisa|"
    r"precisam|quiero|voglio|quero|veux)\b.*\b(?:etre|ser|estar|essere|venire) $"
)
_GERMAN_WISH: Final = word_set("muss mussen soll sollen sollte sollten kann konnen mochte will")


def _is_wished(sentence: Sentence, at: int, start: int, word: Word) -> bool:
    """Whether a participle is wished for: "needs to be wiped", "I want them deleted"."""
    before = " ".join(sentence.words(start, at)[-MOST_LEFT:]) + " "
    if word.language == "en":
        if re.search(
            r"\b(?:i|we|you|he|she|they|it)(?:'ve)? (?:just |already )?(?:have|has|had|got) $",
            before,
        ):
            return False
        first = before.split()[:1]
        if first in (["have"], ["get"], ["want"], ["need"]) or _OURS.search(before):
            return _ENGLISH_WISH.search(before) is not None
        return re.search(r"\b(?:needs? to|has to|have to|must|gotta) be $", before) is not None
    if word.language == "de":
        following = sentence.words(at + 1, at + 2)
        clause = before.split()
        return following == ["werden"] and any(w in _GERMAN_WISH for w in clause)
    return _OTHER_WISH.search(before) is not None


_OURS: Final = re.compile(
    r"\b(?:i|we|you|please)(?:'d|'ll)? (?:\S+ ){0,2}(?:want|need|like|get|have)\b"
)


def _is_asked_in_german(
    sentence: Sentence, at: int, start: int, left: list[str], token: Token
) -> bool:
    """Whether a German infinitive hangs on a request further before, or is one itself at the end of
    a clause without another verb."""
    if left[-1] in ("zu", "zum", "beim"):
        return False
    clause = set(left)
    if not clause.isdisjoint(phrases.GERMAN_ASKS):
        return True
    if not clause.isdisjoint(phrases.GERMAN_ASKS_OF):
        return not clause.isdisjoint(phrases.GERMAN_PERSONS)
    if "dass" in clause:
        return any(
            t.word in ("mochte", "will", "wollen", "wunsche") for t in sentence.tokens[:start]
        )
    coordinated = start > 0 and "und" in sentence.tokens[start].breaks
    if coordinated:
        first, _ = sentence.clause(start - 1)
        earlier = {t.word for t in sentence.tokens[first:start]}
        if not earlier.isdisjoint(phrases.GERMAN_ASKS):
            return True
    _, end = sentence.clause(at)
    finite = clause & (phrases.GERMAN_FINITE | phrases.GERMAN_PERSONS)
    return at == end - 1 and not finite


_SUBJECTS: Final = word_set(
    "the a an this that these those it he she they there to how what when our your their its "
    "der die das ein eine dieser diese dieses es er sie wie le la les l un une ce cette il elle "
    "ils comment pour el los las una este esta esto como para lo gli i uno questo questa come "
    "per o os as um uma ele ela eles"
)
"""First words of a clause that has a subject, or is no request."""
