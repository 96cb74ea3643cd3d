# SPDX-License-Identifier: AGPL-3.0-only
"""What may enter: every limit of a record, checked before anything is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from memoryoss_mcp.errors import InvalidInputError, LimitExceededError
from memoryoss_mcp.model import Change, Draft, Limits, check_namespace


def admit(draft: Draft, limits: Limits) -> Draft:
    """The draft with its tags trimmed and without repetitions.

    Raises:
        InvalidInputError: blank or undecodable content, an empty tag, a wrong namespace name.
        LimitExceededError: something is larger than its limit. Nothing was stored.
    """
    check_namespace(draft.namespace, limits.max_namespace_length)
    _content(draft.content, limits)
    for field in ("agent", "session", "client", "source_key"):
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
