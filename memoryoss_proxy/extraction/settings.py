# SPDX-License-Identifier: AGPL-3.0-only
"""Which language model extracts facts, and with whose key."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final, Literal, get_args
from urllib.parse import urlsplit

from memoryoss_mcp.errors import ConfigError

Provider = Literal["openai", "claude", "ollama"]

ENDPOINTS: Final[dict[str, str]] = {
    "openai": "https://api.openai.com/v1",
    "claude": "https://api.anthropic.com/v1",
    "ollama": "http://127.0.0.1:11434",
}
"""Where each provider is asked unless an endpoint is given."""

_OAUTH: Final = re.compile(
    r"(?:bearer\s+)?(?:eyJ|sk-ant-(?:oat|ort)|ya29\.|gh[ou]_)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class LLMSettings:
    """``endpoint`` is the address before ``/chat/completions``, ``/messages`` or ``/api/chat``; any
    OpenAI-compatible server goes with ``openai``. ``timeout`` is in seconds, for the connection
    (at most five of them) and for each wait for more of the answer.

    Raises:
        ConfigError: the provider is unknown, the model or a needed key is missing, the endpoint is
            no address, or the key is an OAuth token: that is a person's session, not a key that
            was given for this.
    """

    provider: Provider
    model: str
    api_key: str | None = field(default=None, repr=False)
    endpoint: str | None = None
    timeout: float = 30.0

    def __post_init__(self) -> None:
        if self.provider not in get_args(Provider):
            raise ConfigError(
                f"{self.provider!r} is no provider for extraction.",
                hint=f"Use one of {', '.join(get_args(Provider))}.",
            )
        if not self.model.strip():
            raise ConfigError("No model is named for extraction.", hint="Set extract_model.")
        if not self.timeout > 0:
            raise ConfigError("The timeout of extraction must be more than 0 seconds.")
        parts = urlsplit(self.address)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ConfigError("The endpoint of extraction is no http or https address.")
        key = self.api_key
        if key is not None and _OAUTH.match(key.strip()):
            raise ConfigError(
                "The key for extraction is an OAuth token. Those are never used for extraction.",
                hint="Set extract_api_key to an API key of your own.",
            )
        if key is not None and (not key.strip() or not key.isascii() or not key.isprintable()):
            raise ConfigError("The key for extraction is empty or has characters no key has.")
        if key is None and self.provider != "ollama" and self.endpoint is None:
            raise ConfigError(
                f"Extraction with {self.provider} needs an API key.", hint="Set extract_api_key."
            )

    @property
    def address(self) -> str:
        """The endpoint without a closing slash."""
        return (self.endpoint or ENDPOINTS[self.provider]).rstrip("/")
