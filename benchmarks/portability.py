# SPDX-License-Identifier: AGPL-3.0-only
"""How fast memories leave and arrive, what that takes in memory, and whether anything is lost or
forged on the way: ``python -m benchmarks.portability [--size N]``.

A namespace of ``size`` memories of one sentence each is exported as a passport and as a signed
bundle, and the bundle is imported, with embeddings, into an empty memory by a process of its own.
Then come 5,000 generated stores sent round, and 10,000 changed bytes of a signed bundle, by the
same tests that run in short form with every change (``tests/portable``).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from benchmarks import report
from benchmarks.scratch import scratch_config
from benchmarks.workload import make_workload
from memoryoss_mcp.model import Memory, Origin, hash_content, new_id
from memoryoss_mcp.recall.indexing import document_terms
from memoryoss_mcp.runtime import Runtime
from memoryoss_mcp.store.changes import Entry

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SIZE: Final = 100_000
ROUND_TRIPS: Final = 5_000
FLIPS: Final = 10_000
EXPORT_PER_SECOND: Final = 5_000.0
IMPORT_PER_SECOND: Final = 300.0
RESIDENT_MIB: Final = 250.0
NAMESPACE: Final = "travel"
_FIRST_MOMENT: Final = 1_700_000_000_000_000_000
_SECOND: Final = 1_000_000_000


def main() -> int:
    """Run the lane; exit code 1 if a figure falls short."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=SIZE)
    parser.add_argument("--receive", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--no-laws", action="store_true", help="leave the generated stores out")
    options = parser.parse_args()
    if options.receive is not None:
        return _receive(options.receive)
    with tempfile.TemporaryDirectory(prefix="memoryoss-") as folder:
        figures = _travel(Path(folder), options.size)
    laws = {} if options.no_laws else _laws()
    document = {"machine": report.machine(), "size": options.size, **figures, "laws": laws}
    mebibytes = "MiB above the base"
    checks = [
        report.Check("export", figures["export_per_second"], EXPORT_PER_SECOND, unit="memories/s"),
        report.Check(
            "export, memory", figures["export_mib"], RESIDENT_MIB, ceiling=True, unit=mebibytes
        ),
        report.Check("import", figures["import_per_second"], IMPORT_PER_SECOND, unit="memories/s"),
        report.Check(
            "import, memory", figures["import_mib"], RESIDENT_MIB, ceiling=True, unit=mebibytes
        ),
        report.Check("the same when exported again", float(figures["same"]), 1.0),
    ]
    checks += [report.Check(name, float(passed), 1.0) for name, passed in laws.items()]
    for name, value in document.items():
        report.say(f"{name}: {value}")
    report.say("\n" + report.verdict(checks))
    document["checks"] = [check.as_json() for check in checks]
    report.write_json(report.RESULTS / "portability.json", document)
    return 0 if all(check.passed for check in checks) else 1


def _travel(folder: Path, size: int) -> dict[str, Any]:
    """Export, then let another process import."""
    from memoryoss_mcp.portable.document import write
    from memoryoss_mcp.portable.signing import sign_bundle

    config = scratch_config(folder / "here")
    with Runtime.open(config) as runtime:
        _fill(runtime, size)
    # A process that has just been started: what filling took is no part of what exporting takes.
    with Runtime.open(config) as runtime, _watched() as seen:
        start = time.perf_counter()
        passport, _ = runtime.export_passport(NAMESPACE, "all")
        with closing(passport), (folder / "passport.json").open("wb") as out:
            write(passport, out)
            exported = time.perf_counter() - start
            signed = sign_bundle(passport, runtime.fabric)
            with (folder / "bundle.json").open("wb") as bundle:
                write(signed, bundle)
            bundled = time.perf_counter() - start
            digest = passport.document["integrity"]["payload_sha256"]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.portability", "--receive", str(folder)],
        check=True,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    received = json.loads(done.stdout.splitlines()[-1])
    return {
        "bytes_per_memory": (folder / "passport.json").stat().st_size / size,
        "words_per_memory": sum(len(text.split()) for text in _texts(1_000)) / 1_000,
        "export_per_second": size / exported,
        "signed_export_per_second": size / bundled,
        "export_mib": seen["peak"],
        "import_per_second": size / received["seconds"],
        "import_mib": received["peak"],
        "import_again_per_second": size / received["again"],
        "same": received["digest"] == digest and received["ready"],
    }


def _receive(folder: Path) -> int:
    """The process that imports: prints what it took."""
    from memoryoss_mcp.portable.artifact import open_artifact

    here = scratch_config(folder / "here")
    config = scratch_config(folder / "there")
    # The same installation, so that what it signed is trusted.
    config.keys_dir.symlink_to(here.keys_dir)
    with Runtime.open(config) as runtime:
        runtime.wait_until_ready()
        with _watched() as seen, closing(open_artifact(folder / "bundle.json")) as artifact:
            start = time.perf_counter()
            imported = runtime.import_artifact(artifact, NAMESPACE, progress=_told)
            seconds = time.perf_counter() - start
        if not imported.preview.trusted:
            raise RuntimeError("the bundle is not trusted")
        [space] = runtime.status().namespaces
        with closing(open_artifact(folder / "bundle.json")) as artifact:
            start = time.perf_counter()
            runtime.import_artifact(artifact, NAMESPACE, dry_run=True)
            again = time.perf_counter() - start
        passport, _ = runtime.export_passport(NAMESPACE, "all")
        digest = passport.document["integrity"]["payload_sha256"]
        passport.close()
    found = {
        "seconds": seconds,
        "peak": seen["peak"],
        "again": again,
        "digest": digest,
        "ready": space.pending == 0,
    }
    report.say(json.dumps(found))
    return 0


def _fill(runtime: Runtime, size: int) -> None:
    memories = [_memory(number, text) for number, text in enumerate(_texts(size))]
    entries: Sequence[Entry] = [Entry(m, tuple(document_terms(m)), None) for m in memories]
    runtime._store.take(NAMESPACE, lambda _find: entries, "store", lambda _done: None)


def _texts(size: int) -> Iterator[str]:
    sentences = make_workload().sentences
    for number in range(size):
        yield f"{sentences[number % len(sentences)].rstrip('.')} (note {number})."


def _memory(number: int, text: str) -> Memory:
    at = _FIRST_MOMENT + number * 60 * _SECOND
    return Memory(
        id=new_id(),
        namespace=NAMESPACE,
        content=text,
        created_at=at,
        updated_at=at,
        tags=("note", f"part-{number % 50}"),
        agent="claude-code",
        session=f"session-{number // 20}",
        origin=Origin.AGENT,
        client="claude-code",
        content_hash=hash_content(text),
        last_verified_at=at,
    )


@contextmanager
def _watched() -> Iterator[dict[str, float]]:
    """The most resident memory (MiB) above that at the beginning, while the block runs."""
    import psutil  # type: ignore[import-untyped]

    process, seen, ended = psutil.Process(), {"peak": 0.0}, threading.Event()
    base = process.memory_info().rss

    def watch() -> None:
        while not ended.wait(0.02):
            above = (process.memory_info().rss - base) / 2**20
            seen["peak"] = max(seen["peak"], above)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield seen
    finally:
        ended.set()
        watcher.join()


def _laws() -> dict[str, bool]:
    """The long form of the tests of round trips and of changed bytes."""
    wanted = {
        f"{ROUND_TRIPS:,} round trips": (
            "tests/portable/test_round_trip.py",
            {"MEMORYOSS_ROUND_TRIPS": str(ROUND_TRIPS)},
        ),
        f"{FLIPS:,} changed bytes": (
            "tests/portable/test_signing.py",
            {"MEMORYOSS_FLIPS": str(FLIPS)},
        ),
    }
    passed = {}
    for name, (path, more) in wanted.items():
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", path]
        done = subprocess.run(command, env=os.environ | more, check=False)
        passed[name] = done.returncode == 0
    return passed


def _told(step: str, done: int, total: int) -> None:
    if done % 6_400 == 0:
        sys.stderr.write(f"{step} {done} of {total}\n")


if __name__ == "__main__":
    sys.exit(main())
