# SPDX-License-Identifier: AGPL-3.0-only
"""The shapes of identifiers: one piece of text without spaces in, its kind or nothing out."""

import re
from typing import Final, Literal

from memoryoss_mcp.text.stopwords import STOP_WORDS, word_set

IdentifierKind = Literal[
    "path",
    "endpoint",
    "url",
    "env_var",
    "branch_pattern",
    "commit",
    "version",
    "contract",
    "symbol",
    "package",
    "quoted",
    "issue_ref",
    "ip_port",
    "email",
]

_EXTENSIONS: Final = word_set(
    "py pyi ipynb rs go c h cc cpp hpp cs java kt kts scala swift rb php pl lua r jl ex exs erl hs "
    "ml clj dart zig m mm js mjs cjs jsx ts mts cts tsx vue svelte htm html css scss sass less sh "
    "bash zsh fish ps1 bat cmd sql graphql proto json jsonl json5 yml yaml toml ini cfg conf env "
    "properties xml csv tsv parquet md mdx rst txt adoc tex pdf doc docx xls xlsx ppt pptx png jpg "
    "jpeg gif svg webp ico mp3 mp4 wav zip tar gz tgz bz2 xz whl jar exe dll so dylib wasm onnx "
    "safetensors db sqlite sqlite3 lock log pem key crt tf tfvars hcl nix gradle cmake mk service "
    "plist diff patch bak tmpl j2 mcpb"
)
_FILE: Final = re.compile(r"[\w@+~.-]*[\w@+~-]\.([A-Za-z0-9]{1,12})(?::\d+){0,2}")
_KNOWN_FILE: Final = re.compile(
    r"(?:.*/)?(?:Dockerfile|Makefile|Procfile|Gemfile|Rakefile|Vagrantfile|Jenkinsfile|CODEOWNERS|LICENSE|README|CHANGELOG"
    r"|\.(?:env|git|github|vscode|idea|ssh|aws|config|cache|npmrc|gitignore|gitattributes|dockerignore|editorconfig|bashrc"
    r"|zshrc|profile|venv)(?:\.[\w-]+)*)(?:/.*)?"
)
_DIRECTORIES: Final = word_set(
    "src lib libs tests docs bin etc usr var opt tmp pkg cmd scripts config configs assets static "
    "templates benchmarks migrations vendor dist node_modules components"
)
_BRANCH: Final = re.compile(
    r"(?:(?:refs/heads|origin|upstream)/[\w./*-]+"
    r"|(?:feat|feature|fix|bugfix|hotfix|release|releases|chore|refactor|perf|wip|revert|dependabot|renovate)/[\w./*<>-]*[\w*>])"
)
_CONTRACT: Final = re.compile(r"[A-Za-z][\w.-]*(?:/[\w.-]+)*/v\d+(?:\.\d+)*")
_ENDPOINT: Final = re.compile(
    r"/(?:.*/)?(?:v\d+(?:\.\d+)?|api|graphql|webhooks?|oauth2?|rest|rpc|healthz?|readyz|livez|metrics)(?:/.*)?"
    r"|/.*[{<:][A-Za-z_]\w*[}>]?.*"
)
_ROOTS: Final = re.compile(
    r"/(?:etc|usr|var|opt|tmp|home|root|bin|sbin|lib|mnt|srv|dev|proc|sys|Users|Library|Applications|private|data|run|boot|media)"
    r"(?:/.*)?"
)
_EMAIL: Final = re.compile(r"[\w.+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_IP_PORT: Final = re.compile(
    r"\d{1,3}(?:\.\d{1,3}){3}(?:/\d{1,2})?(?::\d{1,5})?|localhost:\d{1,5}|[a-z][a-z0-9-]*(?:\.[a-z0-9-]+)*:\d{2,5}"
)
_ISSUE: Final = re.compile(r"(?:[\w.-]+/[\w.-]+)?#\d+|[A-Z][A-Z0-9]{1,9}-\d+")
_STANDARD: Final = re.compile(
    r"(?:UTF|SHA|ISO|RFC|AES|RSA|DES|MD|TLS|SSL|HTTP|USB|COVID|GPT|IPV|ES|CP|LATIN|ECMA|IEEE|PEP|BASE|SOC|FIPS|CUDA|ARM|X|T|H)-\d+"
)
_SCOPED: Final = re.compile(r"@[a-z0-9~][\w.-]*/[\w.-]+(?:@[\w.^~-]+)?")
_AT_VERSION: Final = re.compile(r"[A-Za-z][\w./-]*@[v^~]?\d[\w.-]*")
_COORDINATE: Final = re.compile(r"[a-z]\w*(?:\.[a-z]\w*)+:[\w.-]+(?::[\w.-]+)?")
_KEBAB: Final = re.compile(
    r"[A-Za-z][A-Za-z0-9]*(?:[-.][A-Za-z0-9]+)*-[A-Za-z0-9]+(?:[-.][A-Za-z0-9]+)*"
)
_ENV: Final = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")
_VERSION: Final = re.compile(
    r"v\d+(?:\.\d+)*(?:[-+.][0-9A-Za-z.-]+)?"
    r"|\d+\.\d+\.\d+(?:\.\d+)*(?:[-+]?(?:a|b|rc|alpha|beta|dev|post|pre)?[0-9A-Za-z.+-]*)?"
)
_NUMBER_WITH_DOT: Final = re.compile(r"\d+\.\d+")
_WORD: Final = re.compile(r"[A-Za-z]?[a-z]+")
"""What most pieces of a text are, and the only thing that they are."""
_HEX: Final = re.compile(r"[0-9a-fA-F]{7,40}")
_SYMBOL: Final = re.compile(
    r"(?:[A-Za-z_]\w*)?(?:::~?[A-Za-z_]\w*)+(?:\(\))?"  # foo::bar
    r"|_*[A-Za-z][A-Za-z0-9]*(?:_+[A-Za-z0-9]+)+_*(?:\(\))?|__?[a-z]\w*"  # snake_case, _private
    r"|[a-z][a-z0-9]*[A-Z]\w*(?:\(\))?|[A-Z][a-z0-9]+(?:[A-Z][a-z0-9]+)+(?:\(\))?"  # camelCase
    r"|[A-Za-z_]\w*\(\)"  # call()
)
_DOTTED: Final = re.compile(r"@?[A-Za-z_]\w+(?:\.[A-Za-z_]\w+)+(?:\(\))?")
_SENTENCE_SEAM: Final = re.compile(r"[a-z]\.[A-Z]")
_COMMIT_WORDS: Final = frozenset(("commit", "sha", "revision", "rev", "hash", "changeset"))


def classify(name: str, before: str = "") -> IdentifierKind | None:
    """Return the kind of one piece, if any; ``before`` is the piece to its left, lower-cased."""
    if _WORD.fullmatch(name) and not _HEX.fullmatch(name) and not _KNOWN_FILE.fullmatch(name):
        return None
    if not any(c.isalnum() for c in name):
        return None
    if "://" in name:
        return "url"
    if "@" in name:
        return _at_kind(name)
    if "/" in name or "\\" in name:
        return _slash_kind(name)
    if "#" in name:
        return "issue_ref" if _ISSUE.fullmatch(name) else None
    if _HEX.fullmatch(name) and (is_commit(name) or before in _COMMIT_WORDS):
        return "commit"
    if _IP_PORT.fullmatch(name):
        return "ip_port"
    if _VERSION.fullmatch(name) or (_NUMBER_WITH_DOT.fullmatch(name) and before == "version"):
        return "version"
    if _ENV.fullmatch(name):
        return "env_var"
    if _is_file(name) or _KNOWN_FILE.fullmatch(name):
        return "path"
    if _SYMBOL.fullmatch(name):
        return "symbol"
    if _DOTTED.fullmatch(name) and not _SENTENCE_SEAM.search(name):
        return "symbol"
    if _COORDINATE.fullmatch(name):
        return "package"
    return _hyphen_kind(name)


def _is_file(name: str) -> bool:
    file = _FILE.fullmatch(name)
    # "main.c" is a file, "5 p.m" is not.
    return file is not None and file[1].lower() in _EXTENSIONS and file.end(1) > 3


def _at_kind(name: str) -> IdentifierKind | None:
    if _SCOPED.fullmatch(name) or _AT_VERSION.fullmatch(name):
        return "package"
    if _EMAIL.fullmatch(name):
        return "email"
    if _DOTTED.fullmatch(name):  # a decorator
        return "symbol"
    return None


def _slash_kind(name: str) -> IdentifierKind | None:
    if "\\" in name:
        return "path" if re.search(r"\w\\+\w", name) else None
    if _ISSUE.fullmatch(name):
        return "issue_ref"
    if _IP_PORT.fullmatch(name):
        return "ip_port"
    last = name.rstrip("/").rsplit("/", 1)[-1]
    is_file = _is_file(last) or _KNOWN_FILE.fullmatch(name) is not None
    if _BRANCH.fullmatch(name) and not is_file:
        return "branch_pattern"
    if _CONTRACT.fullmatch(name):
        return "contract"
    if name.startswith("/"):
        if len(name) < 3:
            return None
        if _ENDPOINT.fullmatch(name) and not is_file and not _ROOTS.fullmatch(name):
            return "endpoint"
        return "path"
    if is_file or name.startswith(("./", "../", "~/")):
        return "path"
    segments = [segment for segment in name.split("/") if segment]
    if len(segments) == 0 or all(segment.isdigit() for segment in segments):
        return None  # 24/7, 5/8/2023
    named = any(re.search(r"[_.*-]|[a-z]\d", segment) for segment in segments)
    known = segments[0] in _DIRECTORIES and (len(segments) > 1 or name.endswith("/"))
    if known or (named and not any(s.lower() in STOP_WORDS for s in segments)):
        return "path"
    return None


def _hyphen_kind(name: str) -> IdentifierKind | None:
    if _STANDARD.fullmatch(name):
        return None
    if _ISSUE.fullmatch(name):
        return "issue_ref"
    if not _KEBAB.fullmatch(name):
        return None
    if any(c.isdigit() for c in name):
        return "package"
    parts = name.lower().split("-")
    # Two words may be any compound; "state-of-the-art" is prose, too.
    return "package" if len(parts) > 2 and STOP_WORDS.isdisjoint(parts) else None


def is_commit(name: str) -> bool:
    """Whether ``name`` can only be a hash: 7 to 40 hexadecimal digits, letters and numbers both."""
    return (
        _HEX.fullmatch(name) is not None
        and name in (name.lower(), name.upper())
        and any(c.isdigit() for c in name)
        and any(c.isalpha() for c in name)
    )
