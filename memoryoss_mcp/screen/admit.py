# SPDX-License-Identifier: AGPL-3.0-only
"""What may enter: every limit of a record, checked before anything is written, and no secrets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from memoryoss_mcp.errors import InvalidInputError, LimitExceededError, SecretRefusedError
from memoryoss_mcp.model import Change, Draft, Limits, check_namespace
from memoryoss_mcp.screen.secrets import find, redact

_LABELS = ("agent", "session", "client", "source_key")


@dataclass(frozen=True, slots=True)
class Admitted:
    """A draft that may be stored, and the kinds of the secrets that were redacted in it."""

    draft: Draft
    redacted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AdmittedChange:
    """A change that may be made, and the kinds of the secrets that were redacted in it."""

    change: Change
    redacted: tuple[str, ...] = ()


def screen_draft(draft: Draft, limits: Limits, secrets: str = "redact") -> Admitted:
    """:func:`admit`, and secrets dealt with as the policy says: ``redact``, ``refuse``, ``keep``.

    Only content can be redacted; tags and labels are what others look for, and are refused.

    Raises:
        SecretRefusedError: the policy refuses secrets, or one is in a tag or a label.
        InvalidInputError, LimitExceededError: as :func:`admit`.
    """
    draft = admit(draft, limits)
    if secrets == "keep":
        return Admitted(draft)
    _refuse_in_tags(draft.tags)
    for field in _LABELS:
        _refuse_secret(field, getattr(draft, field))
    content, kinds = _without_secrets(draft.content, limits, secrets)
    return Admitted(replace(draft, content=content) if kinds else draft, kinds)


def screen_change(change: Change, limits: Limits, secrets: str = "redact") -> AdmittedChange:
    """:func:`admit_change`, and secrets dealt with as in :func:`screen_draft`."""
    change = admit_change(change, limits)
    if secrets == "keep":
        return AdmittedChange(change)
    _refuse_in_tags(change.tags or ())
    for field in ("actor", "session", "source_key"):
        _refuse_secret(field, getattr(change, field))
    if change.content is None:
        return AdmittedChange(change)
    content, kinds = _without_secrets(change.content, limits, secrets)
    return AdmittedChange(replace(change, content=content) if kinds else change, kinds)


def admit(draft: Draft, limits: Limits) -> Draft:
    """The draft with its tags trimmed and without repetitions.

    Raises:
        InvalidInputError: blank or undecodable content, an empty tag, a wrong namespace name.
        LimitExceededError: something is larger than its limit. Nothing was stored.
    """
    check_namespace(draft.namespace, limits.max_namespace_length)
    _content(draft.content, limits)
    for field in _LABELS:
        _label(field, getattr(draft, field), limits)
    if draft.confidence is not None and not 0.0 <= draft.confidence <= 1.0:
        raise InvalidInputError("confidence must be between 0 and 1.", field="confidence")
    return replace(draft, tags=_tags(draft.tags, limits))


def admit_change(change: Change, limits: Limits) -> Change:
    """The change with its tags trimmed and without repetitions. Raises like :func:`admit`."""
    check_namespace(change.namespace, limits.max_namespace_length)
    if change.content is None and change.tags is None and change.memory_type is None:
        raise InvalidInputError(
            "The update changes nothing.",
            field="content",
            hint="Send new content, tags or memory_type.",
        )
    if change.content is not None:
        _content(change.content, limits)
    return change if change.tags is None else replace(change, tags=_tags(change.tags, limits))


def _without_secrets(content: str, limits: Limits, policy: str) -> tuple[str, tuple[str, ...]]:
    """The content as the policy wants it, and the kinds of what was redacted."""
    if policy == "refuse":
        _refuse_secret("content", content)
        return content, ()
    redacted = redact(content)
    if redacted.found:
        _content(redacted.text, limits)  # A mark may be longer than what it stands for.
    return redacted.text, tuple(secret.kind for secret in redacted.found)


def _refuse_in_tags(tags: Sequence[str]) -> None:
    for tag in tags:
        _refuse_secret("tags", tag)


def _refuse_secret(field: str, text: str | None) -> None:
    if text is None or not (found := find(text)):
        return
    kinds = ", ".join(dict.fromkeys(secret.kind for secret in found))
    raise SecretRefusedError(
        f"{field} holds a secret ({kinds}). Nothing was stored.",
        field=field,
        hint="Leave it out, and name the place where it is kept instead.",
    )


def _content(content: str, limits: Limits) -> None:
    size = len(_text("content", content))
    if not content.strip():
        raise InvalidInputError(
            "The content is empty.", field="content", hint="Send the fact to remember as text."
        )
    if size > limits.max_content_bytes:
        raise LimitExceededError(
            f"The content has {size} bytes; {limits.max_content_bytes} are allowed. "
            "Nothing was stored.",
            field="content",
            hint="Store its facts one by one.",
        )


def _tags(tags: Sequence[str], limits: Limits) -> tuple[str, ...]:
    if len(tags) > limits.max_tags:
        raise LimitExceededError(
            f"{len(tags)} tags were sent; {limits.max_tags} are allowed. Nothing was stored.",
            field="tags",
            hint="Keep the few that you would filter by.",
        )
    trimmed = dict.fromkeys(tag.strip() for tag in tags)
    for tag in trimmed:
        if not tag:
            raise InvalidInputError("A tag is empty.", field="tags", hint="Leave it out.")
        if len(_text("tags", tag)) > limits.max_tag_length:
            raise LimitExceededError(
                f"The tag {tag[:40]!r}… is longer than {limits.max_tag_length} bytes. "
                "Nothing was stored.",
                field="tags",
            )
    return tuple(trimmed)


def _label(field: str, label: str | None, limits: Limits) -> None:
    if label is None:
        return
    if not label.strip():
        raise InvalidInputError(f"{field} is empty.", field=field, hint="Leave it out.")
    if len(_text(field, label)) > limits.max_label_length:
        raise LimitExceededError(
            f"{field} is longer than {limits.max_label_length} bytes. Nothing was stored.",
            field=field,
        )


def _text(field: str, text: str) -> bytes:
    """The UTF-8 bytes of a text that can be kept as it is."""
    if "\0" in text:
        raise InvalidInputError(
            f"{field} holds a NUL character. Nothing was stored.", field=field, hint="Remove it."
        )
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise InvalidInputError(
            f"{field} is not valid Unicode (half of a surrogate pair). Nothing was stored.",
            field=field,
            hint="Send well-formed UTF-8.",
        ) from None
