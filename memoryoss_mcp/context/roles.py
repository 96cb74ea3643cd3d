# SPDX-License-Identifier: AGPL-3.0-only
"""What a sentence does, told by its grammar: it lays down a rule, tells of something done, asks, or
states a fact. Bare words decide nothing: "the production database" is a thing, not a rule."""

from __future__ import annotations

import re
from typing import Final, Literal

from memoryoss_mcp.text.stopwords import word_set
from memoryoss_mcp.text.tokens import fold

Role = Literal["constraint", "action", "question", "fact"]

LOOKED_AT: Final = 400
"""Characters of a sentence that are looked at."""


def role(sentence: str) -> Role:
    """The role of one sentence. English first; German, French, Spanish, Italian and Portuguese by
    their verbs of obligation and their perfect tenses."""
    text = sentence.strip()
    if _ASKS.search(text):
        return "question"
    plain = _OPENING.sub("", fold(text[:LOOKED_AT]).replace("\u2019", "'"))
    if _UNDECIDED.search(plain):
        return "question"
    if _NORMATIVE.search(plain) or _is_imperative(plain):
        return "constraint"
    return "action" if _tells_of_something_done(text, plain) else "fact"


def main_role(sentences: list[str]) -> Role:
    """The role of a few sentences together: a rule among them makes them a rule, then something
    done; only questions make a question."""
    roles = [role(sentence) for sentence in sentences]
    if "constraint" in roles:
        return "constraint"
    if "action" in roles:
        return "action"
    return "question" if roles and all(found == "question" for found in roles) else "fact"


_ASKS: Final = re.compile(r"[?\uff1f][\"')\]\u201d\u00bb*_]*\s*\Z")
_OPENING: Final = re.compile(
    r"^(?:[\W_]|\d+[.)])*(?:(?:rule|regel|regle|regla|regola|regra) ?: ?)?"
)
"""List marks and headings before the first word."""

_UNDECIDED: Final = re.compile(
    r"\b(?:tbd|to be (?:decided|determined|confirmed|clarified)|undecided|unclear|unresolved"
    r"|not (?:yet )?(?:decided|known|clear)|open question|unknown whether"
    r"|noch (?:offen|unklar|nicht entschieden)|ungeklart|a decider|pas encore decide"
    r"|por decidir|sin decidir|da decidere|por definir|a definir)\b"
)

# --- rules

_NORMATIVE: Final = re.compile(
    # Verbs of obligation.
    r"\bmust(?! have been)(?!-)\b|\b(?:shall|should|ought to|may not|mustn't|shouldn't)\b"
    r"|\bneeds? (?:\w+ ){0,2}(?:approval|approvals|review|sign-?off|confirmation|permission)\b"
    r"|\b(?:needs?|ha(?:s|ve)) to\b|(?<!the )(?<!a )(?<!their )(?<!its )\brequires?\b"
    r"|\b(?:is|are) (?:not |never |strictly |only )*(?:required|allowed|permitted|forbidden"
    r"|prohibited|mandatory|supposed to|to be (?!decided)\w+)\b"
    r"|\b(?:muss|mussen|musst|soll|sollen|sollte|sollten|darf|durfen)\b"
    r"|\b(?:ist|sind) (?:\w+ ){0,3}(?:verboten|untersagt|pflicht|verpflichtend|vorgeschrieben)\b"
    r"|\b(?:doit|doivent|devez|devons|il faut|(?:est|sont) (?:obligatoire|interdit|exige)\w*)\b"
    r"|\b(?:debe|deben|debes|debemos|hay que|(?:esta|es|son) (?:prohibid|obligatori)\w+)\b"
    r"|\b(?:deve|devono|dobbiamo|bisogna|occorre|(?:e|sono) (?:vietat|obbligatori|proibit)\w*)\b"
    r"|\b(?:devem|devemos|precisa|precisam|(?:e|sao) (?:proibid|obrigatori)\w+)\b"
    # Habits that a group binds itself to, and conditions.
    r"|\b(?:we|i|you|they|everyone|everybody|nobody|wir|ich|nous|nosotros|noi|nos)\b(?:'ll)?"
    r"(?: \w+)? (?:always|never|immer|nie|niemals|toujours|jamais|siempre|nunca|sempre)\b"
    r"|\bonly (?:after|before|if|when|until|once)\b|\b(?:not|never) (?:before|until)\b"
    r"|\b(?:nur|erst) (?:nach|wenn)\b|\bnicht (?:vor|ohne)\b"
    r"|\b(?:seulement|uniquement) (?:apres|si)\b|\bsolo (?:despues|si|dopo|se)\b"
    r"|\b(?:apenas|somente) (?:depois|apos|se)\b"
    # What somebody wants to have.
    r"|\b(?:prefers?|would like|(?:i|we) want|insists? on|expects? (?:us|you|me) to)\b"
    r"|\b(?:bevorzug\w+|mochte\w*|prefere\w*|prefier\w+|preferisc\w+|prefiro)\b"
)
_ORDER: Final = re.compile(
    r"(?:(?:please|always|never|do not|don't|make sure|be sure)\b"
    r"|(?:bitte|immer|nie|niemals|keine?n?|nicht)\b"
    r"|(?:toujours|jamais|veuillez|utilisez?|evitez?|verifiez?)\b|ne \w+ (?:pas|jamais)\b"
    r"|ne (?:pas|jamais)\b"
    r"|(?:siempre|nunca|no \w+(?:ar|er|ir)|usar?|evitar?)\b"
    r"|(?:sempre|non \w+(?:are|ere|ire)|usare|evitare|evita)\b|(?:nao \w+(?:ar|er|ir)|evite)\b"
    r"|(?:verwende|nutze|prufe|teste|schreibe|vermeide|benutze|starte|achte|halte)n?\b)"
)
_BARE_VERB: Final = re.compile(
    r"(?:(?:then|also|first|instead),? )?(?:"
    "add|answer|apply|ask|assign|attach|avoid|bump|call|check|choose|commit|confirm|consider|cover"
    "|create|delete|deploy|describe|disable|document|drop|enable|ensure|explain|export|favou?r"
    "|follow|format|freeze|give|handle|ignore|import|include|install|keep|label|leave|limit|link"
    "|log|make|mark|merge|mention|monitor|move|name|no|notify|open|order|pass|pin|prefer|prefix"
    "|push|put|quote|raise|read|rebase|refer|release|remove|rename|replace|reply|report|respond"
    "|restart|restrict|return|reuse|review|roll|rotate|run|save|send|set|show|sign|skip|squash"
    "|start|stick|stop|store|summari[sz]e|tag|tell|test|treat|try|update|upgrade|use|validate"
    r"|verify|wait|wrap|write)(?: (?P<next>\S+))"
)
_CLAUSE_END: Final = re.compile(
    r"[,;:.]\s|\b(?:if|when|whenever|before|after|unless|because|since|that|which|so|until|while"
    r"|where|and)\b"
)
_FINITE: Final = re.compile(
    r"\b(?:is|are|was|were|has|had|will|can|does|did|takes?|lives?|works|fails?|failed|happens"
    r"|goes|means|needs|lasts|costs|runs|starts|ends|comes|contains|consists|shows|uses|exists?|have)\b"
)


def _is_imperative(plain: str) -> bool:
    """Whether a sentence opens with an order. A word that may be a noun as well ("release 4 was
    rolled back", "use of the cache") gives none where the clause has another verb."""
    if _ORDER.match(plain):
        return True
    verb = _BARE_VERB.match(plain)
    if verb is None or verb["next"] in ("of", "for", "-", "="):
        return False
    end = _CLAUSE_END.search(plain, verb.start("next"))
    clause = plain[verb.start("next") : end.start() if end else None]
    return _FINITE.search(clause) is None and not _is_past_form(verb["next"])


# --- things done

_STRONG: Final = word_set(
    "became began bought broke brought built caught chose came did drew fell felt forgot found "
    "gave got grew held hit kept knew led left lost made met paid put ran rewrote said saw sent "
    "set shut spent split sped stood taught threw told took went withdrew won wrote done "
    "fixed given taken written run gone chosen broken"
)
_ALSO_PRESENT: Final = word_set("hit put set shut split cut run left led found held kept met felt")
"""Past forms that are other things as well: they need a pronoun or an auxiliary before them."""

_PRONOUNS: Final = word_set("i we you he she it they who team and then")
_AUXILIARIES: Final = word_set("was were has have had been got i've we've they've wasn't weren't")
_NO_SUBJECT: Final = word_set(
    "is are be being am gets get isn't aren't the a an this that these those our their its his her "
    "my your of to by with in as for from on at all any no not each every or using via only per "
    "into over under than like most more"
)
"""What stands before a participle that is an adjective or a passive of the present."""

_OBJECT: Final = word_set(
    "the a an our all to from and on in it this that two three four because after when since while"
)
_FOREIGN_PAST: Final = re.compile(
    r"\b(?:wurden?|habe|haben|hat|hatten?)\b.*\b(?:\w*ge\w{2,}(?:t|en)|\w+iert"
    r"|(?:be|ver|er|ent|zer)\w{3,}(?:t|en))(?: worden)?\W*$"
    r"|\b(?:a|ont|ai|avons|avez|avait) (?:été )?(?:\w+ment )?\w{2,}(?:é|ée|és|ées)\b"
    r"|\b(?:ha|han|he|hemos|fue|fueron) \w{2,}(?:ado|ada|ido|ida|ados|idos)\b"
    r"|\b\w{3,}(?:aron|ieron|ó)\b"
    r"|\b(?:ho|ha|hanno|abbiamo|(?:è|sono) stat[oaie]) \w{2,}(?:at|ut|it|tt|rt|st|s)[oaie]\b"
    r"|\b(?:foi|foram|temos) \w{2,}(?:ado|ada|ido|ida|ados|idos)\b|\b\w{3,}(?:aram|eram|iram)\b"
    r"|\b\w{4,}(?:ou|iu)\b"
)
_AGO: Final = re.compile(
    r"\b(?:yesterday|ago|last (?:week|month|night|year|monday|tuesday|wednesday|thursday|friday))\b"
)


def _tells_of_something_done(text: str, plain: str) -> bool:
    words = re.findall(r"[\w'-]+|[,;:.]", plain)
    if any(_is_done(words, at) for at in range(len(words))):
        return True
    if _AGO.search(plain) and any(_is_past_form(word) for word in words):
        return True
    return _FOREIGN_PAST.search(text[:LOOKED_AT].lower()) is not None


def _is_done(words: list[str], at: int) -> bool:
    """Whether the word is a past form with a subject or an auxiliary of the past before it."""
    word = words[at]
    if not _is_past_form(word):
        return False
    before = at - 1
    while before >= 0 and (words[before].endswith("ly") or words[before] in _ADVERBS):
        before -= 1
    if before < 0:
        # "Migrated the queue to NATS."
        return words[at + 1 : at + 2] != [] and words[at + 1] in _OBJECT
    if words[before] in _AUXILIARIES:
        return True
    if words[before] in _NO_SUBJECT or not words[before][0].isalpha():
        return False
    if words[before] in _PRONOUNS:
        return True
    if word in _ALSO_PRESENT:
        return False
    if word in _STRONG or at + 1 == len(words) or words[at + 1] in _OBJECT | {"."}:
        return True
    # "Maria deployed version 2", but "Team shared drives are full".
    return before == 0 and _FINITE.search(" ".join(words[at:])) is None


def _is_past_form(word: str) -> bool:
    return word in _STRONG or (len(word) > 4 and word.endswith("ed") and not word.endswith("eed"))


_ADVERBS: Final = word_set("also just then already now once again still both")
