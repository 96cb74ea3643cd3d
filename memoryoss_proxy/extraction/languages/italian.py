# SPDX-License-Identifier: AGPL-3.0-only
"""Italian, in brief: what the other languages have in common with it is worded shortly."""

from __future__ import annotations

from typing import Final

from memoryoss_mcp.text.stopwords import word_set
from memoryoss_proxy.extraction.languages.language import Language, anywhere, raw

ITALIAN: Final = Language(
    name="it",
    words=word_set(
        "il lo la gli le un una di del della e che non per con si sono abbiamo mi mio mia miei "
        "nostro "
        "nostra nei nel nella sempre mai ma come da in al alla questo questa ho piu usiamo "
        "anche cosa"
    ),
    filler=raw(
        r"(?:(?:ok|allora|quindi|e|ma|ciao|grazie|perfetto|comunque|si|nota|tieni presente che"
               r"|ricorda che|importante|a proposito)[\s,:;.!\u2013\u2014-]+)+"),
    asks=raw(
        r"(?:(?:e|allora|ora|per favore)[\s,]+)*(?:che|cosa|come|perche|chi|dove|quando|quale"
        r"|quanto"
        r"|puoi|potresti|possiamo|posso|devo|dobbiamo|bisogna|ho bisogno|cerco|vorrei (?:un|sapere)"
        r"|scrivi(?:mi)?|dammi|mostra(?:mi)?|fai|crea|genera|aggiungi|correggi|cambia|elimina"
        r"|esegui"
        r"|spiega(?:mi)?|dimmi|traduci|riassumi|riscrivi|racconta(?:mi)?|sostituisci|prepara"
        r"|proponi)\b"
    ),
    material=raw(
        r"(?:traduci|riassumi|correggi|riscrivi|scrivi|migliora|racconta|spiega)\b[^\n:]{0,200}:"),
    unreal=anywhere(
        "forse", "magari", r"se \w+(?:ssimo|sse|ssero)", "potrebbe", "potremmo", "dovrebbe",
                    "immagina", "supponiamo", "non lo so", "non so", "non sappiamo",
                    "non sono sicur[oa]"),
    passing=anywhere(
        "adesso", "in questo momento", "per ora", "ancora", "oggi", "domani", "ieri", "dopo",
                     "presto", "sto \\w+ndo", "questa settimana", "stasera"),
    general=anywhere(
        "in generale", "generalmente", "la maggior parte", "la gente", "tutti", "si dice",
                     "bisogna", "secondo"),
    mocking=raw(r"(?:oh|ah|fantastico|che bello|bravo)\b[^.!?]{0,60}"),
    unresolved=raw(
        r"(?:esso|essa|lui|lei|loro|questo|questa|quello|cio)(?= (?:e|sono|ha|non|si)\b)"),
    deictic=anywhere("questo", "questa", "qui", "adesso", "sopra", "sotto"),
    own=anywhere("io", "noi", "mi", r"mi[oae]i?", "miei", r"nostr[oaie]", "abbiamo", "sono", "ho",
                 r"\w+iamo", "preferisco", "uso", "lavoro", "vivo"),
    decided=anywhere(
        r"(?:abbiamo|ho|ha) (?:deciso|scelto|concordato|optato|abbandonato|sostituito)",
                     r"(?:siamo|sono) passat[io]", r"al posto di", r"invece (?:di|che)",
                     r"usiamo \w+ al posto"),
    ever=anywhere("sempre", "mai", "solo", "soltanto", r"ogni", r"tutt[ie]", "nessun[oa]?"),
    every=raw(r"(?:tutt[ie] (?:i|gli|le)|ogni|nessun[oa]?) \w+"),
    together=raw(r"andiamo\b"),
    standing=anywhere(
        "d'ora in poi", "da ora in poi", "in futuro", "per convenzione", "convenzione",
                      "regola", "ogni volta", "in questo progetto"),
    ordered=raw(r"(?:per favore,? )?(?:sempre|mai|d'ora in poi|\w+ sempre|non \w+ mai)\b"),
    taste=anywhere(
        r"preferisc[oe]", r"preferiamo", r"(?:mi|ci) (?:piace|piacciono)", r"odi[oa]", r"detesto",
                   r"non sopporto", r"non voglio", r"preferit[oaie]"),
    wish=raw(
        r"(?:per favore,? )?(?:evita|non \w+|rispondi|usa|scrivi|parla)\b",
        r"\b(?:voglio|vorrei)\b",
             r"\ble tue risposte\b"),
    manner=anywhere(r"rispost[ae]", r"rispond\w+", r"elenchi", r"emoji", r"brev[ei]", r"concis\w+",
                    r"in (?:italiano|inglese)", r"formal\w+", r"esclamativi", r"dammi del tu"),
    lasting=anywhere(
        "le tue risposte", "quando (?:rispondi|scrivi)", "mi", r"\w+mi", "voglio", "vorrei",
                     "sempre", "mai"),
    trouble=anywhere(
        r"error[ei]", r"problem[ai]", r"manca\w*", r"fallit\w*", r"rott[oa]", r"lent[oa]", r"bug"),
    cause=anywhere(
        r"era dovut[oa]", r"a causa di", r"perche", r"la causa era", r"il problema era",
        r"mancava"),
    found=anywhere(r"era dovut[oa]", r"la causa era", r"il problema era"),
    cure=anywhere(r"risolto", r"funziona(?: di nuovo)?", r"corretto", r"sparit[oa]", r"sistemato"),
    done=anywhere(r"ho (?:corretto|cambiato|aggiunto|sostituito|spostato|rimosso)"),
    limit=anywhere(
        r"dev[eo]\w*", r"non (?:puo|possono|si puo)", r"vietat[oa]", r"al massimo", r"almeno",
                   r"massimo", r"minimo", r"limite", r"scadenza", r"budget", r"superare", r"entro"),
    habit=anywhere(
        r"(?:usiamo|lavoriamo|viviamo|mangiamo|abbiamo|siamo|facciamo|scriviamo"
        r"|teniamo)(?! (?:un problema"
        r"|una domanda|deciso|scelto)\b)",
        r"(?:uso|lavoro|vivo|mangio|insegno|viaggio|cucino|prendo|studio)", r"non mangio",
        r"sono (?:un[oa']?"
        r"|vegan[oa]|vegetarian[oa]|allergic[oa]|celiac[oa])", r"mi chiamo",
        r"(?:mi[oae]|miei|nostr[oaie])(?: [\w'./&-]+){1,5}? (?:e|sono|ha|hanno|usa|costa|dura"
        r"|inizia|si)",
    ),
    role=anywhere(
        r"(?:dirige|guida|approva|gestisce|firma)", r"si chiama", r"responsabile (?:di|del)"),
    state=anywhere(
        r"si trova", r"gira|ascolta|costa|dura|inizia|finisce", r"(?:e|sono) (?:su|in|a|scritt[oa]"
                   r"|ospitat[oa])"),
    body=anywhere(
        r"allergi\w+", r"intolleran\w+", r"vegan[oa]", r"vegetarian[oa]", r"celiac[oa]", r"glutine",
                  r"lattosio", r"diabet\w+", r"incinta", r"\d+ ?mg"),
)  # fmt: skip
