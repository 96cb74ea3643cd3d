# SPDX-License-Identifier: AGPL-3.0-only
"""The record of a demonstration: each step told while it happens and kept for the JSON document."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from memoryoss_mcp.cli.views import preview

if TYPE_CHECKING:
    from memoryoss_mcp.cli.console import Console


@dataclass
class Step:
    """One thing that was tried: what, whether it did what it says, how long it took."""

    name: str
    claim: str
    holds: bool = False
    milliseconds: float = 0.0
    details: dict[str, Any] = field(default_factory=dict)


class Transcript:
    """Steps in order; ``console`` is where they are told, ``None`` for nowhere."""

    def __init__(self, console: Console | None) -> None:
        self.console = console
        self.steps: list[Step] = []
        self._start = time.perf_counter()

    @property
    def holds(self) -> bool:
        """Whether every step did what it says."""
        return bool(self.steps) and all(step.holds for step in self.steps)

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return time.perf_counter() - self._start

    def chapter(self, title: str) -> None:
        """Begin a part of the demonstration."""
        if self.console is not None:
            self.console.title(title)

    @contextmanager
    def step(self, name: str, claim: str) -> Iterator[Step]:
        """Time a step; the block sets ``holds`` and ``details``."""
        step = Step(name, claim)
        start = time.perf_counter()
        yield step
        if not step.milliseconds:
            step.milliseconds = (time.perf_counter() - start) * 1000
        self.steps.append(step)
        self._tell(step)

    def say(self, text: str, *, style: str = "plain", indent: int = 4) -> None:
        """Add something for people to read."""
        if self.console is not None:
            self.console.line(self.console.styled(text, style), indent=indent)

    def numbers(self, rows: Mapping[str, float]) -> None:
        """Show numbers as bars."""
        if self.console is not None:
            self.console.bars(rows, indent=6)

    def found(self, memory: Mapping[str, Any], *, style: str = "plain") -> None:
        """Show a recalled memory with its score."""
        if self.console is not None:
            text = preview(memory.get("content") or memory.get("summary") or "", 84)
            console = self.console
            console.line(
                console.styled(f"{memory['score']:.2f}  ", "key"),
                console.styled(text, style),
                indent=6,
            )

    def document(self) -> dict[str, Any]:
        """Everything, for machines."""
        return {
            "ok": self.holds,
            "seconds": round(self.seconds, 3),
            "steps": [
                {
                    "name": step.name,
                    "claim": step.claim,
                    "ok": step.holds,
                    "milliseconds": round(step.milliseconds, 2),
                    **step.details,
                }
                for step in self.steps
            ],
        }

    def _tell(self, step: Step) -> None:
        if self.console is None:
            return
        console = self.console
        console.line(
            console.styled("✓ " if step.holds else "✗ ", "good" if step.holds else "bad"),
            step.claim,
            console.styled(f"  {_duration(step.milliseconds)}", "dim"),
            indent=2,
        )


def _duration(milliseconds: float) -> str:
    return f"{milliseconds / 1000:.2f} s" if milliseconds >= 1000 else f"{milliseconds:.1f} ms"
