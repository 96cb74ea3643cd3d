# SPDX-License-Identifier: AGPL-3.0-only
"""What the default model makes of text: unit vectors that know what is alike, whatever comes in."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memoryoss_mcp.embed import Embedder, ModelSpec, load

from .conftest import HIDDEN_MODEL

TEXTS = [
    "Deploys go through staging first.",
    "",
    "The customer moved to Lisbon in March and prefers e-mail. " * 40,
    "ok",
    "def area(radius: float) -> float:\n    return math.pi * radius**2",
    "Über die Brücke 漢字 🦜",
]


def test_each_text_gets_a_unit_vector(embedder: Embedder) -> None:
    vectors = embedder.embed(TEXTS)
    assert vectors.shape == (len(TEXTS), 384)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_no_texts_give_no_vectors(embedder: Embedder) -> None:
    assert embedder.embed([]).shape == (0, 384)


def test_a_vector_does_not_depend_on_what_is_embedded_beside_it(embedder: Embedder) -> None:
    together = embedder.embed(TEXTS * 3)
    alone = np.concatenate([embedder.embed([text]) for text in TEXTS])
    assert np.array_equal(together, np.tile(alone, (3, 1)))


def test_many_threads_get_the_same_vectors(embedder: Embedder) -> None:
    expected = embedder.embed(TEXTS)
    with ThreadPoolExecutor(6) as executor:
        for vectors in executor.map(embedder.embed, [TEXTS] * 12):
            assert np.array_equal(vectors, expected)


@pytest.mark.parametrize(
    ("text", "alike", "different"),
    [
        ("The cat sleeps on the sofa.", "A kitten naps on a couch.", "Interest rates rose again."),
        ("We chose PostgreSQL for billing.", "The billing database is Postgres.", "I like hiking."),
        ("How do I sort a list in Python?", "sorted(items) orders a sequence", "boil the pasta"),
        ("She is allergic to peanuts.", "Nuts make her ill.", "The build takes ten minutes."),
    ],
)
def test_what_is_alike_is_nearer(embedder: Embedder, text: str, alike: str, different: str) -> None:
    query = embedder.embed_query(text)
    near, far = embedder.embed([alike, different]) @ query
    assert near > far + 0.2


def test_a_question_is_embedded_like_a_memory(embedder: Embedder) -> None:
    """The default model has no prefix for questions."""
    question = embedder.embed_query("Where do we deploy?")
    assert question.shape == (384,)
    assert np.array_equal(question, embedder.embed(["Where do we deploy?"])[0])


def test_the_vector_of_a_question_cannot_be_spoilt_for_the_next_caller(embedder: Embedder) -> None:
    question = embedder.embed_query("Who owns the service?")
    with pytest.raises(ValueError, match="read-only"):
        question[0] = 5
    assert np.array_equal(embedder.embed_query("Who owns the service?"), question)


@pytest.mark.parametrize(
    "text",
    ["", " ", "\0", "\n\t\r", "\ud800", "🏳️‍🌈" * 50, "x" * 32_768, "word " * 6_553, "漢" * 10_000],
    ids=["empty", "blank", "nul", "spaces", "half pair", "emoji", "one word", "32 KB", "cjk"],
)
def test_no_text_is_too_odd_or_too_long(embedder: Embedder, text: str) -> None:
    assert np.linalg.norm(embedder.embed([text])[0]) == pytest.approx(1, abs=1e-5)


@given(st.text(max_size=400))
@settings(max_examples=60)
def test_any_text_gives_a_finite_unit_vector(embedder: Embedder, text: str) -> None:
    assert np.linalg.norm(embedder.embed_query(text)) == pytest.approx(1, abs=1e-5)


def test_progress_ends_at_the_number_of_texts(embedder: Embedder) -> None:
    seen: list[tuple[int, int]] = []
    threads = set()

    def progress(done: int, total: int) -> None:
        seen.append((done, total))
        threads.add(threading.current_thread())

    embedder.embed(TEXTS * 4, progress=progress)
    assert seen[-1] == (24, 24)
    assert seen == sorted(seen)
    assert threads == {threading.current_thread()}


def test_an_error_reaches_the_caller_and_leaves_the_model_usable(embedder: Embedder) -> None:
    def fail(done: int, total: int) -> None:
        raise RuntimeError("the terminal went away")

    with pytest.raises(RuntimeError, match="terminal"):
        embedder.embed(TEXTS * 4, progress=fail)
    assert not [thread for thread in threading.enumerate() if thread.name == "memoryoss-embed"]
    assert embedder.embed(TEXTS).shape == (len(TEXTS), 384)


def test_a_model_that_needs_it_is_pooled_by_its_first_token_and_prefixes_questions(
    small: ModelSpec, tmp_path: Path, contents: dict[str, bytes]
) -> None:
    folder = tmp_path / small.name
    folder.mkdir()
    for url, content in contents.items():
        (folder / Path(url).name).write_bytes(content)
    model = load(small, tmp_path)
    memory, other, prefixed = model.embed(["blue", "green", small.query_prefix + "blue"])
    assert memory.shape == (8,)
    assert np.linalg.norm(memory) == pytest.approx(1, abs=1e-5)
    assert not np.allclose(memory, other)
    assert np.array_equal(model.embed_query("blue"), prefixed)
    assert HIDDEN_MODEL.stat().st_size == small.files[0].size


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True
    )


def test_importing_the_floor_loads_nothing_heavy() -> None:
    heavy = {"numpy", "onnxruntime", "tokenizers", "http.client", "urllib.request"}
    code = "import sys, memoryoss_mcp.embed; print(*sys.modules)"
    assert not heavy & set(run(code).stdout.split())


def test_loading_and_embedding_print_nothing_and_leave_nothing_behind() -> None:
    code = (
        "from pathlib import Path\n"
        "from memoryoss_mcp.embed import *\n"
        "e = load(find_model(DEFAULT_MODEL), Path('unused'))\n"
        "e.embed(['one', 'two', 'three'])\n"
        "import threading; assert threading.active_count() == 1\n"
    )
    finished = run(code)
    assert (finished.stdout, finished.stderr) == ("", "")


def test_a_process_can_end_while_texts_are_being_embedded() -> None:
    code = (
        "import threading, time\n"
        "from pathlib import Path\n"
        "from memoryoss_mcp.embed import *\n"
        "e = load(find_model(DEFAULT_MODEL), Path('unused'))\n"
        "started = threading.Event()\n"
        "texts = ['many words ' * 300] * 100_000\n"
        "work = lambda: e.embed(texts, progress=lambda *_: started.set())\n"
        "threading.Thread(target=work, daemon=True).start()\n"
        "started.wait()\n"
    )
    assert run(code).returncode == 0  # within the time limit of run(); all texts take an hour


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows has no fork")
def test_a_forked_child_can_go_on_embedding() -> None:
    code = (
        "import os\n"
        "from pathlib import Path\n"
        "from memoryoss_mcp.embed import *\n"
        "e = load(find_model(DEFAULT_MODEL), Path('unused'))\n"
        "expected = e.embed(['a', 'b']).tolist()\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    os._exit(0 if e.embed(['a', 'b']).tolist() == expected else 1)\n"
        "assert os.waitpid(child, 0)[1] == 0\n"
    )
    run(code)
