# SPDX-License-Identifier: AGPL-3.0-only
"""What a memory is not worth keeping for: nothing said, courtesies, placeholders, what a machine
wrote about itself, output of programs, encoded data. By form and wording, for few wrong verdicts
rather than for many right ones."""

from __future__ import annotations

import re
from typing import Final

from memoryoss_mcp.text.stopwords import word_set
from memoryoss_mcp.text.tokens import fold, is_unspaced

FEWEST_CHARACTERS: Final = 3
LONGEST_COURTESY: Final = 12
"""Words of a text up to which it can be nothing but courtesy."""
LONGEST_BOILERPLATE: Final = 40
"""Words up to which a text that begins with a set phrase is nothing else."""
SHORTEST_CODE: Final = 40
"""Characters of encoded data at the least."""
CODE_SHARE: Final = 0.8
"""Share of a text that is one run of encoded data."""
OUTPUT_SHARE: Final = 0.6
"""Share of the lines that are output of a program."""
WORD_SHARE: Final = 0.35
"""Share of letters and digits below which a text is noise."""
REPEATED: Final = 12
"""Words from which a text that repeats itself is noise."""
REPEATED_SHARE: Final = 0.2
"""Share of distinct words in such a text at the most."""


def junk(text: str, *, has_subject: bool = False) -> str | None:
    """What kind of junk a text is, in stable words: ``too_short``, ``courtesy``, ``placeholder``,
    ``boilerplate``, ``output``, ``encoded``, ``noise``; ``None`` if it may be worth keeping. Where
    it is told elsewhere what the text is about (``has_subject``), a word alone can be a fact."""
    text = text.strip()
    folded = fold(text)
    words = re.findall(r"[^\W_]+(?:['’][^\W_]+)*", folded)
    short = len(text) < FEWEST_CHARACTERS
    if not words or (short and not has_subject and not any(map(is_unspaced, text))):
        return "too_short" if short else "noise"
    if _PLACEHOLDER.fullmatch(folded.strip(" .:;!-_<>[](){}\"'`")):
        return "placeholder"
    if len(words) <= LONGEST_COURTESY and all(word in _COURTESIES for word in words):
        return "courtesy"
    if len(words) <= LONGEST_BOILERPLATE and _BOILERPLATE.match(folded):
        return "boilerplate"
    if _is_encoded(text):
        return "encoded"
    if _is_output(text):
        return "output"
    if _is_noise(text, words):
        return "noise"
    if has_subject:
        return None
    if len(words) == 1 and words[0].isalpha() and words[0] == folded and words[0].isascii():
        return "too_short"
    return None


def _is_encoded(text: str) -> bool:
    """Whether next to nothing but base64 or hexadecimal digits is in a text."""
    runs = [match[0] for match in _CODE.finditer(text) if _looks_random(match[0])]
    return sum(map(len, runs)) >= CODE_SHARE * len(text)


def _looks_random(run: str) -> bool:
    mixed = any(map(str.isdigit, run)) and any(map(str.isalpha, run))
    return mixed and run.count("/") <= len(run) // 16


def _is_output(text: str) -> bool:
    lines = [line for line in text.splitlines() if line.strip()]
    logged = sum(_LOG_LINE.match(line) is not None for line in lines)
    return logged >= max(OUTPUT_SHARE * len(lines), 1)


def _is_noise(text: str, words: list[str]) -> bool:
    dense = [char for char in text if not char.isspace()]
    if sum(map(str.isalnum, dense)) < WORD_SHARE * len(dense):
        return True
    return len(words) >= REPEATED and len(set(words)) <= REPEATED_SHARE * len(words)


_COURTESIES: Final = word_set(
    "hi hey hello hiya yo howdy good morning afternoon evening night thanks thank thx ty you very "
    "much so many a lot ok okay k kk yes yep yeah yup no nope sure fine great cool nice perfect "
    "awesome alright right bye goodbye cheers please welcome sorry done got it all lol haha hmm hm "
    "oh ah wow see later "
    "hallo moin servus guten morgen tag abend danke dankeschon bitte vielen dank schon ja nein gut "
    "super prima klar genau tschuss alles gute "
    "bonjour salut bonsoir merci beaucoup oui non d'accord parfait bien au revoir svp "
    "hola buenos dias buenas tardes noches gracias muchas si vale bueno perfecto adios "
    "ciao buongiorno buonasera grazie mille prego va bene perfetto arrivederci "
    "ola bom dia boa tarde noite obrigado obrigada muito sim nao tudo bem tchau"
)
_PLACEHOLDER: Final = re.compile(
    r"n/?a|null|none|nil|undefined|nan|todo|tbd|tba|fixme|xxx+|test(?:ing)?(?: ?\d+)?|foo|bar"
    r"|foobar|asdf\w*|qwert\w*|lorem ipsum.*|placeholder|example|untitled|object object"
    r"|new (?:note|memory)|empty"
    r"|no (?:content|data|memor(?:y|ies)|facts?|information|summary)(?: \w+){0,2}"
    r"|unbekannt|leer|keine|vide|aucune?|vacio|ningun[oa]?|vuoto|nessun[oa]?|vazio|nenhuma?"
)
_BOILERPLATE: Final = re.compile(
    r"(?:as an? (?:ai|artificial intelligence|large language|language)\b"
    r"|i(?:'m| am) (?:sorry,? (?:but )?i (?:can|do|am)|an? (?:ai|language model))"
    r"|i (?:hope|trust) (?:this|that) (?:helps?|email finds)|let me know if (?:you|there)"
    r"|feel free to|is there anything else|how can i (?:help|assist)|certainly!? here"
    r"|here(?:'s| is| are) (?:the|a|an|your|some)\b.{0,60}:$|sure!? (?:here|i can|i'd)"
    r"|(?:the )?user (?:said|says) (?:hi|hello|thanks)\b"
    r"|als (?:ki|kunstliche|sprachmodell)\b|ich hoffe,? (?:das|dies) hilft"
    r"|en tant qu[e'] ?(?:ia|modele)|j'espere que cela|como (?:una? )?(?:ia|modelo de|inteligencia)"
    r"|espero que (?:esto|isso|te)|come (?:ia|modello|intelligenza)|spero che (?:questo|sia))"
)
_CODE: Final = re.compile(rf"[A-Za-z0-9+/_=-]{{{SHORTEST_CODE},}}")
_LOG_LINE: Final = re.compile(
    r"\s*(?:"
    r"\[?\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d(?::\d\d)?\S*\]?\s+\S*(?:\b(?:TRACE|DEBUG|INFO|NOTICE"
    r"|WARN(?:ING)?|ERROR|CRITICAL|FATAL)\b|[\[(]|\S+:\s)"
    r"|\[?(?:TRACE|DEBUG|INFO|WARN(?:ING)?|ERROR|FATAL)\]?[:\s]\s*\[?[\w.-]+\]?[:\s]\s*\S"
    r"|Traceback \(most recent call last\)|File \"[^\"]+\", line \d+|at [\w.$<>]+\([^)]*:\d+\)"
    r"|(?:npm|pip|yarn) (?:ERR!|WARN|notice)"
    r"|\d{1,3}(?:\.\d{1,3}){3} - .{0,40}\[[^\]]+\] \"(?:GET|POST|PUT|DELETE|HEAD)\b"
    r"|[+-]{3} [ab]/|@@ -\d+(?:,\d+)? \+\d+(?:,\d+)? @@"
    r")"
)
