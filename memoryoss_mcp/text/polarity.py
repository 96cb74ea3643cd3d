# SPDX-License-Identifier: AGPL-3.0-only
"""Word lists for comparing statements: what turns a statement round, what says that something has
changed, what can have one value at a time only. All words folded (lower case, no accents)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from memoryoss_mcp.text.stopwords import NEGATIONS as COMMON_NEGATIONS
from memoryoss_mcp.text.stopwords import STOP_WORDS, word_set

NEGATIONS: Final = (
    COMMON_NEGATIONS
    - word_set("ne mai ni nor neither")  # half of a pair, or another word in another language
    | word_set("niet geen nooit mai nessun niente non nao ikke inte nie не нет никогда")
)
"""Words that turn a statement round."""

UNSPACED_NEGATIONS: Final = ("不", "没", "無", "ない", "ません", "아니", "않")
"""The same in scripts that put no spaces between words."""

_OPPOSITES: Final = """
enable enabled enables activate activated active
|disable disabled disables deactivate deactivated inactive off
allow allowed allows permit permitted permits
|forbid forbidden forbids deny denied denies prohibit prohibited ban banned disallow disallowed
like likes love loves enjoy enjoys liked loved|dislike dislikes hate hates detest detests hated
always|never
accept accepted accepts approve approved approves|reject rejected rejects decline declined refused
open opened|closed shut
public|private
available|unavailable
possible|impossible
safe|unsafe
supported|unsupported
stable|unstable
include included includes|exclude excluded excludes
required mandatory compulsory|optional
synchronous|asynchronous
true|false
erlaubt zulassig gestattet|verboten untersagt unzulassig
aktiviert eingeschaltet aktiv|deaktiviert ausgeschaltet inaktiv
mag liebt liebe|hasst hasse verabscheut
immer|nie niemals
offen geoffnet|geschlossen
offentlich|privat
pflicht verpflichtend|freiwillig
autorise autorisee permis permise|interdit interdite
active activee actif|desactive desactivee inactif
aime adore|deteste hait
toujours|jamais
ouvert ouverte|ferme fermee
obligatoire|facultatif facultative
permitido permitida|prohibido prohibida proibido proibida
activado activada ativado ativada habilitado|desactivado desactivada desativado desativada
gusta encanta adora gosta|odia detesta
siempre sempre|nunca jamas mai
abierto abierta aberto aberta aperto aperta|cerrado cerrada fechado fechada chiuso chiusa
obligatorio obrigatorio obbligatorio|opcional facultativo opzionale
consentito permesso consentiti permessi|vietato proibito vietati proibiti
attivo attivato abilitato|disattivo disattivato disabilitato
toegestaan|verboden
ingeschakeld actief|uitgeschakeld inactief
houdt|haat
altijd|nooit
geopend|gesloten
verplicht|optioneel
"""


def _opposites() -> dict[str, tuple[str, int]]:
    found: dict[str, tuple[str, int]] = {}
    for line in _OPPOSITES.replace("\n|", "|").strip().split("\n"):
        good, bad = line.split("|")
        name = good.split()[0]
        for sign, words in ((0, good), (1, bad)):
            for word in words.split():
                found.setdefault(word, (name, sign))
    return found


OPPOSITES: Final[Mapping[str, tuple[str, int]]] = _opposites()
"""Words of opposite meaning: to what they belong, and 1 for the side that denies it."""

CHANGED: Final = word_set(
    "now currently today nowadays meanwhile since moved switched changed migrated renamed replaced "
    "upgraded updated instead anymore longer became rescheduled postponed raised lowered increased "
    "reduced extended shortened corrected actually "
    "jetzt nun inzwischen mittlerweile heute umgestellt gewechselt geandert umgezogen verschoben "
    "erhoht gesenkt stattdessen umbenannt aktualisiert ersetzt "
    "maintenant desormais change passe remplace deplace migre reporte augmente reduit "
    "ahora actualmente cambio cambiado movido reemplazado aplazado aumentado reducido migrado "
    "adesso ora attualmente cambiato spostato sostituito rinviato aumentato ridotto passato "
    "agora atualmente mudou mudado movido substituido adiado aumentado reduzido migrou passou "
    "nu tegenwoordig inmiddels verhuisd gewijzigd verplaatst vervangen verzet verhoogd verlaagd "
    "теперь сейчас"
)
"""Words that say that something is otherwise than it was."""

UNSPACED_CHANGED: Final = ("现在", "改为", "改成", "已经", "今は", "になりました", "変更")

ENDED: Final = (
    "no longer", "not anymore", "any more", "nicht mehr", "kein mehr", "ne plus", "ya no",
    "non piu", "nao mais", "niet meer", "geen meer", "больше не", "不再", "もう",
)  # fmt: skip
"""Phrases that end a state."""

PRESENT: Final = word_set(
    "now currently instead jetzt nun inzwischen mittlerweile stattdessen maintenant desormais "
    "ahora actualmente adesso ora attualmente agora atualmente nu inmiddels теперь сейчас"
)
"""Those of them that say so of whatever they stand beside."""

SINGLE: Final = word_set(
    # to be, to be called
    "is are be was were ist sind est sont es son esta estan e sono sao nu "
    "called named named heisst heissen appelle llama chama chiama heet "
    # places, hosts, times
    "lives live lived works runs run running listens listen hosted deployed located stored "
    "wohnt arbeitet lauft liegt lebt gehostet habite travaille tourne ecoute heberge "
    "vive trabaja trabalha funciona corre escucha lavora gira ascolta abita mora roda escuta "
    "woont werkt draait luistert "
    # at one time, of one amount
    "starts start begins ends expires closes opens meets scheduled due costs cost takes lasts "
    "weighs measures uses use using prefers prefer default owns leads leader manages written "
    "beginnt endet kostet dauert nutzt verwendet bevorzugt fuhrt leitet geplant "
    "commence coute dure utilise prefere dirige prevu finit "
    "empieza cuesta dura usa utiliza prefiere dirige programado termina "
    "comincia costa preferisce guida previsto inizia "
    "comeca custa usa prefere lidera marcado "
    "begint kost duurt gebruikt leidt gepland eindigt"
)
"""Verbs whose object is one at a time: who lives in Lisbon does not live in Berlin."""

TIMES: Final = word_set(
    "monday tuesday wednesday thursday friday saturday sunday january february march april may "
    "june july august september october november december noon midnight "
    "montag dienstag mittwoch donnerstag freitag samstag sonntag januar februar marz mai juni juli "
    "oktober dezember montags dienstags mittwochs donnerstags freitags samstags sonntags "
    "lundi mardi mercredi jeudi vendredi samedi dimanche janvier fevrier mars avril juin juillet "
    "aout septembre octobre novembre decembre "
    "lunes martes miercoles jueves viernes sabado domingo enero febrero marzo abril mayo junio "
    "julio agosto septiembre octubre noviembre diciembre "
    "lunedi martedi mercoledi giovedi venerdi domenica gennaio febbraio aprile maggio giugno "
    "luglio settembre ottobre dicembre "
    "segunda terca quarta quinta sexta janeiro fevereiro marco maio junho julho setembro outubro "
    "dezembro "
    "maandag dinsdag woensdag donderdag vrijdag zaterdag zondag januari februari maart juni "
    "mondays tuesdays wednesdays thursdays fridays saturdays sundays"
)
"""Names of days and months."""

NUMBERS: Final = word_set(
    "one two three four five six seven eight nine ten eleven twelve twenty thirty forty fifty "
    "hundred thousand once twice daily weekly monthly yearly hourly "
    "eins zwei drei vier funf sechs sieben acht neun zehn zwolf taglich wochentlich monatlich "
    "deux trois quatre cinq six sept huit neuf dix douze quotidien hebdomadaire mensuel "
    "dos tres cuatro cinco seis siete ocho nueve diez doce diario semanal mensual "
    "due tre quattro cinque sei sette otto nove dieci dodici "
    "dois duas quatro sete oito dez doze "
    "twee drie vijf zes zeven acht negen tien twaalf dagelijks wekelijks maandelijks"
)
"""Amounts in words."""

NEVER: Final = word_set("always immer toujours siempre altijd")
"""To which opposites the words for "never" belong: beside a negation they deny nothing more."""

ARTICLES: Final = word_set(
    "the a an der die das den dem des ein eine einen einem einer le la les l un une el los las una "
    "il lo gli i o os as um uma de het een"
)
"""Words whose presence changes nothing."""

FUNCTION_WORDS: Final = STOP_WORDS | word_set(
    "die der das den dem des ein eine einen einem einer und oder von zu zum zur im am auf fur bei "
    "le la les un une des du de et ou au aux pour par dans sur que qui "
    "el los las una uno y o del al para por en se que lo "
    "il lo gli i uno e o di del della nel per da su che si "
    "o os as um uma e ou do da dos no na por para em que se "
    "de het een en of van op voor bij te"
)
"""Words that say nothing of their own."""
