# SPDX-License-Identifier: AGPL-3.0-only
"""Text in, unit vectors out."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memoryoss_mcp.embed.errors import ModelError
from memoryoss_mcp.embed.files import require
from memoryoss_mcp.embed.inflight import inflight
from memoryoss_mcp.embed.memory import release_free_memory
from memoryoss_mcp.embed.registry import ModelSpec, Pooling

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from onnxruntime import InferenceSession
    from tokenizers import Tokenizer

    Vectors = NDArray[np.float32]

Progress = Callable[[int, int], None]
"""Called with (texts done, texts in all), in the thread that asked."""

CACHED_QUERIES = 256

FEW = 2
"""Texts up to which each is shared by all threads instead of having one for itself."""


class Embedder:
    """A loaded embedding model. Thread-safe; several calls may run at once.

    Each text goes through the network alone. On a processor that is as fast as a batch (from 24
    tokens up, where a batch no longer fits the cache), and the vector of a text does not depend on
    what is embedded beside it, as it would with activations quantised over a whole batch.

    A text that comes alone is shared by ``threads`` threads of the runtime: it is there in two
    thirds of the time. Many texts are worked on side by side, one thread each: a third more of
    them a second. The second form of the network is made when it is first needed.

    ``open_session`` makes a form of the network for a number of threads.
    """

    def __init__(
        self,
        spec: ModelSpec,
        open_session: Callable[[int], InferenceSession],
        tokenizer: Tokenizer,
        threads: int,
    ) -> None:
        self.spec = spec
        self._open_session = open_session
        self._tokenizer = tokenizer
        self._threads = max(1, threads)
        self._shared = open_session(self._threads)
        self._opening = threading.Lock()
        self._single: InferenceSession | None = self._shared if self._threads == 1 else None
        self._inputs = frozenset(entry.name for entry in self._shared.get_inputs())
        self._output = self._shared.get_outputs()[0].name
        self._cached_query = lru_cache(CACHED_QUERIES)(self._query)

    def embed(self, texts: Sequence[str], *, progress: Progress | None = None) -> Vectors:
        """Vectors of memories: (n, dimension) float32 of unit length, in the order of ``texts``.

        What is longer than the model's ``max_tokens`` is cut there.
        """
        import numpy as np  # start-up time

        vectors = np.empty((len(texts), self.spec.dimension), np.float32)
        few = len(texts) <= FEW
        session = self._shared if few else self._single_threaded()

        def embed_one(index: int) -> None:
            vectors[index] = self._vector(texts[index], session)

        def report(done: int) -> None:
            if progress is not None:
                progress(done, len(texts))

        # Longest first, so that the threads end at about the same time.
        order = sorted(range(len(texts)), key=lambda index: -len(texts[index]))
        _for_each(order, embed_one, 1 if few else self._threads, report)
        if not few:
            release_free_memory()
        return vectors

    def embed_query(self, text: str) -> Vectors:
        """The vector of a question: (dimension,) float32 of unit length, read-only. Repeated
        questions are answered from a small cache."""
        return self._cached_query(text)

    def _query(self, text: str) -> Vectors:
        vector = self._vector(self.spec.query_prefix + text, self._shared)
        vector.flags.writeable = False
        return vector

    def _single_threaded(self) -> InferenceSession:
        with self._opening:
            if self._single is None:
                self._single = self._open_session(1)
            return self._single

    def _vector(self, text: str, session: InferenceSession) -> Vectors:
        import numpy as np  # start-up time

        # JSON can carry half a surrogate pair, which is no text; the tokenizer would refuse it.
        clean = text.encode("utf-8", "replace").decode("utf-8")
        with inflight.call():
            ids = np.array([self._tokenizer.encode(clean).ids], np.int64)
            feeds = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
            if "token_type_ids" in self._inputs:
                feeds["token_type_ids"] = np.zeros_like(ids)
            output = session.run([self._output], feeds)[0][0]
        return _pool(output, self.spec.pooling)


def load(spec: ModelSpec, directory: Path, *, threads: int = 2) -> Embedder:
    """Load a model after checking its files; never touches the network.

    ``directory`` is the models folder (unused for the default model, which is a package),
    ``threads`` how many work on one text, or on so many texts at once.

    Raises:
        ModelMissingError: a file is not there.
        ModelDamagedError: a file is not the published one.
        ModelError: the runtime cannot be imported here, or refuses the model.
    """
    folder = require(spec, directory)
    # onnxruntime keeps a device id and a record of use in the user's home unless this is set
    # before its import; its switch at run time comes too late.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    try:
        import onnxruntime as ort  # start-up time
        from onnxruntime.capi import onnxruntime_pybind11_state as native
        from tokenizers import Tokenizer
    except ImportError as error:
        raise ModelError(
            f"The embedding runtime cannot be loaded: {error}.",
            hint="Run: pip install --force-reinstall onnxruntime tokenizers numpy",
        ) from error

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(spec.max_tokens)
    ort.set_default_logger_severity(_ERRORS_ONLY)

    def open_session(threads: int) -> InferenceSession:
        return ort.InferenceSession(
            folder / spec.files[0].name, _options(ort, threads), providers=["CPUExecutionProvider"]
        )

    try:
        return Embedder(spec, open_session, tokenizer, threads)
    except (native.Fail, native.InvalidGraph, native.NotImplemented, native.RuntimeException) as e:
        raise ModelError(
            f"This version of onnxruntime ({ort.__version__}) cannot run {spec.name}: {e}",
            hint="Run: pip install --upgrade onnxruntime",
        ) from e


_ERRORS_ONLY = 3


def _options(ort: Any, threads: int) -> Any:
    options = ort.SessionOptions()
    options.log_severity_level = _ERRORS_ONLY
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # The helpers wait busily for the next operator, and sleep as soon as the text is done.
    options.add_session_config_entry("session.force_spinning_stop", "1")
    # The arena never gives back what the longest text needed.
    options.enable_cpu_mem_arena = False
    options.enable_mem_pattern = False
    return options


def _pool(output: Vectors, pooling: Pooling) -> Vectors:
    """``output``: (dimension,) if pooled by the graph, else (tokens, dimension)."""
    if pooling == "graph":
        return output
    import numpy as np  # start-up time

    first: Vectors = output[0]
    return first / np.linalg.norm(first)


def _for_each(
    items: Sequence[int],
    work: Callable[[int], None],
    threads: int,
    report: Callable[[int], None],
) -> None:
    """``work(item)`` for all items, on this thread and ``threads - 1`` helpers; ``report`` is
    called here with the number done. The first error ends it.

    Helpers are daemons, which an executor's threads are not: an interpreter that ends does not
    wait for a long list of texts.
    """
    waiting = deque(items)
    finished: deque[int] = deque()
    errors: list[Exception] = []

    def take_turns(after_each: Callable[[], None]) -> None:
        while waiting and not errors:
            try:
                item = waiting.popleft()
            except IndexError:  # another thread took the last one
                return
            work(item)
            finished.append(item)
            after_each()

    def help_out() -> None:
        try:
            take_turns(lambda: None)
        except Exception as error:  # noqa: BLE001 - the caller raises it, see below
            errors.append(error)

    helpers = [
        threading.Thread(target=help_out, name="memoryoss-embed", daemon=True)
        for _ in range(min(threads, len(items)) - 1)
    ]
    for helper in helpers:
        helper.start()
    try:
        take_turns(lambda: report(len(finished)))
    finally:
        waiting.clear()  # after an interrupt the helpers stop with the text at hand
        for helper in helpers:
            helper.join()
    if errors:
        raise errors[0]
    if helpers:
        report(len(finished))
