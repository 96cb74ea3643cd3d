# SPDX-License-Identifier: AGPL-3.0-only
"""German. The verb stands second, so a subject may follow it, and a participle ends the clause."""

from __future__ import annotations

from typing import Final

from memoryoss_mcp.text.stopwords import word_set
from memoryoss_proxy.extraction.languages.language import Language, anywhere, raw

_TASKS: Final = (
    "schreibe?|gib|zeige?|mache?|erstelle?|erzeuge?|generiere?|fug(?:e)?|behebe?|andere?|benenne?"
    "|losche?|entferne?|verschiebe?|starte?|teste?|prufe?|erklare?|beschreibe?|sage?|liste?|suche?"
    "|finde?|hilf|empfiehl|schlage?|entwirf|baue?|implementiere?|berechne?|rechne?|vergleiche?"
    "|plane?|bereite?|zeichne?|uberarbeite?|kurze?|sortiere?|ersetze?|erinnere?|formuliere?"
    "|ubersetze?|fasse?|korrigiere?|erzahle?|verwende stattdessen|stell dir|frage?|nenne?|fuhre?"
    "|optimiere?|setze?|lies|such|zeig|mach|mal|warte?|schau|denk"
)
_HABITS: Final = (
    "nutzen|nutze|verwenden|verwende|benutzen|benutze|setzen|schreiben|schreibe|arbeiten|arbeite"
    "|wohnen|wohne|leben|lebe|essen|esse|trinken|trinke|kochen|koche|backen|backe|fahren|fahre"
    "|reisen|reise|fliegen|fliege|unterrichten|unterrichte|trainieren|trainiere|nehmen|nehme"
    "|messen|messe|speichern|speichere|betreiben|betreibe|hosten|deployen|testen|bauen|entwickeln"
    "|entwickle|pflegen|pflege|leite|leiten|verkaufen|verkaufe|bezahlen|zahle|zahlen|lernen|lerne"
    "|studiere|sprechen|spreche|vertrage|vertragen|melden|melde|buchen|buche|benennen|dokumentieren"
    "|halten|halte|fuhren|fuhre|lagern|sichern|versionieren|haben|habe|heisse|heissen|schlafe"
    "|kaufen|kaufe|mieten|miete|planen|validieren|prufen|werfen|rufen|teilen|sammeln|spielen"
    "|spiele|dulden|erlauben|vermeiden|vermeide|sind|bin"
)
_WE: Final = r"(?:ich|wir|bei (?:uns|mir))"
_NOT_HELD: Final = (
    r"(?! (?:eine? (?:frage|problem|fehler|idee|bitte|meeting|funktion|datei|liste)\b|gerade\b"
    r"|noch\b"
    r"|keine (?:ahnung|zeit|idee|lust)\b|hunger\b|das problem\b|den fehler\b|dabei\b|mir nicht\b"
    r"|(?:\w+ ){1,4}(?:ge\w+t|ge\w+en|ver\w+t)[.!]?$))"
)

GERMAN: Final = Language(
    name="de",
    words=word_set(
        "der die das und ist sind wir ich nicht ein eine einen einem einer mit auf bei uns fur von "
        "zu im den dem des wird werden bitte immer nie kein keine auch aber oder wie was warum "
        "wenn "
        "mein meine unser unsere mir mich du dir schon noch als es kann soll muss haben hat habe "
        "nur statt man war nach unter aus an am"
    ),
    filler=raw(
        r"(?:(?:ok(?:ay)?|also|und|aber|ach|hallo|hi|hey|danke|super|gut|prima|perfekt|ubrigens"
        r"|ja|nein|genau|stimmt|hinweis|info|zur info|nur zur info|kurze info|wichtig|achtung"
        r"|bitte beachte(?:n sie)?(?:,? dass)?|beachte(?:,? dass)?|denk dran|merk dir(?: bitte)?"
        r"|zum hintergrund|hintergrund|nebenbei|ps|kurz vorab|vorab)[\s,:;.!\u2013\u2014-]+)+"
    ),
    asks=raw(
        r"(?:(?:bitte|und|also|jetzt|dann|nun|aber|ok(?:ay)?)[\s,]+)*"
        r"(?:(?:kannst|konntest|konnen|konnten|konnte|kann|sollte[nst]*|soll|sollen|muss|mussen"
        r"|darf|durfen|willst|wurdest|wurde[n]?|hast|hat|haben|habt|ist|sind|bist|gibt|war|weisst"
        r"|geht|braucht|brauche) (?:du|ich|wir|man|es|sie|er|ihr|der|die|das|ein\w*|mein\w*"
        r"|unser\w*)\b"
        r"|wie|was|warum|wieso|weshalb|wer|wen|wem|wo|woher|wohin|wann|welche[rsnm]?|wozu|womit"
        rf"|(?:{_TASKS})\b|lass uns (?:mal|eine|das|kurz|jetzt|schauen|anfangen)\b"
        r"|ich (?:brauche?|suche|hatte gern|benotige)\b|ich (?:mochte|will|wurde gern\w*)"
        r" (?!(?:,? )?(?:dass|nicht|kein|immer|nie))|tipps?\b|ideen?\b|irgendwelche)"
    ),
    material=raw(
        r"(?:bitte |kannst du |jetzt )*(?:ubersetze?|fasse?|korrigiere?|formuliere?|schreibe?"
        r"|uberarbeite?|kurze?|verbessere?|erklare?|erzahle?|stell dir|andere?|analysiere?"
        r"|was bedeutet)\b[^\n:]{0,200}:"
    ),
    unreal=anywhere(
        r"wurde[nst]*", r"konnte[nst]*(?! nicht)", r"ware[nst]*", r"hatte[nst]* gern", "vielleicht",
        "eventuell", "moglicherweise", "angenommen", "stell dir vor", "mal sehen", "keine ahnung",
        "weiss (?:ich )?(?:noch )?nicht", "nicht sicher", "uberlege", "uberlegen", r"falls wir uns",
        "was ware wenn", "nur ein scherz", "haha", "theoretisch", "unentschieden",
    ),
    passing=anywhere(
        "gerade", "im moment", "momentan", "zur zeit", "derzeit", r"noch (?:dabei|nicht fertig"
        r"|immer)", "heute", "gleich", "spater", "nachher", "morgen(?!s)", "gestern", "bald",
        "jetzt",
        "erstmal", "vorerst", "vorubergehend", "schon wieder", "diesmal", "dauert noch",
        "nicht erreichbar", "bin (?:mude|krank|unterwegs|fertig|zuruck)", "tut (?:mir )?\\w* ?weh",
        "diese woche", "ausnahmsweise", "ach nein", "vergiss es",
    ),
    general=anywhere(
        "man", "du (?:bist|hast|wirst|arbeitest)", "generell sollte", "im allgemeinen", "allgemein",
        "die meisten", "viele (?:leute"
        "|menschen|firmen)", "leute", "jeder weiss", "faustregel", "best practice", "angeblich",
        "laut (?:artikel|studie)",
    ),
    mocking=raw(
        r"(?:na toll|na super|na klasse|oh|toll|super|wow|klasse|herrlich|wunderbar)\b[^.!?]{0,60}"
        r"|genau so mag ich"
    ),
    unresolved=raw(
        r"(?:er|es|sie|das|dies|diese[rsnm]?|jene[rsnm]?|deren|dessen|ihn|ihm|ihre?|dort|da|damit"
        r"|dabei|daran|letztere\w*)\b(?! (?:projekt|repo|team|firma|buch|spiel|app|[\w]{4,} ))"
    ),
    deictic=anywhere(
        "dies\\w*", "das hier", "hier", "jetzt", "es", "daran", "stattdessen", "oben", "unten"),
    own=anywhere(
        "ich", "wir", "uns", "mir", "mich", r"mein(?:e[nmrs]?)?", r"unser(?:e[nmrs]?)?",
        r"(?:im|dieses|das|dem|furs?|fur das) (?:projekt|repo|team|spiel|buch|app)",
    ),
    decided=anywhere(
        r"entschieden", r"beschlossen", r"geeinigt", r"festgelegt", r"gewahlt", r"vereinbart",
        r"ausgewahlt", r"umgestiegen", r"umgestellt", r"abgelost", r"ersetzt", r"verworfen",
        r"(?:wir|ich) (?:nehmen|nehme|setzen|setze|bleiben|bleibe|wechseln|wechsle|steigen"
        r"|streichen"
        r"|verzichten|verzichte|ersetzen) .*(?:statt|auf|bei|zu|um|durch)", r"lass(?:t)? uns \w+ "
        r"(?:nehmen|verwenden|nutzen)", r"(?:nehmen|setzen|verwenden|nutzen) wir .*statt",
        r"die (?:entscheidung|wahl) (?:ist|fiel)",
    ),
    ever=anywhere(
        "immer", "nie", "niemals", "stets", "nur", "grundsatzlich", "ausschliesslich",
        r"jede[rsnm]?",
        "prinzipiell", "ausnahmslos", "meistens", r"(?:montag|dienstag|mittwoch|donnerstag|freitag"
        r"|samstag|sonntag)s", "normalerweise", "alle",
    ),
    every=raw(r"(?:alle|jede[rsn]?|kein[en]?) \w+"),
    together=raw(r"lass(?:t)? uns\b"),
    standing=anywhere(
        "ab jetzt", "ab sofort", "von nun an", "kunftig", "in zukunft", "grundsatzlich",
        "konvention", "(?:nach dem|folgen dem) muster", "bei uns", "als regel", "standardmassig",
        "hausregel", "stilregel", r"in (?:allen|jedem|jeder)", "jedes mal",
    ),
    ordered=raw(
        r"(?:bitte )?(?:immer|nie|niemals|ab jetzt|ab sofort|kunftig|in zukunft|grundsatzlich)\b"
        r"|bitte \w+(?: \w+){0,2} (?:immer|nie|niemals|stets|grundsatzlich|kunftig|nur)\b"
        r"|\w+e?n?(?: \w+){0,3} bitte (?:immer|nie|niemals|stets|grundsatzlich)\b"
    ),
    taste=anywhere(
        r"bevorzug\w+", r"verachte", r"vermeide", r"meide", r"weigere mich", r"lege (?:\w+ )?wert",
        r"finde (?:\w+ ){0,6}(?:\w+end|\w+ig|\w+lich|\w+bar|\w+los|\w+ant)", r"angst vor",
        r"(?:bin|sind) (?:\w+ )?(?:gegen|empfindlich|interessiert)", r"interessiere mich",
        r"(?:ist|sind) nichts fur mich", r"(?:mag|mogen)(?! sein)", r"lieber", r"am liebsten",
        r"hasse[n]?",
        r"liebe[n]?", r"gefallt mir", r"gefallen mir", r"kann (?:\w+ )?nicht (?:leiden|ausstehen)",
        r"lieblings\w+", r"verabscheue",
        r"(?:esse|trinke|lese|reise|fahre) (?:\w+ )?(?:gern|ungern)",
        r"ziehe .* vor", r"mir ist .* wichtig",
    ),
    wish=raw(
        r"(?:bitte )?(?:antworte|schreib\w*|halte?|verzichte|vermeide?|duze?|sieze?|sprich|nutze"
        r"|verwende|lass|nenne|gib|keine?|nicht)\b",
        r"\bich (?:mochte|will|wunsche|hatte gern)\b", r"\bdeine antworten\b", r"\bantworte\w*\b",
    ),
    manner=anywhere(
        r"antwort\w*", r"duzt?|duze?[nst]*|sieze?[nst]*|siezt", r"anglizism\w+", r"stichpunkte?n?",
        r"aufzahlung\w*", r"listen", r"emojis?", r"auf (?:deutsch|englisch|franzosisch|spanisch)",
        r"knapp\w*", r"kurz\w*", r"ausfuhrlich\w*", r"formell", r"informell", r"uberschriften",
        r"ausrufezeichen", r"floskeln", r"fachbegriffe\w*", r"gender\w*", r"schritt fur schritt",
        r"rechtschreibung", r"hoflich\w*",
    ),
    lasting=anywhere(
        "(?:deine|alle|ihre) (?:antworten|texte|erklarungen)", "wenn du", "mich", "mir", "ich",
        "immer",
        "nie", "niemals", "stets", "grundsatzlich", "kunftig", "uberall",
    ),
    trouble=anywhere(
        r"\w*fehler\w*", r"\w*problem\w*", r"absturz\w*", r"absturze?", r"absturzt\w*",
        r"kaputt\w*",
        r"lief nicht", r"falsch\w*", r"langsam", r"hangt", r"hing", r"ausfall\w*", r"fehlt\w*",
        r"fehlschlag\w*", r"scheiter\w*", r"timeout", r"voll\w*", r"verloren",
    ),
    cause=anywhere(
        r"lag (?:am|an|daran)", r"ursache war", r"grund war", r"kam(?:en)? (?:von|vom|daher|durch)",
        r"weil", r"wegen", r"fehlte[n]?", r"schuld war", r"durch (?:ein|einen|eine|den|das|die)",
        r"stellte sich", r"war (?:falsch|voll|zu)",
    ),
    found=anywhere(
        r"die ursache (?:war|ist)", r"lag (?:am|an|daran)", r"ursache", r"schuld war",
        r"stellte sich .* heraus", r"kam(?:en)? (?:von|vom|daher)",
    ),
    cure=anywhere(
        r"behoben", r"gelost", r"lauft (?:es|er|sie|alles|\w+)? ?(?:wieder|jetzt)",
        r"lief .*wieder",
        r"geht (?:es )?(?:jetzt|wieder|nun)", r"funktioniert(?: es| alles)?(?: jetzt| wieder)?",
        r"klappt(?: es| alles)?(?: jetzt| wieder)?", r"(?:werden|wird) .* (?:richtig|korrekt) \w+",
        r"(?:ist|sind) (?:weg|verschwunden)", r"hat geholfen", r"half", r"wieder (?:erreichbar|da)",
    ),
    done=anywhere(r"(?:ich|wir) (?:habe|haben) .* (?:behoben|geandert|hinzugefugt|ersetzt|gesetzt"
                  r"|umgestellt|korrigiert|angepasst|entfernt)", "behoben", "gefunden und behoben"),
    limit=anywhere(
        r"muss(?:en)?", r"darf", r"durfen", r"hochstens", r"maximal", r"mindestens",
        r"nicht (?:mehr"
        r"|langer|uber|erlaubt|gestattet|zulassig)", r"verboten", r"erlaubt", r"pflicht",
        r"\w*frist", r"\w*limit\w*", r"budget", r"\w*grenze", r"uberschreiten", r"bis (?:ende|zum|"
        r"spatestens)", r"spatestens", r"unter keinen umstanden", r"nicht verwenden",
        r"brauch(?:t|en)",
        r"beschrankt", r"gesperrt", r"soll(?:en)?(?: \w+)? nicht", r"fallig",
    ),
    habit=anywhere(
        rf"{_WE}(?: \w+){{0,3}}? (?:{_HABITS}){_NOT_HELD}",
        rf"(?:{_HABITS}){_NOT_HELD} (?:\w+ )?(?:ich|wir)", r"(?:\w+t|\w+en|ist|sind|wird) bei uns",
        r"(?:mein|unser)(?:e[nmrs]?)?(?: [\w'./&-]+){1,5}? (?:ist|sind|hat|haben|lauft|laufen"
        r"|heisst"
        r"|liegt|liegen|steht|kostet|dauert|beginnt|endet|braucht|wird|werden|mag|isst|vertragt"
        r"|arbeitet|wohnt|nutzt|verwendet|besteht|spricht|darf|muss)",
        r"in (?:meiner|unserer|meinem|unserem) \w+ (?:ist|sind|gibt|haben|gilt)",
        r"mein name ist", r"\w+ \w+ (?:ich|wir) (?:am liebsten|immer|nie|grundsatzlich)",
    ),
    role=anywhere(
        r"(?:leitet|verantwortet|betreut|wartet|pflegt|genehmigt|unterschreibt|fuhrt)",
        r"(?:ist|sind) (?:verantwortlich|zustandig)", r"(?:heisst|heissen)", r"gewartet",
        r"(?:betreuer|leiter|chef|ansprechpartner|projektleiter|steuerberater"
        r"|besitzer)(?:in)? (?:ist"
        r"|heisst)", r"nennt sich",
    ),
    state=anywhere(
        r"(?:ist|sind|wird|werden|wurde)", r"lauft|laufen|liegt|liegen|steht|stehen|lauscht|startet"
        r"|beginnt|endet|dauert|kostet|hort|kommt|kommen|gehort|folgen|folgt|gilt",
    ),
    body=anywhere(
        r"\w*allergi\w+", r"\w*intoleran\w+", r"vegan\w*", r"vegetari\w+", r"laktose\w*",
        r"gluten\w*",
        r"zoliakie", r"diabet\w+", r"asthma", r"heuschnupfen", r"schwanger", r"operation",
        r"operiert",
        r"medikament\w*", r"\d+ ?mg", r"blutdruck", r"vertragt?\w*", r"leseschwache",
        r"bandscheib\w+",
    ),
)  # fmt: skip
