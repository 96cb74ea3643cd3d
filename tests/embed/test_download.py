# SPDX-License-Identifier: AGPL-3.0-only
"""Pulling a model over real HTTP: whole, cut, resumed, wrong, absent."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from memoryoss_mcp.embed import (
    DEFAULT_MODEL,
    MODELS_URL_VARIABLE,
    DownloadError,
    FileState,
    ModelSpec,
    find_model,
    load,
    pull,
    verify,
)

from .conftest import Mirror

TOKENIZER = "lab/small/resolve/1/tokenizer.json"


def leftovers(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*") if path.is_file()}


def test_a_pulled_model_is_whole_and_works(
    small: ModelSpec, mirror: Mirror, tmp_path: Path
) -> None:
    seen: list[tuple[str, int, int]] = []
    folder = pull(small, tmp_path, base_url=mirror.url, progress=lambda *step: seen.append(step))
    assert folder == tmp_path / "small"
    assert leftovers(tmp_path) == {"model.onnx", "tokenizer.json"}
    assert all(status.state is FileState.OK for status in verify(small, tmp_path))
    assert load(small, tmp_path).embed(["it works"]).shape == (1, 8)
    for file in small.files:
        steps = [done for name, done, total in seen if name == file.name and total == file.size]
        assert steps == sorted(steps)
        assert steps[-1] == file.size


def test_the_mirror_of_the_environment_is_used(
    small: ModelSpec, mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(MODELS_URL_VARIABLE, mirror.url + "/")
    pull(small, tmp_path)
    assert [path for path, _ in mirror.requests] == [file.url for file in small.files]


def test_what_is_there_is_not_fetched_again(
    small: ModelSpec, mirror: Mirror, tmp_path: Path
) -> None:
    pull(small, tmp_path, base_url=mirror.url)
    mirror.requests.clear()
    pull(small, tmp_path, base_url=mirror.url)
    assert mirror.requests == []


def test_only_a_damaged_file_is_fetched_again(
    small: ModelSpec, mirror: Mirror, tmp_path: Path
) -> None:
    folder = pull(small, tmp_path, base_url=mirror.url)
    (folder / "tokenizer.json").write_bytes(b"{}")
    mirror.requests.clear()
    pull(small, tmp_path, base_url=mirror.url)
    assert mirror.requests == [(TOKENIZER, 0)]
    assert all(status.state is FileState.OK for status in verify(small, tmp_path))


def test_a_cut_connection_is_taken_up_where_it_ended(
    small: ModelSpec, mirror: Mirror, tmp_path: Path
) -> None:
    graph = small.files[0].size
    mirror.cut_after = [graph, 100_000, 50_000]
    pull(small, tmp_path, base_url=mirror.url)
    assert [entry for entry in mirror.requests if entry[0] == TOKENIZER] == [
        (TOKENIZER, 0),
        (TOKENIZER, 100_000),
        (TOKENIZER, 150_000),
    ]
    assert mirror.sent == small.size
    assert leftovers(tmp_path) == {"model.onnx", "tokenizer.json"}


def test_a_later_pull_continues_an_earlier_one(
    small: ModelSpec, mirror: Mirror, tmp_path: Path
) -> None:
    graph = small.files[0].size
    mirror.cut_after = [graph, 200_000, 0, 0, 0]
    with pytest.raises(DownloadError) as caught:
        pull(small, tmp_path, base_url=mirror.url)
    assert caught.value.code == "model_download_failed"
    assert "200,000 of" in str(caught.value)
    assert "run the same command again" in str(caught.value)
    assert leftovers(tmp_path) == {"model.onnx", "tokenizer.json.part"}

    mirror.cut_after.clear()
    mirror.requests.clear()
    pull(small, tmp_path, base_url=mirror.url)
    assert mirror.requests == [(TOKENIZER, 200_000)]
    assert all(status.state is FileState.OK for status in verify(small, tmp_path))


def test_a_server_that_cannot_resume_starts_over(
    small: ModelSpec, mirror: Mirror, tmp_path: Path
) -> None:
    mirror.resumes = False
    mirror.cut_after = [small.files[0].size, 100_000]
    pull(small, tmp_path, base_url=mirror.url)
    assert all(status.state is FileState.OK for status in verify(small, tmp_path))


@pytest.mark.parametrize("change", ["other bytes", "longer", "wrong part"])
def test_a_file_with_the_wrong_checksum_is_not_kept(
    small: ModelSpec, mirror: Mirror, tmp_path: Path, change: str
) -> None:
    right = mirror.contents[TOKENIZER]
    if change == "other bytes":
        mirror.contents[TOKENIZER] = right[:-1] + b" "
    elif change == "longer":
        mirror.contents[TOKENIZER] = right + b" " * 1_000_000
    else:
        (tmp_path / "small").mkdir()
        (tmp_path / "small" / "tokenizer.json.part").write_bytes(b"x" * 1000)
    with pytest.raises(DownloadError, match="nothing was kept"):
        pull(small, tmp_path, base_url=mirror.url)
    assert leftovers(tmp_path) == {"model.onnx"}

    mirror.contents[TOKENIZER] = right
    pull(small, tmp_path, base_url=mirror.url)
    assert all(status.state is FileState.OK for status in verify(small, tmp_path))


def test_a_missing_file_is_named(small: ModelSpec, mirror: Mirror, tmp_path: Path) -> None:
    del mirror.contents[TOKENIZER]
    with pytest.raises(DownloadError, match=f"404.*{TOKENIZER}"):
        pull(small, tmp_path, base_url=mirror.url)
    assert leftovers(tmp_path) == {"model.onnx"}


def test_no_server_is_a_clear_error(small: ModelSpec, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(DownloadError, match="no connection to"):
        pull(small, tmp_path, base_url=f"http://127.0.0.1:{port}")
    assert leftovers(tmp_path) == set()


@pytest.mark.parametrize("address", ["file:///etc", "ftp://127.0.0.1", "models.example", ""])
def test_only_web_addresses_are_asked(
    small: ModelSpec, tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(MODELS_URL_VARIABLE, address or "nonsense")
    with pytest.raises(DownloadError, match="not the address"):
        pull(small, tmp_path, base_url=address)


def test_a_folder_that_cannot_be_made_is_a_clear_error(
    small: ModelSpec, mirror: Mirror, tmp_path: Path
) -> None:
    (tmp_path / "small").write_text("a file is in the way")
    with pytest.raises(DownloadError, match="could not be written"):
        pull(small, tmp_path, base_url=mirror.url)


def test_the_default_model_is_never_fetched(mirror: Mirror, tmp_path: Path) -> None:
    folder = pull(find_model(DEFAULT_MODEL), tmp_path, base_url=mirror.url)
    assert mirror.requests == []
    assert (folder / "model.onnx").is_file()
    assert leftovers(tmp_path) == set()
