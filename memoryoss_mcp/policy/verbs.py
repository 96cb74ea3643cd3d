# SPDX-License-Identifier: AGPL-3.0-only
"""The verbs of risky actions in six languages, each with its forms and with what it needs beside it
to be one. All words folded (lower case, no accents).

Column by column a line of the table has: sense, language, imperatives, infinitives (and the
subjunctives of wishes), participles, nouns (and gerunds). ``roll+out`` is a verb whose particle may
stand further behind, ``go_live`` one of two words in a row. English has one column for imperative
and infinitive.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from memoryoss_mcp.policy.kinds import Kind


class Sense(StrEnum):
    """What a verb does, and what it needs beside it to be a risky action."""

    DEPLOY = "deploy"
    """Says it alone."""
    RELEASE = "release"
    """Of something that is released, or of nothing named."""
    MOVE = "move"
    """To production, or to where the public is."""
    DELETE = "delete"
    """Of something whose loss hurts."""
    DESTROY = "destroy"
    """Of anything that is not harmless."""
    SEND = "send"
    """Of something sensitive."""
    TAKE = "take"
    """Of something sensitive, to somewhere outside."""
    OVERRIDE = "override"
    """Of a safeguard."""
    ACT = "act"
    """Anything that is risky only without a safeguard ("merge without review")."""
    START = "start"
    """Of an action that is named by a noun ("kick off the deployment")."""


class Form(StrEnum):
    """The forms of a verb that tell a request from a statement."""

    BASE = "base"
    """English: imperative or infinitive."""
    IMPERATIVE = "imperative"
    INFINITIVE = "infinitive"
    PARTICIPLE = "participle"
    NOUN = "noun"


@dataclass(frozen=True, slots=True)
class Word:
    """One form of a verb. ``particle`` has to follow: at once if ``adjacent``, else in the same
    clause. ``held`` says that a pronoun is part of the form (Spanish *bórrala*)."""

    sense: Sense
    language: str
    form: Form
    particle: str = ""
    adjacent: bool = False
    held: bool = False


_TABLE: Final = """
deploy en | deploy redeploy roll+out rollout go_live | | deployed redeployed rolled+out | \
deploying deployment deployments deploys redeploy redeployment rollout rollouts roll_out roll_outs \
rolling+out
deploy de | deploye deploy deployt rolle+aus roll+aus rollt+aus rollen+aus deployen schalte+live \
schalt+live stelle+live stell+live geh+live | deployen ausrollen auszurollen live_schalten \
live_stellen live_gehen livestellen liveschalten deployst ausrollst | deployt \
deployed ausgerollt livegeschaltet | deployment deployments deploy deploys rollout rollouts \
ausrollen ausrollung deployen
deploy fr | deploie deployez redeploie redeployez | deployer redeployer deploies deployiez | \
deploye deployee deployes deployees | deploiement deploiements deploy
deploy es | despliega despliegue desplegad redespliega | desplegar redesplegar despliegues \
desplieguen | desplegado desplegada desplegados desplegadas | despliegue despliegues deploy
deploy it | deploya | deployare | deployato deployata | deploy deployment
deploy pt | implante implanta implantem | implantar implantes | implantado implantada implantados \
implantadas | implantacao implantacoes deploy
release en | release ship launch publish promote cut_a_release | | released shipped launched \
published promoted | releasing releases release shipping launch launches publishing publication \
promotion promoting
release de | veroffentliche veroffentlicht veroffentlichen release release gib+frei promote \
promoviere publiziere bring+heraus bring+raus launche | veroffentlichen releasen publizieren \
launchen promoten herausbringen rausbringen veroffentlichst | veroffentlicht released publiziert | \
veroffentlichung veroffentlichungen release releases
release fr | publie publiez lance lancez sors sortez livre livrez promeus | publier lancer sortir \
livrer promouvoir publies lances | publie publiee publies publiees lance lancee livre livree | \
publication publications livraison livraisons release lancement
release es | publica publique publicad lanza lance lanzad libera libere promueve | publicar lanzar \
liberar promover publiques lances liberes | publicado publicada lanzado lanzada liberado liberada \
publicados lanzados | publicacion publicaciones lanzamiento lanzamientos release
release it | pubblica pubblicate rilascia rilasciate lancia promuovi | pubblicare rilasciare \
lanciare promuovere pubblichi rilasci | pubblicato pubblicata rilasciato rilasciata rilasciati \
pubblicati | pubblicazione pubblicazioni rilascio rilasci release
release pt | publique publica lance lanca libere libera promova | publicar lancar liberar promover \
publiques lances | publicado publicada lancado lancada liberado liberada | publicacao publicacoes \
lancamento lancamentos release releases
move en | push put bring move apply upgrade get ship merge migrate promote | | pushed put brought \
moved applied merged | pushing pushes
move de | pushe push bring bringe spiel+ein spiele+ein spiel spiele schieb schiebe setz setze \
stell stelle uberfuhre nimm schalte schalt | pushen bringen einspielen spielen schieben setzen \
stellen uberfuhren nehmen schalten | gepusht gebracht eingespielt | push pushes
move fr | pousse poussez mets mettez passe passez envoie envoyez bascule basculez | pousser mettre \
passer envoyer basculer mettes | pousse mis mise passe | mise mises bascule
move es | sube suba subid pon ponga pasa pase lleva lleve empuja mueve | subir poner pasar llevar \
empujar mover subas pongas | subido puesto puesta pasado | puesta pase
move it | porta portate metti mettete manda sposta passa | portare mettere mandare spostare \
passare | portato messo messa | messa passaggio
move pt | suba sobe coloque coloca ponha leve passe mande envie | subir colocar levar passar \
mandar enviar | colocado subido | subida
delete en | delete remove drop clear empty clean+out clean+up clean trash unlink kill terminate \
deprovision take+down shut+down throw+away forget prune flush reset | | deleted removed dropped \
cleared emptied trashed terminated cleaned+up pruned flushed | deletion deletions deleting \
removing removal removals dropping clearing emptying terminating pruning cleanup deletes drops
delete de | losche losch loscht loschen entferne entfern entfernt entfernen leere leer leert \
wirf+weg schmeiss+weg raum+auf loese+auf baue+ab fahr+runter droppe lass+fallen beseitige verwirf \
| loschen entfernen leeren wegwerfen wegschmeissen aufraumen beseitigen droppen \
verwerfen loschst entfernst | geloscht entfernt geleert weggeworfen beseitigt verworfen | loschung \
loschungen entfernung entfernen loschen bereinigung
delete fr | supprime supprimez enleve enlevez retire retirez vide videz jette jetez nettoie \
nettoyez resilie | supprimer enlever retirer vider jeter nettoyer supprimes enleves retires vides \
| supprime supprimee supprimes supprimees retire retiree vide videe enleve enlevee | suppression \
suppressions nettoyage
delete es | borra borre borrad elimina elimine eliminad quita vacia vacie suprime suprima \
limpia limpie tira tire | borrar eliminar quitar vaciar suprimir limpiar tirar borres elimines \
quites vacies | borrado borrada borrados borradas eliminado eliminada eliminados eliminadas \
vaciado | borrado borrados eliminacion eliminaciones supresion limpieza
delete it | cancella cancellate elimina eliminate rimuovi rimuovete svuota svuotate togli togliete \
pulisci butta | cancellare eliminare rimuovere svuotare togliere pulire buttare cancelli elimini \
rimuova svuoti | cancellato cancellata cancellati cancellate eliminato eliminata eliminati rimosso \
rimossa rimossi svuotato | cancellazione cancellazioni eliminazione eliminazioni rimozione
delete pt | apague apaga exclua exclui remova remove delete deleta elimine elimina esvazie esvazia \
limpe limpa tire descarte | apagar excluir remover deletar eliminar esvaziar limpar descartar \
apagues | apagado apagada apagados apagadas excluido excluida excluidos excluidas removido \
removida removidos deletado | exclusao exclusoes remocao eliminacao
destroy en | wipe purge erase truncate destroy nuke obliterate shred tear+down get_rid blow_away \
decommission annihilate format | | wiped purged erased truncated destroyed nuked shredded \
torn+down | wiping purging erasing truncating destroying erasure wipe purge purges wipes shredding \
tearing_down getting_rid
destroy de | vernichte vernichten zerstore zerstoren tilge leg+platt reiss+ab truncate formatiere \
| vernichten zerstoren plattmachen abreissen tilgen formatieren ausradieren | vernichtet zerstort \
getilgt | vernichtung zerstorung
destroy fr | efface effacez detruis detruisez purge purgez ecrase ecrasez formate formatez | \
effacer detruire purger formater effaces detruises purges | efface effacee effaces effacees \
detruit detruite purge purgee | effacement destruction purge
destroy es | destruye destruya purga purgue formatea trunca | destruir purgar formatear truncar \
destruyas | destruido destruida purgado | destruccion purga
destroy it | distruggi distruggete purga formatta tronca azzera | distruggere purgare formattare \
troncare azzerare | distrutto distrutta | distruzione
destroy pt | destrua destroi purgue formate trunque | destruir purgar formatar truncar | destruido \
destruida | destruicao
send en | send email e_mail mail upload export share publish post forward leak transmit expose \
exfiltrate release disclose text fax submit | | sent emailed mailed uploaded exported shared \
published posted forwarded leaked transmitted exposed exfiltrated disclosed | sending emailing \
uploading exporting sharing publishing posting forwarding leaking exposing exfiltration uploads \
export exports disclosure upload exfiltrating disclosing transmitting transfer transfers leave \
leaves leaving
send de | schick schicke schickt sende sendet maile mail lade+hoch lad+hoch ladt+hoch teile teilt \
exportiere exportier poste veroffentliche leite+weiter leit+weiter gib+weiter gib+heraus gib+raus \
ubermittle uberlass | schicken senden versenden mailen hochladen hochzuladen teilen exportieren \
posten veroffentlichen weiterleiten weitergeben herausgeben ubermitteln verschicken schickst \
sendest teilst zuschicken weiterzugeben verlassen | geschickt gesendet versendet hochgeladen \
geteilt exportiert weitergeleitet weitergegeben veroffentlicht verschickt ubermittelt | weitergabe \
versand export exporte upload uploads ubermittlung veroffentlichung weiterleitung
send fr | envoie envoyez partage partagez publie publiez exporte exportez transfere transferez \
televerse televersez poste postez divulgue communique communiquez diffuse transmets transmettez \
uploade | envoyer partager publier exporter transferer televerser poster divulguer communiquer \
diffuser transmettre uploader envoies partages publies sortir quitter | envoye envoyee envoyes \
envoyees partage partagee partages partagees publie publiee exporte exportee transfere transmis \
divulgue divulguees communiquees | envoi partage exportation transfert divulgation diffusion
send es | envia envie enviad manda mande mandad comparte comparta compartid publica publique \
exporta exporte sube suba reenvia reenvie filtra transmite divulga | enviar mandar compartir \
publicar exportar subir reenviar filtrar transmitir divulgar envies compartas mandes publiques \
salir | enviado enviada enviados compartido compartida compartidos publicado exportado divulgados \
| envio exportacion divulgacion filtracion transferencia
send it | invia inviate manda mandate condividi condividete pubblica pubblicate esporta esportate \
carica caricate inoltra inoltrate trasmetti divulga spedisci | inviare mandare condividere \
pubblicare esportare caricare inoltrare trasmettere divulgare spedire invii condivida uscire | \
inviato inviata inviati condiviso condivisa condivisi pubblicato esportato inoltrato divulgati | \
invio condivisione esportazione divulgazione trasferimento
send pt | envie envia mande manda compartilhe compartilha partilhe publique publica exporte \
exporta suba encaminhe encaminha divulgue poste carregue transmita | enviar mandar compartilhar \
partilhar publicar exportar encaminhar divulgar postar carregar transmitir sair | enviado enviada \
enviados compartilhado compartilhada compartilhados publicado exportado divulgados | envio \
compartilhamento exportacao divulgacao transferencia
take en | copy dump move transfer paste sync put give download push hand+over scp rsync attach \
pass stick pipe stream replicate mirror back+up drop write commit save print | | copied dumped \
moved transferred pasted synced pushed | copying dumping transferring pasting syncing
take de | kopiere kopier verschiebe ubertrage ubertrag spiel+auf fuge+ein gib leg lege speichere \
pushe sichere stell stelle pack packe | kopieren verschieben ubertragen einfugen geben legen \
speichern pushen sichern stellen packen | kopiert verschoben ubertragen | kopieren ubertragung
take fr | copie copiez colle collez mets mettez deplace deplacez donne donnez sauvegarde depose \
deposez synchronise pousse | copier coller mettre deplacer donner deposer synchroniser pousser | \
copie copiee colle deplace | copie transfert
take es | copia copie pega pegue pon ponga mueve mueva transfiere transfiera guarda deja \
sincroniza | copiar pegar poner mover dar transferir guardar dejar sincronizar | copiado copiada | \
copia
take it | copia copiate incolla metti sposta trasferisci salva sincronizza | copiare incollare \
mettere spostare trasferire dare salvare sincronizzare | copiato copiata | copia
take pt | copie copia cole coloque mova transfira salve sincronize passe | copiar colar colocar \
mover transferir dar salvar sincronizar passar | copiado copiada | copia
override en | bypass skip disable ignore override circumvent deactivate suppress evade sidestep \
dismiss overrule disregard omit waive turn+off switch+off get_around get_past work_around \
go_around shut+off comment+out short_circuit drop remove sidestep | | bypassed skipped disabled \
ignored overridden circumvented deactivated turned+off switched+off waived | bypassing skipping \
disabling ignoring overriding circumventing deactivating bypasses override overrides bypass
override de | uberspringe uberspring umgeh umgehe ignoriere ignorier deaktiviere deaktivier \
schalte+ab schalt+ab schalte+aus schalt+aus missachte lass+weg lasse+weg hebel+aus setz+ausser \
stell+ab ubergehe | uberspringen umgehen ignorieren deaktivieren abschalten ausschalten weglassen \
aushebeln ubergehen missachten abstellen auslassen uberspringst umgehst | ubersprungen umgangen \
ignoriert deaktiviert abgeschaltet ausgeschaltet weggelassen | umgehung deaktivierung abschaltung
override fr | saute sautez contourne contournez ignore ignorez desactive desactivez passe_outre \
coupe coupez outrepasse outrepassez zappe zappez neglige court_circuite | sauter contourner \
ignorer desactiver couper outrepasser passer_outre zapper court_circuiter sautes contournes \
ignores desactives | saute sautee contourne contournee contournes contournees ignore ignoree \
desactive desactivee desactivees | contournement desactivation
override es | salta salte saltate saltese omite omita ignora ignore desactiva desactive evita \
evite elude eluda deshabilita deshabilite apaga anula esquiva | saltar saltarte saltarse omitir \
ignorar desactivar eludir deshabilitar evadir burlar anular saltes ignores desactives | saltado \
omitido omitida ignorado ignorada desactivado desactivada omitidos desactivados | omision \
desactivacion
override it | salta saltate ignora ignorate disattiva disattivate disabilita disabilitate aggira \
aggirate bypassa scavalca spegni ometti | saltare ignorare disattivare disabilitare aggirare \
bypassare scavalcare omettere salti ignori disattivi | saltato saltata ignorato ignorata \
disattivato disattivata disabilitato disattivati ignorati | disattivazione aggiramento
override pt | pule pula salte ignore ignora desative desativa desabilite desabilita contorne \
contorna burle omita desligue desliga | pular saltar ignorar desativar desabilitar contornar \
burlar omitir desligar | pulado pulada ignorado ignorada desativado desativada | desativacao \
contorno
act en | merge push commit approve submit land close proceed continue carry_on go_ahead do run \
publish deploy release ship install accept sign force execute start go finish complete use add \
move | | merged pushed committed approved | merging pushing committing approving merge merges \
pushes push
act de | merge merg pushe push committe commite genehmige mach mache fahr+fort geh nimm gib \
veroffentliche deploye starte | mergen pushen committen commiten genehmigen machen fortfahren \
deployen starten freigeben weitermachen | gemergt gepusht committet | mergen merge merges
act fr | fusionne fusionnez pousse poussez valide validez commite commit merge mergez continue \
continuez fais faites deploie | fusionner pousser valider commiter merger continuer faire deployer \
| fusionne pousse | fusion merge
act es | fusiona mezcla sube haz haga aprueba apruebe continua sigue integra despliega publica | \
fusionar mezclar subir hacer aprobar continuar seguir desplegar mergear | fusionado | fusion merge
act it | unisci fai fate approva approvate continua procedi integra vai pubblica | unire fare \
approvare continuare procedere | unito | merge
act pt | mescle faca faz aprove continue prossiga integre suba envie | mesclar fazer aprovar \
continuar prosseguir integrar mergear | mesclado | merge
start en | start kick+off trigger run do perform begin initiate make launch proceed continue \
go_ahead execute schedule resume start+off fire+off | | started triggered | starting triggering \
running
start de | starte start mach mache fuhre+durch fuhr+durch stoss+an stosse+an beginne lose+aus \
leite+ein | starten machen durchfuhren anstossen beginnen auslosen einleiten | gestartet | starten
start fr | fais faites lance lancez demarre demarrez commence commencez declenche effectue procede \
| faire lancer demarrer commencer declencher effectuer proceder | lance | lancement
start es | haz haga inicia inicie lanza lance empieza ejecuta ejecute realiza procede | hacer \
iniciar lanzar empezar ejecutar realizar proceder | iniciado | inicio
start it | fai fate avvia avviate lancia inizia esegui eseguite procedi effettua | fare avviare \
lanciare iniziare eseguire procedere effettuare | avviato | avvio
start pt | faca faz inicie inicia comece comeca execute executa realize proceda dispare | fazer \
iniciar comecar executar realizar proceder disparar | iniciado | inicio
"""

KIND_OF: Final[Mapping[Sense, Kind]] = {
    Sense.DEPLOY: Kind.DEPLOY,
    Sense.RELEASE: Kind.DEPLOY,
    Sense.MOVE: Kind.DEPLOY,
    Sense.DELETE: Kind.DELETE,
    Sense.DESTROY: Kind.DELETE,
    Sense.SEND: Kind.EXFILTRATE,
    Sense.TAKE: Kind.EXFILTRATE,
    Sense.OVERRIDE: Kind.OVERRIDE,
    Sense.ACT: Kind.OVERRIDE,
}
"""The class to which a sense may amount; :attr:`Sense.START` takes that of its noun."""

_CLITICS: Final = {"es": ("lo", "la", "los", "las", "le", "les"), "it": ("lo", "la", "li", "le")}


def _read() -> dict[str, tuple[Word, ...]]:
    found: dict[str, dict[Word, None]] = {}

    def add(entry: str, sense: Sense, language: str, form: Form, *, held: bool = False) -> None:
        head, plus, particle = entry.partition("+")
        if not plus:
            head, _, particle = entry.partition("_")
        word = Word(sense, language, form, particle.replace("_", " "), not plus, held)
        found.setdefault(head, {})[word] = None

    for line in _TABLE.strip().splitlines():
        names, *columns = line.split("|")
        sense, language = names.split()
        imperatives, infinitives, participles, nouns = (column.split() for column in columns)
        first = Form.BASE if language == "en" else Form.IMPERATIVE
        forms = (first, Form.INFINITIVE, Form.PARTICIPLE, Form.NOUN)
        for form, entries in zip(
            forms, (imperatives, infinitives, participles, nouns), strict=True
        ):
            for entry in entries:
                add(entry, Sense(sense), language, form)
        for clitic in _CLITICS.get(language, ()):
            for entry in imperatives:
                add(entry + clitic, Sense(sense), language, first, held=True)
            for entry in infinitives:
                stem = entry.removesuffix("e") if language == "it" else entry
                add(stem + clitic, Sense(sense), language, Form.INFINITIVE, held=True)
    return {head: tuple(words) for head, words in found.items()}


WORDS: Final[Mapping[str, tuple[Word, ...]]] = _read()
"""The forms that begin with a word."""


def _triggers() -> tuple[frozenset[str], dict[str, frozenset[str]]]:
    alone: set[str] = set()
    paired: dict[str, set[str]] = {}
    for head, words in WORDS.items():
        for word in words:
            if word.sense in (Sense.ACT, Sense.START):
                continue
            if word.particle:
                paired.setdefault(head, set()).add(word.particle.split()[0])
            else:
                alone.add(head)
    return frozenset(alone), {
        head: frozenset(particles) for head, particles in paired.items() if head not in alone
    }


ALONE, PAIRED = _triggers()
"""Words of risky actions that stand alone, and those that need another one."""


def names_action(words: set[str]) -> bool:
    """Whether a text of some words may name an action at all."""
    if not words.isdisjoint(ALONE):
        return True
    return any(not words.isdisjoint(PAIRED[word]) for word in words if word in PAIRED)
