# SPDX-License-Identifier: AGPL-3.0-only
"""The bill on the command line."""

from __future__ import annotations

import json
import sys
from typing import Final

from rich.console import Console
from rich.table import Table

from memoryoss_mcp.config import Config
from memoryoss_proxy.bill import Bill

SHOWN: Final = (
    "day",
    "client",
    "provider",
    "requests",
    "with memory",
    "tokens injected",
    "used",
    "cached with memory",
    "cached without",
    "facts",
)
"""What fits into 80 columns."""
WORDS: Final = 3
"""Columns of words; the others are numbers."""


def show(config: Config, days: int, *, as_json: bool) -> int:
    """Print what memory cost and saved over the latest ``days``."""
    report = Bill.read(config.data_dir / "proxy" / "bill", days=max(days, 1))
    if as_json:
        json.dump(report.as_json(), sys.stdout, indent=2)
        print()
        return 0
    if not report.lines:
        print("No requests were counted yet.")
        return 0
    headings, rows = report.table()
    shown = [headings.index(heading) for heading in SHOWN]
    table = Table(show_edge=False, pad_edge=False, box=None)
    for number, heading in enumerate(SHOWN):
        left = number < WORDS
        table.add_column(heading, justify="left" if left else "right", no_wrap=left)
    for row in rows[:-1]:
        table.add_row(*(row[place] for place in shown))
    table.add_section()
    table.add_row(*(rows[-1][place] for place in shown), style="bold")
    Console().print(table)
    print("Everything that is counted: --json.")
    if report.unreadable:
        print(f"{report.unreadable} files could not be read and were left out.", file=sys.stderr)
    return 0
