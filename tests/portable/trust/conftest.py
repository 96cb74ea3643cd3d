# SPDX-License-Identifier: AGPL-3.0-only
"""Two installations that know nothing of each other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.portable.trust.support import Place, installed


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Place]:
    """This installation."""
    with installed(tmp_path / "here") as place:
        yield place


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Place]:
    """Another one."""
    with installed(tmp_path / "there") as place:
        yield place
