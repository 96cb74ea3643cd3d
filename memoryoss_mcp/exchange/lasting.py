# SPDX-License-Identifier: AGPL-3.0-only
"""What somebody says in a conversation that holds beyond it: preferences, decisions, standing
orders, facts about himself. By wording alone, in six languages; rather nothing than something
wrong, because conversations are long and a memory of them is not."""

from __future__ import annotations

import re
from typing import Final

from memoryoss_mcp.text.sentences import split_sentences
from memoryoss_mcp.text.statements import is_statement
from memoryoss_mcp.text.tokens import fold

LONGEST_MESSAGE: Final = 3_000
"""Characters of a message from which it is taken for pasted material."""
FEWEST_WORDS: Final = 4
MOST_WORDS: Final = 45


def lasting(message: str) -> tuple[str, ...]:
    """The sentences of a message that state something lasting, as they were written."""
    if len(message) > LONGEST_MESSAGE:
        return ()
    text = _CODE.sub("\n", message.replace("\u2019", "'"))
    found = (
        sentence.strip()
        for line in text.splitlines()
        for sentence in split_sentences(line.strip().lstrip("-*>#•0123456789.) "))
    )
    return tuple(dict.fromkeys(sentence for sentence in found if _is_lasting(sentence)))


def _is_lasting(sentence: str) -> bool:
    words = sentence.split()
    if not FEWEST_WORDS <= len(words) <= MOST_WORDS or not is_statement(sentence):
        return False
    folded = " ".join(fold(sentence).split())
    if _UNREAL.search(folded) or _AT_HAND.search(folded):
        return False
    return _LASTING.search(_OPENING.sub("", folded)) is not None


_CODE: Final = re.compile(r"```.*?(?:```|\Z)|~~~.*?(?:~~~|\Z)", re.DOTALL)

_OPENING: Final = re.compile(
    r"^(?:(?:ok(?:ay)?|so|well|also|and|but|yes|no|please|by the way|btw|fyi|note|ja|nein|also"
    r"|ubrigens|bitte|oui|non|au fait|si|por cierto|comunque|alias|por favor|per favore)[\s,:]+)+"
)

_UNREAL: Final = re.compile(
    # Supposed, doubted, asked or passing.
    r"^(?:if|when|whether|suppose|imagine|what|why|how|could|can|would|should|do|does|is|are"
    r"|wenn|falls|ob|was|warum|wie|kannst|konntest|angenommen|si|quand|comment|pourquoi|peux"
    r"|cuando|como|por que|puedes|se|quando|come|perche|puoi|pode|voce)\b"
    r"|\b(?:maybe|perhaps|might|probably|i think|i guess|not sure|wonder|wondering|trying to"
    r"|right now|at the moment|today|tonight|tomorrow|yesterday|this week|this time|for now"
    r"|vielleicht|eventuell|wahrscheinlich|ich glaube|gerade|heute|morgen|gestern|im moment"
    r"|peut-etre|je crois|aujourd'hui|demain|hier|pour l'instant"
    r"|quizas?|tal vez|creo que|hoy|manana|ayer|por ahora"
    r"|forse|credo|oggi|domani|ieri|per ora|talvez|acho que|hoje|amanha|ontem|por enquanto)\b"
)

_AT_HAND: Final = re.compile(
    # What points at something in the conversation says nothing outside of it.
    r"\b(?:this|that one|these|those|above|below|your|the following"
    r"|(?:the|an?|each|first|second|third|last|previous) (?:example|answer|response|reply|version"
    r"|option|paragraph|sentence|one)|diese[rsmn]?|jene\w*|deine?\w*|obige\w*|folgende\w*"
    r"|ton|ta|tes|votre|vos|cette|cet|ces|celui|tu respuesta|esta|este|estos|estas|eso"
    r"|questo|questa|questi|queste|tua|tuo|isso|isto|essa|esse|sua)\b"
)

_LASTING: Final = re.compile(
    # English
    r"^(?:remember|keep in mind|don't forget)(?: that|:|,)? (?!to\b)"
    r"|^(?:always|never) \w+"
    r"|\b(?:from now on|as a rule|by default we|going forward)\b"
    r"|\b(?:i|we) (?:really |strongly |always |generally |usually |much )?"
    r"(?:prefer|hate|dislike|avoid|can't stand|never|always)\b"
    r"|\bi (?:really )?(?:like|love|enjoy) (?:to |\w+ing\b|my )"
    r"|\b(?:i|we)(?:'ve| have)? (?:decided|agreed|settled|standardi[sz]ed|switched|migrated|moved)"
    r" (?:to|on|that|for|from|against)\b"
    r"|\bwe (?:only |all |now )?(?:use|deploy|host|write|test|release|ship|run|store|log|require)\b"
    r"|\bmy (?:[\w-]+ )?(?:name|job|role|title|wife|husband|partner|son|daughter|brother|sister"
    r"|mother|father|dog|cat|birthday|time ?zone|company|employer|team|editor|stack|hobby|language"
    r"|address|city|allerg(?:y|ies)|diet) (?:is|are|was born)\b"
    r"|\bmy (?:preferred|favou?rite) [\w -]+ (?:is|are)\b"
    r"|\bi(?:'m| am) (?:allergic|vegan|vegetarian|based|located|responsible for|employed|married"
    r"|an? [\w-]+(?: [\w-]+)? (?:at|for|in|from|by)\b)"
    r"|\bi (?:live|work|teach|study) (?:in|at|for|as|with|on|from)\b"
    # German
    r"|^(?:merk|merke|denk|denke|denkt) (?:dir|daran|dran)\b|^(?:immer|niemals|nie) \w+"
    r"|\b(?:ab jetzt|von nun an|ab sofort|grundsatzlich)\b"
    r"|\b(?:ich|wir) (?:bevorzuge|bevorzugen|hasse|hassen|mag|mogen|vermeide|vermeiden|nutze[n]?"
    r" (?:immer|nur)|verwenden|nutzen|setzen auf)\b|\bich [\w ]{1,30} (?:lieber|am liebsten)\b"
    r"|\b(?:haben|habe) (?:uns |mich )?(?:[\w ,]{1,60} )?(?:entschieden|geeinigt|beschlossen)\b"
    r"|\bmein(?:e|en)? (?:[\w-]+ )?(?:name|beruf|frau|mann|sohn|tochter|hund|katze|geburtstag"
    r"|zeitzone|firma|team|editor|lieblings\w+|bevorzugte\w* \w+) (?:ist|heisst|sind)\b"
    r"|\bich (?:wohne|lebe|arbeite|unterrichte|studiere) (?:in|bei|als|fur|an|mit)\b"
    r"|\bich bin (?:allergisch|veganer|vegetarier|verantwortlich|verheiratet)"
    # French
    r"|^(?:souviens-toi|rappelle-toi|n'oublie pas|note) (?:que|bien)\b|^(?:toujours|jamais) \w+"
    r"|\b(?:desormais|dorenavant|a partir de maintenant)\b"
    r"|\b(?:je|nous) (?:prefere|preferons|deteste|detestons|evite|evitons|utilisons)\b"
    r"|\bnous (?:avons|on a) (?:decide|choisi|convenu)\b|\bj'ai decide\b"
    r"|\b(?:mon|ma|mes) (?:[\w-]+ )?(?:nom|metier|femme|mari|fils|fille|chien|chat|anniversaire"
    r"|fuseau horaire|entreprise|equipe|editeur)[\w ]* (?:est|s'appelle|sont)\b"
    r"|\bj'habite\b|\bje (?:vis|travaille|suis allergique|suis vegetarien)"
    # Spanish, Portuguese, Italian
    r"|^(?:recuerda|lembre-se|lembra-te|ricorda|ricordati) (?:que|de que|che)\b"
    r"|^(?:siempre|nunca|sempre|mai) \w+"
    r"|\b(?:a partir de ahora|de ahora en adelante|a partir de agora|d'ora in poi|da ora in poi)\b"
    r"|\b(?:prefiero|preferimos|odio|odiamos|evito|evitamos|prefiro|preferimos|detesto|preferisco"
    r"|preferiamo|evitiamo|usiamo sempre)\b"
    r"|\b(?:hemos decidido|decidimos|he decidido|decidi|abbiamo deciso|ho deciso)\b"
    r"|\b(?:mi|meu|minha|il mio|la mia) (?:[\w-]+ )?(?:nombre|trabajo|mujer|marido|hijo|hija|perro"
    r"|gato|cumpleanos|empresa|equipo|editor|nome|trabalho|esposa|filho|filha|cachorro|aniversario"
    r"|lavoro|moglie|marito|figlio|figlia|cane|gatto|compleanno|azienda|squadra) (?:es|se llama|e"
    r"|si chiama|chama-se)\b"
    r"|\b(?:vivo|trabajo|trabalho|moro|abito|lavoro) (?:en|como|para|em|a|in|per|come|na|no)\b"
    r"|\b(?:soy|sou|sono) (?:alergic[oa]|allergic[oa]|vegetarian[oa]|vegan[oa])\b"
)
