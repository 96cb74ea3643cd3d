# SPDX-License-Identifier: AGPL-3.0-only
"""What risky actions are done to, in six languages, by concept: data whose loss hurts, what is
secret, what guards, what is released, where production and the outside are; and what only sounds
alike (lines, variables, buttons). All words folded, in the singular where the plural adds an ``s``.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final

from memoryoss_mcp.text.stopwords import word_set

_DATA: Final = """
database: database db datenbank base bdd basis table tabelle tabellen tabla tabela tabella \
collection schema schemata postgres postgresql mysql mongodb redis sqlite warehouse keyspace \
banco dados datos dati donnee donnees bbdd bd crm erp tablespace
data: data daten datensatz datensatze dataset record row rows registro registros registri zeilen \
datenbestand entry enregistrement enregistrements registre records content contents
user: user account konto konten nutzer benutzer kunde kunden customer client clients clientes \
cliente clienti utilisateur utilisateurs usuario usuarios utente utenti compte comptes cuenta \
cuentas conta contas mitglied mitglieder member tenant tenants mandant mandanten patient \
patienten profil profile kundenkonto subscriber employee mitarbeiter organization organisation \
org workspace team lead contact kontakte contacts suscriptores
backup: backup snapshot sicherung sicherungen sicherungskopie sauvegarde sauvegardes respaldo \
respaldos copia copias seguridad backups
branch: branch branches zweig rama ramas ramo rami branche filial
repository: repository repo repositorio depot repositories repos repositorios projekt project \
projet proyecto progetto projeto
bucket: bucket s3 blob buckets storage speicher
folder: folder directory directories dir ordner verzeichnis verzeichnisse dossier dossiers \
repertoire carpeta carpetas directorio cartella cartelle pasta pastas diretorio archive archiv \
archives archivos archivo archivio files fichiers dateien ficheros arquivos nas laufwerk \
filesystem
log: log logs protokoll protokolle journal journaux historial history verlauf historique \
registro auditlog
volume: volume disk disks partition festplatte platte disque disques disco dischi volumen pvc pv \
drive image images artifact artifacts artefakte registry
server: server servers servidor servidores serveur serveurs instance instances instanz instanzen \
instancia instancias istanza vm vms node nodes cluster clusters machine machines host hosts
environment: environment env umgebung environnement entorno ambiente namespace namespaces stack \
deployment deployments staging homologacao preproduction preproduccion infrastructure \
infrastruktur infra pod pods container containers service services dienst
mail: email emails mail mails message messages inbox nachricht nachrichten postfach courriel \
courriels correo correos messaggi posta mensagens mensajes bandeja conversation conversations \
chats photo photos foto fotos video videos document documents dokumente documentos documenti \
documentos
key: key keys schlussel zertifikat zertifikate certificate certificates secret secrets \
credential credentials cle cles clave claves chiave chiavi chave chaves vault
queue: queue queues topic topics kafka stream index indices indexes indizes domain domains zone \
dns subscription subscriptions
memory: memory memories erinnerung erinnerungen memoria memorias memoire memoires ricordi
production: prod production produktion produktivsystem produccion producao produzione
everything: everything alles todo tout tutto tudo
"""

_SECRET: Final = """
credential: credential credentials zugangsdaten anmeldedaten identifiants credenciales \
credencial credenziali credenciais password passwords passwort passworter passworte kennwort \
motdepasse mdp contrasena contrasenas senha senhas parola passphrase login logins
secret: secret secrets geheimnis geheimnisse secreto secretos segreti segredo segredos token \
tokens geheim confidential vertraulich confidentiel confidentielle confidentielles confidencial \
confidenciales confidenciais riservati riservate
payroll: payroll salary salaries salaries gehalt gehalter gehaltsliste lohnliste paie salaires \
nomina nominas salario salarios stipendi stipendio salarial salariais bonuses compensation
personal data: pii gdpr dsgvo medical health medizinisch ssn ssns passport iban ibans \
kreditkarten kreditkartendaten bankdaten personendaten
contract: contract contracts vertrag vertrage contrat contrats contrato contratos contratti \
financials invoices invoice rechnung rechnungen factures facturas fatture faturas
"""

_WHO: Final = word_set(
    "customer customers client clients user users patient patients employee employees member "
    "members subscriber subscribers kunde kunden nutzer benutzer mitarbeiter patienten "
    "mitglieder utilisateur utilisateurs usuario usuarios cliente clientes clienti utente "
    "utenti funcionarios empleados empleado dipendenti employes pacientes pazienti personal "
    "personnel personenbezogen personenbezogene personenbezogenen personales personali "
    "personnelles pessoais prod production produktion produccion producao produzione internal "
    "interne internen donor student students company lead leads investor tenant tenants account "
    "accounts"
)
"""Whose data are sensitive."""
_OF_WHOM: Final = word_set(
    "data list lists record records email emails mail mails address addresses number numbers "
    "phone phones name names table tables database db dump export exports file files detail "
    "details info information invoice invoices profile profiles contact contacts pii history "
    "order orders base csv spreadsheet documents docs traffic logs log backup backups daten "
    "liste listen adresse adressen nummern telefonnummern tabelle datenbank dateien unterlagen "
    "donnee donnees adresses fichier fichiers datos lista listado direcciones correos tabla "
    "archivo archivos dati elenco indirizzi tabella archivio dados enderecos tabela arquivo "
    "arquivos dossiers dossier planilha ficheros kontakte"
)
"""What of theirs."""
_DUMPS: Final = word_set(
    "dump dumps database databases db datenbank bdd bbdd backup backups sicherung sauvegarde "
    "sauvegardes datenbankdump codebase kundenliste kundendaten nutzerdaten kundendatenbank "
    "mitarbeiterdaten quellcode quelltext patientendaten sourcecode vermogenswerte kubeconfig"
)
"""Sensitive without saying whose."""
_PAIR_TABLE: Final = """
source code, sources code, code source, codigo fuente, codice sorgente, codigo fonte, api key,
api keys, api schlussel, cle api, cles api, clave api, claves api, chiave api, chiavi api, chave
api, chaves api, private key, private keys, privater schlussel, cle privee, clave privada,
chiave privata, chave privada, ssh key, ssh keys, access key, access keys, env vars, environment
variables, mots passe, mot passe, bank details, credit card, credit cards, trade secrets, base
datos, banco dados, base donnees, base dati, base clients, code base, encryption key, encryption
keys, signing key, signing keys, entire repo, private repo, private repository, internal docs,
internal documents
"""
_PAIRS: Final = frozenset(tuple(pair.split()) for pair in _PAIR_TABLE.split(","))

_OUTSIDE: Final = word_set(
    "gist gists pastebin slack discord telegram whatsapp signal dropbox drive gdrive onedrive "
    "icloud gmail hotmail yahoo outlook reddit twitter facebook linkedin youtube tiktok "
    "instagram forum internet web webhook webhooks chatgpt ftp usb stick wetransfer mega "
    "external externally externe externen externer externes externo externa externos esterno "
    "esterna esterni extern outside outsider public publicly offentlich offentliche "
    "offentliches offentlichen publique publics publico publica publicos pubblico pubblica "
    "pubblici abroad personal private privat privaten privates privater perso personnel "
    "personnelle privee prive privado privada particular personale privato privata pessoal home "
    "vendor vendors contractor contractors partner partners agency competitor competitors rival "
    "freelancer supplier suppliers journalist journalists press friend friends stranger "
    "strangers third world everyone anyone dienstleister lieferant konkurrent konkurrenz "
    "wettbewerber partnerfirma agentur praktikant dritte prestataire fournisseur partenaire "
    "concurrent agence proveedor proveedores socio agencia competencia terceros tercero "
    "fornitore agenzia concorrente concorrenti terzi fornecedor parceiro tiers company "
    "consultant berater investor reporter presse prensa stampa imprensa"
)
"""Words for places and people outside."""
_INWARD: Final = word_set(
    "header headers body payload request query cookie parameter param params argument arguments "
    "form function endpoint vault keychain test tests fixture mock handler component config "
    "constructor middleware props state callback variable reset field string kopfzeile anfrage "
    "parametro argumento encabezado cabecera cabecalho intestazione requete entete funktion "
    "fonction funcion funzione funcao method methode class module formular template"
)
"""Where secrets go in a program."""
_ABOUT: Final = word_set(
    "summary overview tips tip note notes reminder draft article explanation guide template "
    "example examples question questions presentation tutorial docs documentation link advice "
    "instructions thoughts ideas idea opinion feedback rundown comparison analysis policy post "
    "checklist recipe zusammenfassung uberblick erklarung artikel anleitung beispiel tipps "
    "resume explication exemple resumen explicacion ejemplo consejos riassunto spiegazione "
    "esempio consigli resumo explicacao exemplo dicas helper snippet type interface component "
    "count counter metrics metric screen page"
)
"""Texts and programs about something, which are not it."""

_SAFEGUARD: Final = """
approval: review reviews codereview revision revisione revisao revue relecture prufung \
begutachtung reviewer reviewers codeowners
approval: approval approvals approve freigabe freigaben genehmigung genehmigungen zustimmung \
abnahme approbation validation aprobacion aprobaciones approvazione approvazioni aprovacao \
aprovacoes signoff permission permissions permiso permisos permesso permessi permissao \
permissoes autorisation autorisations autorizacion autorizzazione autorizacao consent \
einwilligung confirmation bestatigung confirmacion conferma confirmacao rechteprufung \
berechtigung berechtigungen berechtigungsprufung
test: tests testing testsuite pruebas prueba testes essais ci pipeline qa
check: check checks controle controles kontrolle kontrollen control controllo controlli \
verificacion verificaciones verifica verifiche verificacao verificacoes verification \
verifications gate gates gatekeeping comprobacion comprobaciones quality
auth: auth authentication authorization authorisation authentifizierung authentification \
autenticacion autenticazione autenticacao mfa 2fa faktor factor facteurs factores fattori \
fatores captcha login rbac sso anmeldung
policy: policy policies richtlinie richtlinien sicherheitsrichtlinie politique politiques \
politica politicas politiche regla reglas regel regeln rule rules regle regles regola regole \
regra regras compliance vorgabe vorgaben normas
protection: protection protections schutz branchschutz zweigschutz proteccion protecciones \
protezione protezioni protecao protecoes guardrail guardrails safeguard safeguards safety \
security sicherheit securite seguridad sicurezza seguranca firewall sandbox antivirus filter \
freeze dlp waf encryption selinux lock verschlusselung lockdown
hook: hook hooks precommit prepush pre commit linter
"""

_GUARD_TAILS: Final = word_set(
    "check checks rule rules process step steps requirement requirements phase stage gate "
    "policy policies protection suite workflow flow control controls setting settings limit "
    "limits system job jobs stuff thing part again entirely completely altogether run runs "
    "enforcement guard guards hooks hook review reviews approval approvals status window code "
    "pipeline prozess schritt pflicht anforderung"
)
"""What may stand behind a safeguard in its own name ("approval step")."""

_RELEASABLE: Final = word_set(
    "version versions update updates hotfix hotfixes fix patch build builds release beta alpha "
    "canary candidate rc app site website page service feature product campaign package "
    "artifact image redesign api frontend backend microsite newsletter store library plugin "
    "extension model aktualisierung anwendung seite webseite dienst paket produkt kampagne "
    "neuerung stand mise jour application paquet produit campagne correctif fonctionnalite "
    "fonctionnalites versione versioni aggiornamento applicazione pacchetto sito prodotto "
    "campagna pagina actualizacion aplicacion paquete sitio producto campana funcionalidad "
    "funcion cambios versao versoes atualizacao aplicacao pacote produto campanha "
    "funcionalidade changes anderungen modifications modifiche alteracoes it this that es das "
    "ca"
)
_TIMES: Final = word_set(
    "today tonight tomorrow now immediately already asap right away soon again morning "
    "afternoon evening monday tuesday wednesday thursday friday saturday sunday heute jetzt "
    "sofort gleich morgen abend aujourd hui maintenant demain ahora hoy manana ya oggi adesso "
    "ora domani subito stasera hoje agora amanha anyway please bitte then live"
)

_PRODUCTION: Final = word_set(
    "prod prd production produktion produktivcluster produktivsystem produktivumgebung "
    "produktiv produktionsserver produktionscluster produktionsumgebung produccion produzione "
    "producao live npm pypi store playstore appstore maven crates registry customers kunden "
    "prodcluster livebetrieb livesystem ligne linea"
)
_ENVIRONMENTS: Final = """
production: prod prd production produktion produktiv produccion produzione producao live \
customers produktivsystem produktivumgebung
staging: staging stage preproduction preprod preproduccion preproducao preproduzione homologacao \
qa uat testumgebung
development: dev development local localhost locally lokal sandbox entwicklung developpement \
desarrollo sviluppo desenvolvimento
"""

_HARMLESS: Final = word_set(
    "comma commas line lines comment comments variable variables function functions import "
    "imports whitespace space spaces paragraph paragraphs word words sentence sentences class "
    "classes attribute attributes prop props parameter parameters argument arguments arg args "
    "semicolon semicolons statement statements print prints code duplicate duplicates typo "
    "typos character characters letter letters dependency dependencies button buttons padding "
    "margin border warning warnings bracket brackets parenthesis quote quotes dash hyphen "
    "bullet bullets heading headings header title subtitle intro introduction conclusion "
    "section sections slide slides cell cells column columns tag tags emoji emojis adjective "
    "adverb phrase phrases tone lock locks mutex semaphore handle memory cache state selection "
    "field fields input filter filters timer listener listeners hook hooks option options flag "
    "flags endpoint handler method methods type types interface annotation decorator docstring "
    "prefix suffix element elements item items node modal dialog popup toast menu icon label "
    "labels style styles rule selector script scripts test tests assertion mock fixture hint "
    "call calls caller condition branchless indentation newline newlines tab tabs blank ending "
    "plural name names description text footnote footnotes reference references citation row1 "
    "step steps bit part parts error errors screen console window redundancy example komma "
    "kommas zeile kommentar kommentare variablen funktion funktionen leerzeichen absatz absatze "
    "wort worter satz satze klasse klassen attribut semikolon anweisung zeichen tippfehler "
    "knopf schaltflache abschnitt kapitel uberschrift einleitung fussnote klammer klammern "
    "punkt bindestrich adjektiv abhangigkeit abhangigkeiten methode typ feld eintrag virgule "
    "ligne lignes commentaire commentaires fonction fonctions espace espaces paragraphe "
    "paragraphes mot mots classe parametre bouton titre coquille parenthese dependance "
    "dependances champ coma linea lineas comentario comentarios funcion funciones espacio "
    "espacios parrafo parrafos palabra palabras frase frases clase atributo parametro boton "
    "seccion titulo errata metodo campo dependencia dependencias introduccion importacion "
    "importaciones virgola riga righe commento commenti variabile variabili funzione funzioni "
    "spazio spazi paragrafo paragrafi parola parole frasi attributo pulsante sezione titolo "
    "refuso dipendenza dipendenze virgula linha linhas variavel variaveis funcao funcoes espaco "
    "espacos paragrafos palavra palavras botao secao importacao importacoes"
)
"""What is edited in a text or a program, not lost."""


def _concepts(table: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in table.strip().splitlines():
        name, _, words = line.partition(":")
        for word in words.split():
            found.setdefault(word, name)
    return found


DATA: Final[Mapping[str, str]] = _concepts(_DATA)
SECRET: Final[Mapping[str, str]] = _concepts(_SECRET)
SAFEGUARD: Final[Mapping[str, str]] = _concepts(_SAFEGUARD)
ENVIRONMENT: Final[Mapping[str, str]] = _concepts(_ENVIRONMENTS)
WHO: Final = _WHO
OF_WHOM: Final = _OF_WHOM
DUMPS: Final = _DUMPS
PAIRS: Final = _PAIRS
OUTSIDE: Final = _OUTSIDE
INWARD: Final = _INWARD
ABOUT: Final = _ABOUT
GUARD_TAILS: Final = _GUARD_TAILS
RELEASABLE: Final = _RELEASABLE
TIMES: Final = _TIMES
PRODUCTION: Final = _PRODUCTION
HARMLESS: Final = _HARMLESS

ALL: Final = word_set(
    "all every everything entire whole any anything alle alles samtliche ganze ganzen gesamte "
    "jede jeden komplett complete tous toutes tout toute entier todo todos toda todas entero "
    "tutto tutti tutta tutte intero tudo inteiro qualquer ogni each"
)
"""Words that leave nothing out."""

_LEAST_HEAD: Final = 4
"""Letters of the first part of a German compound at the least."""


@cache
def concept(word: str, table: str) -> str | None:
    """The concept of a word in one of the tables ``data``, ``secret``, ``safeguard``; its plural
    and, in German, the last part of a compound count too."""
    known = _TABLES[table]
    for form in (word, *(word.removesuffix(end) for end in ("s", "es", "en", "n"))):
        if form in known:
            return known[form]
    for end in _COMPOUND_ENDS[table]:
        if len(word) >= len(end) + _LEAST_HEAD and word.endswith(end):
            return known[end]
    return None


@cache
def is_harmless(word: str) -> bool:
    """Whether a word names something that is edited rather than lost."""
    return (
        word in _HARMLESS
        or word.removesuffix("s") in _HARMLESS
        or any(len(word) >= len(end) + _LEAST_HEAD and word.endswith(end) for end in _HARMLESS_ENDS)
    )


_TABLES: Final = {"data": DATA, "secret": SECRET, "safeguard": SAFEGUARD}
_COMPOUND_ENDS: Final[Mapping[str, tuple[str, ...]]] = {
    "data": ("datenbank", "tabelle", "tabellen", "konto", "konten", "daten", "datensatze",
        "sicherung", "sicherungen", "ordner", "verzeichnis", "verzeichnisse", "archiv", "protokoll",
        "protokolle", "umgebung", "nachrichten", "kunden", "benutzer", "backups", "zweig",
        "schlussel", "zertifikate"),
    "secret": ("zugangsdaten", "passwort", "passworter", "gehalter", "bankdaten", "vertrage"),
    "safeguard": ("prufung", "freigabe", "richtlinie", "richtlinien", "kontrolle", "kontrollen",
        "genehmigung", "schutz", "regeln", "anmeldung", "sicherheit", "abnahme"),
}  # fmt: skip
_HARMLESS_ENDS: Final = tuple(
    sorted(
        word_set(
            "zeile zeilen zeichen variable variablen funktion methode kommentar kommentare absatz "
            "klammer anweisung anweisungen"
        )
    )
)
