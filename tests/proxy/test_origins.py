# SPDX-License-Identifier: AGPL-3.0-only
"""Pages of other sites do not reach the local port."""

from __future__ import annotations

import pytest

from memoryoss_proxy.origins import check_local_caller
from memoryoss_proxy.refusals import ForbiddenError


@pytest.mark.parametrize("host", [b"127.0.0.1:8000", b"localhost", b"[::1]:8000", b"box.lan:8000"])
def test_programs_on_this_machine(host: bytes) -> None:
    check_local_caller([(b"host", host)], "box.lan")


@pytest.mark.parametrize("origin", [b"http://localhost:3000", b"http://127.0.0.1", b"http://[::1]"])
def test_pages_of_this_machine(origin: bytes) -> None:
    check_local_caller([(b"host", b"localhost"), (b"origin", origin)], "127.0.0.1")


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        (b"localhost", b"https://evil.example"),
        (b"localhost", b"null"),
        (b"rebound.example", b"http://rebound.example"),
        (b"rebound.example:8000", b"http://localhost"),
        (b"localhost", b"http://localhost.evil.example"),
    ],
)
def test_pages_of_other_sites(host: bytes, origin: bytes) -> None:
    with pytest.raises(ForbiddenError):
        check_local_caller([(b"host", host), (b"origin", origin)], "127.0.0.1")
