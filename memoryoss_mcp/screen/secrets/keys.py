# SPDX-License-Identifier: AGPL-3.0-only
"""Keys and tokens whose vendors gave them a shape of their own: prefixes, alphabets, lengths.

The shapes are those that the vendors publish. Where they give a length, a shorter string is no key;
a longer one is redacted to its end, so that no part of a key is left behind.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from memoryoss_mcp.screen.secrets.span import Span
from memoryoss_mcp.screen.secrets.values import is_random

_ALNUM: Final = "A-Za-z0-9"
_WORD: Final = "A-Za-z0-9_"
_URL: Final = "A-Za-z0-9_-"
_BASE64: Final = "A-Za-z0-9+/"
_DOTTED: Final = "A-Za-z0-9_.=-"
_HEX: Final = "0-9a-f"
_BASE32: Final = "A-Z2-7"

_PREFIXED: Final = (
    # kind, prefixes, alphabet of what follows, its least length
    ("anthropic_key", "sk-ant-", _URL, 20),
    ("openai_key", "sk-proj- sk-svcacct- sk-admin- sk-None-", _URL, 20),
    ("openrouter_key", "sk-or-v1-", _HEX, 32),
    ("langfuse_key", "sk-lf-", _URL, 32),
    ("openai_key", "sk-", _ALNUM, 20),
    ("openai_key", "sess-", _ALNUM, 40),
    ("aws_access_key", "AKIA ASIA ABIA ACCA", _BASE32, 16),
    ("aws_bedrock_key", "ABSK", _BASE64, 60),
    ("github_token", "ghp_ gho_ ghu_ ghs_ ghr_", _WORD, 30),
    ("github_token", "github_pat_", _WORD, 40),
    ("gitlab_token", "glpat- gldt- glrt- glrtr- glcbt- glptt- glft- glsoat- glagent- gloas- glimt- "
     "glffct- glwt-", _DOTTED, 20),
    ("slack_token", "xoxa- xoxb- xoxe- xoxp- xoxr- xoxs- xoxc- xoxd- xoxe. xapp-", _DOTTED, 20),
    ("google_api_key", "AIza", _URL, 30),
    ("google_oauth_token", "ya29.", _URL, 20),
    ("google_oauth_secret", "GOCSPX-", _URL, 20),
    ("google_refresh_token", "1//0", _URL, 30),
    ("stripe_key", "sk_live_ sk_test_ rk_live_ rk_test_", _ALNUM, 16),
    ("stripe_webhook_secret", "whsec_", _BASE64, 24),
    ("twilio_key", "SK", _HEX, 32),
    ("sendgrid_key", "SG.", _DOTTED, 40),
    ("npm_token", "npm_", _ALNUM, 30),
    ("pypi_token", "pypi-AgE", _URL, 50),
    ("rubygems_key", "rubygems_", _HEX, 40),
    ("nuget_key", "oy2", "a-z0-9", 43),
    ("crates_token", "cio", _ALNUM, 32),
    ("clojars_token", "CLOJARS_", "0-9a-z", 50),
    ("huggingface_token", "hf_ api_org_", _ALNUM, 30),
    ("docker_token", "dckr_pat_ dckr_oat_", _URL, 20),
    ("digitalocean_token", "dop_v1_ doo_v1_ dor_v1_", _HEX, 40),
    ("cloudflare_token", "cfut_ cfat_ cfk_", _URL, 32),
    ("cloudflare_key", "v1.0-", "0-9a-f-", 100),
    ("heroku_key", "HRKU-", _URL, 30),
    ("databricks_token", "dapi", _HEX, 32),
    ("vault_token", "hvs. hvb. hvr.", _URL, 20),
    ("mailgun_key", "key-", _HEX, 32),
    ("shopify_token", "shpat_ shpca_ shppa_ shpss_ shptka_", "0-9a-fA-F", 32),
    ("atlassian_token", "ATATT3 ATCTT3 ATSTT3", _DOTTED, 40),
    ("bitbucket_password", "ATBB", _ALNUM, 28),
    ("linear_key", "lin_api_ lin_oauth_ lin_wh_", _ALNUM, 30),
    ("notion_token", "ntn_ secret_", _ALNUM, 40),
    ("supabase_key", "sbp_ sb_secret_", _URL, 20),
    ("vercel_token", "vcp_ vci_ vca_ vcr_ vck_", _ALNUM, 24),
    ("age_secret_key", "AGE-SECRET-KEY-1", "A-Za-z0-9", 50),
    ("memoryoss_key", "ek_", _URL, 24),
    ("groq_key", "gsk_", _ALNUM, 40),
    ("xai_key", "xai-", _ALNUM, 60),
    ("perplexity_key", "pplx-", _ALNUM, 40),
    ("replicate_token", "r8_", _ALNUM, 30),
    ("fireworks_key", "fw_", _ALNUM, 22),
    ("nvidia_key", "nvapi-", _URL, 50),
    ("cerebras_key", "csk-", _ALNUM, 40),
    ("together_key", "tgp_v1_", _URL, 30),
    ("langsmith_key", "lsv2_pt_ lsv2_sk_", _WORD, 30),
    ("pinecone_key", "pcsk_", _WORD, 40),
    ("elevenlabs_key", "sk_", _HEX, 40),
    ("jina_key", "jina_", _URL, 40),
    ("tavily_key", "tvly-", _URL, 20),
    ("firecrawl_key", "fc-", _HEX, 32),
    ("posthog_key", "phx_", _ALNUM, 40),
    ("sentry_token", "sntrys_ sntryu_", _BASE64 + "_=", 40),
    ("newrelic_key", "NRAK-", _ALNUM, 24),
    ("grafana_token", "glc_ glsa_", _BASE64 + "_=", 30),
    ("pulumi_token", "pul-", _HEX, 40),
    ("planetscale_token", "pscale_tkn_ pscale_pw_ pscale_oauth_", _DOTTED, 30),
    ("doppler_token", "dp.pt. dp.st. dp.ct. dp.sa. dp.scim. dp.audit.", _DOTTED, 38),
    ("onepassword_token", "ops_eyJ", _DOTTED, 100),
    ("figma_token", "figd_ figu_", _URL, 30),
    ("postman_key", "PMAK-", "0-9a-f-", 50),
    ("netlify_token", "nfp_ nfc_ nfo_ nfu_", _ALNUM, 30),
    ("render_key", "rnd_", _ALNUM, 26),
    ("typeform_token", "tfp_", _URL, 40),
    ("square_token", "sq0atp- sq0csp-", _URL, 20),
    ("alibaba_key", "LTAI", _ALNUM, 16),
    ("tencent_key", "AKID", _ALNUM, 30),
    ("sonar_token", "sqp_ squ_ sqa_", _HEX, 40),
    ("buildkite_token", "bkua_", _HEX, 40),
    ("circleci_token", "CCIPAT_", _WORD, 40),
    ("contentful_token", "CFPAT-", _URL, 40),
    ("artifactory_key", "AKCp", _ALNUM, 60),
    ("dynatrace_token", "dt0c01. dt0s01.", _DOTTED, 60),
    ("tailscale_key", "tskey-", _URL, 20),
    ("resend_key", "re_", _WORD, 24),
    ("brevo_key", "xkeysib- xsmtpsib-", _URL, 64),
    ("neon_key", "napi_", _ALNUM, 40),
    ("deno_token", "ddp_ ddo_", _ALNUM, 36),
    ("sourcegraph_token", "sgp_", _WORD, 40),
    ("openshift_token", "sha256~", _URL, 40),
    ("adafruit_key", "aio_", _ALNUM, 28),
    ("aiven_password", "AVNS_", _URL, 16),
    ("plaid_token", "access-production- access-sandbox- access-development-", _URL, 36),
    ("hubspot_token", "pat-na1- pat-eu1- pat-na2-", "0-9a-f-", 36),
    ("facebook_token", "EAAC EAAG EAAB EAAA", _ALNUM, 80),
    ("launchdarkly_key", "sdk- api-", "0-9a-f-", 36),
)  # fmt: skip

_SHAPED: Final = (
    # kind, a part of it that is always there, the whole
    ("jwt", "eyJ", r"eyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*){1,3}"),
    ("slack_webhook", "hooks.slack.com/", r"(?<=hooks\.slack\.com/)(?:services|workflows|triggers)"
     r"/[\w/-]{20,}"),
    ("discord_webhook", "/api/webhooks/", r"(?<=/api/webhooks/)\d{15,}/[\w-]{40,}"),
    ("teams_webhook", "/webhookb2/", r"(?<=/webhookb2/)[\w@/-]{60,}"),
    ("azure_sas", "sig=", r"(?<=[?&;]sig=)[\w%+/=-]{40,}"),
    ("azure_client_secret", "Q~", r"[\w.~-]{3}[78]Q~[\w.~-]{31,}"),
    ("azure_key", "JQQJ99", r"[A-Za-z0-9]{30,}JQQJ99[A-Za-z0-9]{20,}"),
    ("azure_key", "+ASt", r"[A-Za-z0-9+/]{60,}\+ASt[A-Za-z0-9+/]{4,}={0,2}"),
    ("discord_token", ".", r"[MNO][\w-]{22,27}\.[\w-]{6}\.[\w-]{27,}"),
    ("telegram_token", ":AA", r"\d{8,10}:AA[\w-]{32,}"),
    ("mailgun_key", "-", r"(?<![\w-])[0-9a-f]{32}-[0-9a-f]{8}-[0-9a-f]{8}(?![\w-])"),
    ("mailchimp_key", "-us", r"(?<![\w-])[0-9a-f]{32}-us\d{1,2}(?![\w-])"),
    ("terraform_token", ".atlasv1.", r"[A-Za-z0-9]{14}\.atlasv1\.[\w=-]{50,}"),
    ("airtable_token", "pat", r"(?<![A-Za-z0-9])pat[A-Za-z0-9]{14}\.[0-9a-f]{64}"),
    ("mapbox_token", "sk.eyJ", r"sk\.eyJ[\w-]{20,}\.[\w-]{20,}"),
    ("paypal_token", "access_token$", r"access_token\$(?:production|sandbox)\$\w+\$[0-9a-f]{32}"),
    ("fly_token", "fm", r"(?<![A-Za-z0-9])f(?:m[12]_|o1_)[\w+/=-]{40,}"),
    ("onepassword_secret_key", "A3-", r"(?<![A-Za-z0-9])A3(?:-[A-Z0-9]{5,6}){6,7}"),
)  # fmt: skip

_SHORTEST: Final = 20
_NO_WORD: Final = re.compile(r"[A-Z0-9]")
_LONG: Final = re.compile(rf"[!#-&(-;=?-_a-~]{{{_SHORTEST},}}")
"""Where a key may be: a long passage without spaces, quotes and angle brackets."""


def spans(text: str) -> Iterator[Span]:
    """Where keys of known shapes stand."""
    passages = [match.span() for match in _LONG.finditer(text) if _NO_WORD.search(match[0])]
    if not passages:
        return
    together = "\n".join(text[start:end] for start, end in passages)
    for kind, prefix, pattern in _prefixes():
        if prefix in together:
            for start, end in passages:
                yield from _behind(text, kind, prefix, pattern, start, end)
    for kind, part, shape in _SHAPED:
        if part in together:
            for start, end in passages:
                if text.find(part, start, end) >= 0:
                    for match in _compiled(shape).finditer(text, start, end):
                        if is_random(match[0]):
                            yield match.start(), _whole(text, match.end()), kind
    yield from _aws_secrets(text)


def _behind(
    text: str, kind: str, prefix: str, pattern: str, start: int, end: int
) -> Iterator[Span]:
    """The keys with a prefix in one passage. A short prefix has to begin a word."""
    place = text.find(prefix, start, end)
    while place >= 0:
        body = place + len(prefix)
        match = _compiled(pattern).match(text, body)
        if match and (len(prefix) > 4 or _begins(text, place)) and is_random(match[0]):
            body = _whole(text, match.end())
            while text[body - 1] == ".":
                body -= 1
            yield place, body, kind
        place = text.find(prefix, body, end)


def _begins(text: str, place: int) -> bool:
    """Whether a word begins here; behind an escape (``\\n``, ``%20``) one does."""
    before = text[place - 1 : place]
    if not (before.isascii() and before.isalnum()) and before not in ("_", "-"):
        return True
    return _ESCAPE.search(text, max(0, place - 3), place) is not None


def _whole(text: str, end: int) -> int:
    """The end of the word that a key ends in."""
    match = _REST.match(text, end)
    return match.end() if match else end


def _aws_secrets(text: str) -> Iterator[Span]:
    """The secret half of an access key beside its id."""
    if "AKIA" not in text and "ASIA" not in text:
        return
    for identity in _AWS_ID.finditer(text):
        for match in _AWS_SECRET.finditer(text, identity.end(), identity.end() + _BESIDE):
            body = match[0]
            if any(map(str.isdigit, body)) and body != body.lower() and body != body.upper():
                yield *match.span(), "aws_secret_key"
                break


_BESIDE: Final = 160
_AWS_ID: Final = re.compile(r"A[KS]IA[A-Z2-7]{16}(?![A-Za-z0-9])")
_AWS_SECRET: Final = re.compile(r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{40}(?![A-Za-z0-9+/=])")
_ESCAPE: Final = re.compile(r"(?:\\[nrtbf]|%[0-9A-Fa-f]{2})\Z")
_REST: Final = re.compile(r"[A-Za-z0-9]+")


@cache
def _prefixes() -> tuple[tuple[str, str, str], ...]:
    return tuple(
        (kind, prefix, f"[{alphabet}]{{{least},}}")
        for kind, prefixes, alphabet, least in _PREFIXED
        for prefix in prefixes.split()
    )


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    # One by one, when the first text needs it: all together take longer than the server's start.
    return re.compile(pattern, re.ASCII)
