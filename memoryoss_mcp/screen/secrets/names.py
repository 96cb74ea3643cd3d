# SPDX-License-Identifier: AGPL-3.0-only
"""Names of secrets: the words of six languages and of code that stand for a password, a key or a
token itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Name:
    """A name of a secret and where it stands.

    ``chosen``: people choose such secrets (passwords); the others are random. ``weak``: the word
    also means other things. ``phrase``: the secret may be several words. ``pair``: a user's name
    stands before the secret.
    """

    start: int
    end: int
    kind: str
    chosen: bool = False
    weak: bool = False
    phrase: bool = False
    pair: bool = False


def names(text: str) -> Iterator[Name]:
    """The names in a text, one kind of word after the other."""
    low = _lowered(text)
    for stem in _STEMS:
        place = low.find(stem.text)
        while place >= 0:
            after = place + len(stem.text)
            if name := _name(text, low, place, stem):
                yield name
                after = name.end
            place = low.find(stem.text, after)


@dataclass(frozen=True, slots=True)
class _Stem:
    """The part of names that is looked for, what has to follow and to precede it."""

    text: str
    whole: re.Pattern[str]
    kind: str
    before: re.Pattern[str] | None = None
    chosen: bool = False
    inside: bool = False
    """Whether letters may stand directly before it ("authtoken")."""
    weak: bool = False
    pair: bool = False


def _name(text: str, low: str, place: int, stem: _Stem) -> Name | None:
    match = stem.whole.match(low, place)
    if match is None:
        return None
    end = match.end()
    if suffix := _ENVIRONMENT.match(low, end):
        end = suffix.end()
    if _GOES_ON.match(low, end):
        return None
    begins = _begins(text, place)
    if not stem.inside and not begins:
        return None
    weak, kind = stem.weak, stem.kind
    if stem.before is not None:
        qualifier = stem.before.search(low, max(0, place - _QUALIFIER), place)
        if qualifier is not None:
            kind = "api_key" if "api" in qualifier[0] and kind == "secret_key" else kind
        elif stem.text == "key" and begins and place and text[place - 1] not in " \t\n\"'`(":
            weak = True  # "OPENAI_KEY", but no bare "key".
        else:
            return None
    if match[0] == "pass":
        weak = True
    return Name(place, end, kind, stem.chosen, weak, phrase="phrase" in match[0], pair=stem.pair)


def _begins(text: str, place: int) -> bool:
    """Whether a word, or a part of a camelCase name, begins here."""
    before = text[place - 1 : place]
    return not before.isalpha() or (before.islower() and text[place].isupper())


def _lowered(text: str) -> str:
    """The text in lower case, character by character."""
    low = text.lower()
    if len(low) == len(text):
        return low
    return "".join(char.lower() if len(char.lower()) == 1 else char for char in text)


_QUALIFIER: Final = 24
_ENVIRONMENT: Final = re.compile(
    r"[_-](?:prod(?:uction)?|dev(?:elopment)?|stag(?:e|ing)|test|local|live|qa|ci|v?\d{1,2})(?![a-z])"
    r"|\d{1,2}(?![a-z\d])"
)
_GOES_ON: Final = re.compile(r"[^\W\d]|\d|[-.](?=\w)")
_KEY_OF: Final = re.compile(
    r"(?:api|access|secret|private|auth\w{0,12}|encryption|crypto|signing|signature|master|account"
    r"|service|licen[cs]e|consumer|subscription|deploy|admin|shared|webhook|app|application|client"
    r"|session|hmac|jwt|function|host|root|wpa\d?|wi-?fi|network|storage|integration)[ _-]?\Z"
)


def _stem(text: str, more: str, kind: str, before: str | None = None, **flags: bool) -> _Stem:
    left = None if before is None else re.compile(rf"(?:{before})\Z")
    return _Stem(text, re.compile(text + more), kind, left, **flags)


_STEMS: Final = (
    _stem("passw", r"(?:or[dt]e?|d)", "password", chosen=True, inside=True),
    _stem("pass", r"(?:[ _-]?(?:phrase|code))?(?!e|w)", "password", chosen=True),
    _stem("passe", "", "password", r"mot de |motde|mot_de_|palavra[- ]", chosen=True, inside=True),
    _stem("phrase", "", "recovery_phrase", r"(?:seed|recovery|mnemonic|secret)[ _-]?"),
    _stem("pwd", "", "password", chosen=True),
    _stem("mdp", "", "password", chosen=True),
    _stem("kennwort", "", "password", chosen=True, inside=True),
    _stem("contrase", "(?:ñ|n\u0303|n)a", "password", chosen=True),
    _stem("senha", "", "password", chosen=True),
    _stem("clave", r"(?: (?:secreta|privada|de acceso|(?:de )?api))?", "password", chosen=True),
    _stem("parola", r" d['’]ordine", "password", chosen=True),
    _stem("pin", r"(?:[ _-]?code)?", "pin"),
    _stem("secret", r"(?:[ _-]?(?:access)?[ _-]?key(?:[ _-]?base)?)?", "secret", inside=True),
    _stem("token", "", "token", inside=True),
    _stem("jeton", "", "token"),
    _stem("key", "", "secret_key", _KEY_OF.pattern[:-2], inside=True),
    _stem("schlüssel", "", "secret_key", r"(?:api|zugangs|zugriffs|geheim|wlan)[- ]?", inside=True),
    _stem("clé", r"(?:[ -](?:d['’])?(?:api|acc[eè]s)| secr[eè]te| priv[eé]e)", "secret_key"),
    _stem("chave", r"(?: (?:de |da )?api| secreta| privada| de acesso)", "secret_key"),
    _stem("chiave", r"(?: api| segreta| privata| di accesso)", "secret_key"),
    _stem("segredo", "", "secret"),
    _stem("segreto", "", "secret"),
    _stem("secreto", "", "secret"),
    _stem("geheimnis", "", "secret", inside=True),
    _stem("credential", "s?", "password", chosen=True, weak=True, pair=True),
    _stem("zugangsdaten", "", "password", chosen=True, weak=True, pair=True),
)
