# SPDX-License-Identifier: AGPL-3.0-only
"""How a rule speaks: it forbids, asks for an approval, warns, allows; under which condition and on
which days. Patterns over folded words with one space between them."""

from __future__ import annotations

import re
from typing import Final

from memoryoss_mcp.text.stopwords import word_set


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile(r"\b(?:" + "|".join(patterns) + r")\b")


PERMITS: Final = _any(
    r"(?:do not|don't|does not|doesn't|no longer|need not|needn't|never|not)"
    r" (?:need|needs|require|requires|have to|needed|required|necessary)(?: \w+){0,2}",
    r"no (?:need|approval|sign off|confirmation|review|permission) (?:to|for|is|needed"
    r"|required)(?: \w+)?",
    r"(?:need|needs|require|requires) no \w+",
    r"(?:is|are|it's) (?:fine|ok|okay|optional|allowed|permitted|safe)",
    r"you (?:can|may)(?: freely| safely| always)?",
    r"(?:brauch(?:t|en)|benotig(?:t|en)|erforder(?:t|n)) keine?n? \w+",
    r"(?:ist|sind) (?:erlaubt|optional|unbedenklich)|nicht (?:notig|erforderlich|notwendig)",
    r"pas besoin|n exige(?:nt)? pas|n est pas necessaire|(?:est|sont) autorisee?s?",
    r"no (?:hace falta|necesitan?|requieren?|es necesario)|esta permitido",
    r"non (?:serve|occorre|richiede|richiedono|e necessario)|(?:e|sono) permess[oi]",
    r"nao (?:precisam?|requer|requerem|e necessario)|e permitido",
)
"""What takes a duty away."""

FORBIDS: Final = _any(
    r"never|must not|mustn't|may not|shall not|do not|don't|dont|cannot|can't|can not|must never",
    r"not (?:be )?(?:allowed|permitted)|(?:strictly |is |are )?(?:forbidden|prohibited|banned"
    r"|disallowed)",
    r"off limits|nobody (?:may|can|is)|no one (?:may|can|is)|under no circumstances|not to be"
    r"|is a no go",
    r"no(?= (?:\w+ ){0,3}(?:deploy\w*|release\w*|rollouts?|push\w*|delet\w+|removals?|purg\w+"
    r"|wip\w+"
    r"|exports?|uploads?|sharing|copies|force|bypass\w*|overrid\w+|drop\w*|publish\w*"
    r"|launch\w*|public"
    r"|one|customer|production|prod|secrets?|credentials?|merges?|data))",
    r"nie|niemals|nicht (?:erlaubt|gestattet|zulassig)|verboten|untersagt|unzulassig|keinesfalls",
    r"(?:darf|durfen|soll|sollen|werden|wird)(?: \w+){0,6} (?:nicht|nie|niemals|keine?n?)",
    r"keine?n? (?:\w+ ){0,3}(?:deploy\w*|release\w*|rollout\w*|losch\w*|export\w*|upload\w*|push\w*"
    r"|veroffentlich\w*|weitergabe|datenbank\w*|tabelle\w*|daten|kundendaten|zugangsdaten)",
    r"auf keinen fall|nicht(?= \w+$)|nichts|nicht (?:in|auf|ohne|am|an)",
    r"jamais|interdit(?:e|s|es)?|defense de|ne (?:\w+ ){1,3}pas|n \w+ pas|aucun deploiement",
    r"ne (?:doit|doivent|peut|peuvent) (?:pas|jamais)",
    r"nunca|jamas|prohibid[oa]s?|no (?:se )?(?:debe|deben|puede|pueden|permite|permiten)",
    r"no (?:borr\w+|elimin\w+|despl\w+|public\w+|compart\w+|envi\w+|salt\w+|omit\w+|sub\w+)",
    r"mai|vietat[oaie]|proibit[oaie]|non (?:si )?(?:deve|devono|puo|possono|e consentito)",
    r"non (?:cancell\w+|elimin\w+|rilasc\w+|pubblic\w+|condivid\w+|invi\w+|salt\w+|ignor\w+)",
    r"proibid[oa]s?|nao (?:se )?(?:deve|devem|pode|podem|e permitido)",
    r"nao (?:apag\w+|exclu\w+|implant\w+|public\w+|compartilh\w+|envi\w+|pul\w+|ignor\w+)",
)
"""What forbids."""

APPROVAL: Final = _any(
    r"approvals?|approved|approve|sign offs?|signed off|signoff|confirm(?:ation|ed|s)?"
    r"|permission|consent",
    r"go ahead|green light|(?:an )?ok(?:ay)? from|reviewed by|second pair of eyes|four eyes"
    r"|authori[sz]\w+",
    r"ask(?: (?:me|us|first|before|for|the|a|ada|him|her|them|\w+ (?:first|before)))?|check with",
    r"freigaben?|freigegeben|genehmig\w+|zustimmung|bestatig\w+|einwilligung|rucksprache|ruckfrage",
    r"vier augen\w*|frag(?:e|t|en)? (?:mich|uns|vorher|erst|zuerst|immer)|abnahme|abgenommen",
    r"approbation|autorisation|valid(?:ation|e|ee|es|ees)|accord|confirm(?:er|e|ation)"
    r"|demande[rz]?",
    r"aprobaci\w+|aprobad\w+|autoriza\w+|permiso|confirma\w*|visto bueno|pregunta\w*|pide",
    r"approvazion\w+|approvat\w+|autorizza\w+|permesso|conferma\w*|benestare|chied\w+",
    r"aprovac\w+|aprovad\w+|permissao|pergunt\w+|peca",
)
"""Somebody's word before it is done."""

REVIEWED: Final = _any(
    r"(?:needs?|requires?|after|only with|must have) (?:an? |two |the |\w+ )?(?:code )?reviews?"
)

DEMANDS: Final = _any(
    r"needs?|requires?|required|must|only|always|before|without|unless|until|after|mandatory"
    r"|ask|get"
    r"|obtain|wait|check|first|have to|has to|should",
    r"brauch\w+|benotig\w+|nur|muss|mussen|erst|vor|vorher|ohne|bedarf|bedurfen|immer|pflicht"
    r"|erforder\w+"
    r"|frag\w*|zuerst|notig|bevor",
    r"exige\w*|necessite\w*|doit|doivent|faut|avant|sans|seulement|uniquement|toujours"
    r"|requi\w+|besoin",
    r"requier\w+|necesit\w+|debe\w*|solo|antes|sin|hasta|siempre|hay que|pide|pregunta",
    r"richied\w+|serve|deve|devono|prima|senza|solo|sempre|occorre|bisogna|chied\w+",
    r"requer\w*|precisa\w*|deve\w*|somente|sem|sempre|exig\w+",
)
"""That it has to be so."""

CAUTIONS: Final = _any(
    r"careful(?:ly)?|caution(?:s|ed)?|avoid|prefer|preferably|should not|shouldn't|try not to"
    r"|think twice",
    r"double check|beware|better not|rather not|discouraged|watch out|warn(?:s|ing)?"
    r"|mind that|be sure",
    r"vorsicht\w*|vermeide\w*|moglichst|lieber nicht|sollten? (?:\w+ ){0,4}nicht|achtung"
    r"|acht geben",
    r"attention|prudence|prudent\w*|evite[rz]?|prefere[rz]?|mefi\w+",
    r"cuidado|evita\w*|prefier\w+|precaucion|ojo con",
    r"attenzione|evitare|preferi\w+|cautela|evite|cautela",
)
"""What warns."""

OBLIGES: Final = _any(
    r"always|must|should|have to|has to|make sure|only|immer|muss|mussen|sollen?|sollten?|nur"
    r"|toujours"
    r"|doit|doivent|faut|siempre|debe\w*|hay que|solo|sempre|deve|devono|bisogna|somente|devem"
)
"""A duty of some kind."""

CONDITIONS: Final = word_set(
    "without unless until before after if when while except only once during outside needs need "
    "requires require required despite whenever till provided above below older younger ohne "
    "ausser bevor nachdem wenn falls nur erst bis wahrend solange sobald vor braucht brauchen "
    "benotigt benotigen bedarf erfordert erfordern mit sans sauf avant apres si quand "
    "uniquement pendant tant necessite necessitent exige exigent requiert sin salvo antes "
    "despues cuando excepto hasta mientras solo requiere requieren necesita necesitan senza "
    "tranne prima dopo quando finche durante richiede richiedono serve sem exceto depois ate "
    "enquanto somente requer requerem precisa precisam"
)
"""Words behind which a condition or a demand begins, not what the rule is about."""
LIMITS: Final = CONDITIONS - word_set(
    "needs need requires require required braucht brauchen benotigt benotigen bedarf erfordert "
    "erfordern necessite necessitent exige exigent requiert requiere requieren necesita "
    "necesitan richiede richiedono serve requer requerem precisa precisam mit vor older younger"
)
"""Those with which a prohibition does not hold always."""

MANDATORY: Final = _any(
    r"mandatory|compulsory|obligatory|(?:is|are) (?:always )?required"
    r"|must (?:always )?(?:pass|run|be green)",
    r"pflicht|verpflichtend|zwingend|obligatoires?|obligatori[oae]s?|obbligatori[oae]?"
    r"|obrigatori[oa]s?",
    r"(?:require|requires|need|needs) (?:an? |one |two |at least \w+ )?(?:code )?(?:reviews?"
    r"|approvals?"
    r"|sign offs?)",
)
"""A safeguard that nobody may leave out."""

_DAYS: Final = """
monday mondays montag montags lundi lundis lunes lunedi segunda
tuesday tuesdays dienstag dienstags mardi mardis martes martedi terca
wednesday wednesdays mittwoch mittwochs mercredi mercredis miercoles mercoledi quarta
thursday thursdays donnerstag donnerstags jeudi jeudis jueves giovedi quinta
friday fridays freitag freitags vendredi vendredis viernes venerdi sexta sextas
saturday saturdays samstag samstags samedi samedis sabado sabados sabato
sunday sundays sonntag sonntags dimanche dimanches domingo domingos domenica
"""
DAYS: Final[dict[str, frozenset[int]]] = {
    word: frozenset((number,))
    for number, line in enumerate(_DAYS.strip().splitlines())
    for word in line.split()
} | dict.fromkeys(["weekend", "weekends", "wochenende", "wochenenden", "finde"], frozenset((5, 6)))
"""Names of days; a weekend is two."""

IDLE: Final = word_set(
    "never must not may shall don't dont mustn't cannot can't always should shouldn't allowed "
    "permitted forbidden prohibited banned anything anyone nobody anybody everyone everybody "
    "team policy rule guardrail reminder important note please ever strictly circumstances "
    "under limits off being been get got make sure careful avoid prefer better again first "
    "directly ourselves yourself agents agent assistant users' people person human humans "
    "engineer engineers developer developers company approval approvals approved confirmation "
    "permission consent ask confirm check our your their nie niemals nicht darf durfen soll "
    "sollen sollte immer muss mussen verboten erlaubt untersagt niemand keine kein keinen "
    "jemals richtlinie regel werden wird jamais interdit interdite doit doivent pas ne toujours "
    "personne regle politique etre nunca jamas prohibido prohibida debe deben puede pueden "
    "siempre nadie regla mai vietato vietata deve devono puo possono sempre nessuno regola "
    "essere proibido proibida devem pode podem ninguem regra ser serem direkt commands command "
    "action actions operation operations request requests change changes external externally "
    "outside public publicly third parties party anywhere extern externe"
)
"""Words of a rule that name nothing it is about."""
