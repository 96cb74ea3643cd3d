# SPDX-License-Identifier: AGPL-3.0-only
"""Texts without secrets that look as if they had some: what must come through untouched."""

from __future__ import annotations

import base64
from random import Random
from typing import Final

from benchmarks.secrets.making import ALNUM, BASE64, HEX, run, word

WRITTEN: Final = """
The task-force meets on Monday to plan the risk-assessment.
Our password policy is 12 characters with one digit.
Password length: 12 to 64 characters, no rotation.
The token budget: 4096 for the summary, 8192 for the answer.
The token expires after 3600 seconds.
The access token is valid for 15 minutes and the refresh token for 30 days.
We keep credentials in a secret manager, never in the repository.
Secrets live in AWS Secrets Manager under prod/db/main.
The password is stored in 1Password.
The password is in the vault at secret/data/prod.
The password is required.
The password is hashed with bcrypt and a cost of 12.
Passwords are hashed with argon2id (memory 64 MiB).
The password was rotated on 2024-05-01.
We rotated the API key last week after the leak.
The API key is read from the environment.
API key: see the vault.
API key: <your-key>
api_key = "<your-api-key>"
api_key = "your-api-key-here"
API_KEY=${API_KEY}
API_KEY=$API_KEY
password = os.environ["DB_PASSWORD"]
password = os.getenv("DB_PASSWORD")
const apiKey = process.env.OPENAI_API_KEY;
token = await get_token(user)
password: {{ vault_db_password }}
password: !vault_secret db
password=********
password: ••••••••
secret: xxxxxxxxxxxxxxxx
token = "sk-..."
OPENAI_API_KEY=sk-...
Set OPENAI_API_KEY and ANTHROPIC_API_KEY before you start.
The variable GITHUB_TOKEN is set by the runner.
The header is X-Api-Key, not Authorization.
Authorization: Bearer <token>
Authorization: Bearer ${TOKEN}
Use the Bearer scheme for authentication.
Basic authentication is switched off.
The default was changeme until March.
password: changeme
password=password
password=hunter_service.get_password()
login(user=user, password=password)
def login(username: str, password: str) -> Token:
def __init__(self, token: str | None = None, secret: bytes = b"") -> None:
password: Optional[str] = None
secret: SecretStr
"password": {"type": "string", "minLength": 12}
{"type": "password", "label": "Password", "required": true}
<input type="password" name="password" placeholder="Password">
<label for="password">Password</label>
errors.password = "Password must have 12 characters";
if password == confirm_password:
if not token: raise ValueError("token is missing")
const [password, setPassword] = useState("");
SELECT id, email, password_hash FROM users WHERE token_type = 'refresh';
token_type: bearer
token_url: https://auth.example.org/oauth/token
tokenizer: cl100k_base
max_tokens: 4096
The tokenizer gives 1.3 tokens per word.
Tokens: 128k in, 16k out.
secret_name: prod-db-credentials
secretName: app-tls
secretKeyRef: {name: app, key: password}
passwordSecretRef: app-db
password_file: /run/secrets/db_password
PWD=/home/ada/work
The key insight is that caching beats batching.
The primary key is user_id; the foreign key is order_id.
key: value
sort_key = created_at
cache_key = f"user:{user_id}:profile"
The public key is ssh-ed25519 in the authorized_keys file.
The private key is kept on a YubiKey 5C.
private_key_path = ~/.ssh/id_ed25519
ssh -i ~/.ssh/deploy_key deploy@host
The secret to good coffee is fresh beans.
It is a secret that Ada is leaving.
The secret santa budget is 20 euros.
My favourite password manager is Bitwarden.
Ada prefers passphrases over passwords.
A passphrase is easier to remember than a password.
He gave the password to Bob by phone.
She forgot the password again and had to reset it.
The password reset mail goes out within 5 minutes.
The password field is called user[password].
Session token is stored in localStorage.
The CSRF token is in the cookie csrftoken.
JWT tokens are signed with RS256.
The token is a JWT signed with HS256.
We use OAuth2 with PKCE and OIDC for login.
The model is claude-3-5-sonnet-20241022.
We switched from gpt-4o-2024-08-06 to gpt-4.1-mini.
The image is python:3.12.4-slim-bookworm.
numpy==2.1.3 and scikit-learn==1.5.2 are pinned.
Depends on @types/node@20.11.5 and eslint-plugin-react-hooks@4.6.0.
The path is /usr/local/lib/python3.12/site-packages/numpy/core/_multiarray_umath.so
src/components/authentication/PasswordResetConfirmationDialog.tsx is too long.
com.example.authentication.PasswordEncoderConfigurationProperties
AbstractSingletonProxyFactoryBeanPasswordProvider is a joke.
The bucket is s3://company-prod-eu-central-1-backups/2024/05/01/.
https://example.org/docs/authentication/api-keys#create-an-api-key
https://example.org/reset-password?next=/account
http://localhost:8080/login
postgres://localhost/app
postgresql://app@db.internal/app
postgres://user:password@localhost/app
postgres://${DB_USER}:${DB_PASSWORD}@db/app
redis://localhost:6379/0
mailto:ada@example.org
git@github.com:team/repo.git
The phone pin is in the drawer.
GPIO pin 13 drives the LED and pin 4 the relay.
Pin the version to 2.4.1.
Build 20240501.3 passed: 812 tests, 0 failed.
pass: 10, fail: 2
The exam pass mark is 60 percent.
Boarding pass: gate B12.
The week_2 sprint and peek_buffer were merged.
AKIA is the prefix of AWS access keys.
Keys of OpenAI begin with sk- and those of Anthropic with sk-ant-.
GitHub tokens begin with ghp_ or github_pat_.
The Slack token has the scopes chat:write and files:read.
-----BEGIN PUBLIC KEY-----
-----BEGIN CERTIFICATE-----
"private_key": "-----BEGIN PRIVATE KEY-----\\n...\\n-----END PRIVATE KEY-----\\n"
The PEM file starts with -----BEGIN RSA PRIVATE KEY----- and must be mode 600.
Das Passwort muss 12 Zeichen lang sein.
Das Passwort ist abgelaufen.
Das Passwort steht im Tresor.
Passwort: siehe Tresor
Passwort vergessen? Hier klicken.
Die Passwortrichtlinie verlangt 16 Zeichen.
Der Token läuft nach 3600 Sekunden ab.
Der API-Schlüssel ist in der Umgebungsvariable.
Der Schlüssel zum Erfolg ist Geduld.
Das Geheimnis guter Pasta ist Salz.
Le mot de passe est obligatoire.
Le mot de passe doit comporter 12 caractères.
Mot de passe oublié ?
La clé du problème est le cache.
Le jeton expire au bout de 15 minutes.
La contraseña es obligatoria.
La contraseña debe tener 12 caracteres.
La clave del éxito es la paciencia.
¿Olvidaste tu contraseña?
La password è scaduta.
La password deve avere 12 caratteri.
La chiave del successo è la pazienza.
A senha é obrigatória.
A senha deve ter 12 caracteres.
A chave do problema é o cache.
Esqueceu a senha?
The secret is rotated every 90 days by the operator.
Client secret: rotated, see the runbook.
The token is passed as a query parameter.
The token is invalid or has expired.
token: invalid
Password: required
secret: true
credentials: include
fetch(url, { credentials: "same-origin" })
The credentials are in the team vault.
Ask Ada for the credentials of the test account.
password strength: weak, medium, strong
The password must contain upper-case, lower-case and 2 digits.
Never use Password1 style passwords.
The keyboard shortcut is Ctrl+Shift+P.
The auth token lives in the keychain.
MFA codes come from the authenticator app.
The license key is tied to the machine.
The encryption key is derived with PBKDF2-SHA256 and 600000 iterations.
The encryption key is 256 bits long.
The signing key is an Ed25519 key pair.
api_version: 2024-02-15-preview
apiVersion: external-secrets.io/v1beta1
kind: SecretStore
--password-stdin
docker login --username ada --password-stdin
--token-file /var/run/token
kubectl get secret app-tls -o yaml
vault kv get secret/prod/db
gh auth token
aws sts get-session-token --duration-seconds 3600
The password [redacted:password] was removed.
token: [redacted:github_token]
assert redact("password: x").text
const TOKEN_EXPIRY_SECONDS = 3600;
TOKEN_LIFETIME=15m
PASSWORD_MIN_LENGTH=12
PASSWORD_RESET_TIMEOUT = 259200
SECRET_ROTATION_DAYS=90
""".strip().splitlines()

_MADE: Final = (
    "Fixed in commit {hex40}.",
    "Fixed in {hex7}, released with {hex9}.",
    "The image digest is sha256:{hex64}.",
    "sha256 {hex64}  package-1.2.3.tar.gz",
    '"integrity": "sha512-{base86}=="',
    'ETag: "{hex32}"',
    "The content hash {hex64} is the same on both hosts.",
    "The request id was {uuid}.",
    "memory {uuid} replaces {uuid2}",
    "user_id = {uuid}",
    "trace_id={hex32} span_id={hex16}",
    "![chart](data:image/png;base64,{base300})",
    "background: url(data:image/svg+xml;base64,{base300})",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{base43} ada@laptop",
    "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQ{base300} deploy@ci",
    "-----BEGIN CERTIFICATE-----\n{base64}\n{base64b}\n-----END CERTIFICATE-----",
    "-----BEGIN PUBLIC KEY-----\n{base64}\n-----END PUBLIC KEY-----",
    "The publishable key is pk_live_{alnum24}, which may be seen.",
    "The key id is {hex16}; the fingerprint SHA256:{base43}.",
    "The {word} service owns the {word2} token endpoint.",
    "The password of {word} is kept by {word2}.",
    "{word}_password_hash is 60 characters wide.",
    "bucket {word}-{word2}-{hex7} is empty",
    "pod {word}-{hex9}-x7k2p restarted",
    "Build {hex7} of {word} took 312 s and used 4096 tokens.",
)


def clean_texts(seed: int = 0) -> list[tuple[str, str]]:
    """Ids and texts: what was written for this, and texts with hashes and ids of a seed."""
    choose = Random(seed)
    texts = [(f"written {number}", text) for number, text in enumerate(WRITTEN)]
    for number in range(8):
        texts += [
            (f"made {place}.{number}", template.format_map(_fillings(choose)))
            for place, template in enumerate(_MADE)
        ]
    return texts


def _fillings(choose: Random) -> dict[str, str]:
    uuids = ["-".join(run(choose, HEX, size) for size in (8, 4, 4, 4, 12)) for _ in range(2)]
    return {
        **{f"hex{size}": run(choose, HEX, size) for size in (7, 9, 16, 32, 40, 64)},
        **{f"base{size}": run(choose, BASE64, size) for size in (43, 64, 86)},
        "base64b": run(choose, BASE64, 64),
        "base300": base64.b64encode(choose.randbytes(300)).decode(),
        "alnum24": run(choose, ALNUM, 24),
        "uuid": uuids[0],
        "uuid2": uuids[1],
        "word": word(choose),
        "word2": word(choose),
    }
