# SPDX-License-Identifier: AGPL-3.0-only
"""Files that commands write for their user."""

from __future__ import annotations

import contextlib
import io
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from memoryoss_mcp.errors import MemoryOSSError


class ExportFailedError(MemoryOSSError):
    """The file of an export could not be written. What was there before is as it was."""

    code = "export_failed"


@contextlib.contextmanager
def new_file(target: Path) -> Iterator[IO[str]]:
    """A text file that is there whole or not at all."""
    with new_binary_file(target) as out:
        text = io.TextIOWrapper(out, encoding="utf-8", newline="\n")
        yield text
        text.flush()
        text.detach()


@contextlib.contextmanager
def new_binary_file(target: Path) -> Iterator[IO[bytes]]:
    """A file that is there whole or not at all."""
    draft = target.with_name(f"{target.name}.{os.getpid()}.part")
    if target.exists():
        raise ExportFailedError(f"{target} exists already.", hint="Choose another name.")
    try:
        with draft.open("xb") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        draft.rename(target)
    except OSError as error:
        raise ExportFailedError(f"{target} cannot be written ({error.strerror}).") from error
    finally:
        with contextlib.suppress(OSError):  # renamed, or it was never made
            draft.unlink()


def stamp() -> str:
    """The present time for the name of a file."""
    return time.strftime("%Y%m%d-%H%M%S")
