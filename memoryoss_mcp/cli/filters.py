# SPDX-License-Identifier: AGPL-3.0-only
"""The options that choose among memories, the same for ``recall`` and ``list``."""

from __future__ import annotations

import argparse

from memoryoss_mcp.cli.parser import choice, moment
from memoryoss_mcp.model import MemoryType, Origin, Status
from memoryoss_mcp.store.types import Filters


def add_filters(parser: argparse.ArgumentParser) -> None:
    """Add the options that :func:`read_filters` reads."""
    group = parser.add_argument_group("filters (all that are given must hold)")
    group.add_argument("--agent", metavar="NAME", help="stored by this agent")
    group.add_argument("--session", metavar="NAME", help="stored in this session")
    group.add_argument(
        "--type",
        type=choice(MemoryType, "type"),
        metavar="TYPE",
        help=f"of this type: {', '.join(MemoryType)}",
    )
    group.add_argument(
        "--tag", action="append", default=[], metavar="TAG", help="with this tag; repeat for any of"
    )
    group.add_argument(
        "--after", type=moment("after"), metavar="TIME", help="created after (2026-03-31, RFC 3339)"
    )
    group.add_argument("--before", type=moment("before"), metavar="TIME", help="created before")
    group.add_argument(
        "--origin",
        action="append",
        default=[],
        type=choice(Origin, "origin"),
        metavar="ORIGIN",
        help=f"that came in by this lane: {', '.join(Origin)}; repeat for any of",
    )
    group.add_argument(
        "--status",
        action="append",
        default=[],
        type=choice(Status, "status"),
        metavar="STATUS",
        help=f"with this status: {', '.join(Status)}; repeat for any of",
    )
    group.add_argument("--archived", action="store_true", help="archived ones as well")


def read_filters(options: argparse.Namespace) -> Filters:
    """The filters that the options describe."""
    return Filters(
        agent=options.agent,
        session=options.session,
        memory_type=options.type,
        tags=tuple(options.tag),
        before=options.before,
        after=options.after,
        origins=tuple(options.origin),
        statuses=tuple(options.status),
        include_archived=options.archived,
    )
