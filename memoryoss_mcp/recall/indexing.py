# SPDX-License-Identifier: AGPL-3.0-only
"""How a memory enters the indexes: its lexical terms and the text that is embedded."""

from __future__ import annotations

from memoryoss_mcp.model import Memory, to_datetime
from memoryoss_mcp.text.timewords import date_terms
from memoryoss_mcp.text.tokens import index_terms


def document_terms(memory: Memory) -> list[str]:
    """The terms under which a memory is found: its words, tags, agent and day."""
    terms = index_terms(memory.content)
    for tag in memory.tags:
        terms += index_terms(tag)
    if memory.agent is not None:
        terms += index_terms(memory.agent)
    terms += date_terms(to_datetime(memory.created_at))
    return terms


def embedding_text(memory: Memory) -> str:
    """The text whose vector stands for a memory."""
    return memory.content
