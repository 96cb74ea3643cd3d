# SPDX-License-Identifier: AGPL-3.0-only
"""Function words that a *query* drops; an index keeps them.

Three rules decide membership.

1. Negations are never stop words: "does not need approval" and "needs approval" must not become the
   same query.
2. A word that carries content in English, or in the talk of developers, is never a stop word
   because another language uses it as an article or pronoun. So German *die, war, man, den, hat,
   bin, mit* (the licence), *dir, du, es*, French *est* (a time zone), *pour, par, plus, son, ton,
   comment, main*, Spanish *con, sin, su*, Italian *ai, ci, io, vi, come*, Portuguese *os, em, nas,
   com, dos, eu* and all single letters but *a* and *i* stay searchable.
3. *may* is a month, *will* is not; *may* stays searchable.

All words are written as the analyser compares them: lower case, accents folded.
"""

from typing import Final


def word_set(text: str) -> frozenset[str]:
    """Return the words between the spaces of ``text``: how this package writes word lists."""
    return frozenset(text.split())


NEGATIONS: Final[frozenset[str]] = word_set(
    # English
    "no not never none nothing nobody nowhere neither nor without cannot "
    # German
    "nicht nie niemals kein keine keinen keinem keiner keines nichts niemand ohne weder "
    # French
    "ne pas jamais rien aucun aucune sans ni "
    # Spanish, Italian, Portuguese
    "nunca jamas nada nadie ninguno ninguna sin tampoco "
    "non niente nulla nessuno nessuna senza nao nenhum nenhuma ninguem sem"
)
"""Words that turn a statement round, accents folded. Kept in every query and never separated from
their clause.
"""

ENGLISH: Final[frozenset[str]] = word_set(
    # articles, determiners, quantifiers
    "a an the this that these those some any each every either both all such other another "
    "same own much many more most few "
    # pronouns
    "i me my mine myself we us our ours ourselves you your yours yourself yourselves he him "
    "his himself she her hers herself "
    "it its itself they them their theirs themselves one ones someone something anyone "
    "anything everyone everything "
    # be, have, do, modals
    "am is are was were be been being have has had having do does did doing done can could "
    "shall should will would must might "
    # prepositions
    "of in on at by for with about into onto to from up down out off over under upon through "
    "during between among against "
    "within toward towards as than via per "
    # conjunctions and clause openers
    "and or but if then else because since while although though so also just too very quite "
    "rather there here "
    # question words
    "who whom whose which what when where why how whether "
    # dotted abbreviations, contractions written without an apostrophe
    "eg ie etc let lets im ive youre theyre thats whats"
)

GERMAN: Final[frozenset[str]] = word_set(
    "der das dem des ein eine einen einem einer eines und oder aber wenn weil dass als wie "
    "was wer wo wann warum wieso "
    "welche welcher welches welchen ich er sie wir ihr mich mir dich uns euch ihm "
    "ihn ihnen mein meine dein deine "
    "sein seine unser unsere ist sind waren wird werden wurde wurden habe haben hatte kann "
    "koennen konnen soll sollen muss "
    "von vom zu zum zur im am auf aus bei nach fur fuer uber ueber durch um vor auch noch nur "
    "schon sehr dann da hier"
)

FRENCH: Final[frozenset[str]] = word_set(
    "le la les un une des de et ou mais que qui qu quoi quel quelle quels quelles quand "
    "pourquoi ou ce cet cette ces "
    "je il elle nous vous ils elles me te se mon ma ta tes sa notre nos votre "
    "vos leur leurs au en dans "
    "sur avec entre sont etait etre avoir avait ont fait si comme aussi tres "
)

SPANISH: Final[frozenset[str]] = word_set(
    "el la los las un una unos unas u de del a en por para sobre entre que quien "
    "quienes cual cuales cuando donde como "
    "porque si pero mas muy ya fue ser estar esta este esto estos estas ese esa eso "
    "ella nosotros ellos ellas me te "
    "se lo le les nos sus han"
)

ITALIAN: Final[frozenset[str]] = word_set(
    "il lo la gli le un uno una ed di del dello della dei degli delle a allo alla "
    "agli alle da dal dalla in nel "
    "nella nei nelle sul sulla tra fra per che chi cui quale quali quando dove perche se "
    "anche piu molto lui lei noi "
    "voi loro si suo sua suoi sue questo questa questi queste sono stato essere "
    "ho hanno"
)

PORTUGUESE: Final[frozenset[str]] = word_set(
    "uma uns umas ou de da das ao aos na nos por pelo pela para que quem qual "
    "quais quando onde porque se mas "
    "mais muito ja foi ser estar esta este isto esse essa isso ele ela eles elas nos me te "
    "lhe seu sua seus suas meu minha "
    "sao "
)

STOP_WORDS: Final[frozenset[str]] = (
    ENGLISH | GERMAN | FRENCH | SPANISH | ITALIAN | PORTUGUESE
) - NEGATIONS
"""What :func:`memoryoss_mcp.text.tokens.query_terms` drops: about 450 words of six languages."""
