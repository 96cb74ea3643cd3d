# SPDX-License-Identifier: AGPL-3.0-only
"""Risky commands: what a shell command line would do, by class."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from memoryoss_mcp.policy.kinds import Kind
from memoryoss_mcp.policy.shell import Command, simple_commands
from memoryoss_mcp.policy.sql import destroys_data
from memoryoss_mcp.text.stopwords import word_set


@dataclass(frozen=True, slots=True)
class RiskyCommand:
    """One command: its class, its text, where it begins, and the words that say what it is done
    to."""

    kind: Kind
    words: str
    start: int
    objects: tuple[str, ...] = ()


Found = Iterator[Kind]


def classify(script: str) -> list[RiskyCommand]:
    """The risky commands of a script, in order."""
    found = []
    for command in simple_commands(script):
        for kind in dict.fromkeys(_kinds(command)):
            found.append(RiskyCommand(kind, command.text, command.start, _objects(command)))
    return found


def is_command(text: str) -> bool:
    """Whether a text begins like a command line: with the name of a program that is known here and
    a word that is no plain English behind it."""
    match = _FIRST.match(text)
    if match is None or match[1] not in IN_LINES | _SUBCOMMANDS.keys():
        return False
    following = match[2]
    return following.startswith(("-", "/", "'", '"')) or following in _SUBCOMMANDS.get(
        match[1], _NO_WORDS
    )


_FIRST: Final = re.compile(r"([a-z][\w.-]*)\s+(\S+)")
_NO_WORDS: Final[frozenset[str]] = frozenset()


def _objects(command: Command) -> tuple[str, ...]:
    """The words of a command that name something, in lower case; a namespace as its environment."""
    words: list[str] = [_OBJECT_OF[command.program]] if command.program in _OBJECT_OF else []
    for word in command.words[1:]:
        words += re.findall(r"[^\W\d_]+", word.lower())
    return tuple(words)


_OBJECT_OF: Final = {"rm": "folder", "psql": "database", "mysql": "database", "dropdb": "database"}


def _kinds(command: Command) -> Found:
    words = list(command.words)
    flags = {word for word in words if word.startswith("-")}
    dry = flags & {"--dry-run", "--dry-run=client", "--dry-run=server", "--check", "--help", "-h"}
    if dry and command.program != "curl":
        return
    rest = [word for word in words[1:] if not word.startswith("-")]
    handler = _HANDLERS.get(command.program)
    if handler is not None:
        yield from handler(command, rest, flags)
    elif command.program in _DATABASES:
        if destroys_data(" ; ".join([*words[1:], command.document])):
            yield Kind.DELETE
        if command.program in _DUMPERS and command.into[:1] and command.into[0] in _SENDERS:
            yield Kind.EXFILTRATE
    elif _SCRIPT.search(words[0]) or (
        command.program in _INTERPRETERS and any(_SCRIPT.search(word) for word in rest[:1])
    ):
        yield Kind.DEPLOY
    elif (
        command.program in ("cat", "tar", "zip", "base64", "gzip")
        and not _SENDERS.isdisjoint(command.into[:1])
        and any(map(names_secret, rest))
    ):
        yield Kind.EXFILTRATE
    if flags & _BYPASSES or any(map(_UNHOOKED.fullmatch, command.settings)):
        yield Kind.OVERRIDE


_SCRIPT: Final = re.compile(
    r"(?:^|/)(?:deploy|release|publish|rollout|promote)[\w-]*\.(?:sh|py|js|ts|rb)$"
)
_INTERPRETERS: Final = word_set("bash sh zsh python python3 node ruby deno bun tsx ts-node")
_BYPASSES: Final = frozenset(
    (
        "--no-verify", "--skip-checks", "--skip-ci", "--skip-review", "--bypass-approval",
        "--skip-hooks", "--override-policy", "--skip-tests", "-DskipTests",
    )
)  # fmt: skip
_UNHOOKED: Final = re.compile(r"HUSKY=0|SKIP=.+|HUSKY_SKIP_HOOKS=1|PRE_COMMIT_ALLOW_NO_CONFIG=1")
_DATABASES: Final = word_set(
    "psql mysql mariadb sqlite3 sqlite mongosh mongo redis-cli cqlsh clickhouse-client bq "
    "snowsql sqlcmd duckdb pg_dump mysqldump mongodump"
)
_DUMPERS: Final = word_set("pg_dump mysqldump mongodump")
_SENDERS: Final = word_set("curl wget nc ncat netcat scp ssh mail mailx sendmail aws gsutil rclone")
_SECRET: Final = re.compile(
    r"(?:^|[/@=])\.env\b|id_rsa|id_ed25519|\.pem\b|\.p12\b|\.kdbx\b|\.aws\b|\.ssh\b|\.kube\b"
    r"|kubeconfig"
    r"|\.npmrc|\.netrc|\.pgpass|credential|secret|passw|payroll|salar|/etc/(?:shadow|passwd)"
    r"|(?:dump|backup|customer|users?|clients?|prod)[\w-]*\.(?:sql|csv|json|gz|tar|tgz|zip"
    r"|xlsx|dump|bak|db)"
    r"|\.sql\b|\.dump\b|printenv|\benv\b",
    re.IGNORECASE,
)
_MADE: Final = re.compile(
    r"(?:^|/)(?:node_modules|dist|build|out|target|__pycache__|coverage|tmp|temp|\.cache"
    r"|\.next|\.nuxt"
    r"|\.venv|venv|\.tox|\.pytest_cache|\.mypy_cache|\.ruff_cache|\.turbo|\.parcel-cache|\.eggs"
    r"|[\w.-]*\.egg-info|htmlcov|[\w.*-]+\.(?:pyc|o|log|tmp|class))(?:/|/\*)?$|^/tmp/"
)
_REMOTE: Final = re.compile(r"^(?:[\w.-]+@)?[\w.-]+:(?!\\)|^(?:s3|gs|ftp|sftp|https?)://")


def names_secret(word: str) -> bool:
    """Whether a word is the name of a file that holds something secret."""
    return _SECRET.search(word) is not None


def _rm(command: Command, rest: Sequence[str], flags: set[str]) -> Found:
    short = "".join(flag[1:] for flag in flags if not flag.startswith("--"))
    recursive = "r" in short.lower() or "--recursive" in flags
    targets = [word for word in rest if not _MADE.search(word)]
    if targets and (recursive or any("*" in word for word in targets)):
        yield Kind.DELETE


def _find(command: Command, rest: Sequence[str], flags: set[str]) -> Found:
    deletes = "-delete" in flags or ("-exec" in flags and "rm" in rest)
    if deletes and not any(_MADE.search(word) for word in rest):
        yield Kind.DELETE


def _always(kind: Kind) -> Callable[[Command, Sequence[str], set[str]], Found]:
    def found(command: Command, rest: Sequence[str], flags: set[str]) -> Found:
        yield kind

    return found


def _git(command: Command, rest: Sequence[str], flags: set[str]) -> Found:
    words = list(command.words[1:])
    while words and words[0] in ("-C", "-c", "--git-dir", "--work-tree"):
        if words[0] == "-c" and "hookspath" in " ".join(words[1:2]).lower():
            yield Kind.OVERRIDE
        words = words[2:]
    if not words:
        return
    verb, rest = words[0], [word for word in words[1:] if not word.startswith("-")]
    flags = {word for word in words[1:] if word.startswith("-")}
    if verb == "push":
        forced = any(flag.startswith("--force") or flag == "-f" for flag in flags)
        if forced or any(word.startswith("+") for word in rest):
            yield Kind.OVERRIDE
        if flags & {"--delete", "-d"} or any(word.startswith(":") for word in rest):
            yield Kind.DELETE
        if "--mirror" in flags:
            yield Kind.DELETE
        if (rest[:1] and rest[0] in ("heroku", "production", "prod", "dokku", "live")) or any(
            re.fullmatch(r"(?:[\w/-]*:)?(?:prod|production|live|release)", w) for w in rest[1:]
        ):
            yield Kind.DEPLOY
    elif verb in ("commit", "merge") and (
        flags & {"--no-verify"} or (verb == "commit" and "-n" in flags)
    ):
        yield Kind.OVERRIDE
    elif (
        (verb == "branch" and flags & {"-D", "--delete"})
        or (verb == "branch" and "-d" in flags and "-f" in flags)
        or (verb == "tag" and flags & {"-d", "--delete"})
        or (verb == "reset" and "--hard" in flags)
        or (verb == "clean" and any("f" in flag for flag in flags) and "-n" not in flags)
        or (verb == "stash" and rest[:1] in (["drop"], ["clear"]))
        or verb
        in (
            "filter-branch",
            "filter-repo",
        )
    ):
        yield Kind.DELETE
    elif verb == "config" and any("hookspath" in word.lower() for word in rest):
        yield Kind.OVERRIDE


def _gh(command: Command, rest: Sequence[str], flags: set[str]) -> Found:
    pair = tuple(rest[:2])
    if pair == ("pr", "merge") and "--admin" in flags:
        yield Kind.OVERRIDE
    elif rest[1:2] == ["delete"] or ("DELETE" in rest and rest[:1] == ["api"]):
        yield Kind.DELETE
    elif pair == ("release", "create") or (
        pair == ("workflow", "run")
        and any(re.search(r"deploy|release|publish", w) for w in rest[2:])
    ):
        yield Kind.DEPLOY
    elif (
        pair == ("gist", "create")
        and ("--public" in flags or "-p" in flags or any(map(names_secret, rest)))
    ) or (pair == ("repo", "edit") and "public" in " ".join(command.words)):
        yield Kind.EXFILTRATE


_CHANGES: Final = word_set(
    "apply set replace patch rollout scale edit create expose upgrade install"
)
_REMOVES: Final = word_set("delete uninstall destroy rm remove drain purge")


def _cluster(command: Command, rest: Sequence[str], flags: set[str]) -> Found:
    verbs = [word for word in rest[:3] if word in _CHANGES | _REMOVES]
    if (
        rest[:2] in (["rollout", "status"], ["rollout", "history"])
        or not verbs
        or "template" in rest[:1]
    ):
        return
    yield Kind.DELETE if verbs[0] in _REMOVES else Kind.DEPLOY


def _infrastructure(command: Command, rest: Sequence[str], flags: set[str]) -> Found:
    verb = rest[0] if rest else ""
    if verb == "destroy" or rest[:2] == ["state", "rm"] or "-destroy" in flags:
        yield Kind.DELETE
    elif (
        verb in ("apply", "up", "deploy", "update")
        or "apply-all" in rest
        or rest[:2] == ["run-all", "apply"]
    ):
        yield Kind.DEPLOY
    if verb in ("apply", "destroy", "up") and flags & {
        "-auto-approve",
        "--auto-approve",
        "--skip-preview",
    }:
        yield Kind.OVERRIDE


def _docker(command: Command, rest: Sequence[str], flags: set[str]) -> Found:
    pair = list(rest[:2])
    if (
        pair[:1] == ["push"]
        or pair in (["image", "push"], ["compose", "push"])
        or pair == ["stack", "deploy"]
    ):
        yield Kind.DEPLOY
    elif (
        pair[1:] == ["prune"]
        or pair == ["volume", "rm"]
        or pair == ["stack", "rm"]
        or ("down" in pair and flags & {"-v", "--volumes", "--rmi"})
    ):
        yield Kind.DELETE


_DEPLOYS: Final = re.compile(r"(?:^|[:_-])(?:deploy|release|publish|promote)(?:$|[:_-])")


def _package(command: Command, rest: Sequence[str], flags: set[str]) -> Found:
    verb = rest[0] if rest else ""
    if (
        verb in ("publish", "deploy", "release")
        or (verb == "run" and any(map(_DEPLOYS.search, rest[1:2])))
        or (
            verb in ("upload", "push")
            and command.program
            in (
                "twine",
                "gem",
                "dotnet",
                "nuget",
                "helm-push",
            )
        )
    ):
        yield Kind.DEPLOY
    elif verb in ("unpublish", "yank"):
        yield Kind.DELETE
    elif any(map(_DEPLOYS.search, rest[:2])):
        yield Kind.DEPLOY


def _hosting(command: Command, rest: Sequence[str], flags: set[str]) -> Found:
    verb = " ".join(rest)
    if re.search(r"\b(?:deploy|up|publish|release|promote)\b", verb) or flags & {
        "--prod",
        "--production",
    }:
        yield Kind.DEPLOY
    elif re.search(r"\b(?:destroy|delete|apps:destroy|pg:reset|remove)\b", verb):
        yield Kind.DELETE


_LOSES: Final = re.compile(r"(?:delete|terminate|remove|deregister|purge|destroy|rm|rb)(?:$|-)")
_ROLLS: Final = re.compile(
    r"deploy(?:$|ment)|create-deployment|update-service|update-function-code|create-release"
)


def _cloud(command: Command, rest: Sequence[str], flags: set[str]) -> Found:
    text = " ".join(command.words)
    if any(map(_LOSES.match, rest[:4])):
        yield Kind.DELETE
    elif (
        any(_ROLLS.match(word) for word in rest[:4])
        and "list" not in rest
        and "describe" not in text
    ):
        yield Kind.DEPLOY
    if re.search(r"public-read|allUsers|AllUsers|--public\b|publicAccess", text):
        yield Kind.EXFILTRATE
    elif {"cp", "sync", "mv", "upload"} & set(rest[:4]) and any(map(names_secret, rest)):
        *_, source, target = ("", *rest)
        if _REMOTE.match(target) and not _REMOTE.match(source):
            yield Kind.EXFILTRATE


_BODIES: Final = frozenset(
    (
        "-F", "--form", "-d", "--data", "--data-binary", "--data-raw", "--data-urlencode",
        "--post-file", "--json", "--body-file",
    )
)  # fmt: skip
"""Options of the body of a request."""


def _http(command: Command, rest: Sequence[str], flags: set[str]) -> Found:
    words = list(command.words[1:])
    if "DELETE" in words or "-XDELETE" in words or "--request=DELETE" in words:
        yield Kind.DELETE
    for at, word in enumerate(words):
        value = words[at + 1] if at + 1 < len(words) else ""
        if word in ("-T", "--upload-file") and names_secret(value):
            yield Kind.EXFILTRATE
        elif word in _BODIES:
            if (
                "@" in value or "$(" in value or "`" in value or word == "--post-file"
            ) and names_secret(value):
                yield Kind.EXFILTRATE
        elif word.startswith(
            ("--post-file=", "--upload-file=", "--data-binary=@")
        ) and names_secret(word):
            yield Kind.EXFILTRATE


def _copy(command: Command, rest: Sequence[str], flags: set[str]) -> Found:
    if command.program == "rsync" and any(flag.startswith("--del") for flag in flags):
        yield Kind.DELETE
    if (
        len(rest) > 1
        and _REMOTE.match(rest[-1])
        and any(names_secret(word) and not _REMOTE.match(word) for word in rest[:-1])
    ):
        yield Kind.EXFILTRATE
    if command.program == "rclone" and rest[:1] and rest[0] in ("delete", "purge"):
        yield Kind.DELETE


def _pipe(command: Command, rest: Sequence[str], flags: set[str]) -> Found:
    if "<" in command.text and names_secret(command.text.split("<", 1)[1]):
        yield Kind.EXFILTRATE


def _rights(command: Command, rest: Sequence[str], flags: set[str]) -> Found:
    if any(re.fullmatch(r"0?[0-7]?777|a\+rwx|ugo\+rwx|o\+w|a\+w|0?666", word) for word in rest[:1]):
        yield Kind.OVERRIDE


_GUARDS: Final = re.compile(
    r"firewalld|ufw|auditd|fail2ban|apparmor|clamav|falco|selinux|crowdstrike"
)


def _services(command: Command, rest: Sequence[str], flags: set[str]) -> Found:
    text = " ".join(command.words[1:])
    if re.search(r"\b(?:stop|disable|mask)\b", text) and _GUARDS.search(text):
        yield Kind.OVERRIDE


def _firewall(command: Command, rest: Sequence[str], flags: set[str]) -> Found:
    if (
        "disable" in rest
        or "0" in rest[:1]
        or "permissive" in [w.lower() for w in rest]
        or flags & {"-F", "--flush"}
    ):
        yield Kind.OVERRIDE


def _block_device(command: Command, rest: Sequence[str], flags: set[str]) -> Found:
    if any(word.startswith("of=/dev/") for word in rest):
        yield Kind.DELETE


def _truncate(command: Command, rest: Sequence[str], flags: set[str]) -> Found:
    if "0" in rest[:1] or "-s0" in flags or "--size=0" in flags:
        yield Kind.DELETE


def _ansible(command: Command, rest: Sequence[str], flags: set[str]) -> Found:
    if "--syntax-check" not in flags and "--list-tasks" not in flags:
        yield Kind.DEPLOY


Handler = Callable[[Command, Sequence[str], set[str]], Found]


def _table(*entries: tuple[str, Handler]) -> dict[str, Handler]:
    return {name: handler for names, handler in entries for name in names.split()}


_HANDLERS: Final[Mapping[str, Handler]] = _table(
    ("rm", _rm),
    ("find", _find),
    ("shred mkfs mkfs.ext4 mkfs.xfs wipefs dropdb dropuser srm", _always(Kind.DELETE)),
    ("dd", _block_device),
    ("truncate", _truncate),
    ("git", _git),
    ("gh glab hub", _gh),
    ("kubectl oc helm helmfile kustomize argocd flux istioctl nomad", _cluster),
    ("terraform tofu terragrunt pulumi cdk cdktf", _infrastructure),
    ("ansible-playbook", _ansible),
    ("docker podman docker-compose nerdctl", _docker),
    ("npm yarn pnpm bun npx twine cargo gem poetry uv flit hatch pdm mvn gradle gradlew make just "
     "task dotnet nuget rake composer lerna semantic-release", _package),
    ("vercel netlify fly flyctl heroku firebase serverless sls eb cap kamal wrangler railway "
     "amplify fastlane render dokku", _hosting),
    ("aws gcloud az gsutil doctl s3cmd bq linode-cli oci ibmcloud", _cloud),
    ("curl wget http https xh", _http),
    ("scp rsync sftp rclone croc", _copy),
    ("nc ncat netcat mail mailx sendmail", _pipe),
    ("chmod", _rights),
    ("systemctl service rc-service launchctl", _services),
    ("ufw setenforce iptables nft netsh", _firewall),
)  # fmt: skip

PROGRAMS: Final[frozenset[str]] = frozenset(_HANDLERS) | _DATABASES
"""Programs whose commands are known here."""

IN_LINES: Final[frozenset[str]] = PROGRAMS - word_set(
    "find just make task http mail hub fly flux cap render service bun uv gem go nomad truncate "
    "mongo netsh oc sqlite firebase railway serverless amplify heroku croc poetry hatch composer "
    "xh dd dokku flit rake sls eb az cdk nft oci bq nc"
)
"""Those whose names are no words of plain text: a line of prose that begins with one is a
command."""

_SUBCOMMANDS: Final[Mapping[str, frozenset[str]]] = {
    "git": word_set("push reset clean branch commit merge stash tag config filter-branch"),
    "gh": word_set("pr repo release gist workflow api secret"),
    "kubectl": word_set("apply delete rollout set scale patch replace drain exec create"),
    "helm": word_set("upgrade install uninstall delete rollback"),
    "terraform": word_set("apply destroy state"),
    "tofu": word_set("apply destroy state"),
    "pulumi": word_set("up destroy"),
    "docker": word_set("push system volume stack compose image exec"),
    "npm": word_set("publish unpublish run"),
    "yarn": word_set("publish deploy run npm"),
    "pnpm": word_set("publish deploy run"),
    "cargo": word_set("publish yank"),
    "twine": word_set("upload"),
    "aws": word_set("s3 ec2 rds dynamodb ecs lambda cloudformation iam s3api deploy"),
    "gcloud": word_set("run app compute sql container storage projects functions"),
    "az": word_set("group vm sql webapp storage"),
    "fly": word_set("deploy apps"),
    "firebase": word_set("deploy"),
    "heroku": word_set("apps:destroy pg:reset releases"),
    "make": word_set("deploy release publish"),
    "systemctl": word_set("stop disable mask"),
    "ufw": word_set("disable"),
    "setenforce": word_set("0 permissive"),
    "chmod": word_set("777 0777 a+rwx"),
    "gsutil": word_set("rm acl cp"),
    "dropdb": _NO_WORDS,
}
"""The words with which a line that begins with a program's name is a command."""
