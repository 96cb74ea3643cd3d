# SPDX-License-Identifier: AGPL-3.0-only
"""What people see: the only module that imports rich, and the only way of text to the terminal.

Every text that comes in is made printable first, so that no stored content can command the
terminal, and none is read as markup.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import IO

from rich.box import SIMPLE_HEAD
from rich.console import Console as RichConsole
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from memoryoss_mcp.cli.streams import abandon, printable
from memoryoss_mcp.store.types import Progress

STYLES = {
    "good": "green",
    "bad": "bold red",
    "warn": "yellow",
    "dim": "bright_black",
    "key": "cyan",
    "strong": "bold",
    "title": "bold blue",
    "plain": "",
}
"""What a style is called in views, and its colours."""

PIPE_WIDTH = 100
"""Columns when the output is not a terminal."""

_EIGHTHS = " ▏▎▍▌▋▊▉"
_BLOCK = "█"

Cell = str | Text
"""What a table holds: plain text, or what :meth:`Console.styled` and :meth:`Console.bar` make."""


class _Rich(RichConsole):
    """Rich ends the process when the reader of its output is gone; the command shall go on."""

    def on_broken_pipe(self) -> None:
        """Send the rest nowhere."""
        abandon(self.file)


class Console:
    """Writes to standard output (or ``stream``); a reader that is gone is no error."""

    def __init__(self, stream: IO[str] | None = None) -> None:
        self._stream = sys.stdout if stream is None else stream
        terminal = self._stream.isatty()
        self._rich = _Rich(
            file=self._stream,
            width=None if terminal else PIPE_WIDTH,
            markup=False,
            emoji=False,
            highlight=False,
        )

    def styled(self, text: str, style: str) -> Text:
        """Text in one of :data:`STYLES`, for a table or a line."""
        return Text(printable(text), style=STYLES[style])

    def bar(self, value: float, *, of: float = 1.0, width: int = 12) -> Text:
        """A bar for the share that a value has ``of`` the largest, and the value; the bar of a
        negative value has another colour."""
        eighths = round(min(abs(value) / of, 1.0) * width * 8) if of else 0
        full, rest = divmod(eighths, 8)
        drawn = _BLOCK * full + (_EIGHTHS[rest] if rest else "")
        text = Text(drawn.ljust(width), style=STYLES["warn" if value < 0 else "key"])
        return text.append(f" {value + 0.0:6.3f}", style=STYLES["plain"])

    def bars(self, numbers: Mapping[str, float], *, indent: int = 0) -> None:
        """Named numbers as bars, compared with the largest of them."""
        largest = max((abs(value) for value in numbers.values()), default=0.0)
        rows = [(name, self.bar(value, of=largest)) for name, value in numbers.items()]
        self.pairs(rows, indent=indent)

    def line(self, *parts: Cell, indent: int = 0) -> None:
        """One paragraph of the parts, wrapped at the width of the terminal."""
        text = Text()
        for part in parts:
            text.append_text(self._text(part))
        self._print(Padding(text, (0, 0, 0, indent), expand=False) if indent else text)

    def command(self, text: str, title: str = "  ") -> None:
        """A command to be copied, behind a title: on one line, however long."""
        self._rich.print(self.styled(title, "dim").append(printable(text), ""), soft_wrap=True)

    def title(self, text: str) -> None:
        """A heading with an empty line before it."""
        self._print(Text("\n" + printable(text), style=STYLES["title"]))

    def blank(self) -> None:
        """An empty line."""
        self._print(Text())

    def block(self, text: str, *, indent: int = 2) -> None:
        """Content as it was stored, indented, wrapped at the width of the terminal."""
        self._print(Padding(Text(printable(text)), (0, 0, 0, indent), expand=False))

    def pairs(self, rows: Sequence[tuple[str, Cell]], *, indent: int = 0) -> None:
        """Names and values, one pair a line."""
        grid = Table.grid(padding=(0, 2))
        grid.add_column(no_wrap=True)
        grid.add_column(overflow="fold")
        for name, value in rows:
            grid.add_row(self.styled(name, "dim"), self._text(value))
        self._print(Padding(grid, (0, 0, 0, indent), expand=False))

    def table(
        self,
        columns: Sequence[str],
        rows: Sequence[Sequence[Cell]],
        *,
        wrap: Sequence[str] = (),
        right: Sequence[str] = (),
        indent: int = 0,
    ) -> None:
        """A table; the columns in ``wrap`` take the room that is left, those in ``right`` are
        numbers."""
        table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold")
        for name in columns:
            table.add_column(
                printable(name),
                no_wrap=name not in wrap,
                overflow="fold",
                ratio=1 if name in wrap else None,
                justify="right" if name in right else "left",
            )
        for row in rows:
            table.add_row(*map(self._text, row))
        self._print(Padding(table, (0, 0, 0, indent), expand=False))

    def ask(self, question: str) -> bool:
        """Ask for a yes; anything else is a no."""
        self._rich.print(self.styled(question, "strong").append(" [y/N] "), end="")
        self._stream.flush()
        return sys.stdin.readline().strip().lower() in {"y", "yes"}

    def _text(self, cell: Cell) -> Text:
        return cell if isinstance(cell, Text) else Text(printable(cell))

    def _print(self, what: Text | Padding) -> None:
        self._rich.print(what)


@contextmanager
def progress_bar(title: str, *, in_bytes: bool) -> Iterator[Progress]:
    """A bar on standard error; gone when the work is done."""
    from rich.progress import (  # start-up time: short commands show no bar
        BarColumn,
        DownloadColumn,
        MofNCompleteColumn,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as Bars

    bars = Bars(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn() if in_bytes else MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=_Rich(file=sys.stderr),
        transient=True,
    )
    with bars:
        task = bars.add_task(printable(title), total=None)

        def report(step: str, done: int, total: int) -> None:
            bars.update(task, description=printable(step), completed=done, total=total or None)

        yield report
