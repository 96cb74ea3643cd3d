# SPDX-License-Identifier: AGPL-3.0-only
"""French."""

from __future__ import annotations

from typing import Final

from memoryoss_mcp.text.stopwords import word_set
from memoryoss_proxy.extraction.languages.language import Language, anywhere, raw

_TASKS: Final = (
    "ecri(?:s|vez)(?:-moi)?|donnez?(?:-moi)?|montrez?(?:-moi)?|fai(?:s|tes)(?:-moi)?|creez?"
    "|genere[rz]?|ajoutez?|corrigez?|changez?|renommez?|supprimez?|deplacez?|lancez?|relancez?"
    "|testez?|verifiez?|expliquez?|decri(?:s|vez)|listez?|cherchez?|trouvez?|aidez?(?:-moi)?"
    "|proposez?|redigez?|construi(?:s|sez)|calculez?|comparez?|preparez?|traduis(?:ez)?|resumez?"
    "|reecri(?:s|vez)|reformulez?|raconte[rz]?(?:-moi)?|remplacez?|imagine[rz]?|continue[rz]?"
    "|repartis(?:-le|-la)?|dis-moi|dites-moi|rappelle[rz]?(?:-moi)?|optimise[rz]?|planifie[rz]?"
    "|suggere[rz]?|une? idee|des idees"
)
_VERBS: Final = (
    "utilis\\w+|emplo\\w+|travaill\\w+|habit\\w+|viv\\w+|mange\\w*|boi[st]|buvons|cuisin\\w+"
    "|enseign\\w+"
    "|voyag\\w+|prend\\w*|prenons|sui[st]|sommes|est|ai|avons|a|conduis\\w*|ecri\\w+|stock\\w+"
    "|gard\\w+"
    "|deploi\\w+|deploy\\w+|heberg\\w+|dirig\\w+|vend\\w+|pai[est]\\w*|appren\\w+|parl\\w+"
    "|compil\\w+"
    "|nomm\\w+|appel\\w+|sauvegard\\w+|achet\\w+|jou\\w+|tolere\\w*|supporte\\w*|accept\\w+"
    "|evit\\w+"
    "|test\\w+|mesur\\w+|dorm\\w+|dors|lou\\w+|etudi\\w+|m'entraine|facture\\w*|code\\w*|vise\\w*"
)
_PAIR: Final = (
    r"(?! (?:une? (?:question|probleme|erreur|idee|souci|doute)|besoin|faim|en train|pas (?:encore"
    r"|le"
    r" temps)|encore|peut-etre|alle|oublie|essaye|essaie)\b)"
)

FRENCH: Final = Language(
    name="fr",
    words=word_set(
        "le la les un une des du de et est sont je nous on ne pas que qui en dans pour par sur "
        "avec "
        "mon ma mes notre nos ce cette il elle au aux d l j n c qu s se mais ou toujours jamais "
        "vous "
        "tu te a ai avons fait plus sans comment quel quelle faut"
    ),
    filler=raw(
        r"(?:(?:ok|bon|alors|donc|et|mais|ah|bonjour|salut|merci|super|parfait|au fait|oui|non"
        r"|d'accord|note|nb|pour info(?:rmation)?|a noter(?: que)?|notez? (?:bien )?que|sachez? que"
        r"|important|attention|rappel|contexte|petite precision|precision|ps)"
        r"[\s,:;.!\u2013\u2014-]+)+"
    ),
    asks=raw(
        r"(?:(?:et|donc|alors|maintenant|mais|s'il te plait|s'il vous plait|stp|svp)[\s,]+)*"
        r"(?:est-ce|qu'est-ce|que (?:faire|faut|dois|puis|peut|visiter|verifier|pens)|quoi|comment"
        r"|pourquoi|qui|quand|ou|quel(?:le)?s?|combien|par ou|lequel|laquelle"
        r"|(?:peux|pouvez|pourrais|pourriez|peut|dois|doit|faut|as|avez|est|sont|puis|sais|savez)-"
        r"|(?:peux|pourrais) (?:tu|on)\b"
        rf"|(?:{_TASKS})(?![\w-])(?! (?:des|de) phrases)|je (?:cherche|voudrais savoir|me demande)"
        r"|j'(?:ai besoin|aimerais (?:savoir|un))|je (?:voudrais|veux) (?:un|une|des)\b|allons-y)"
    ),
    material=raw(
        r"(?:peux-tu |merci de )*(?:tradui\w+|resume\w*|corrige\w*|reecri\w+|reformule\w*|ecri\w+"
        r"|redige\w*|ameliore\w*|raconte\w*|explique\w*|imagine\w*|change\w*|que veut dire)"
        r"(?:-\w+)?\b[^\n:]{0,200}:"
    ),
    unreal=anywhere(
        r"si (?:on|nous|j'|je|tu|vous|le|la|l')\s?\w+(?:ait|ais|ions|iez|aient)", r"peut-etre",
        r"(?:pourr|devr|faudr|ser|aur|voudr)(?:ait|ions|iez|aient)", "imaginons", "supposons",
        "et si", r"ne sait pas", r"ne sais pas", r"pas sur[es]?", "eventuellement", r"j'hesite",
        r"on hesite", "hypothese", "je plaisante",
    ),
    passing=anywhere(
        "en ce moment", "pour l'instant", "pour le moment", "actuellement", "en train de",
        r"encore (?:en|pas)", "aujourd'hui", "demain", "hier", "tout a l'heure", "bientot",
        "ce soir",
        "ce matin", "plus tard", "cette semaine", "en panne", "je regarde", "j'essaie", "j'attends",
        "cette fois", "provisoirement",
    ),
    general=anywhere(
        "tu es", "vous etes", "en general", "generalement", "la plupart des", "les gens",
        "tout le monde", "il est conseille",
        "il est recommande", "on dit que", "il faut", "bonnes? pratiques?", "selon", "d'apres",
        "beaucoup de gens",
    ),
    mocking=raw(r"(?:oh|ah|genial|super|bravo|magnifique|quelle joie|youpi)\b[^.!?]{0,60}"),
    unresolved=raw(
        r"(?:il|elle|ils|elles|ca|cela|ceci|celui-ci|celle-ci|c'est|c'etait|ce sont|leurs?|y)\b"
        r"(?! (?:y a|faut|[a-z]+ [a-z]+ qui)\b)"
    ),
    deictic=anywhere(
        "ce", "cette", "ces", "ici", "ca", "cela", "ci-dessous", "ci-dessus", "maintenant"),
    own=anywhere(
        "je", "nous", r"on (?:a|n'|ne|utilis\w+|travaill\w+|prend|garde|est|deploie|cuisine|mange)",
        "mon", "ma", "mes", "notre", "nos", "chez nous", "moi",
        r"(?:ce|le) (?:projet|depot|livre|jeu)",
        r"j'(?=\w)", "j",
    ),
    decided=anywhere(
        r"(?:on a|nous avons|j'ai|a ete|avons|l'equipe a) (?:\w+ )?(?:decide|choisi|opte|retenu"
        r"|convenu"
        r"|abandonne|remplace|tranche|adopte|migre)", r"decide de", r"est decide",
        r"(?:on|nous) (?:passe"
        r"|passons|part|partons|reste|restons) (?:a|sur|avec)", r"plutot que", r"a la place de",
        r"au lieu de", r"d'accord (?:sur|pour)", r"nous sommes (?:passes|convenus)", r"on garde",
        r"prenons", r"utilisons", r"la decision (?:est|a)", r"on (?:abandonne|remplace|arrete)",
    ),
    ever=anywhere(
        "toujours", "jamais", "seulement", "uniquement", r"chaque", r"tou(?:s|tes) les", "aucune?",
        r"n'\w+ que", r"ne \w+ que", "systematiquement", "exclusivement", "d'habitude", "personne",
    ),
    every=raw(r"(?:tou(?:s|tes) les|chaque|aucune?) \w+"),
    together=raw(r"(?:\w+ons)(?:-\w+)?\b"),
    standing=anywhere(
        "desormais", "dorenavant", "a partir de maintenant", "a l'avenir", "convention",
        "par defaut",
        "chez nous", "regle", "charte", "a chaque fois", "dans (?:tous|toutes|chaque)", "partout",
        r"dans ce (?:projet|depot)",
    ),
    ordered=raw(
        r"(?:s'il te plait,? |merci de |veuillez )?(?:toujours|jamais|desormais|dorenavant"
        r"|a l'avenir"
        r"|ne \w+ jamais|\w+(?:ez|s|e)(?:-\w+)? toujours|quand tu (?:ecris|reponds|corriges))\b"
    ),
    taste=anywhere(
        r"(?:je|nous|on) (?:prefer\w+|aim\w+|ador\w+|detest\w+|deteste)",
        r"(?:je|nous|on) n'aim\w+ pas",
        r"j'(?:aime|adore|ai horreur|evite|ai peur)", r"je (?:refuse|deteste|fuis|meprise|tiens a)",
        r"je (?:ne )?suis (?:pas )?(?:tres |trop )?(?:sensible|interesse\w*|attache\w*|contre"
        r"|mal a l'aise)",
        r"je trouve .* \w+(?:ant|eux|able|if|ible)\w*", r"je n'aime pas", r"je ne supporte pas",
        r"je ne veux pas",
        r"mon \w+ prefere", r"ma \w+ preferee", r"de preference", r"n'aime(?:nt)? pas", r"prefere",
    ),
    wish=raw(
        r"(?:s'il te plait,? )?(?:evit\w+|ne \w+ pas|repond\w+|utilis\w+|ecri\w+|fai\w+|rest\w+"
        r"|gard\w+"
        r"|pas de|tutoi\w+|vouvoi\w+|parl\w+)\b",
        r"\bje (?:voudrais|veux|souhaite|prefere)\b", r"\bj'aimerais\b", r"\btes reponses\b",
        r"\bvos reponses\b",
    ),
    manner=anywhere(
        r"reponses?", r"repond\w+", r"tutoi\w+", r"vouvoi\w+", r"phrases (?:courtes|longues)",
        r"listes?",
        r"puces", r"emojis?", r"points? d'exclamation", r"brev\w+|bref", r"concis\w*", r"court\w*",
        r"anglicismes", r"en (?:francais|anglais|allemand|espagnol)", r"formel\w*", r"ton \w+",
        r"jargon", r"titres", r"etape par etape",
    ),
    lasting=anywhere(
        "(?:tes|vos) (?:reponses|textes|explications)", "quand tu", "quand vous", "me", "moi", "je",
        "j'aimerais", "toujours", "jamais", "partout", r"tutoi\w+", r"vouvoi\w+",
    ),
    trouble=anywhere(
        r"erreurs?", r"problemes?", r"plant\w+", r"bugs?", r"echou\w+", r"echecs?", r"mauvais\w*",
        r"manqu\w+", r"lent\w*", r"fuites?", r"panne", r"casse\w*", r"bloqu\w+", r"refus\w+",
        r"perdu\w*",
    ),
    cause=anywhere(
        r"(?:venait|vient|provenait|provient) (?:de|du|des|d')", r"etait due? (?:a|au|aux)",
        r"due? (?:a"
        r"|au)", r"a cause d[eu']", r"parce qu[e']", r"manqu\w+", r"la cause (?:etait|est)", r"car",
        r"en fait c'etait",
    ),
    found=anywhere(
        r"le probleme (?:venait|vient|etait)", r"la cause (?:etait|est)",
        r"l'erreur (?:venait|etait)",
        r"etait due? (?:a|au|aux)",
    ),
    cure=anywhere(
        r"(?:a|est|ont) (?:disparu|ete corrige\w*|regle\w*|resolu\w*)", r"corrige\w*", r"resolu\w*",
        r"regle", r"(?:tout |ca )?(?:fonctionne|marche)(?: a nouveau| maintenant)?",
        r"plus d'erreur",
        r"refonctionne", r"remarche",
    ),
    done=anywhere(r"j'ai (?:corrige|modifie|ajoute|remplace|deplace|renomme|change|supprime)",
                  r"corrige :"),
    limit=anywhere(
        r"doit", r"doivent", r"ne (?:peut|peuvent) pas", r"interdit\w*", r"autorise\w*",
        r"au (?:plus"
        r"|moins|maximum|minimum)", r"maximum", r"minimum", r"plafond", r"limit\w+", r"depasser",
        r"depasse", r"echeance", r"delai", r"budget", r"avant le", r"jusqu'a[u]?",
        r"obligatoire\w*",
        r"sans (?:son|l')? ?accord", r"bloque\w*", r"date limite",
    ),
    habit=anywhere(
        rf"(?:je|nous|on)(?: ne| n'| me| nous)? ?(?:{_VERBS}){_PAIR}",
        rf"(?:j'|n')(?:{_VERBS}){_PAIR}",
        r"(?:mon|ma|mes|notre|nos)(?: [\w'./&-]+){1,5}? (?:est|sont|a|ont|utilise|tourne|coute|dure"
        r"|durent|commence|finit|s'appelle|habite|travaille|mange|aime|n'aime|contient|n'ont|n'a"
        r"|doit|se)", r"je m'appelle", r"chez nous,?(?: \w+){1,6}? (?:est|sont)",
        r"et (?:je|nous|on|ils|elles) (?:ne |n')?\w+ pas",
    ),
    role=anywhere(
        r"(?:dirige|gere|supervise|valide|approuve|encadre|pilote|signe|maintient)",
        r"s'appelle\w*",
        r"responsable (?:de|du|des)", r"est (?:charge|chargee|responsable)", r"se nomme",
    ),
    state=anywhere(
        r"(?:est|sont) (?:sur|dans|a|au|en|chez|heberge\w*|stocke\w*|sauvegarde\w*|situe\w*"
        r"|ecrit\w*"
        r"|fait\w*)", r"tourne\w*", r"ecoute\w*", r"se (?:trouve|fait|situe|lance|connecte)\w*",
        r"(?:commence|finit|dure|coute)(?:nt)?", r"est", r"sont",
    ),
    body=anywhere(
        r"allergi\w+", r"intoleran\w+", r"vegetari\w+", r"vegane?s?", r"gluten", r"lactose",
        r"diabet\w+",
        r"asthm\w+", r"enceinte", r"opere\w*", r"operation", r"coeliaque", r"\d+ ?mg",
        r"traitement",
        r"medicaments?", r"halal", r"dyslexi\w+",
    ),
)  # fmt: skip
