# SPDX-License-Identifier: AGPL-3.0-only
"""Secrets made at run time, random for each seed, in the shapes that vendors and people give them.

None is ever committed, and none was ever valid.
"""

from __future__ import annotations

import base64
import json
import string
from collections.abc import Callable, Mapping
from random import Random
from typing import Final

Maker = Callable[[Random], str]

LETTERS: Final = string.ascii_letters
ALNUM: Final = string.ascii_letters + string.digits
URL: Final = ALNUM + "_-"
BASE64: Final = ALNUM + "+/"
HEX: Final = "0123456789abcdef"
BASE32: Final = string.ascii_uppercase + "234567"
BECH32: Final = "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L"


def run(choose: Random, alphabet: str, length: int) -> str:
    """Random characters of an alphabet."""
    return "".join(choose.choices(alphabet, k=length))


def _prefixed(prefix: str, alphabet: str, length: int, end: str = "") -> Maker:
    return lambda choose: prefix + run(choose, alphabet, length) + end


def _one_of(*makers: Maker) -> Maker:
    return lambda choose: choose.choice(makers)(choose)


def _jwt(choose: Random) -> str:
    header = base64.urlsafe_b64encode(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())
    claims = {"sub": run(choose, HEX, 12), "exp": choose.randrange(10**9)}
    body = base64.urlsafe_b64encode(json.dumps(claims).encode())
    return ".".join((header.decode().rstrip("="), body.decode().rstrip("="), run(choose, URL, 43)))


def _atlas(choose: Random) -> str:
    return f"{run(choose, ALNUM, 14)}.atlasv1.{run(choose, URL, 67)}"


VENDORS: Final[Mapping[str, Maker]] = {
    "openai": _one_of(
        _prefixed("sk-", ALNUM, 48),
        _prefixed("sk-proj-", URL, 120),
        _prefixed("sk-svcacct-", URL, 120),
    ),
    "anthropic": _one_of(
        _prefixed("sk-ant-api03-", URL, 93, "AA"), _prefixed("sk-ant-oat01-", URL, 86, "AA")
    ),
    "openrouter": _prefixed("sk-or-v1-", HEX, 64),
    "deepseek": _prefixed("sk-", HEX, 32),
    "aws access key": _one_of(_prefixed("AKIA", BASE32, 16), _prefixed("ASIA", BASE32, 16)),
    "github": _one_of(
        *(_prefixed(prefix, ALNUM, 36) for prefix in ("ghp_", "gho_", "ghu_", "ghs_", "ghr_"))
    ),
    "github fine-grained": lambda choose: (
        f"github_pat_{run(choose, ALNUM, 22)}_{run(choose, ALNUM, 59)}"
    ),
    "gitlab": _one_of(_prefixed("glpat-", URL, 20), _prefixed("glrt-", URL, 20)),
    "slack": _one_of(
        lambda choose: "-".join(
            (
                "xoxb",
                run(choose, string.digits, 12),
                run(choose, string.digits, 13),
                run(choose, ALNUM, 24),
            )
        ),
        lambda choose: "-".join(
            (
                "xapp",
                "1",
                run(choose, BASE32, 11),
                run(choose, string.digits, 13),
                run(choose, HEX, 64),
            )
        ),
    ),
    "google api": _prefixed("AIza", URL, 35),
    "google oauth": _one_of(_prefixed("ya29.", URL, 120), _prefixed("GOCSPX-", URL, 28)),
    "stripe": _one_of(_prefixed("sk_live_", ALNUM, 24), _prefixed("rk_live_", ALNUM, 99)),
    "stripe webhook": _prefixed("whsec_", ALNUM, 32),
    "twilio": _prefixed("SK", HEX, 32),
    "sendgrid": lambda choose: f"SG.{run(choose, URL, 22)}.{run(choose, URL, 43)}",
    "npm": _prefixed("npm_", ALNUM, 36),
    "pypi": _prefixed("pypi-AgEIcHlwaS5vcmc", URL, 130),
    "rubygems": _prefixed("rubygems_", HEX, 48),
    "crates": _prefixed("cio", ALNUM, 32),
    "huggingface": _prefixed("hf_", LETTERS, 34),
    "docker": _prefixed("dckr_pat_", URL, 27),
    "digitalocean": _prefixed("dop_v1_", HEX, 64),
    "heroku": _prefixed("HRKU-AA", URL, 58),
    "databricks": _one_of(_prefixed("dapi", HEX, 32), _prefixed("dapi", HEX, 32, "-2")),
    "vault": _prefixed("hvs.", URL, 95),
    "discord bot": lambda choose: (
        f"{choose.choice('MNO')}{run(choose, ALNUM, 25)}"
        f".{run(choose, URL, 6)}.{run(choose, URL, 38)}"
    ),
    "discord webhook": lambda choose: (
        f"{run(choose, string.digits[1:], 18)}/{run(choose, URL, 68)}"
    ),
    "slack webhook": lambda choose: (
        f"services/T{run(choose, BASE32, 10)}/B{run(choose, BASE32, 10)}/{run(choose, ALNUM, 24)}"
    ),
    "telegram": lambda choose: f"{run(choose, string.digits[1:], 10)}:AA{run(choose, URL, 33)}",
    "mailgun": _one_of(
        _prefixed("key-", HEX, 32),
        lambda choose: "-".join((run(choose, HEX, 32), run(choose, HEX, 8), run(choose, HEX, 8))),
    ),
    "mailchimp": lambda choose: f"{run(choose, HEX, 32)}-us{choose.randrange(1, 22)}",
    "shopify": _prefixed("shpat_", HEX, 32),
    "atlassian": lambda choose: (
        f"ATATT3xFfGF0{run(choose, URL, 170)}={run(choose, HEX.upper(), 8)}"
    ),
    "linear": _prefixed("lin_api_", ALNUM, 40),
    "notion": _one_of(_prefixed("ntn_", ALNUM, 46), _prefixed("secret_", ALNUM, 43)),
    "supabase": _one_of(_prefixed("sbp_", HEX, 40), _prefixed("sb_secret_", URL, 31)),
    "azure client secret": lambda choose: f"{run(choose, ALNUM, 3)}8Q~{run(choose, URL, 34)}",
    "groq": _prefixed("gsk_", ALNUM, 52),
    "xai": _prefixed("xai-", ALNUM, 80),
    "perplexity": _prefixed("pplx-", ALNUM, 48),
    "replicate": _prefixed("r8_", ALNUM, 37),
    "nvidia": _prefixed("nvapi-", URL, 64),
    "langsmith": lambda choose: f"lsv2_pt_{run(choose, HEX, 32)}_{run(choose, HEX, 10)}",
    "sentry": _prefixed("sntryu_", HEX, 64),
    "newrelic": _prefixed("NRAK-", string.ascii_uppercase + string.digits, 27),
    "grafana": _prefixed("glsa_", ALNUM, 32, "_0a1b2c3d"),
    "pulumi": _prefixed("pul-", HEX, 40),
    "planetscale": _prefixed("pscale_tkn_", URL, 43),
    "doppler": _prefixed("dp.pt.", ALNUM, 43),
    "figma": _prefixed("figd_", URL, 40),
    "postman": lambda choose: f"PMAK-{run(choose, HEX, 24)}-{run(choose, HEX, 34)}",
    "netlify": _prefixed("nfp_", ALNUM, 36),
    "square": _prefixed("sq0atp-", URL, 22),
    "airtable": lambda choose: f"pat{run(choose, ALNUM, 14)}.{run(choose, HEX, 64)}",
    "terraform": _atlas,
    "tailscale": lambda choose: f"tskey-auth-{run(choose, ALNUM, 12)}-{run(choose, ALNUM, 32)}",
    "age": _prefixed("AGE-SECRET-KEY-1", BECH32, 58),
    "memoryoss": _prefixed("ek_", HEX, 64),
    "jwt": _jwt,
}
"""Keys that are recognised by their own shape, wherever they stand."""

_CONSONANTS: Final = "bdfghklmnprstvwz"
_VOWELS: Final = "aeiou"


def word(choose: Random, syllables: int = 3) -> str:
    """A word of no language, which no list can hold."""
    return "".join(choose.choice(_CONSONANTS) + choose.choice(_VOWELS) for _ in range(syllables))


def _mixed(choose: Random) -> str:
    """What a password manager makes."""
    length = choose.randrange(10, 25)
    made = [*run(choose, ALNUM + "!@#$%^*-_+=?", length - 4), *"aB7%"]
    choose.shuffle(made)
    return choose.choice(ALNUM + "!@#$%^*") + "".join(made)


def _capital_and_year(choose: Random) -> str:
    return word(choose).capitalize() + str(choose.randrange(10, 2030)) + choose.choice(("", "!"))


PASSWORDS: Final[Mapping[str, Maker]] = {
    "random": _mixed,
    "word and number": _capital_and_year,
    "words joined": lambda choose: "-".join(word(choose, 2) for _ in range(4)),
    "letters swapped": lambda choose: (
        word(choose).capitalize().replace("o", "0").replace("a", "4").replace("e", "3") + "9x"
    ),
    "short": lambda choose: run(choose, string.ascii_lowercase, 4) + run(choose, string.digits, 3),
}
"""Passwords as people and programs choose them."""

TOKENS: Final[Mapping[str, Maker]] = {
    "hex": lambda choose: run(choose, HEX, choose.choice((32, 40, 64))),
    "base62": lambda choose: run(choose, ALNUM, choose.randrange(24, 48)),
    "base64": lambda choose: base64.b64encode(choose.randbytes(32)).decode(),
    "uuid": lambda choose: "-".join(run(choose, HEX, length) for length in (8, 4, 4, 4, 12)),
    "url-safe": lambda choose: run(choose, URL, 43),
}
"""Keys without a shape of their own: only their names tell."""


def private_key(choose: Random) -> str:
    """A private key in its armour; its bytes are noise."""
    kind = choose.choice(("", "RSA ", "EC ", "OPENSSH ", "ENCRYPTED "))
    body = base64.b64encode(choose.randbytes(choose.randrange(120, 1200))).decode()
    lines = [body[start : start + 64] for start in range(0, len(body), 64)]
    return "\n".join(
        (f"-----BEGIN {kind}PRIVATE KEY-----", *lines, f"-----END {kind}PRIVATE KEY-----")
    )


def pgp_key(choose: Random) -> str:
    """A private key of PGP in its armour."""
    body = base64.b64encode(choose.randbytes(600)).decode()
    lines = [body[start : start + 64] for start in range(0, len(body), 64)]
    return "\n".join(
        ("-----BEGIN PGP PRIVATE KEY BLOCK-----", "Version: GnuPG v2", "", *lines,
         "-----END PGP PRIVATE KEY BLOCK-----")
    )  # fmt: skip


BLOCKS: Final[Mapping[str, Maker]] = {
    "private key": private_key,
    "private key on one line": lambda choose: private_key(choose).replace("\n", "\\n"),
    "pgp private key": pgp_key,
}
