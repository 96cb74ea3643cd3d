# SPDX-License-Identifier: AGPL-3.0-only
"""Is the file whole? Checks of the truth and of everything derived from it, and repairs."""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import apsw

from memoryoss_mcp.errors import MemoryOSSError, StoreDamagedError
from memoryoss_mcp.model import Memory
from memoryoss_mcp.store import changes, file, ledger, lexical, rows, schema, vectors
from memoryoss_mcp.store.changes import Analyse
from memoryoss_mcp.store.connection import (
    connect,
    fetch_all,
    fetch_one,
    translated,
    write_transaction,
)
from memoryoss_mcp.store.types import DoctorReport, Finding, Progress

_BATCH = 500


def _silent(_step: str, _done: int, _total: int) -> None:
    """Progress that nobody watches."""


def examine(
    path: Path,
    model: tuple[str, str, int],
    analyse: Analyse,
    *,
    repair: bool = False,
    progress: Progress | None = None,
) -> DoctorReport:
    """Check everything; with ``repair`` rebuild what is derived, and salvage a damaged file into a
    new one beside it. The damaged file itself is never changed."""
    report = progress or _silent
    if not path.exists():
        return DoctorReport((Finding("file", "ok", f"{path} does not exist yet."),))
    try:
        with contextlib.closing(connect(path)) as connection, translated(path):
            file.check(connection, path)
            findings = list(_checks(connection, report))
    except MemoryOSSError as error:
        findings = [Finding("file", "error", str(error), repairable=True)]
    damaged = any(f.level == "error" and f.check in {"file", "integrity", "rows"} for f in findings)
    if repair and damaged:
        salvaged = salvage(path, model, analyse, report)
        findings = [_repaired(f) if f.check != "salvage" else f for f in findings] + [salvaged]
    elif repair and any(f.repairable for f in findings):
        with contextlib.closing(connect(path)) as connection, translated(path):
            rebuild(connection, analyse, report)
            again = {f.check: f for f in _checks(connection, report)}
        findings = [
            _repaired(f) if f.repairable and again[f.check].level == "ok" else f for f in findings
        ]
    return DoctorReport(tuple(findings))


def _repaired(finding: Finding) -> Finding:
    if finding.level == "ok":
        return finding
    return Finding(finding.check, finding.level, finding.message, finding.repairable, True)


def _checks(connection: apsw.Connection, progress: Progress) -> Iterator[Finding]:
    checks: tuple[tuple[str, Callable[[apsw.Connection], str | None], str, bool], ...] = (
        ("integrity", _integrity, "The database structure is sound.", True),
        ("rows", _rows, "Every memory matches its digest.", True),
        ("ledger", ledger.verify, "The audit chain holds.", False),
        ("lexical", _lexical, "The lexical index is in step.", True),
        ("vectors", _vectors, "The vector index is in step.", True),
        ("counters", _counters, "The counters are in step.", True),
    )
    for done, (name, check, good, repairable) in enumerate(checks):
        progress(f"checking {name}", done, len(checks))
        try:
            bad = check(connection)
        except (apsw.CorruptError, StoreDamagedError) as error:
            bad = str(error)
        if bad is None:
            yield Finding(name, "ok", good)
        else:
            yield Finding(name, "error", bad, repairable)
    progress("checking", len(checks), len(checks))


def _integrity(connection: apsw.Connection) -> str | None:
    verdicts = [row[0] for row in connection.execute("PRAGMA integrity_check(5)")]
    return None if verdicts == ["ok"] else "SQLite reports: " + "; ".join(verdicts)


def _rows(connection: apsw.Connection) -> str | None:
    damaged = [str(error) for _, error in _every_row(connection) if isinstance(error, Exception)]
    if not damaged:
        return None
    return f"{len(damaged)} memories are damaged. {damaged[0]}"


def _every_row(
    connection: apsw.Connection,
) -> Iterator[tuple[int, Memory | MemoryOSSError]]:
    """All memories one by one, damaged ones as the error that reading them gave."""
    for (number,) in fetch_all(connection, "SELECT number FROM memory ORDER BY number"):
        try:
            found = rows.read(connection, [number])
        except (MemoryOSSError, apsw.Error, ValueError, TypeError, UnicodeError) as error:
            yield number, StoreDamagedError(f"Row {number}: {error}")
            continue
        if number in found:
            yield number, found[number]


def _lexical(connection: apsw.Connection) -> str | None:
    missing = fetch_one(
        connection,
        "SELECT (SELECT count(*) FROM memory m WHERE NOT EXISTS"
        " (SELECT 1 FROM lexical l WHERE l.number = m.number)),"
        " (SELECT count(*) FROM lexical l WHERE NOT EXISTS"
        " (SELECT 1 FROM memory m WHERE m.number = l.number))",
    )
    if missing != (0, 0):
        return f"{missing[0]} memories have no lexical entry, {missing[1]} entries no memory."
    expected: Counter[tuple[int, str]] = Counter()
    for number, terms in connection.execute("SELECT number, terms FROM lexical WHERE packed = 1"):
        for term in terms.split():
            expected[number >> schema.SLOT_BITS, term] += 1
    found: Counter[tuple[int, str]] = Counter()
    for ns, term, size in connection.execute("SELECT ns, term, length(data) FROM posting"):
        found[ns, term] += size // 4
    if expected != found:
        wrong = sum(1 for key in expected.keys() | found.keys() if expected[key] != found[key])
        return f"The postings of {wrong} terms do not match their memories."
    return None


def _vectors(connection: apsw.Connection) -> str | None:
    model = vectors.current_model(connection)
    if model is None:
        return "The file names no embedding model."
    entries = dict(fetch_all(connection, "SELECT number, flags FROM vector_index"))
    numbers = {number for (number,) in connection.execute("SELECT number FROM memory")}
    if entries.keys() != numbers:
        return f"{len(entries.keys() ^ numbers)} memories and index entries do not match."
    with_vector = {
        number
        for (number,) in connection.execute(
            "SELECT number FROM vector WHERE model = ? AND length(data) = ?",
            (model.key, 4 + model.dimension),
        )
    }
    ready = {number for number, flags in entries.items() if flags & vectors.READY}
    if ready != with_vector & numbers:
        return f"{len(ready ^ (with_vector & numbers))} index entries do not match their vectors."
    orphans = fetch_one(
        connection,
        "SELECT count(*) FROM vector v WHERE NOT EXISTS"
        " (SELECT 1 FROM memory m WHERE m.number = v.number)",
    )[0]
    return f"{orphans} vectors belong to no memory." if orphans else None


def _counters(connection: apsw.Connection) -> str | None:
    wrong = []
    for ns, name, live, terms, tail, pending, *actual in fetch_all(connection, _COUNTERS):
        if [live, terms, tail, pending] != actual:
            wrong.append(f"{name} ({ns})")
    return f"The counters of {', '.join(wrong)} are wrong." if wrong else None


_COUNTERS = f"""
SELECT n.ns, n.name, n.live, n.terms, n.tail, n.pending,
  (SELECT count(*) FROM memory m WHERE m.ns = n.ns),
  (SELECT ifnull(sum(length), 0) FROM lexical l WHERE l.number >> {schema.SLOT_BITS} = n.ns),
  (SELECT count(*) FROM lexical l WHERE l.number >> {schema.SLOT_BITS} = n.ns AND packed = 0),
  (SELECT count(*) FROM memory m WHERE m.ns = n.ns AND NOT EXISTS (SELECT 1 FROM vector v
     WHERE v.number = m.number AND v.model = (SELECT value FROM setting WHERE name = 'model')))
FROM namespace n
"""


def rebuild(connection: apsw.Connection, analyse: Analyse, progress: Progress) -> None:
    """Make everything derived anew from the rows, in one transaction."""
    with write_transaction(connection):
        model = vectors.current_model(connection)
        if model is None:
            raise StoreDamagedError("The file names no embedding model.")
        memories = rows.select(connection, "1")
        connection.execute("DELETE FROM lexical")
        connection.execute("DELETE FROM posting")
        for done, (number, memory) in enumerate(memories):
            if done % _BATCH == 0:
                progress("rebuilding the lexical index", done, len(memories))
            lexical.put(connection, number, tuple(analyse(memory)))
        connection.execute(
            "DELETE FROM vector WHERE number NOT IN (SELECT number FROM memory)"
            " OR (model = ? AND length(data) <> ?)",
            (model.key, 4 + model.dimension),
        )
        progress("rebuilding the vector index", len(memories), len(memories))
        vectors.rebuild(connection, model, memories)
        seq = fetch_one(
            connection, "UPDATE setting SET value = value + 1 WHERE name = 'seq' RETURNING value"
        )[0]
        for ns, _, _, _, _, _, live, terms, tail, pending in fetch_all(connection, _COUNTERS):
            connection.execute(
                "UPDATE namespace SET live = ?, terms = ?, tail = ?, pending = ?, seq = ?,"
                " packs = packs + 1 WHERE ns = ?",
                (live, terms, tail, pending, seq, ns),
            )
        changes.pack_tails(connection, lexical.TAIL_LIMIT)


def salvage(
    path: Path, model: tuple[str, str, int], analyse: Analyse, progress: Progress
) -> Finding:
    """Copy every memory that can still be read into a new file beside the damaged one."""
    target = path.with_name(f"{path.stem}-salvaged-{time.strftime('%Y%m%dT%H%M%S')}.db")
    saved = lost = 0
    try:
        file.ensure(target, model)
        with (
            contextlib.closing(connect(path)) as source,
            contextlib.closing(connect(target)) as copy,
            translated(target),
        ):
            new_model = vectors.current_model(copy)
            if new_model is None:
                raise StoreDamagedError(f"{target} could not be made.")
            for number, memory in _readable(source):
                if isinstance(memory, MemoryOSSError):
                    lost += 1
                    continue
                entry = changes.Entry(memory, tuple(analyse(memory)), _vector(source, number))
                with write_transaction(copy):
                    changes.insert(copy, new_model, [entry], "salvage")
                saved += 1
                if saved % _BATCH == 0:
                    progress("salvaging", saved, saved)
    except MemoryOSSError as error:
        return Finding("salvage", "error", f"Nothing could be salvaged: {error}")
    return Finding(
        "salvage",
        "warning",
        f"{saved} memories were salvaged into {target.name}, {lost} could not be read. "
        f"{path.name} was left untouched; to use the copy, move it to that name.",
    )


def _readable(connection: apsw.Connection) -> Iterator[tuple[int, Memory | MemoryOSSError]]:
    """Rows by key, going on behind a damaged page as long as any key can be read."""
    try:
        yield from _every_row(connection)
        return
    except apsw.Error:
        pass  # the key listing itself is damaged: walk the keys below instead
    for ns, following in fetch_all(connection, "SELECT ns, next_slot FROM namespace"):
        for slot in range(following):
            number = rows.row_number(ns, slot)
            try:
                found = rows.read(connection, [number])
            except (MemoryOSSError, apsw.Error, ValueError, TypeError, UnicodeError) as error:
                yield number, StoreDamagedError(f"Row {number}: {error}")
                continue
            if number in found:
                yield number, found[number]


def _vector(connection: apsw.Connection, number: int) -> bytes | None:
    try:
        model = vectors.current_model(connection)
        row: Any = fetch_one(
            connection,
            "SELECT data FROM vector WHERE number = ? AND model = ?",
            (number, model.key if model else 0),
        )
    except apsw.Error:
        return None
    if model is None or row is None or len(row[0]) != 4 + model.dimension:
        return None
    data: bytes = row[0]
    return data
