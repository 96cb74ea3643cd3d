# SPDX-License-Identifier: AGPL-3.0-only
"""Questions for an exact value, and the sentences that hold one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal
from uuid import UUID

from memoryoss_mcp.context.passage import passage
from memoryoss_mcp.text.identifiers import extract_identifiers
from memoryoss_mcp.text.polarity import NUMBERS, TIMES
from memoryoss_mcp.text.sentences import split_sentences
from memoryoss_mcp.text.shapes import IdentifierKind
from memoryoss_mcp.text.stopwords import word_set
from memoryoss_mcp.text.tokens import fold, index_terms, query_terms

ValueKind = Literal[
    "version", "port", "path", "env_var", "endpoint", "hash", "command", "date", "number", "name"
]

MOST_FACTS: Final = 3
LONGEST_FACT: Final = 220
"""Characters."""

SUBJECT_SHARE: Final = 1 / 3
"""Share of the words that the question is about which a sentence must have, and one at least."""


@dataclass(frozen=True, slots=True)
class ExactFact:
    """One sentence, verbatim, and the memory that it is from."""

    memory_id: UUID
    sentence: str


def asked_values(question: str) -> frozenset[ValueKind]:
    """Which kinds of exact value a text asks for; none for what is not a question."""
    found: set[ValueKind] = set()
    for sentence in _questions(question):
        words = re.findall(r"[^\W\d_]+", fold(sentence))
        present = {*words, *(f"{a} {b}" for a, b in pairwise(words))}
        found |= {kind for kind, cues in _CUES.items() if not cues.isdisjoint(present)}
        if words and words[0] in _WHEN:
            found.add("date")
    return frozenset(found)


def exact_facts(question: str, texts: Iterable[tuple[UUID, str]]) -> tuple[ExactFact, ...]:
    """At most :data:`MOST_FACTS` sentences that hold a value of a kind that is asked for and speak
    of what the question is about. ``texts`` are memories and their cleaned contents in the order of
    recall, which is kept: it puts what is current before what is outdated."""
    kinds = asked_values(question)
    if not kinds:
        return ()
    subject = _subject(question)
    least = max(1, int(len(subject) * SUBJECT_SHARE))
    facts: dict[str, ExactFact] = {}
    for memory_id, text in texts:
        read = passage(text)
        shared = [len(subject & terms) for terms in read.terms]
        for place in sorted(range(len(shared)), key=lambda place: -shared[place]):
            sentence = read.sentence(place)
            if shared[place] < least or len(sentence) > LONGEST_FACT or sentence.endswith("?"):
                continue
            if any(_holds(sentence, kind) for kind in kinds):
                facts.setdefault(fold(sentence), ExactFact(memory_id, sentence))
                if len(facts) == MOST_FACTS:
                    return tuple(facts.values())
    return tuple(facts.values())


def _questions(text: str) -> Iterator[str]:
    for sentence in split_sentences(text):
        first = re.match(r"\W*([^\W\d_]+)", fold(sentence))
        if sentence.rstrip("\"')*_ ").endswith("?") or (first and first[1] in _ASKING):
            yield sentence


def _subject(question: str) -> set[str]:
    """The analysed words of a question without those that name the kind of value."""
    terms = {term for sentence in _questions(question) for term in query_terms(sentence)}
    return terms - _CUE_TERMS or terms


def _holds(sentence: str, kind: ValueKind) -> bool:
    pattern = _PATTERNS.get(kind)
    if pattern is not None and pattern.search(sentence):
        return True
    words = re.findall(r"[^\W\d_]+", sentence)
    if kind == "number":
        return any(fold(word) in NUMBERS for word in words)
    if kind == "date":
        return any(
            (name := fold(word)) in TIMES and (word[0].isupper() or name not in _ALSO_WORDS)
            for word in words
        )
    shapes = _SHAPES.get(kind, frozenset())
    return any(identifier.kind in shapes for identifier in extract_identifiers(sentence))


_SHAPES: Final[Mapping[ValueKind, frozenset[IdentifierKind]]] = {
    "version": frozenset({"version"}),
    "port": frozenset({"ip_port"}),
    "path": frozenset({"path"}),
    "env_var": frozenset({"env_var"}),
    "endpoint": frozenset({"endpoint", "url", "ip_port", "email"}),
    "hash": frozenset({"commit"}),
    "name": frozenset(
        {"symbol", "package", "quoted", "branch_pattern", "issue_ref", "contract", "email", "path"}
    ),
}
_PATTERNS: Final[Mapping[ValueKind, re.Pattern[str]]] = {
    "version": re.compile(r"\bv?\d+(?:\.\d+)+\b|\b[^\W\d_][\w.+#-]* v?\d{1,4}\b"),
    "port": re.compile(r"(?<![\w.])\d{2,5}(?![\w.]*\w)"),
    "endpoint": re.compile(r"\b[A-Za-z][\w-]*(?:\.[A-Za-z][\w-]*)+\b"),
    "command": re.compile(r"`[^`\n]+`|(?:^|\s)\$ \S|\s--?[a-z][\w-]*"),
    "date": re.compile(
        r"\b\d{4}-\d{2}(?:-\d{2})?\b|\b\d{1,2}[./]\d{1,2}[./]\d{2,4}\b|\b(?:19|20)\d{2}\b"
        r"|\b\d{1,2}[:.]\d{2}\b|\b\d{1,2} ?(?:[ap]\.?m\b|uhr\b|h\b)",
        re.IGNORECASE,
    ),
    "number": re.compile(r"\d"),
    "name": re.compile(r"(?<=[\w,;:] )[\"'\u201c]?[^\W\d_a-z]\w+"),
}
"""What a value looks like where its shape alone does not say so; a name is a word with a capital
that does not begin the sentence."""

_CUES: Final[Mapping[ValueKind, frozenset[str]]] = {
    "version": word_set("version versions versione versioni versao versoes"),
    "port": word_set("port ports puerto puertos porta porte portas"),
    "path": word_set(
        "path paths file filename folder directory pfad datei ordner verzeichnis chemin fichier "
        "dossier repertoire ruta archivo carpeta directorio percorso cartella caminho arquivo "
        "pasta diretorio"
    ),
    "env_var": frozenset(
        {
            "env var", "env variable", "environment variable", "environment variables",
            "umgebungsvariable", "umgebungsvariablen", "variable d", "variables d",
            "variable de", "variables de", "variabile d", "variabili d", "variavel de",
        }
    ),
    "endpoint": word_set(
        "endpoint endpoints route url uri link address host hostname domain webhook endpunkt "
        "adresse domane lien hote enlace direccion dominio indirizzo endereco email"
    ),
    "hash": word_set("commit hash sha revision checksum digest prufsumme"),
    "command": word_set("command commands befehl kommando commande comando comandi comandos"),
    "date": word_set(
        "date day deadline weekday datum termin frist wochentag echeance jour fecha plazo dia "
        "scadenza giorno prazo"
    )
    | {"welchem tag", "la data", "quale data", "data di", "que data", "qual data", "data da"},
    "number": word_set(
        "number amount limit threshold timeout percentage price quota size rate count anzahl "
        "grenzwert schwelle preis grosse nombre limite seuil prix taille numero cantidad umbral "
        "precio numero soglia prezzo quantidade limiar preco combien cuanto cuantos cuanta cuantas "
        "quanto quanti quanta quante quantos quantas wieviel"
    )
    | {
        "how many", "how much", "how long", "how often", "how big", "how large", "how old",
        "wie viel", "wie viele", "wie lange", "wie oft", "wie gross", "wie alt",
    },
    "name": word_set(
        "name names named called exact exactly verbatim identifier id heisst heissen namens genau "
        "kennung nom appelle exactement nombre llama exactamente nome chiama esattamente chama "
        "exatamente who wer qui quien chi quem"
    ),
}  # fmt: skip
_ALSO_WORDS: Final = word_set("may march mars segunda terca quarta quinta sexta")
"""Names of days and months that are other words without their capital."""

_WHEN: Final = word_set("when wann quand cuando quando")
_CUE_TERMS: Final = frozenset(
    term for words in _CUES.values() for cue in words for term in index_terms(cue)
) | {term for word in _WHEN for term in index_terms(word)}
_ASKING: Final = word_set(
    "what which who whose where when how tell give show list remind "
    "was welche welcher welches welchen wer wo wann wie nenne zeige sag "
    "quel quelle quels quelles quoi ou quand comment combien donne montre "
    "cual cuales donde cuando como cuanto cuantos dime muestra "
    "quale quali dove quando come quanto dimmi mostra "
    "qual quais onde quantos diga mostre"
)
"""Words that begin a question, also without its mark."""
