# SPDX-License-Identifier: AGPL-3.0-only
"""Children: started ahead of their work, given a job as one line of JSON, heard line by line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

ROOT: Final = Path(__file__).parents[2]
PATIENCE_S: Final = 180.0
"""A child that says nothing for so long hangs."""


class ChildError(Exception):
    """A child ended in a way that its job does not allow."""


class Child:
    """A process of this lane. Leaving the ``with`` block ends it, whatever it is doing."""

    def __init__(self, *, prefix: Sequence[str] = (), module: str = "benchmarks.faults.child"):
        self.process = subprocess.Popen(
            [*prefix, sys.executable, "-m", module],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=os.environ | {"PYTHONIOENCODING": "utf-8", "PYTHONPATH": str(ROOT)},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def tell(self, line: Mapping[str, Any]) -> None:
        """Send one line."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(line).encode() + b"\n")
        self.process.stdin.flush()

    def lines(self) -> Iterator[dict[str, Any]]:
        """What it says, until it ends. A last line without its end was never said."""
        assert self.process.stdout is not None
        while True:
            guard = threading.Timer(PATIENCE_S, self.process.kill)
            guard.start()
            try:
                line = self.process.stdout.readline()
            finally:
                guard.cancel()
            if not line.endswith(b"\n"):
                return
            yield json.loads(line)

    def hear(self) -> dict[str, Any]:
        """The next line.

        Raises:
            ChildError: it ended instead.
        """
        for line in self.lines():
            return line
        raise ChildError(self.ended())

    def kill(self) -> None:
        """``kill -9``, on Windows ``TerminateProcess``."""
        self.process.kill()

    def killed(self) -> bool:
        """Wait for its end; whether it was killed."""
        status = self.process.wait()
        if sys.platform == "win32":
            return status in {1, signal.SIGTERM}  # by the parent, by itself
        return status == -signal.SIGKILL

    def ended(self) -> str:
        """Wait for its end; how it ended, with the last line it wrote to stderr."""
        status = self.process.wait()
        assert self.process.stderr is not None
        complaint = self.process.stderr.read().decode(errors="replace").strip()
        return f"exit status {status}: {complaint.splitlines()[-1] if complaint else 'no message'}"


def ask(job: Mapping[str, Any], *, prefix: Sequence[str] = ()) -> dict[str, Any]:
    """Have a job done by a child of its own; its one line of answer.

    Raises:
        ChildError: it crashed.
    """
    with Child(prefix=prefix) as child:
        child.tell(job)
        answer = child.hear()
        status = child.process.wait(PATIENCE_S)
        if status:
            raise ChildError(child.ended())
        return answer


def allowed(*command: str) -> bool:
    """Whether a command can be run here with success."""
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False
