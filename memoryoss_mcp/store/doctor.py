# SPDX-License-Identifier: AGPL-3.0-only
"""Is the file whole? Checks of the truth and of everything derived from it."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import apsw

from memoryoss_mcp.errors import (
    MemoryOSSError,
    StoreDamagedError,
    StoreNewerError,
    StoreReadOnlyError,
)
from memoryoss_mcp.model import Memory
from memoryoss_mcp.store import (
    file,
    ledger,
    lexical,
    recovery,
    residue,
    rows,
    salvage,
    schema,
    sealed_terms,
    sealing,
    trust,
    vectors,
)
from memoryoss_mcp.store.changes import Analyse
from memoryoss_mcp.store.connection import connect, fetch_all, fetch_one, leave_log, translated
from memoryoss_mcp.store.sealing import Keys
from memoryoss_mcp.store.types import DoctorReport, Finding, Progress

_TRUTH: Final = frozenset({"file", "integrity", "rows"})
"""Checks whose failure no rebuilding heals."""

_COUNT: Final = 1 << 64


def _silent(_step: str, _done: int, _total: int) -> None:
    """Progress that nobody watches."""


def examine(
    path: Path,
    model: tuple[str, str, int],
    analyse: Analyse,
    *,
    repair: bool = False,
    progress: Progress | None = None,
    keys: Keys | None = None,
) -> DoctorReport:
    """Check everything; with ``repair`` rebuild what is derived, and salvage a damaged file into a
    new one beside it. The damaged file itself is never changed. Others may go on writing. Sealed
    namespaces are checked as far as ``keys`` open them."""
    report = progress or _silent
    if not path.exists():
        return DoctorReport((Finding("file", "ok", f"{path} does not exist yet."),))
    findings = _look(path, keys, report)
    broken = [f for f in findings if f.level == "error" and f.repairable]
    if not repair or not broken:
        return DoctorReport(tuple(findings))
    if any(f.check in _TRUTH for f in broken):
        return _salvage(path, model, analyse, keys, report, findings)
    try:
        with contextlib.closing(connect(path, keys=keys)) as connection, translated(path):
            if any(f.check != "erasure" for f in broken):
                recovery.rebuild(connection, analyse, report)
    except StoreDamagedError:
        return _salvage(path, model, analyse, keys, report, findings)
    except MemoryOSSError as error:
        return DoctorReport((*findings, Finding("repair", "error", str(error))))
    if any(f.check == "erasure" for f in broken):
        erasure = residue.erase(path, None)
        if not erasure.clean:
            findings.append(Finding("repair", "error", " ".join(erasure.notes)))
    sound = {f.check for f in _look(path, keys, report) if f.level == "ok"}
    return DoctorReport(tuple(_repaired(f) if f.check in sound else f for f in findings))


def _salvage(
    path: Path,
    model: tuple[str, str, int],
    analyse: Analyse,
    keys: Keys | None,
    progress: Progress,
    findings: Sequence[Finding],
) -> DoctorReport:
    # The damaged file stays as it is until its owner puts the copy in its place: not repaired.
    return DoctorReport((*findings, salvage.salvage(path, model, analyse, progress, keys)))


def _repaired(finding: Finding) -> Finding:
    if finding.level == "ok":
        return finding
    return Finding(finding.check, finding.level, finding.message, finding.repairable, True)


def _look(path: Path, keys: Keys | None, progress: Progress) -> list[Finding]:
    """All findings, of one state of the file: in one read transaction."""
    try:
        with contextlib.closing(connect(path, keys=keys)) as connection, translated(path):
            file.check(connection, path)
            connection.execute("BEGIN")
            try:
                findings = [*_checks(connection, progress), *_locked(connection)]
                if any(f.level == "error" and f.check in _TRUTH for f in findings):
                    leave_log(connection, path)
                return findings
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
    except (StoreNewerError, StoreReadOnlyError) as error:
        return [Finding("file", "error", str(error))]
    except MemoryOSSError as error:
        return [Finding("file", "error", str(error), repairable=True)]


def _checks(connection: apsw.Connection, progress: Progress) -> Iterator[Finding]:
    checks: tuple[tuple[str, Callable[[apsw.Connection], str | None], str, bool], ...] = (
        ("integrity", _integrity, "The database structure is sound.", True),
        ("rows", _rows, "Every memory matches its digest.", True),
        ("ledger", ledger.verify, "The audit chain holds.", False),
        ("tags", _tags, "The tags are in step.", True),
        ("lexical", _lexical, "The lexical index is in step.", True),
        ("vectors", _vectors, "The vector index is in step.", True),
        ("trust", _trust, "What trust rests on is in step.", True),
        ("counters", _counters, "The counters are in step.", True),
        ("erasure", _erasure, "What was forgotten was erased.", True),
    )
    for done, (name, check, good, repairable) in enumerate(checks):
        progress(f"checking {name}", done, len(checks))
        try:
            bad = check(connection)
        except (apsw.Error, MemoryOSSError, LookupError, TypeError, ValueError) as error:
            bad = f"{type(error).__name__}: {error}"  # what is read is not what was ever written
        if bad is None:
            yield Finding(name, "ok", good)
        else:
            yield Finding(name, "error", bad, repairable)
    progress("checking", len(checks), len(checks))


def _integrity(connection: apsw.Connection) -> str | None:
    verdicts = [row[0] for row in connection.execute("PRAGMA integrity_check(5)")]
    return None if verdicts == ["ok"] else "SQLite reports: " + "; ".join(verdicts)


def _rows(connection: apsw.Connection) -> str | None:
    damaged = [memory for _, memory in rows.every(connection) if isinstance(memory, Exception)]
    for ns in sealing.locked(connection):  # a digest needs no key
        damaged += rows.damaged(connection, ns)
    return f"{len(damaged)} memories are damaged. {damaged[0]}" if damaged else None


def _sound(connection: apsw.Connection) -> Iterator[tuple[int, Memory]]:
    """The memories that can be read."""
    for number, memory in rows.every(connection):
        if isinstance(memory, Memory):
            yield number, memory


def _locked(connection: apsw.Connection) -> Iterator[Finding]:
    """The sealed namespaces that could not be looked into."""
    for error in sealing.locked(connection).values():
        yield Finding("sealed", "warning", f"{error.message} It was not examined.")


def _tags(connection: apsw.Connection) -> str | None:
    locked = sealing.locked(connection)
    left = set(fetch_all(connection, "SELECT ns, number, tag FROM tag"))
    missing, unread = 0, set()
    for number, memory in rows.every(connection):
        if not isinstance(memory, Memory):
            unread.add(number)
            continue
        ns = number >> schema.SLOT_BITS
        for tag in memory.tags:
            kept = {(ns, number, t) for t in sealing.tokens(connection, ns, "tag", tag)}
            missing += not kept & left
            left -= kept
    count = missing + sum(1 for ns, number, _ in left if ns not in locked and number not in unread)
    return f"{count} tags do not match their memories." if count else None


def _lexical(connection: apsw.Connection) -> str | None:
    import numpy as np  # start-up time: a healthy start never examines

    missing = fetch_one(
        connection,
        "SELECT (SELECT count(*) FROM memory m WHERE NOT EXISTS"
        " (SELECT 1 FROM lexical l WHERE l.number = m.number)),"
        " (SELECT count(*) FROM lexical l WHERE NOT EXISTS"
        " (SELECT 1 FROM memory m WHERE m.number = l.number))",
    )
    if missing != (0, 0):
        return f"{missing[0]} memories have no lexical entry, {missing[1]} entries no memory."
    # Per term: how many entries, and the sum of what they say.
    expected: Counter[tuple[int, str]] = Counter()
    uncounted = 0
    locked = sealing.locked(connection)
    for number, key, packed, length, terms, frequencies in connection.execute(
        "SELECT l.number, m.id, l.packed, l.length, l.terms, l.frequencies"
        " FROM lexical l JOIN memory m ON m.number = l.number"
    ):
        if number >> schema.SLOT_BITS in locked:
            continue
        if isinstance(terms, bytes):
            seal = sealing.opener(connection, number >> schema.SLOT_BITS)
            entry = sealed_terms.unpack(seal.open("terms", key, terms))
            terms, frequencies = entry.terms, entry.frequencies
        counted = lexical.counted(terms, frequencies)
        uncounted += sum(frequencies) != length and max(frequencies, default=0) < 255
        if packed:
            ns, slot = number >> schema.SLOT_BITS, number & schema.SLOT_MASK
            for term, frequency in counted:
                code = slot + ((lexical.norm_of(length) << 8 | frequency) << schema.SLOT_BITS)
                expected[ns, term] += _COUNT + code
    found: Counter[tuple[int, str]] = Counter()
    for ns, term, segment, data in connection.execute("SELECT * FROM posting"):
        halves = np.frombuffer(data, "<u2").reshape(-1, 2).sum(axis=0, dtype=np.int64).tolist()
        count = len(data) // 4
        slots = halves[0] + count * (segment << lexical.SEGMENT_BITS)
        found[ns, term] += count * _COUNT + slots + (halves[1] << schema.SLOT_BITS)
    if uncounted:
        return f"The lengths of {uncounted} lexical entries are wrong."
    wrong = sum(1 for key in expected.keys() | found.keys() if expected[key] != found[key])
    return f"The postings of {wrong} terms do not match their memories." if wrong else None


def _vectors(connection: apsw.Connection) -> str | None:
    model = vectors.current_model(connection)
    if model is None:
        return "The file names no embedding model."
    # Hashes, not the entries: a large store has to fit into memory.
    found = {
        entry[0]: hash(tuple(entry[1:]))
        for entry in connection.execute(
            "SELECT number, signs, created, session, agent, flags FROM vector_index"
        )
    }
    sealed = sealing.sealed_spaces(connection)
    numbers = {
        number
        for (number,) in connection.execute("SELECT number FROM memory")
        if number >> schema.SLOT_BITS not in sealed
    }
    if found.keys() != numbers:
        return f"{len(found.keys() ^ numbers)} memories and index entries do not match."
    placed = _placed(connection)
    if placed != Counter(numbers):
        return "The places of the index entries do not match the memories."
    signs = {
        number: vectors.signs(data)
        for number, data in connection.execute(
            "SELECT number, data FROM vector WHERE model = ? AND length(data) = ?",
            (model.key, 4 + model.dimension),
        )
    }
    pending = bytes(model.dimension // 8)
    wrong = 0
    for number, memory in _sound(connection):
        if number >> schema.SLOT_BITS in sealed:
            continue
        entry = vectors.metadata(memory, number in signs)
        wrong += found[number] != hash((signs.get(number, pending), *entry))
    if wrong:
        return f"{wrong} index entries do not match their memories or vectors."
    orphans = fetch_one(
        connection,
        "SELECT count(*) FROM vector v WHERE NOT EXISTS"
        " (SELECT 1 FROM memory m WHERE m.number = v.number)",
    )[0]
    return f"{orphans} vectors belong to no memory." if orphans else None


def _trust(connection: apsw.Connection) -> str | None:
    """Whether the reputations and centroids are what the rows make of them."""
    locked = sealing.locked(connection)
    kept = {
        (ns, found.source, found.positive, found.negative)
        for (ns,) in fetch_all(connection, "SELECT DISTINCT ns FROM reputation")
        if ns not in locked
        for found in trust.reputations(connection, ns)
    }
    wrong = kept ^ trust.counted(_sound(connection))
    if wrong:
        return f"The reputations of {len({row[:2] for row in wrong})} sources are wrong."
    model = vectors.current_model(connection)
    sums = trust.summed(connection, model.key) if model is not None else {}
    centroids = trust.centroids(connection)
    wrong_sums = sum(1 for ns in sums.keys() | centroids if sums.get(ns) != centroids.get(ns))
    return f"The centroids of {wrong_sums} namespaces are wrong." if wrong_sums else None


def _placed(connection: apsw.Connection) -> Counter[int]:
    """The row keys in the chunks that searches read, which a scan of the table does not look at."""
    import numpy as np  # start-up time

    placed: Counter[int] = Counter()
    for validity, rowids in connection.execute("SELECT validity, rowids FROM vector_index_chunks"):
        valid = np.unpackbits(np.frombuffer(validity, np.uint8), bitorder="little") == 1
        placed.update(np.frombuffer(rowids, np.int64)[valid].tolist())
    return placed


def _counters(connection: apsw.Connection) -> str | None:
    wrong = [c.name for c in recovery.count(connection) if c.kept != c.actual]
    return f"The counters of {', '.join(wrong)} are wrong." if wrong else None


def _erasure(connection: apsw.Connection) -> str | None:
    count = len(residue.unfinished(connection))
    return f"Bytes of what was forgotten may be left, {count} times." if count else None
