# SPDX-License-Identifier: AGPL-3.0-only
"""The sizes that a record and a request may have."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Upper bounds, in UTF-8 bytes where they count text. Names as in the ``[limits]`` table."""

    max_content_bytes: int = 32_768
    max_tags: int = 50
    max_tag_length: int = 256
    max_namespace_length: int = 128
    max_label_length: int = 256
    """Bytes of ``agent``, ``session``, ``client`` and ``source_key``."""
    max_batch: int = 1_000
    max_recall_limit: int = 100
    max_forget: int = 10_000
