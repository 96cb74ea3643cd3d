# SPDX-License-Identifier: AGPL-3.0-only
"""What may be a secret by its looks: random, chosen by a person, or only a stand-in for one.

Whoever asks what a value looks like has asked :func:`is_stand_in` before.
"""

from __future__ import annotations

import re
from typing import Final

from memoryoss_mcp.screen.secrets.span import MARK_START
from memoryoss_mcp.text.polarity import FUNCTION_WORDS
from memoryoss_mcp.text.stopwords import word_set

_FEWEST_DIFFERENT: Final = 7
"""Different characters in a random string of twenty; fewer are filler (``xxxx``, ``1111``)."""


def is_random(body: str) -> bool:
    """Whether the part of a key behind its prefix may be one and not filler or words."""
    if len(set(body)) < min(_FEWEST_DIFFERENT, len(body) // 2) or _STAND_IN.search(body):
        return False
    mixed = body != body.lower() and body != body.upper()
    return mixed or any(map(str.isdigit, body)) or body.isupper()


def is_token(value: str, least: int = 10) -> bool:
    """Whether a value looks as a program makes it: letters and digits well mixed, in no shape that
    names something (a version, a path, a model, a name of code)."""
    if len(value) < least or is_ordinary(value):
        return False
    if _UUID.fullmatch(value):
        return True
    longest = max(_RUNS.findall(value), key=len, default="")
    mixed = any(map(str.isdigit, longest)) and any(map(str.isalpha, longest))
    if mixed and _HEX.fullmatch(longest):
        return len(longest) >= least
    if len(value) >= 20 and len(_SWITCHES.findall(value)) + len(_HUMPS.findall(value)) > 5:
        return True
    cases = longest != longest.lower() and longest != longest.upper()
    return len(longest) >= min(least, 12) and (
        (mixed and (cases or len(_SWITCHES.findall(longest)) > 1))
        or (cases and len(longest) >= 20 and len(_HUMPS.findall(longest)) > 3)
    )


def is_chosen(value: str) -> bool:
    """Whether a value looks as people choose passwords: letters with digits or marks, or words in
    a row that make no phrase."""
    if len(value) < 5 or is_ordinary(value):
        return False
    letters = any(map(str.isalpha, value))
    if letters and (any(map(str.isdigit, value)) or _MARK_INSIDE.search(value)):
        return True
    words = _JOINT.split(value)
    return (
        len(words) > 2
        and len(value) >= 12
        and all(word.isalpha() and len(word) > 2 for word in words)
        and not any(word.lower() in FUNCTION_WORDS for word in words)
    )


def is_strong(value: str) -> bool:
    """Whether a value looks like a password even where nothing says that it is one."""
    return (
        len(value) >= 8
        and is_chosen(value)
        and any(map(str.isdigit, value))
        and (_MARK_INSIDE.search(value) is not None or (value[1:] != value[1:].lower()))
        and not _KEBAB.fullmatch(value)
    )


def is_word(value: str) -> bool:
    """Whether a value is one plain word that says nothing about a secret (``swordfish``)."""
    return (
        len(value) >= 4
        and value.isalpha()
        and value.lower() not in WORDS
        and value.lower() not in FUNCTION_WORDS
    )


def is_phrase(value: str) -> bool:
    """Whether several words are a passphrase and not a sentence or a label."""
    words = value.split()
    if not 2 <= len(words) <= 25 or len(value) < 8:
        return False
    if value[0].isupper() and value[1:].replace(" ", "").isalpha() and value[1:].islower():
        return False
    low = [word.strip(".,;:!?").lower() for word in words]
    return sum(word in WORDS for word in low) < 2 and not any(w in FUNCTION_WORDS for w in low)


def is_stand_in(value: str) -> bool:
    """Whether a value stands for a secret that is somewhere else: a variable, a blank to fill in,
    an example."""
    low = value.lower()
    return (
        value.startswith(MARK_START)
        or low in WORDS
        or _STAND_IN.search(value) is not None
        or (len(set(low)) < 3 and not low.isdigit())
        or (_NAMED.fullmatch(low) is not None and _NAME.search(low) is not None)
    )


def is_ordinary(value: str) -> bool:
    """Whether a value has the shape of something else: code, a path, a time, a version."""
    return _ORDINARY.fullmatch(value) is not None


_NAME_WORDS: Final = (
    "passwords?|passwo?r?d|passwort|kennwort|passphrase|passcode|pass|pwd?|secrets?|tokens?|keys?"
    "|apikey|api|auth|access|client|private|jwt|bearer|credentials?|creds?|contrasena|contraseña"
    "|senha|clave|motdepasse|mdp|schlüssel|geheim|parola|chave|chiave"
)
_FILLERS: Final = (
    "your|my|mein|dein|ihr|mon|votre|mi|tu|su|meu|minha|seu|sua|mio|tuo|the|a|an|new|old|some|any"
    "|user|admin|db|database|app|super|test|testing|tests|demo|dummy|fake|sample|example|beispiel"
    "|exemple|ejemplo|esempio|exemplo|dev|local|default|here|hier|ici|aqui|aquí|qui|value|string"
    "|text|field|hash|hashed|plain|raw|current|confirm|confirmed|input|for|in|production|prod"
    "|change|changeme|me|this|please|wrong|correct|invalid|valid|expired|bad|good|hidden|strong"
    "|weak|secure|random|goes|put|insert|enter|replace|with|to|be|set|from|env|id|name|is|not|very"
    "|encrypted|decrypted|encoded|stored|saved|original|generated|long|service|account|refresh"
)
_NAMED: Final = re.compile(
    # Words for secrets and what goes with them, and nothing else: "your-api-key-here". Possessive,
    # because such words can be divided in many ways.
    rf"(?:(?>{_NAME_WORDS}|{_FILLERS}|\d{{1,4}})[-_ .]?+)++[!.]?"
)
_NAME: Final = re.compile(_NAME_WORDS)
_STAND_IN: Final = re.compile(
    r"^[<{]|<[^<>]*>|\{[^{}]*\}|…|\.{3}|\*{3}|•{2}|[xX]{4}|^\$[A-Za-z_]\w*$|^\$[{(]|^__\w+__$"
    r"|^%\w+%$|%\(\w+\)|^%[sdr](?![A-Za-z0-9])|[:=/]%[sdr](?![A-Za-z0-9])|^@\w+\(|^![A-Za-z_]+$"
    r"|(?i:example|placeholder|redacted|change[-_ ]?me|replace[-_ ]?(?:me|this|with)|(?<![a-z])your"
    r"[-_ ]?[a-z]|(?<![a-z])(?:dummy|todo|fixme|foobar|lorem)(?![a-z])|0123456789|1234567890"
    r"|deadbeef|abcdefghijk)"
)
_ORDINARY: Final = re.compile(
    r"(?:\w+://\S*"
    # Paths: every part is a word.
    r"|(?:~|\.{1,2}|[A-Za-z]:)?(?:[/\\][A-Za-z_.-]*\d{0,4}[A-Za-z_.-]*)+[/\\]?"
    r"|[A-Za-z_.-]+\d{0,3}(?:[/\\][A-Za-z_.-]+\d{0,3})+[/\\]?"
    r"|[\w./\\-]+\.(?:[chmrt]?[sxj]|py|rb|go|rs|ya?ml|json|toml|txt|env|ini|cfg|conf|md|sh|sql|xml|html?"
    r"|css|pem|key|pub|crt|log|csv|lock|db|com|org|net|io|dev|example|local|internal)"
    # Hashes of passwords.
    r"|(?:pbkdf2|scrypt|argon2|bcrypt|sha\d*|md5|\$\w+\$)[:$_]?\S*"
    r"|[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}"
    # Code: calls, attributes, subscripts, names.
    r"|(?:await\s|new\s|!|&)?[A-Za-z_]\w*(?:(?:\.|::|->|\?\.)[A-Za-z_]\w*)*[(\[]\S*"
    r"|[A-Za-z_]\w{0,30}?(?:(?:\.|::|->|\?\.)[A-Za-z_]\w{0,30}?)+;?"
    r"|_*[a-z]+[0-9]?(?:_[a-z]+[0-9]?)+_*|[A-Z]+(?:_[A-Z]+[0-9]?)+|[a-z]+(?:[A-Z][a-z]+)+\d?"
    r"|_?(?:[A-Z][a-z]{2,}|[A-Z]{2,5}\d?){2,}"
    # Numbers with what they count, versions, dates, times.
    r"|[~<>=≥≤+]*\d+(?:[.,]\d+)*[-–]?(?:\d+[-–]?)?(?:%|[A-Za-z]{1,2}|(?i:char|digit|bit|byte|day|hour|min"
    r"|sec|week|month|year|time|token|word|letter|line|item|zeichen|stell|tag|monat|stunde|jahr|mal"
    r"|caract|jour|mois|heure|dia|día|mes|giorn|ore|or[ae]|hora|ano|año|anno|symbol|step|factor"
    r"|thread|core|page|point|way|part|layer|round|sign|number|mb|gb|kb)\w*)?"
    r"|v?\d+(?:\.\w+)+(?:[-+]\w+)*|v\d+|\d{4}-\d{2}(?:-\d{2}(?:[T ][\d:.]+(?:Z|[+-][\d:]+)?)?)?"
    r"|\d{1,2}[.:/h]\d{1,2}(?:[.:/]\d+)?(?:am|pm)?|\d+(?:st|nd|rd|th)"
    # Methods and products that have digits in their names.
    r"|(?i:sha|aes|md|rsa|[hrepv]s|ed|curve|x|utf|base|pbkdf|argon|bcrypt|scrypt|o?auth|https?|tls|ssl|saml"
    r"|oidc|ec|p|s|k|i|gpt|gpt-|claude|llama|qwen|gemini|python|node|java|es|web|ipv|win|log|crc|sec"
    r"|vite?|vue|level|phase|step|version|version-|option|chacha|blake|poly|secp)[-_]?\d{1,5}[A-Za-z]{0,3}"
    r"(?:[-_/.:][\w.]{1,12}){0,4}"
    r"|(?i:1password|2fa|mfa|auth0|k8s|i18n|l10n|a11y|e2e|n/a|24/7|s3|ec2|b2b|p2p|4xx|5xx|oauth2\w*))"
)
_UUID: Final = re.compile(r"(?i:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")
_HEX: Final = re.compile(r"[0-9a-fA-F]+")
_RUNS: Final = re.compile(r"[A-Za-z0-9+/]+")
_SWITCHES: Final = re.compile(r"[A-Za-z]\d|\d[A-Za-z]")
_HUMPS: Final = re.compile(r"[a-z][A-Z]")
_MARK_INSIDE: Final = re.compile(r"[!@#$%^&*+=?~|§][^\s!?]|[^\W_][!@#$%^&*=?~|§]+[^\W_]")
_JOINT: Final = re.compile(r"[-_.]")
_KEBAB: Final = re.compile(
    r"(?:[A-Za-z]+|\d+|[A-Za-z]\d+)(?:[-_./:](?:[A-Za-z]+\d{0,2}|\d+[A-Za-z]?))+"
)

WORDS: Final = word_set(
    # What stands where a secret might and is none: types, states, instructions, in six languages.
    "true false null none nil undefined void empty blank string str text int integer number bool "
    "boolean bytes char varchar object array list any optional required mandatory missing hidden "
    "masked secret secrets password passwords passwort token tokens key keys value name username "
    "user admin root guest login email valid invalid incorrect wrong correct expired active "
    "inactive revoked rotated changed updated reset forgotten forgot lost leaked compromised "
    "stored saved kept encrypted hashed salted protected secure insecure weak strong default unset "
    "unknown same different unique random generated automatic manual private public basic bearer "
    "digest jwt oauth sso saml ldap mfa totp bcrypt argon2 scrypt plaintext plain cleartext vault "
    "keychain keyring env environment config file yes no on off ok error failed success pending "
    "enabled disabled allowed denied needed unnecessary used unused available unavailable present "
    "absent here there below above see ask todo tbd none nope nothing something changeme example "
    "sample test testing demo dummy placeholder input output field form data request response self "
    "this props state ctx context params body query headers payload session cookie get post new "
    "old current next previous const let var await async return function lambda import from type "
    "case-sensitive readonly read-only write-only rotate rotating expires expiring longer shorter "
    "short long too too-short safe shared sent given set created issued needed "
    "erforderlich falsch richtig abgelaufen geändert vergessen gespeichert verschlüsselt sicher "
    "unsicher leer geheim gültig ungültig bekannt unbekannt nötig optional siehe zurückgesetzt "
    "requis obligatoire incorrecte expiré modifié oublié stocké chiffré vide valide invalide faux "
    "requerido obligatoria incorrecta caducada cambiada olvidada guardada cifrada vacía válida "
    "richiesta obbligatoria errata scaduta cambiata dimenticata salvata cifrata vuota valida "
    "necessária obrigatória incorreta expirada alterada esquecida guardada cifrada vazia inválida"
)
