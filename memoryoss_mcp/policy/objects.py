# SPDX-License-Identifier: AGPL-3.0-only
"""What a verb is said of: the phrases around it, and whether they make it a risky action."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from memoryoss_mcp.policy import things
from memoryoss_mcp.policy.clauses import Sentence
from memoryoss_mcp.policy.phrases import FILLERS
from memoryoss_mcp.policy.verbs import WORDS, Form, Sense, Word
from memoryoss_mcp.text.stopwords import STOP_WORDS, word_set


@dataclass(frozen=True, slots=True)
class Phrase:
    """The words behind a preposition (empty for the first phrase), articles left out."""

    preposition: str
    words: tuple[str, ...]


PREPOSITIONS: Final = word_set(
    "of from to into onto in on at by for with without about via over through across against "
    "under inside between before after until during as per within toward towards behind where "
    "that which despite bypassing skipping ignoring who whose if when because since so unless "
    "while than named called von vom aus zu zum zur im ins an am auf bei mit ohne uber fur "
    "durch nach vor bis seit gegen unter hinter zwischen trotz um damit wenn die_das de du des "
    "d dans sur avec sans pour par a au aux en chez vers depuis avant apres qui que dont del al "
    "con sin para por desde hasta hacia sobre donde cuando ante di dello della dei degli delle "
    "da dal dalla dallo dai dalle nel nello nella nei nelle su sul sulla sui sulle senza tra "
    "fra verso alla allo ai alle che quando do dos das no na nos nas em com sem pelo pela ao "
    "aos num numa ate"
)
ARTICLES: Final = word_set(
    "the a an my our your their his her its this that these those some any der die das den dem "
    "des ein eine einen einem einer mein meine meinen meinem meiner unser unsere unseren "
    "unserem deine le la les l un une mon ma mes notre nos votre vos ton ta tes ce cette ces "
    "leur leurs el los las una unos unas mi mis nuestro nuestra nuestros nuestras tu tus su sus "
    "ese esa esos este il lo gli i uno mio mia miei mie nostro nostra questo questa quel quella "
    "suoi o os as um uma meu minha meus minhas nosso nossa nossos nossas esse essa esta aquele "
    "me us him them it's d s t"
)
_LOOKED_BACK: Final = word_set(
    "it them this that those these everything all one ones es sie ihn das alles ihnen diese le "
    "la les lo los las li ca cela tout todo tutto tudo isso"
)
_WITHOUT: Final = word_set(
    "without ohne sans sin senza sem skipping bypassing ignoring despite trotz malgre pese "
    "nonostante"
)
_TEXTS: Final = word_set(
    "dict dictionary map json array html css markdown readme draft essay text form template "
    "component yaml snippet example docs documentation diagram diagramm chart figure wiki "
    "agenda backlog slide slides presentation letter story poem sentence paragraph list entwurf "
    "satz brief formular vorlage texte brouillon phrase lettre formulaire texto borrador carta "
    "formulario testo bozza lettera modulo rascunho"
)
_MADE_ANEW: Final = frozenset(
    [
        "node_modules",
        "dist",
        "__pycache__",
        ".venv",
        "venv",
        ".next",
        ".cache",
        ".pytest_cache",
        ".mypy_cache",
    ]
)
"""Folders that the next build makes anew."""
_NAMELIKE: Final = re.compile(r"[./\\_:@\d-]")
_FILE_NAME: Final = re.compile(
    r"[\w-]+\.(?:py|js|jsx|ts|tsx|go|rs|java|kt|c|cc|cpp|h|cs|rb|php|md|css|scss|html|vue|svelte|yml"
    r"|yaml|json|toml|ini|txt|xml|sh|swift|scala|sql|tex|rst)$"
)
_PATH: Final = re.compile(
    r"(?:~|/(?:var|etc|home|data|srv|opt|usr|mnt|root|backups?|volumes?)\b).*|/"
)
_SECRET_NAME: Final = re.compile(
    r"(?:^|/)\.env\b|id_rsa|\.pem$|\.key$|\.p12$|\.kdbx$|/\.(?:aws|ssh|kube|gnupg)\b|\.npmrc"
    r"|\.netrc"
    r"|\.dump$|(?:dump|backup|customers?|users?)\w*\.(?:sql|csv|json|gz|zip|xlsx)$|credentials"
)
_ADDRESS: Final = re.compile(
    r"https?://|[\w.+-]+@[\w-]+\.\w|\b(?:transfer\.sh|file\.io|pastebin)\b"
)
_VERSION: Final = re.compile(r"v?\d+(?:\.\d+)+|v\d+|\d+")
_COLUMNS: Final = word_set("column columns spalte spalten colonne colonnes columna columnas coluna")
_ATTRIBUTIVE: Final = frozenset(
    ["user", "data", "log", "mail", "key", "server", "environment", "queue", "memory"]
)
_ROMANCE: Final = frozenset(["fr", "es", "it", "pt"])
_STARTS_ONLY: Final = frozenset(
    [
        "launch",
        "launched",
        "launching",
        "lance",
        "lancez",
        "lancer",
        "lanza",
        "lance",
        "lanzar",
        "lancia",
        "lanciare",
        "lanca",
        "launche",
    ]
)
_RUNNING: Final = word_set(
    "app service api frontend backend site website page application image build"
)
_INTO: Final = word_set(
    "to into onto on against in auf ins im nach en sur dans a au al na no em para su sul nel nella"
)
_MOVED_TO: Final = things.PRODUCTION - word_set(
    "customers kunden registry npm pypi maven crates live"
)
_PUBLIC: Final = word_set("public publicly offentlich publique publico publica pubblico pubblica")
_WEAKLY_SECRET: Final = frozenset(("database", "backup", "repository"))
_DATA_WORDS: Final = word_set("data daten donnees datos dati dados spreadsheet")


def phrases(sentence: Sentence, at: int, word: Word) -> list[Phrase]:
    """What stands behind a verb up to the next verb of a request, phrase by phrase; of a participle
    and of a German infinitive what stands before it comes first."""
    start, _ = sentence.clause(at)
    spans = []
    if word.form in (Form.PARTICIPLE, Form.NOUN) or (
        word.language == "de" and word.form is Form.INFINITIVE
    ):
        spans.append((start, at))
    first = at + 1
    if word.adjacent and word.particle:
        first += len(word.particle.split())
    spans.append((first, _end(sentence, first)))
    return [phrase for span in spans for phrase in _split(sentence, *span, word)]


def _end(sentence: Sentence, start: int) -> int:
    for place in range(start, len(sentence.tokens)):
        token = sentence.tokens[place]
        if place > start - 1 and token.breaks and _is_verb(token.word):
            return place
    return len(sentence.tokens)


def _is_verb(word: str) -> bool:
    return any(
        known.form in (Form.BASE, Form.IMPERATIVE) and not known.particle
        for known in WORDS.get(word, ())
    )


def _split(sentence: Sentence, start: int, end: int, word: Word) -> Iterator[Phrase]:
    preposition = ""
    words: list[str] = []
    for token in sentence.tokens[start:end]:
        parts = token.breaks and words
        if token.word in PREPOSITIONS or parts:
            if words:
                yield Phrase(preposition, tuple(words))
            opens = token.word in PREPOSITIONS
            preposition, words = (token.word if opens else preposition if parts else ""), []
            if opens:
                continue
        if token.word in ARTICLES and not (token.word in _LOOKED_BACK and not words):
            continue
        if token.word != word.particle:
            words.append(token.word)
    if words:
        yield Phrase(preposition, tuple(words))


# --- what is deleted


def is_lost(found: Sequence[Phrase], word: Word, before: Sequence[str]) -> bool:
    """Whether what is deleted is data whose loss hurts. ``before`` are the words before the verb,
    to which a pronoun may point back."""
    verdict = _kind_of_loss(found, word.language)
    if verdict is None and (
        word.held or not found or set(found[0].words) <= _LOOKED_BACK | FILLERS
    ):
        if not word.held and not found:
            return False
        verdict = _pointed_back(before)
        if verdict is None and word.sense is Sense.DESTROY:
            return True
    if word.sense is Sense.DESTROY and found:
        return verdict is not False
    return verdict is True


def _kind_of_loss(found: Sequence[Phrase], language: str) -> bool | None:
    """``True`` for data, ``False`` for a piece of a text or of a program, ``None`` for neither."""
    verdict: bool | None = None
    if found and found[0].words == ("all",):
        verdict = True
    for phrase in found:
        hit = _hit(phrase.words, language)
        if verdict is None:
            verdict = hit
        elif verdict is False and hit and not _COLUMNS.isdisjoint(found[0].words):
            verdict = True
        if phrase.preposition and (
            not _TEXTS.isdisjoint(phrase.words) or any(map(_FILE_NAME.search, phrase.words))
        ):
            return False
        if verdict is None and not phrase.preposition and any(map(_FILE_NAME.search, phrase.words)):
            return False
    return verdict


def _hit(words: Sequence[str], language: str) -> bool | None:
    hit: bool | None = None
    if not _MADE_ANEW.isdisjoint(words):
        return False
    for place, word in enumerate(words):
        if things.is_harmless(word):
            hit = False
        elif (known := things.concept(word, "data")) is not None:
            if language in ("en", "de") and _is_attribute(words, place, known):
                continue
            hit = True
        elif _PATH.fullmatch(word):
            hit = True
        else:
            continue
        if language in _ROMANCE:
            break
    return hit


def _is_attribute(words: Sequence[str], place: int, known: str) -> bool:
    """Whether a word is the first part of the name of something else ("user avatar")."""
    if known not in _ATTRIBUTIVE or words[place].endswith("s") or place + 1 >= len(words):
        return False
    following = words[place + 1]
    return not (
        _NAMELIKE.search(following)
        or following in FILLERS
        or following in STOP_WORDS
        or following in things.TIMES
        or things.concept(following, "data")
    )


def _pointed_back(before: Sequence[str]) -> bool | None:
    for word in reversed(before):
        if things.is_harmless(word):
            return False
        if things.concept(word, "data"):
            return True
    return None


# --- what goes out


def goes_out(found: Sequence[Phrase], word: Word, before: Sequence[str]) -> bool:
    """Whether what is sent is sensitive and where it goes is outside."""
    outside, inward = is_outside(found), _is_inward(found)
    secret = is_secret(found, word.language)
    if not secret and (word.held or (found and set(found[0].words) <= _LOOKED_BACK | FILLERS)):
        secret = is_secret([Phrase("", tuple(before[-12:]))], word.language)
    if not secret and outside:
        secret = any(
            things.concept(w, "data") in _WEAKLY_SECRET or w in _DATA_WORDS
            for phrase in found
            for w in phrase.words
        )
    if not secret or (inward and not outside):
        return False
    return outside or word.sense is Sense.SEND


def is_outside(found: Sequence[Phrase]) -> bool:
    """Whether one of the phrases names a place or somebody outside."""
    for place, phrase in enumerate(found):
        words = phrase.words
        if any(map(_ADDRESS.search, words)):
            return True
        if (phrase.preposition or place) and not things.OUTSIDE.isdisjoint(words):
            return True
        if not phrase.preposition and ("publicly" in words or "externally" in words):
            return True
    return False


def _is_inward(found: Sequence[Phrase]) -> bool:
    return any(
        phrase.preposition and not things.INWARD.isdisjoint(phrase.words) for phrase in found
    )


def is_secret(found: Sequence[Phrase], language: str) -> bool:
    """Whether one of the phrases names something sensitive, and not only a text about it."""
    words = [word for phrase in found for word in phrase.words]
    if found and _is_about(found[0].words, language):
        return False
    if any(pair in things.PAIRS for pair in pairwise(words)):
        return True
    if any(_SECRET_NAME.search(word) for word in words):
        return True
    if _is_theirs(found):
        return True
    for phrase in found:
        for place, word in enumerate(phrase.words):
            if word in things.DUMPS or things.concept(word, "data") == "backup":
                return True
            if things.concept(word, "secret") and not _is_qualified(phrase.words, place, language):
                return True
            if word.endswith(("daten", "datenbank", "liste")) and word.startswith(
                ("kunden", "nutzer", "benutzer", "mitarbeiter", "patienten", "personen", "gehalts")
            ):
                return True
    return False


def _is_theirs(found: Sequence[Phrase]) -> bool:
    """Whether data of people, or of production, are named: "customer data", "list of customers"."""
    for place, phrase in enumerate(found):
        owners = things.WHO.intersection(phrase.words)
        if not owners:
            continue
        if any(word in things.OF_WHOM and word not in owners for word in phrase.words):
            return True
        whose = place and phrase.preposition in _OF
        if whose and not things.OF_WHOM.isdisjoint(found[place - 1].words):
            return True
    return False


_OF: Final = word_set("of von vom de du des d del dei degli delle della di do da dos das")


def _is_about(words: Sequence[str], language: str) -> bool:
    plain = [word for word in words if word not in FILLERS]
    if not plain:
        return False
    return plain[0] in things.ABOUT if language in _ROMANCE else plain[-1] in things.ABOUT


def _is_qualified(words: Sequence[str], place: int, language: str) -> bool:
    """Whether something secret is the first part of the name of something that is not."""
    if language != "en" or place + 1 >= len(words):
        return False
    following = words[place + 1]
    return not (
        _NAMELIKE.search(following)
        or following in FILLERS
        or following in STOP_WORDS
        or following in things.OF_WHOM
        or following in ("value", "values", "hash", "hashes", "manager", "store", "folder")
        or things.concept(following, "secret")
        or things.concept(following, "data")
        or following in things.OUTSIDE
    )


def is_made_public(found: Sequence[Phrase], language: str) -> bool:
    """Whether something sensitive, or what holds it, is made public."""
    words = {word for phrase in found for word in phrase.words}
    if _PUBLIC.isdisjoint(words):
        return False
    kept = {things.concept(word, "data") for word in words}
    return is_secret(found, language) or bool(kept & {"bucket", "repository", "database"})


# --- what is put out of force


def is_guard(found: Sequence[Phrase], language: str) -> bool:
    """Whether what is skipped or switched off is a safeguard."""
    for phrase in found[:3]:
        if phrase.preposition and phrase is not found[0] and language not in _ROMANCE:
            continue
        hit = _guard(phrase.words, language)
        if hit is not None:
            return hit
    return False


def _guard(words: Sequence[str], language: str) -> bool | None:
    plain = [word for word in words if word not in FILLERS and word not in things.TIMES]
    last = None
    for place, word in enumerate(plain):
        if things.concept(word, "safeguard") and word not in (
            "test",
            "check",
            "lock",
            "commit",
            "pre",
        ):
            last = place
            if language in _ROMANCE:
                return True
        elif language in _ROMANCE and things.is_harmless(word):
            return False
    if last is None:
        return None if not plain else _nothing(plain)
    tail = plain[last + 1 :]
    return all(
        word in things.GUARD_TAILS or word in STOP_WORDS or _NAMELIKE.search(word) for word in tail
    )


def _nothing(plain: Sequence[str]) -> bool | None:
    return False if any(map(things.is_harmless, plain)) else None


def is_unguarded(found: Sequence[Phrase]) -> bool:
    """Whether something is to be done without a safeguard."""
    for place, phrase in enumerate(found):
        # "Without waiting for approval" as well as "without approval".
        near = found[place : place + 2]
        if phrase.preposition in _WITHOUT and any(_names_guard(p.words) for p in near):
            return True
    return False


def _names_guard(words: Sequence[str]) -> bool:
    return any(things.concept(word, "safeguard") for word in words)


# --- what is released


def is_released(found: Sequence[Phrase], word: Word, head: str) -> bool:
    """Whether a release is one of software or of something else that goes to the public."""
    words = [w for phrase in found for w in phrase.words]
    if any(_leads_to_production(phrase) for phrase in found):
        return True
    first = found[0].words if found else ()
    if found and found[0].preposition:
        first = ()
    plain = [w for w in first if w not in FILLERS and w not in things.TIMES]
    if head in _STARTS_ONLY:
        return any(w in things.RELEASABLE - _RUNNING - _LOOKED_BACK for w in plain)
    if not plain:
        return word.form is not Form.PARTICIPLE and len(words) <= len(first) + 6
    if any(map(things.is_harmless, plain)) and things.PRODUCTION.isdisjoint(words):
        return False
    return any(w in things.RELEASABLE or _VERSION.fullmatch(w) for w in plain) or any(
        "release" in w for w in plain
    )


def is_moved_to_production(found: Sequence[Phrase], head: str, language: str) -> bool:
    """Whether something is brought to production."""
    for phrase in found:
        if head == "get" and phrase.preposition not in ("to", "into"):
            continue
        if language == "en" and phrase.preposition in ("a", "de", "in") and head == "get":
            continue
        if phrase.preposition in _INTO and not _MOVED_TO.isdisjoint(phrase.words):
            return True
        if phrase.words and phrase.words[-1] == "live" and not phrase.preposition:
            return True
        if phrase.preposition in _INTO and phrase.words[:1] == ("live",):
            return True
    return False


def _leads_to_production(phrase: Phrase) -> bool:
    return bool(phrase.preposition) and not things.PRODUCTION.isdisjoint(phrase.words)
