# SPDX-License-Identifier: AGPL-3.0-only
"""Secrets in command lines that only the program before them gives away: ``mysql -p…``,
``docker login -p …``, ``echo … | sudo -S``; and values of variables and options that are named like
a secret, whatever they look like."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from memoryoss_mcp.exchange.connectors.commandline import (
    SETTING,
    Word,
    program_of,
    simple_commands,
)
from memoryoss_mcp.screen.secrets.names import names
from memoryoss_mcp.screen.secrets.span import MARK, MARK_START
from memoryoss_mcp.screen.secrets.values import is_stand_in
from memoryoss_mcp.text.stopwords import word_set

DEEPEST: Final = 3
"""Command lines inside of others (``bash -c "…"``) that are looked into."""


def without_secrets(command: str) -> tuple[str, tuple[str, ...]]:
    """A command line with marks where such secrets stand, and their kinds."""
    spans = sorted(set(_spans(command, 0, 0)))
    parts: list[str] = []
    kinds: list[str] = []
    end = 0
    for start, last, kind in spans:
        if start < end:
            continue
        parts += (command[end:start], MARK.format(kind))
        kinds.append(kind)
        end = last
    return ("".join((*parts, command[end:])), tuple(kinds)) if kinds else (command, ())


_Span = tuple[int, int, str]


@dataclass(frozen=True, slots=True)
class _Takes:
    """How a program takes a secret: options with the value behind them, options with the value
    attached, options with a user's name in front of it, and the word that makes it the last
    word."""

    behind: tuple[str, ...] = ()
    attached: tuple[str, ...] = ()
    paired: tuple[str, ...] = ()
    last: re.Pattern[str] | None = None


def _spans(text: str, offset: int, depth: int) -> Iterator[_Span]:
    if depth > DEEPEST:
        return
    commands = simple_commands(text)
    for number, (words, piped) in enumerate(commands):
        behind = commands[number + 1][0] if piped and number + 1 < len(commands) else []
        for start, end, kind in (*_named(words), *_given(words), *_piped(words, behind)):
            yield offset + start, offset + end, kind
        for word in words:
            if (quoted := _QUOTED.search(word.text)) and any(map(str.isspace, quoted[1])):
                inside = offset + word.start + quoted.start(1)
                yield from _spans(quoted[1], inside, depth + 1)


def _named(words: list[Word]) -> Iterator[_Span]:
    """``API_TOKEN=…``, ``--password=…``, ``--password …``."""
    for at, word in enumerate(words):
        if setting := SETTING.match(word.text):
            kind = _kind_of(setting["name"])
            if kind and setting["name"].lower() not in _FOLDERS:
                yield from _value(word, setting.end(), kind)
        elif option := _OPTION.match(word.text):
            kind = _kind_of(option["name"])
            # The secrets that containers and clusters know by name are not the secret itself.
            if kind is None or kind == "secret":
                continue
            if option["sign"]:
                yield from _value(word, option.end(), kind)
            elif at + 1 < len(words) and not words[at + 1].text.startswith("-"):
                yield from _value(words[at + 1], 0, kind)


def _kind_of(name: str) -> str | None:
    """The kind of secret that a name stands for, if it stands for one."""
    ends = [found for found in names(name) if found.end == len(name)]
    return ends[0].kind if ends else None


def _given(words: list[Word]) -> Iterator[_Span]:
    """Secrets in the options of programs that are known to take them, whatever runs these
    (``kubectl exec db -- mysql -p…``)."""
    for at, word in enumerate(words):
        program = program_of(word)
        takes = _PROGRAMS.get(program)
        if program in _WITH_ACTION:
            behind = (word.plain for word in words[at + 1 :] if not word.text.startswith("-"))
            takes = _PROGRAMS.get(f"{program} {next(behind, '')}")
        if takes is not None:
            yield from _taken(takes, words[at:])
            return


def _taken(takes: _Takes, words: list[Word]) -> Iterator[_Span]:
    for at, word in enumerate(words[1:], 1):
        following = words[at + 1] if at + 1 < len(words) else None
        if word.text in takes.behind and following and not following.text.startswith("-"):
            yield from _value(following, 0, "password")
        elif word.text in takes.paired and following and not _KEPT_IN.match(following.text):
            joint = _PAIR.search(following.text)
            yield from _value(following, joint.end() if joint else len(following.text), "password")
        else:
            for option in takes.attached:
                if word.text.startswith(option) and len(word.text) > len(option):
                    yield from _value(word, len(option), "password")
                    break
    plain = [word for word in words[1:] if not word.text.startswith("-")]
    if takes.last and len(plain) > 1 and any(takes.last.fullmatch(w.text) for w in words[1:]):
        yield from _value(plain[-1], 0, "password")


def _piped(words: list[Word], behind: list[Word]) -> Iterator[_Span]:
    """What is written into a program that reads a secret from its input."""
    if len(words) < 2 or words[0].plain not in ("echo", "printf") or not behind:
        return
    reader = [word.plain for word in behind]
    if reader[0] == "chpasswd" or (len(reader) > 1 and "chpasswd" in reader[:2]):
        for word in words[1:]:
            if joint := _PAIR.search(word.text):
                yield from _value(word, joint.end(), "password")
        return
    sudo = reader[0] == "sudo" and any(re.fullmatch(r"-[A-Za-z]*S[A-Za-z]*", w) for w in reader)
    if sudo or _FROM_INPUT & set(reader):
        for word in words[1:]:
            if not word.text.startswith("-") and not word.plain.startswith("%"):
                yield from _value(word, 0, "password")


def _value(word: Word, start: int, kind: str) -> Iterator[_Span]:
    """The part of a word from ``start`` on, without its quotes, if it can be a secret."""
    value = word.text[start:]
    first = word.start + start
    if len(value) > 1 and value[0] in "\"'" and value[-1] == value[0]:
        value, first = value[1:-1], first + 1
    elif value.endswith(('"', "'")) and word.text[0] == value[-1]:
        value = value[:-1]
    if not value or value[0] in "$`<" or _PLACE.match(value) or MARK_START in value:
        return
    if not is_stand_in(value):
        yield first, first + len(value), kind


_QUOTED: Final = re.compile(r"""["'`](.+)["'`]""", re.DOTALL)
_OPTION: Final = re.compile(r"--?(?P<name>[A-Za-z][\w-]{2,})(?P<sign>=?)(?:$|(?<==))")
_FOLDERS: Final = word_set("pwd oldpwd")
_PLACE: Final = re.compile(
    r"(?:~|\.{0,2})/|[A-Za-z]:\\|https?://|[\w.-]+\.(?:pem|key|json|txt|crt|p12|ya?ml|toml|env)\Z"
    r"|(?:true|false|yes|no|on|off|none|null|[01])\Z",
    re.IGNORECASE,
)
_KEPT_IN: Final = re.compile(r"(?:file|env|fd|stdin|prompt)\b")
_PAIR: Final = re.compile(r"[%:,](?=.)")
_FROM_INPUT: Final = word_set("--password-stdin --stdin --passphrase-fd cryptsetup --pw-stdin")

_MYSQL: Final = _Takes(attached=("-p",))
_ARCHIVER: Final = _Takes(attached=("-p", "-hp"))
_SHORT_P: Final = _Takes(behind=("-p",))
_EITHER_P: Final = _Takes(behind=("-p",), attached=("-p",))
_CAPITAL_P: Final = _Takes(behind=("-P",))
_LDAP: Final = _Takes(behind=("-w", "-s"), attached=("-w",))
_USER: Final = _Takes(paired=("-U", "-u", "--user"))

_PROGRAMS: Final[dict[str, _Takes]] = {
    **dict.fromkeys(
        ("mysql", "mysqldump", "mysqladmin", "mysqlimport", "mysqlcheck", "mysqlsh", "mysqlbinlog",
         "mariadb", "mariadb-dump", "mariadb-admin", "mycli", "xtrabackup"),
        _MYSQL,
    ),
    **dict.fromkeys(("7z", "7za", "7zr", "7zz", "rar", "unrar"), _ARCHIVER),
    **dict.fromkeys(
        (f"{tool} login" for tool in (
            "docker", "podman", "nerdctl", "buildah", "skopeo", "oras", "crane", "az", "cf", "oc",
            "nexus", "rancher")),
        _SHORT_P,
    ),
    **dict.fromkeys(
        ("mongo", "mongosh", "mongodump", "mongorestore", "mongoexport", "mongoimport",
         "mongostat", "sshpass"),
        _EITHER_P,
    ),
    **dict.fromkeys(("rabbitmqadmin", "cqlsh", "ncftp", "ncftpput", "ncftpget"), _SHORT_P),
    **dict.fromkeys(
        ("zip", "unzip", "zipcloak", "sqlcmd", "bcp", "osql", "mosquitto_pub", "mosquitto_sub",
         "ipmitool", "tsql"),
        _CAPITAL_P,
    ),
    **dict.fromkeys(
        ("ldapsearch", "ldapadd", "ldapmodify", "ldapdelete", "ldappasswd", "ldapwhoami"), _LDAP
    ),
    **dict.fromkeys(("smbclient", "rpcclient", "smbget", "lftp", "curl"), _USER),
    "redis-cli": _Takes(behind=("-a", "--pass")),
    "openssl": _Takes(behind=("-k", "-K"), paired=("-pass", "-passin", "-passout")),
    "htpasswd": _Takes(last=re.compile(r"-\w*b\w*")),
    "xfreerdp": _Takes(attached=("/p:",)),
    "nmcli": _Takes(behind=("password", "wifi-sec.psk", "802-11-wireless-security.psk")),
    "vault login": _Takes(last=re.compile(r"[\w.-]{8,}")),
    "http": _Takes(paired=("-a", "--auth")),
    "https": _Takes(paired=("-a", "--auth")),
}  # fmt: skip
_WITH_ACTION: Final = frozenset(name.split()[0] for name in _PROGRAMS if " " in name)
"""Programs that take a secret for one of their actions only."""
