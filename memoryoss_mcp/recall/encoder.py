# SPDX-License-Identifier: AGPL-3.0-only
"""The embedding model of a runtime: loaded late, in the background if wished, never twice."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from memoryoss_mcp.embed import Embedder, ModelSpec, load
from memoryoss_mcp.errors import MemoryOSSError
from memoryoss_mcp.model import Memory
from memoryoss_mcp.recall.indexing import embedding_text
from memoryoss_mcp.store.store import Store

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_log = logging.getLogger("memoryoss")

FILL_BATCH = 32
"""Pending memories that are embedded before they are written."""

FILL_SLICE = 2_048
"""Vectors that are read ahead at once: a few milliseconds."""


class Encoder:
    """Thread-safe. ``error`` says why the model could not be loaded; recall then goes on by
    words."""

    def __init__(self, spec: ModelSpec, models_dir: Path, threads: int) -> None:
        self.spec = spec
        self._models_dir = models_dir
        self._threads = threads
        self._lock = threading.Lock()
        self._embedder: Embedder | None = None
        self.error: MemoryOSSError | None = None

    @property
    def ready(self) -> bool:
        """Whether the model is loaded."""
        return self._embedder is not None

    def load(self) -> Embedder | None:
        """The model, loaded now if it was not; ``None`` (and ``error``) if that is impossible."""
        with self._lock:
            if self._embedder is None and self.error is None:
                try:
                    self._embedder = load(self.spec, self._models_dir, threads=self._threads)
                except MemoryOSSError as error:
                    self.error = error
                    _log.warning("recall goes on by words only: %s", error)
            return self._embedder

    def vectors(self, memories: Sequence[Memory]) -> list[bytes] | None:
        """Encoded vectors of memories, ``None`` while there is no model."""
        embedder = self._embedder
        if embedder is None:
            return None
        from memoryoss_mcp.store.vectors import encode

        return encode(embedder.embed([embedding_text(memory) for memory in memories]))

    def query(self, text: str) -> NDArray[np.float32] | None:
        """The vector of a query (dimension,), ``None`` while there is no model."""
        embedder = self._embedder
        return None if embedder is None else embedder.embed_query(text)


class Warmer:
    """Loads model and index in the background, then finishes what was interrupted: erasures, and
    memories without their vectors. ``afterwards`` is run behind that, with a function that says
    when to stop."""

    def __init__(
        self,
        encoder: Encoder,
        store: Store,
        namespace: str,
        afterwards: Callable[[Callable[[], bool]], None],
    ) -> None:
        self._afterwards = afterwards
        self._encoder = encoder
        self._store = store
        self._namespace = namespace
        self._wake = threading.Event()
        self._done = threading.Event()
        self._stop = False
        self._thread = threading.Thread(target=self._run, name="memoryoss-warmer", daemon=True)
        self._thread.start()

    def wait(self, timeout: float | None) -> bool:
        """Wait until everything is loaded (or known to be impossible)."""
        return self._done.wait(timeout)

    def wake(self) -> None:
        """Memories are pending: look again."""
        self._wake.set()

    def close(self) -> None:
        """Stop after the batch at hand."""
        self._stop = True
        self._wake.set()
        self._thread.join(timeout=10.0)

    def _fill_index(self) -> None:
        """Read vectors ahead in slices: a query waits for one slice at most."""
        while not self._stop and self._store.searcher().fill(FILL_SLICE):
            pass

    def _finish_erasures(self) -> None:
        try:
            erasure = self._store.finish_erasures()
        except (MemoryOSSError, OSError) as error:
            _log.warning("an interrupted erasure could not be finished: %s", error)
            return
        if erasure is not None:
            outcome = "was finished" if erasure.clean else "could not be finished"
            _log.warning("an interrupted erasure %s: %s", outcome, " ".join(erasure.notes))

    def _run(self) -> None:
        try:
            embedder = self._encoder.load()
            self._store.searcher().warm(self._namespace)
            if embedder is not None:
                embedder.embed_query("warm up")
        except MemoryOSSError as error:
            _log.warning("the index could not be loaded: %s", error)
        finally:
            self._done.set()
        self._finish_erasures()
        self._afterwards(lambda: self._stop)
        while not self._stop and self._encoder.ready:
            try:
                self._fill_index()
                while not self._stop and fill_pending(self._encoder, self._store):
                    pass
            except MemoryOSSError as error:
                _log.warning("pending vectors have to wait: %s", error)
            self._wake.wait()
            self._wake.clear()
            self._afterwards(lambda: self._stop)


def fill_pending(encoder: Encoder, store: Store) -> int:
    """Embed one batch of pending memories. Returns how many got their vector."""
    pending = store.pending(FILL_BATCH)
    if not pending:
        return 0
    encoded = encoder.vectors([memory for _, memory in pending])
    if encoded is None:
        return 0
    return store.fill_vectors(
        [
            (number, memory.content_hash or "", vector)
            for (number, memory), vector in zip(pending, encoded, strict=True)
        ]
    )
