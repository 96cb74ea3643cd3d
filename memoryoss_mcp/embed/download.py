# SPDX-License-Identifier: AGPL-3.0-only
"""Fetch the files of a model: only when asked, resumable, kept only if the checksum is right.

Importing this costs the HTTP client of the standard library (about 30 ms), so nothing else of the
package imports it.
"""

from __future__ import annotations

import http.client
import os
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from memoryoss_mcp.embed.errors import DownloadError
from memoryoss_mcp.embed.files import FileState, file_state, model_folder, require
from memoryoss_mcp.embed.registry import MODELS_URL, MODELS_URL_VARIABLE, ModelFile, ModelSpec

PullProgress = Callable[[str, int, int], None]
"""Called with (file name, bytes of it that are here, bytes of it in all)."""

TIMEOUT = 30.0
"""Seconds without a byte after which a connection counts as cut."""

ATTEMPTS = 3
"""How often in a row a connection may end without a new byte before that is an error."""

_CHUNK = 256 * 1024
_CUT = (http.client.HTTPException, ConnectionError, TimeoutError, ssl.SSLError)


def pull(
    spec: ModelSpec,
    directory: Path,
    *,
    base_url: str | None = None,
    progress: PullProgress | None = None,
) -> Path:
    """Download what is missing of a model into ``directory / spec.name`` and return that folder.

    Files that are whole already are left alone; a half file of an earlier attempt (``.part``) is
    continued. A file gets its name only after its checksum was right. ``base_url`` is the address
    of a mirror, by default that in ``MEMORYOSS_MODELS_URL``, else huggingface.co. A model that is
    installed as a package is only checked.

    Raises:
        DownloadError: a file could not be fetched or written, or is not the published one.
        ModelMissingError, ModelDamagedError: the package with the model is absent or damaged.
    """
    if spec.package is not None:
        return require(spec, directory)
    base = base_url or os.environ.get(MODELS_URL_VARIABLE) or MODELS_URL
    if urllib.parse.urlsplit(base).scheme not in ("http", "https"):
        raise DownloadError(
            f"{base!r} is not the address of a models server.",
            hint=f"Give an https:// address, or unset {MODELS_URL_VARIABLE}.",
        )
    folder = model_folder(spec, directory)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file in spec.files:
            if file_state(folder / file.name, file) is not FileState.OK:
                _pull_file(file, folder / file.name, f"{base.rstrip('/')}/{file.url}", progress)
            elif progress is not None:
                progress(file.name, file.size, file.size)
    except OSError as error:
        raise DownloadError(
            f"The model {spec.name} could not be written to {folder}: {error}.",
            hint="Check that the folder can be written and that the disk has room.",
        ) from error
    return folder


def _pull_file(file: ModelFile, target: Path, url: str, progress: PullProgress | None) -> None:
    part = target.with_name(target.name + ".part")
    if part.exists() and part.stat().st_size > file.size:
        part.unlink()
    attempt = 1
    while not part.exists() or part.stat().st_size < file.size:
        before = part.stat().st_size if part.exists() else 0
        try:
            _receive(file, part, url, progress)
        except _CUT as error:
            kept = part.stat().st_size if part.exists() else 0
            attempt = 1 if kept > before else attempt + 1
            if attempt >= ATTEMPTS:
                raise DownloadError(
                    f"The download of {url} was cut off after {kept:,} of {file.size:,} bytes"
                    f" ({_reason(error)}).",
                    hint="What arrived is kept: run the same command again to go on.",
                ) from error
            time.sleep(0.25 * 2**attempt)
    if file_state(part, file) is not FileState.OK:
        part.unlink()
        raise DownloadError(
            f"What {url} sent is not the published file (its SHA-256 differs); nothing was kept.",
            hint="Try again, or another mirror; do not use the file by hand.",
        )
    part.replace(target)


def _receive(file: ModelFile, part: Path, url: str, progress: PullProgress | None) -> None:
    """Append to ``part`` what it lacks. Raises one of ``_CUT`` if the connection ends early."""
    start = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"User-Agent": "memoryoss-mcp"})
    if start:
        request.add_header("Range", f"bytes={start}-")
    with _open(request, url) as response:
        if start and not _continues(response, start):
            start = 0  # the server does not resume, and begins again
        with part.open("ab" if start else "wb") as stream:
            _copy(response, stream, file, start, progress)
            stream.flush()
            os.fsync(stream.fileno())


def _open(request: urllib.request.Request, url: str) -> http.client.HTTPResponse:
    try:
        response: http.client.HTTPResponse = urllib.request.urlopen(request, timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        error.close()
        raise DownloadError(
            f"The server answered {error.code} ({error.reason}) for {url}.",
            hint=f"Check the address of the mirror ({MODELS_URL_VARIABLE}), or try again later.",
        ) from error
    except urllib.error.URLError as error:
        if isinstance(error.reason, (ConnectionResetError, TimeoutError)):
            raise error.reason from error
        raise DownloadError(
            f"There is no connection to {url} ({_reason(error.reason)}).",
            hint="Check the network, or name a mirror that can be reached in"
            f" {MODELS_URL_VARIABLE}. Memory goes on with the model that is in use.",
        ) from error
    return response


def _continues(response: http.client.HTTPResponse, start: int) -> bool:
    content_range = response.headers.get("Content-Range", "")
    return response.status == http.client.PARTIAL_CONTENT and content_range.startswith(
        f"bytes {start}-"
    )


def _copy(
    response: http.client.HTTPResponse,
    stream: BinaryIO,
    file: ModelFile,
    done: int,
    progress: PullProgress | None,
) -> None:
    while done <= file.size:  # more than expected is noticed by its size, without filling the disk
        chunk = response.read1(_CHUNK)
        if not chunk:
            break
        stream.write(chunk)
        done += len(chunk)
        if progress is not None:
            progress(file.name, min(done, file.size), file.size)
    if done < file.size:
        raise http.client.IncompleteRead(b"", file.size - done)


def _reason(error: object) -> str:
    return str(error) or type(error).__name__
