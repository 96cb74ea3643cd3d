# SPDX-License-Identifier: AGPL-3.0-only
"""A table with a row of names: comma, semicolon, tabulator or bar between its columns."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from memoryoss_mcp.errors import InvalidInputError
from memoryoss_mcp.exchange.record import Found, Skipped
from memoryoss_mcp.exchange.sources.columns import Columns

SAMPLE: Final = 1 << 16
"""Characters by which the form of the table is told."""
LONGEST_CELL: Final = 1 << 24
DELIMITERS: Final = ",;\t|"
SUFFIXES: Final = (".csv", ".tsv", ".tab")


class CsvFile:
    """Reads row by row; UTF-8, with or without a byte order mark."""

    kind = "csv"
    title = "Table (CSV)"

    def __init__(self, columns: Mapping[str, str] | None = None) -> None:
        self._columns = Columns(columns or {})

    def recognises(self, path: Path) -> bool:
        """Whether one of the names of its columns is that of a content."""
        return _is_named_so(path) and self.refusal(path) is None

    def refusal(self, path: Path) -> InvalidInputError | None:
        """Why a file with the name of a table cannot be read; ``None`` if it can, or has another
        name."""
        if not _is_named_so(path):
            return None
        try:
            names = next(_rows(path), (0, []))[1]
        except InvalidInputError as error:
            return error
        return self._columns.refusal(path.name, names)

    def count(self, path: Path) -> int:
        """How many rows there are below the names."""
        return sum(1 for _ in self.read(path))

    def read(self, path: Path) -> Iterator[Found | Skipped]:
        """The memories in their order.

        Raises:
            InvalidInputError: no column is that of the content, or a mapped one is not there.
        """
        rows = _rows(path)
        names = next(rows, (0, []))[1]
        if (refusal := self._columns.refusal(path.name, names)) is not None:
            raise refusal
        for line, cells in rows:
            place = f"line {line}"
            if len(cells) > len(names):
                yield Skipped(place, "more cells than columns")
            elif any(cell.strip() for cell in cells):
                record = dict(zip(names, cells, strict=False))
                yield self._columns.read(record, place)


def _is_named_so(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and path.is_file()


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Rows with the number of the line that each begins in."""
    csv.field_size_limit(LONGEST_CELL)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            dialect = _dialect(file.read(SAMPLE), path.suffix.lower())
            file.seek(0)
            reader = csv.reader(file, dialect, strict=False)
            line = 1
            for cells in reader:
                if cells:
                    yield line, cells
                line = reader.line_num + 1
    except OSError as error:
        raise InvalidInputError(
            f"{path} cannot be read: {error.strerror}.", field="path"
        ) from error
    except UnicodeDecodeError:
        raise InvalidInputError(
            f"{path.name} is not UTF-8.", field="path", hint="Convert it, for example with iconv."
        ) from None
    except csv.Error as error:
        raise InvalidInputError(f"{path.name} is not a table: {error}.", field="path") from None


def _dialect(sample: str, suffix: str) -> type[csv.Dialect]:
    """The usual form with the delimiter that splits the names. The text of cells tells less: it has
    commas of its own, and quotes of any kind."""
    names = sample.partition("\n")[0]
    usual = "\t" if suffix != ".csv" else ","
    best = max(DELIMITERS, key=lambda char: (names.count(char), char == usual))

    class Dialect(csv.excel):
        delimiter = best

    return Dialect
