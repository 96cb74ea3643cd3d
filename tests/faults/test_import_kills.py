# SPDX-License-Identifier: AGPL-3.0-only
"""A process that is killed while it imports has imported everything or nothing."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

from tests.portable import samples
from tests.store import support

COUNT = 1_500
KILLS = 6

CHILD = """
import sys
from pathlib import Path
from memoryoss_mcp.portable.artifact import open_artifact
from memoryoss_mcp.portable.trust.decision import TrustDecision, TrustStatus
from tests.portable import stores
from tests.store import support

def progress(step, done, total):
    print(step, done, flush=True)

with support.opened(Path(sys.argv[1])) as store:
    unsigned = TrustDecision(TrustStatus.UNSIGNED, "Nothing is signed.")
    stores.importer(store).run(
        open_artifact(Path(sys.argv[2])), "demo", lambda _: unsigned, dry_run=False,
        progress=progress,
    )
print("imported", flush=True)
"""


def test_all_of_a_document_is_there_or_nothing(tmp_path: Path) -> None:
    path, document = tmp_path / "memoryoss.db", tmp_path / "passport.json"
    memories = (samples.memory(f"fact number {n}", n + 1) for n in range(COUNT))
    document.write_bytes(samples.data(samples.passport(*memories)))
    chance = random.Random(7)
    for _ in range(KILLS):
        path.unlink(missing_ok=True)
        for part in ("-wal", "-shm"):
            Path(f"{path}{part}").unlink(missing_ok=True)
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(path), str(document)],
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )
        assert child.stdout is not None
        for line in child.stdout:
            if line.startswith("importing"):
                break
        time.sleep(chance.uniform(0, 0.3))
        child.kill()
        told = child.stdout.read()
        child.wait()
        child.stdout.close()
        with support.opened(path) as store:
            count = store.count("demo")
            assert count in {0, COUNT}
            # What was told before the end of the transaction is no promise; its end is one.
            assert count == COUNT or "imported" not in told
            store.insert([support.entry("a new one", "demo")])
        assert [
            finding for finding in support.unsound(path) if "vector" not in finding.lower()
        ] == []
