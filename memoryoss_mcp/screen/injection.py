# SPDX-License-Identifier: AGPL-3.0-only
"""Text that gives orders to whoever reads it: what makes a memory dangerous in a prompt.

Two grades. *Attacks* are what no honest memory says: orders to ignore one's instructions, faked
roles, secrets sent away, hidden text. *Orders* are everything that tells a reader to do something;
an honest user's rules do that too, which is why they count only against lanes that are trusted
less. Nothing here is deleted or refused: it is only not put into a prompt unasked.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import Final
from urllib.parse import unquote

from memoryoss_mcp.text.polarity import FUNCTION_WORDS
from memoryoss_mcp.text.tokens import fold

LONGEST: Final = 32_768
"""Characters that are looked at."""
_SHORTEST_CODE: Final = 16
"""Characters of an encoded passage at the least."""


# The same memories are looked at again and again in one conversation.
@lru_cache(maxsize=4_096)
def attacks(text: str) -> tuple[str, ...]:
    """Why a text can only be an attack, in stable words; empty if nothing says so."""
    return _found(text, _ATTACKS)


@lru_cache(maxsize=4_096)
def orders(text: str) -> tuple[str, ...]:
    """Why a text may give orders to its reader, in stable words; empty for a plain statement."""
    return _found(text, _ATTACKS | _ORDERS)


def _found(text: str, patterns: dict[str, re.Pattern[str]]) -> tuple[str, ...]:
    text = text[:LONGEST]
    reasons: dict[str, None] = {}
    strict = patterns is not _ATTACKS
    if len(_HIDDEN.findall(text)) >= (1 if strict else _HIDDEN_IN_EARNEST):
        reasons["invisible_characters"] = None
    for reading in _readings(text):
        _look(reading, patterns, reasons)
    for reading in _ciphers(text):
        _look(reading, _ATTACKS, reasons)
    if strict and (_is_packed(text) or _MIXED.search(text) or _CODED.search(text)):
        reasons["encoded_text"] = None
    if strict and _is_unreadable(text):
        reasons["unreadable"] = None
    return tuple(reasons)


def _look(text: str, patterns: dict[str, re.Pattern[str]], reasons: dict[str, None]) -> None:
    for name, pattern in patterns.items():
        if name in reasons:
            continue
        if _may_be_found(name, text) and pattern.search(text):
            reasons[name] = None


def _may_be_found(name: str, text: str) -> bool:
    stems = _STEMS.get(name)
    if stems is None:
        return True
    for stem in stems:  # noqa: SIM110 - a loop of its own costs half of what any() does
        if stem in text:
            return True
    return False


def _is_packed(text: str) -> bool:
    """Whether a text has a run of letters and digits as no word is (base64, hex)."""
    return any(
        any(map(str.isdigit, run)) or sum(map(str.isupper, run[1:])) > len(run) // _FEWEST_WORDS
        for run in _RUN.findall(text)
    )


def _is_unreadable(text: str) -> bool:
    """Whether a text of several words has none of the little words of any language that is known
    here: ciphers and texts written backwards have not."""
    words = re.findall(r"[^\W\d_]+", fold(text))
    return len(words) >= _FEWEST_WORDS and not any(word in FUNCTION_WORDS for word in words)


def _readings(text: str) -> Iterator[str]:
    """The text as a reader might take it: cleaned, with look-alike letters made Latin, with spaced
    letters put together, and every passage of it that can be decoded."""
    clean = fold(_HIDDEN.sub("", unicodedata.normalize("NFKC", text)))
    yield clean
    plain = clean.translate(_LOOK_ALIKE)
    if plain != clean:
        yield plain
    joined = _SPACED.sub(lambda match: re.sub(r"[\s.*_-]", "", match[0]), plain)
    if joined != plain:
        yield joined
    if _LEET.search(plain):
        yield plain.translate(_LEET_LETTERS)
    for decoded in _decoded(text):
        yield fold(decoded)


def _ciphers(text: str) -> Iterator[str]:
    """The text backwards, and every letter thirteen further."""
    plain = fold(text)
    yield plain[::-1]
    yield codecs.encode(plain, "rot13")


def _decoded(text: str) -> Iterator[str]:
    for passage in _ENCODED.findall(text):
        for decode in (_from_hex, _from_base64, _from_base32):
            try:
                found = decode(passage).decode("utf-8")
            except (ValueError, binascii.Error):
                continue
            if found.isprintable():
                yield found
    if "%" in text:
        yield unquote(text)


def _from_hex(passage: str) -> bytes:
    return bytes.fromhex(passage)


def _from_base64(passage: str) -> bytes:
    return base64.b64decode(passage + "=" * (-len(passage) % 4), validate=False)


def _from_base32(passage: str) -> bytes:
    return base64.b32decode(passage)


_HIDDEN: Final = re.compile(
    "[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\U000e0000-\U000e007f]"
)
_ENCODED: Final = re.compile(rf"[A-Za-z0-9+/=_!#$%&()*;<>?@^`{{|}}~-]{{{_SHORTEST_CODE},}}")
_RUN: Final = re.compile(r"[A-Za-z0-9+/]{20,}={0,2}")
_MIXED: Final = re.compile(
    # Punctuation amid letters as no word has it (base85).
    r"(?:[A-Za-z0-9]{1,6}[!#$%&()*;<>?@^`{|}~+=]{1,3}){4,}"
)
_HIDDEN_IN_EARNEST: Final = 3
_CODED: Final = re.compile(
    r"(?:[01]{8}\s*){3}|(?:[.-]{1,6}[\s/]+){8}|(?:\\u[0-9a-fA-F]{4}){3}|(?:\\x[0-9a-fA-F]{2}){3}"
    r"|(?:&#x?\w+;){3}"
)
_FEWEST_WORDS: Final = 5
_SPACED: Final = re.compile(r"\b(?:\w[\s.*_-]){3,}\w\b")
_LEET: Final = re.compile(r"[a-z][013457@$][a-z]")
_LEET_LETTERS: Final = str.maketrans("013457@$", "oieastas")
_LOOK_ALIKE: Final = str.maketrans("аеорсухіјѕԁһԛԝкмтвнαορεικντυχ", "aeopcyxijsdhqwkmtbhaopeikvtux")

_YOURS: Final = (
    r"(?:previous|prior|earlier|above|preceding|former|foregoing|existing|original|initial|system"
    r"|safety|security|content|all|any|every|your|these|those|other|current|default)"
)
_RULES: Final = (
    r"(?:instruction|prompt|rule|guideline|guardrail|direction|directive|polic(?:y|ie)|constraint"
    r"|restriction|safeguard|filter|programming|training|command|limitation)"
)


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.MULTILINE)


_ATTACKS: Final[dict[str, re.Pattern[str]]] = {
    "overrides_instructions": _any(
        rf"\b(?:ignor\w*|disregard\w*|forget|override|overrule|bypass|circumvent|discard|neglect"
        rf"|stop following|do not follow|don't follow|no longer follow|not bound by)\b"
        rf"[^.\n]{{0,40}}\b{_YOURS}\b[^.\n]{{0,30}}\b{_RULES}",
        r"\b(?:ignor\w*|disregard\w*|forget)\b[^.\n]{0,12}\b(?:everything|anything"
        r"|all)\b[^.\n]{0,30}"
        r"\b(?:above|before|told|said|prior|previous|earlier|know)",
        r"\b(?:ignorier\w*|missacht\w*|vergiss|vergessen sie|umgeh\w*)\b[^.\n]{0,50}"
        r"(?:anweisung|instruktion|regel|vorgabe|prompt|richtlinie|alles)",
        r"\b(?:ignore[rz]?|oublie[rz]?|contourne[rz]?|neglige[rz]?)\b[^.\n]{0,50}"
        r"(?:instruction|regle|consigne|directive|tout ce)",
        r"\b(?:ignor[ae]\w*|olvid[ae]\w*|omit[ae]\w*|desobedec\w*)\b[^.\n]{0,50}"
        r"(?:instruccion|regla|directri|indicacion|todo lo)",
        r"\b(?:ignor[ai]\w*|dimentic\w*|trascur\w*)\b[^.\n]{0,50}"
        r"(?:istruzion|regol|direttiv|tutto quello)",
        r"\b(?:ignor[ea]\w*|esquec\w*|desconsider\w*)\b[^.\n]{0,50}(?:instruc|regra|diretriz|tudo)",
        r"\b(?:negeer|vergeet)\b[^.\n]{0,50}(?:instructie|regel|richtlijn|alles)",
        r"(?:игнориру[йи]|забудь|не обращай)\w*[^.\n]{0,50}(?:инструкц|правил|указан|все)",
        r"(?:忽略|无视|無視|忘记|忘掉|忘れ)[^。\n]{0,14}(?:指令|指示|规则|規則|提示|命令|ルール)",
        r"(?:指示|命令|ルール|プロンプト)[^。\n]{0,10}(?:無視|忘れ)",
    ),
    "fakes_a_role": _any(
        r"^\s*(?:\W{0,3}\s*)?(?:system|developer|administrator)"
        r"\s*(?:message|prompt|note)?\s*:",
        r"\[/?(?:system|inst|assistant)\]|<\|?(?:im_start|im_end|system|endoftext|start_header)",
        r"</?(?:system|instructions?|assistant|developer|information|important|admin)\b[^>]*>",
        r"#{2,}\s*(?:system|instruction|end of|new instruction)",
        r"\byou are now (?:an?|the|in|free|dan|un\w+|acting)\b|\byou are no longer (?:bound"
        r"|an?)\b|\bpretend (?:to be|that you|you)\b|\bdeveloper mode\b",
        r"\bjailbr\w+|\bdo anything now\b|\bunrestricted (?:ai|mode|assistant)",
        r"\bnew (?:system )?(?:instructions?|prompt|persona)\b\s*[:-]|\bend of (?:user|system)\b",
        r"\bsystem (?:override|prompt)\b|\bverbatim\b[^.\n]{0,30}\binstructions?",
    ),
    "sends_secrets_away": _any(
        r"\b(?:send|post|upload|forward|e-?mail|transmit|exfiltrat\w*|leak|share|copy|append"
        r"|publish"
        r"|submit|deliver|reveal|print|dump|include|collect)\b[^\n]{0,60}\b(?:secrets?|passwords?"
        r"|credentials?|api[ _-]?keys?|private keys?|tokens?|customer (?:list|data|emails?))\b"
        r"[^\n]{0,40}(?:https?://|[\w.+-]{1,64}@[\w-]{1,64}\.\w|\battacker|\bexternal"
        r"|\bin (?:the|every|each|your) (?:reply|response|answer|output))",
        r"\b(?:reveal|show|print|tell|repeat|output|leak|dump)\b[^.\n]{0,30}\bsystem prompt",
        r"!\[[^\]\n]*\]\(https?://[^)\n]*[?{]",
    ),
    "hides_itself": _any(
        r"\b(?:do not|don't|never|without)\b[^.\n]{0,25}\b(?:tell\w*|mention\w*|inform\w*|notify\w*"
        r"|alert\w*|disclos\w*|reveal\w*)\b[^.\n]{0,30}"
        r"\b(?:user|human|anyone|anybody|operator|owner)",
        r"style\s*=\s*[\"'][^\"']*(?:display\s*:\s*none|font-size\s*:\s*0|opacity\s*:\s*0)",
    ),
}

_STEMS: Final[dict[str, tuple[str, ...]]] = {
    "overrides_instructions": (
        "ignor", "disregard", "forget", "overrid", "overrul", "bypass", "circumvent", "discard",
        "neglect", "stop following", "not follow", "n't follow", "longer follow", "not bound",
        "missacht", "vergiss", "vergessen sie", "umgeh", "oublie", "contourne", "neglige", "olvid",
        "omit", "desobedec", "dimentic", "trascur", "esquec", "desconsider", "negeer", "vergeet",
        "игнориру", "забудь", "не обращай", "忽略", "无视", "無視", "忘",
    ),
    "fakes_a_role": (
        "system", "developer", "admin", "assistant", "inst]", "im_start", "im_end", "endoftext",
        "start_header", "instruct", "information", "important", "##", "you are now",
        "you are no longer", "pretend", "jailbr", "anything now", "unrestricted", "new prompt",
        "new persona", "end of user",
    ),
    "sends_secrets_away": (
        "secret", "password", "credential", "api", "private key", "token", "customer",
        "system prompt", "![",
    ),
    "hides_itself": ("do not", "don't", "never", "without", "style"),
}  # fmt: skip
"""What every text has in which a pattern of that name can be found: to look for these costs a
fraction of what the pattern does."""

_VERBS: Final = (
    "accept|access|act|add|adopt|adhere|advise|allow|always|answer|append|apply|approve|ask|assume"
    "|attach|authorize|avoid|be sure|book|bypass|buy|call|cancel|change|check|choose|click|collect"
    "|comply|concatenate|confirm|consider|convert|copy|create|decode|decrypt|delete|deliver|deploy"
    "|describe|disable|disclose|disregard|do|don't|download|draft|drop|dump|echo|edit|email|embed"
    "|emit|enable|encode|end|ensure|evaluate|execute|export|expose|extract|fetch|find|follow|forget"
    "|format|forward|generate|get|give|go|grant|hide|ignore|import|include|increase|inform|insert"
    "|install|invite|invoke|keep|leak|let|list|load|log|look|mail|make|mark|mention|modify|move"
    "|never|note that|obey|omit|open|output|override|pass|pay|perform|post|prefer|pretend|prefix"
    "|print|prioritize|proceed|process|provide|publish|purchase|push|put|query|quote|read|rebuild"
    "|recommend|redirect|refer|refuse|reject|remember|remove|rename|repeat|replace|reply|report"
    "|request|reserve|reset|respond|return|reveal|review|rewrite|run|save|say|schedule|search|send"
    "|set|share|show|sign|skip|start|state|stop|store|submit|suggest|summarize|switch|take|tell"
    "|transfer|translate|transmit|treat|trigger|trust|try|turn|type|unlock|update|upgrade|upload"
    "|use|verify|view|visit|wipe|wire|write"
)

_ORDERS: Final[dict[str, re.Pattern[str]]] = {
    "imperative": _any(
        rf"(?:^\W*|[.!?:;,>\"(*|\]]\s+|[\"'>|*(]|\s-\s+|\b(?:please|then|also|just|simply|kindly"
        rf"|first|immediately|instead|agents?|assistants?|to)\s+)(?:{_VERBS})\b",
        r"\b(?:bitte|immer|niemals|nie|veuillez|toujours|jamais|siempre|nunca|sempre|por favor"
        r"|altijd"
        r"|nooit|per favore|s'il vous plait|mai)\b",
        r"(?:всегда|никогда|пожалу[йи]ста|нужно|следует)|(?:请|務必|务必|必须|必須|总是|不要|永远|切勿)"
        r"|(?:ください|しなさい|しろ|せよ|常に|必ず|べき)|(?:하세요|하십시오|무시|항상)",
        r"(?:^|[.!?:;,]\s*)(?:sende|schicke|antworte|fuge|nenne|losche|fuhre|gib|zeige|verwende"
        r"|offne"
        r"|envoie|envoyez|repond\w*|ajoute\w*|supprime\w*|execute\w*|affiche\w*|revele\w*"
        r"|utilise[zr]"
        r"|envia|enviar|responde|incluye|agrega|borra|ejecuta|muestra|revela|anade"
        r"|invia|rispondi|aggiungi|elimina|esegui|mostra|rivela|includi"
        r"|envie|responda|inclua|adicione|apague|execute|mostre|revele"
        r"|stuur|antwoord|voeg|verwijder|toon)\b",
    ),
    "obligation": _any(
        r"\b(?:must|should|shall|ought|have to|has to|had to|needs? to|required? to|requires"
        r"|supposed"
        r"|expected to|mandatory|obliged|is to be|are to be|may not|cannot be refused)\b",
        r"\b(?:muss|mussen|musst|soll|sollen|sollte\w*|darf|durfen)\b"
        r"|\b(?:doit|doivent|devez|devons|faut)\b|\b(?:debe|deben|debes|debera\w*|hay que)\b"
        r"|\b(?:deve|devi|devono|bisogna|dovr\w+)\b"
        r"|\b(?:devem|precisa\w*)\b|\b(?:moet|moeten|dient)\b|(?:долж[ен]\w*|обязан\w*)",
    ),
    "addresses_reader": _any(
        r"\b(?:you|your|yours|yourself|u)\b",
        r"\b(?:as+ist[ae]n\w*|restric\w*|restriz\w*|regole|reglas|regras|linee guida)\b",
        r"\b(?:assistants?|chatbots?|bots?|ai|llm|language model|model|claude|chatgpt|gpt|copilot"
        r"|gemini|ki|ia)\b",
        r"\b(?:du|dich|dir|dein\w*|ihr|euch|vous|votre|vos|usted\w*|ustedes|voce|tuo|tua|jij|jouw"
        r"|uw|ты|вы|ваш\w*)\b|[你您]|あなた",
        r"\b(?:prompts?|instructions?|this (?:message|note|memory|text|document|ticket|page))\b",
    ),
    "claims_authority": _any(
        r"\b(?:authori[sz]\w*|pre-?approved|approved|permission|consent\w*|granted|cleared"
        r"|whitelist\w*"
        r"|allow-?list\w*|exempt\w*|waive\w*)\b",
        r"\buser (?:wants|asked|asks|requested|requests|expects|demands|agreed|agrees|insists)\b",
        r"\b(?:policy|protocol|procedure|rule|requirement|guideline)\b",
    ),
    "condition": _any(
        r"\b(?:when(?:ever)?|if|once|every time|each time|any time|in case|as soon as|before|after"
        r"|upon|unless|until)\b[^.\n]{0,60}\b(?:ask\w*|mention\w*|request\w*|quer\w*|respon\w*"
        r"|answer\w*"
        r"|summar\w*|read\w*|see\w*|process\w*|user|reply\w*|writ\w*|generat\w*)\b",
    ),
    "target": _any(
        r"https?://|\bwww\.|[\w.+-]{1,64}@[\w-]{1,64}\.\w{2,}|\bwebhook|\{\w+\}"
        r"|\b[a-z]{2}\d{2}[a-z0-9]{11,30}\b",
    ),
    "command": _any(
        r"\brm -rf?\b|\bcurl\b|\bwget\b|\|\s*(?:ba)?sh\b|\bsudo\b|\bdrop (?:table|database)\b"
        r"|\beval\(|\bexec\(|\bos\.system|<script|javascript:|\bpowershell\b|\bchmod\b|;\s*--"
        r"|\w\([^)\n]{0,200}\)",
    ),
    "markup": _any(r"<[a-z/!][^>\n]*>|\[[^\]\n]*\]\(|```|\{\{|\{\"|^\s*\|"),
    "encoded": _any(
        r"\b(?:base ?(?:32|58|64|85)|rot-?13|hex(?:adecimal)?|encoded|decode\w*|cipher\w*|reversed?"
        r"|backwards|morse|unicode|ascii85|caesar|binary)\b",
    ),
    "reveals": _any(r"\b(?:secret|password|credential|token|api key|private key)s?\b"),
}
