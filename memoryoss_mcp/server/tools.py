# SPDX-License-Identifier: AGPL-3.0-only
"""The four tools. Each is one call of the runtime between two translations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mcp_types import Tool, ToolAnnotations

from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.model import Change, Draft, MemoryType, Origin, parse_id, parse_time
from memoryoss_mcp.recall.query import Filters, RecallQuery
from memoryoss_mcp.server import results
from memoryoss_mcp.server.arguments import (
    Arguments,
    ForgetArguments,
    RecallArguments,
    StoreArguments,
    UpdateArguments,
    parse_arguments,
)
from memoryoss_mcp.server.handle import RuntimeHandle
from memoryoss_mcp.server.schema import compact_schema
from memoryoss_mcp.store.types import ForgetRequest

DEFAULT_LIMIT = 10
DEFAULT_MAX_TOKENS = 6_000
"""Claude Code cuts tool results at 25,000 tokens by default; a few memories need far less."""


def recall(handle: RuntimeHandle, given: RecallArguments, client: str | None) -> Mapping[str, Any]:
    """Answer a question from the memory."""
    runtime = handle.runtime(client)
    choice = handle.namespace(given.namespace)
    max_tokens = DEFAULT_MAX_TOKENS if given.max_tokens is None else given.max_tokens
    if max_tokens < 1:
        raise InvalidInputError("max_tokens must be at least 1.", field="max_tokens")
    query = RecallQuery(
        text=given.query,
        namespace=choice.name,
        limit=DEFAULT_LIMIT if given.limit is None else given.limit,
        filters=Filters(
            agent=given.agent,
            session=given.session,
            memory_type=given.memory_type,
            tags=tuple(given.tags or ()),
            after=_time(given.after, "after"),
            before=_time(given.before, "before"),
        ),
        cursor=given.cursor,
        budget_tokens=max_tokens,
    )
    # Before the model is waited for: the policies are read meanwhile.
    ruling = handle.policies.begin(runtime, choice.name, given.query)
    handle.runtime_for_search(client)
    if given.explain:
        explanation = runtime.explain(query)
        result = explanation.result
        return results.recall_output(result, choice, max_tokens, explanation, ruling())
    return results.recall_output(runtime.recall(query), choice, max_tokens, ruling=ruling())


def store(handle: RuntimeHandle, given: StoreArguments, client: str | None) -> Mapping[str, Any]:
    """Keep a memory."""
    runtime = handle.runtime(client)
    choice = handle.namespace(given.namespace)
    draft = Draft(
        content=given.content,
        namespace=choice.name,
        tags=tuple(given.tags or ()),
        agent=given.agent,
        session=given.session,
        memory_type=given.memory_type or MemoryType.SEMANTIC,
        origin=Origin.AGENT,
        client=client,
        created_at=_time(given.created_at, "created_at"),
    )
    return results.store_output(runtime.store(draft), choice)


def update(handle: RuntimeHandle, given: UpdateArguments, client: str | None) -> Mapping[str, Any]:
    """Change a memory that was kept."""
    if given.content is None and given.tags is None and given.memory_type is None:
        raise InvalidInputError(
            "There is nothing to change.", hint="Send content, tags or memory_type."
        )
    runtime = handle.runtime(client)
    choice = handle.namespace(given.namespace)
    change = Change(
        id=parse_id(given.id),
        namespace=choice.name,
        content=given.content,
        tags=None if given.tags is None else tuple(given.tags),
        memory_type=given.memory_type,
    )
    return results.update_output(runtime.update(change), choice)


def forget(handle: RuntimeHandle, given: ForgetArguments, client: str | None) -> Mapping[str, Any]:
    """Delete memories by their ids."""
    runtime = handle.runtime(client)
    choice = handle.namespace(given.namespace)
    request = ForgetRequest(
        namespace=choice.name,
        ids=tuple(parse_id(text) for text in given.ids),
        dry_run=bool(given.dry_run),
    )
    return results.forget_output(runtime.forget(request), choice)


def _time(text: str | None, field: str) -> int | None:
    return None if text is None else parse_time(text, field=field)


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool: what the client is told of it, and the function that does it (in a worker thread)."""

    name: str
    title: str
    description: str
    arguments: type[Arguments]
    output: type[Any]
    run: Callable[[RuntimeHandle, Any, str | None], Mapping[str, Any]]
    read_only: bool
    destructive: bool
    idempotent: bool

    def listing(self) -> Tool:
        """The tool as ``tools/list`` shows it, all hints spelled out."""
        return Tool(
            name=self.name,
            title=self.title,
            description=self.description,
            input_schema=compact_schema(self.arguments),
            output_schema=compact_schema(self.output),
            annotations=ToolAnnotations(
                read_only_hint=self.read_only,
                destructive_hint=self.destructive,
                idempotent_hint=self.idempotent,
                open_world_hint=False,
            ),
        )

    def call(
        self, handle: RuntimeHandle, arguments: dict[str, Any], client: str | None
    ) -> Mapping[str, Any]:
        """Run the tool; blocks.

        Raises:
            MemoryOSSError: whatever the caller should know.
        """
        return self.run(handle, parse_arguments(self.arguments, arguments), client)


TOOLS = {
    spec.name: spec
    for spec in (
        ToolSpec(
            name="memoryoss_recall",
            title="Recall Relevant Memories",
            description="Search long-term memory by meaning, words and identifiers: best "
            "first, with confidence.",
            arguments=RecallArguments,
            output=results.RecallOutput,
            run=recall,
            read_only=True,
            destructive=False,
            idempotent=True,
        ),
        ToolSpec(
            name="memoryoss_store",
            title="Store New Memory",
            description="Keep one fact, decision, preference or lesson for later sessions.",
            arguments=StoreArguments,
            output=results.StoreOutput,
            run=store,
            read_only=False,
            destructive=False,
            idempotent=False,
        ),
        ToolSpec(
            name="memoryoss_update",
            title="Update Existing Memory",
            description="Replace content, tags or type of a memory. Its id stays.",
            arguments=UpdateArguments,
            output=results.UpdateOutput,
            run=update,
            read_only=False,
            destructive=True,
            idempotent=False,
        ),
        ToolSpec(
            name="memoryoss_forget",
            title="Delete Stored Memory",
            description="Delete memories by id, permanently.",
            arguments=ForgetArguments,
            output=results.ForgetOutput,
            run=forget,
            read_only=False,
            destructive=True,
            idempotent=True,
        ),
    )
}
