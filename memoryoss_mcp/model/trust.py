# SPDX-License-Identifier: AGPL-3.0-only
"""How far a memory is to be trusted, in parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple


class Estimate(NamedTuple):
    """A value in 0 to 1 and the 95 % interval around it."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Trust:
    """The trust in one memory: ``score`` (0 to 1) with its 95 % interval, and the ``signals`` it is
    the weighted sum of, by name. ``low_trust`` says that the score is below the threshold."""

    score: float
    low: float
    high: float
    low_trust: bool
    signals: Mapping[str, Estimate]
