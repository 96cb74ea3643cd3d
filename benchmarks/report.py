# SPDX-License-Identifier: AGPL-3.0-only
"""Results: what machine they come from, JSON, tables on the terminal, and plots."""

from __future__ import annotations

import json
import math
import os
import platform
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

PACKAGES: Final = ("numpy", "onnxruntime", "tokenizers", "apsw", "sqlite-vec", "mcp")
RESULTS: Final = Path(__file__).parent / "results"


@dataclass(frozen=True, slots=True)
class Check:
    """A figure that is asked for: what it is, what was measured, what it has to be.

    ``bound`` is a floor, or a ceiling if ``ceiling`` is set. A figure that was not measured is not
    a number and does not pass.
    """

    name: str
    measured: float
    bound: float
    ceiling: bool = False
    unit: str = ""

    @property
    def passed(self) -> bool:
        """Whether the figure was measured and keeps the bound."""
        if math.isnan(self.measured):
            return False
        return self.measured <= self.bound if self.ceiling else self.measured >= self.bound

    def as_json(self) -> dict[str, Any]:
        """The check as one JSON object."""
        return {
            "name": self.name,
            "measured": plain(self.measured),
            "bound": plain(self.bound),
            "kind": "at most" if self.ceiling else "at least",
            "unit": self.unit,
            "passed": self.passed,
        }


def machine() -> dict[str, Any]:
    """The machine, the versions and how busy it is, as far as they bear on figures."""
    try:
        load: tuple[float, ...] = os.getloadavg()
    except (AttributeError, OSError):  # Windows has none
        load = ()
    return {
        "taken_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "system": f"{platform.system()} {platform.release()}",
        "machine": platform.machine(),
        "cpu": _cpu_name(),
        "cpus": os.cpu_count(),
        "memory_gib": _memory_gib(),
        "load_average": [round(part, 2) for part in load],
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in PACKAGES},
        "commit": _commit(),
    }


def _cpu_name() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _memory_gib() -> float:
    import psutil  # type: ignore[import-untyped]

    return round(float(psutil.virtual_memory().total) / 2**30, 1)


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _commit() -> str | None:
    """The commit that was measured, with ``+`` if files differ from it."""
    folder = Path(__file__).parent
    try:
        head = _git(folder, "rev-parse", "--short", "HEAD")
        changed = _git(folder, "status", "--porcelain", "--", "../memoryoss_mcp")
    except (OSError, subprocess.CalledProcessError):
        return None
    return f"{head}+" if changed else head


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=folder, check=True, capture_output=True, encoding="utf-8"
    )
    return done.stdout.strip()


def plain(value: Any, digits: int = 4) -> Any:
    """The value with floats rounded to ``digits`` places and what is not a number as ``None``, so
    that it is strict JSON."""
    if isinstance(value, float):
        return None if math.isnan(value) or math.isinf(value) else round(value, digits)
    if isinstance(value, Mapping):
        return {str(key): plain(item, digits) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(item, digits) for item in value]
    return value


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    """Write one result file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(plain(document), indent=2, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def say(line: str = "") -> None:
    """Print at once, also into a pipe."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Columns as wide as their widest cell; the first is set left, the others right."""
    cells = [[str(cell) for cell in header], *([_cell(cell) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    lines = [
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    ]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return "-" if math.isnan(value) else f"{value:.3f}"
    return "-" if value is None else str(value)


def verdict(checks: Sequence[Check]) -> str:
    """The figures that are asked for, each with pass or FAIL."""
    rows = [
        (
            check.name,
            "-" if math.isnan(check.measured) else f"{check.measured:.4g}",
            f"{'<=' if check.ceiling else '>='} {check.bound:.4g} {check.unit}".rstrip(),
            "pass" if check.passed else "FAIL",
        )
        for check in checks
    ]
    return table(("required", "measured", "bound", ""), rows)


def plot_bars(
    path: Path, title: str, groups: Sequence[str], series: Mapping[str, Sequence[float]], unit: str
) -> None:
    """Grouped horizontal bars, one group a line, as a PNG."""
    plt = _pyplot()
    figure, axes = plt.subplots(figsize=(8, 0.17 * len(groups) * (len(series) + 1) + 1.4))
    height = 0.85 / len(series)
    for number, (name, values) in enumerate(series.items()):
        places = [group + number * height for group in range(len(groups))]
        bars = axes.barh(places, values, height, label=name)
        axes.bar_label(bars, fmt="%.2f", fontsize=7, padding=2)
    axes.set_yticks([group + 0.425 - height / 2 for group in range(len(groups))], groups)
    axes.margins(x=0.06, y=0.01)
    axes.invert_yaxis()
    axes.set_xlabel(unit)
    figure.suptitle(title)
    axes.legend(fontsize=8, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=len(series))
    _save(figure, path)


def plot_lines(
    path: Path,
    title: str,
    sizes: Sequence[int],
    series: Mapping[str, Sequence[float]],
    unit: str,
    limits: Mapping[str, Sequence[float]] | None = None,
) -> None:
    """Figures over store size, both axes logarithmic, as a PNG. ``limits`` are drawn dashed."""
    plt = _pyplot()
    figure, axes = plt.subplots(figsize=(8, 5))
    for name, values in series.items():
        axes.plot(sizes, values, marker="o", label=name)
    for (name, values), style in zip((limits or {}).items(), ("--", ":"), strict=False):
        axes.plot(sizes, values, linestyle=style, color="black", label=name)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
    axes.set_xlabel("memories")
    axes.set_ylabel(unit)
    axes.set_title(title)
    axes.grid(visible=True, which="both", alpha=0.25)
    axes.legend(fontsize=8)
    _save(figure, path)


def _pyplot() -> Any:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    return pyplot


def _save(figure: Any, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    _pyplot().close(figure)
