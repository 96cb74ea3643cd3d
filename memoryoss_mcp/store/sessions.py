# SPDX-License-Identifier: AGPL-3.0-only
"""Who stands beside whom in a session: part of the columns of a namespace."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Sessions:
    """For each slot the memory before and after it in its session, in order of arrival (-1: none),
    and how many memories the session has. Sessions are known by the hash of their label."""

    def __init__(self) -> None:
        self.previous: NDArray[np.int32] = np.zeros(0, np.int32)
        self.following: NDArray[np.int32] = np.zeros(0, np.int32)
        self._group: NDArray[np.int32] = np.zeros(0, np.int32)
        self._begin()

    def _begin(self) -> None:
        self.previous[:] = -1
        self.following[:] = -1
        self._group[:] = 0
        self._groups: dict[int, int] = {}
        # Group 0 are the memories without a session.
        self._sizes: NDArray[np.int32] = np.zeros(1, np.int32)
        self._last: NDArray[np.int32] = np.full(1, -1, np.int32)

    def grow(self, capacity: int) -> None:
        """Make room for ``capacity`` slots."""
        extra = capacity - len(self._group)
        nobody = np.full(extra, -1, np.int32)
        self.previous = np.concatenate((self.previous, nobody))
        self.following = np.concatenate((self.following, nobody))
        self._group = np.concatenate((self._group, np.zeros(extra, np.int32)))

    def load(self, slots: NDArray[np.int64], sessions: NDArray[np.int64]) -> None:
        """Begin anew with some memories (ascending slots) and the sessions they belong to."""
        self._begin()
        slots, sessions = slots[sessions != 0], sessions[sessions != 0]
        names, groups, sizes = np.unique(sessions, return_inverse=True, return_counts=True)
        self._groups = {name: number for number, name in enumerate(names.tolist(), 1)}
        self._sizes = np.append(0, sizes).astype(np.int32)
        self._last = np.full(len(names) + 1, -1, np.int32)
        self._group[slots] = groups + 1
        order = np.argsort(groups, kind="stable")
        slots, groups = slots[order], groups[order]
        same = groups[1:] == groups[:-1]
        self.previous[slots[1:][same]] = slots[:-1][same]
        self.following[slots[:-1][same]] = slots[1:][same]
        if len(slots):
            ends = np.append(~same, True)
            self._last[groups[ends] + 1] = slots[ends]

    def append(self, slot: int, session: int) -> None:
        """A new memory, the latest of its session."""
        if session == 0:
            return
        group = self._groups.setdefault(session, len(self._groups) + 1)
        if group >= len(self._sizes):
            room = len(self._sizes) + 64
            self._sizes = np.concatenate((self._sizes, np.zeros(room, np.int32)))
            self._last = np.concatenate((self._last, np.full(room, -1, np.int32)))
        last = int(self._last[group])
        self.previous[slot], self.following[slot] = last, -1
        if last >= 0:
            self.following[last] = slot
        self._group[slot] = group
        self._last[group] = slot
        self._sizes[group] += 1

    def drop(self, slot: int) -> None:
        """A memory is gone: its neighbours become neighbours."""
        group = int(self._group[slot])
        if group == 0:
            return
        before, after = int(self.previous[slot]), int(self.following[slot])
        if before >= 0:
            self.following[before] = after
        if after >= 0:
            self.previous[after] = before
        else:
            self._last[group] = before
        self._sizes[group] -= 1
        self._group[slot] = 0
        self.previous[slot] = self.following[slot] = -1

    def sizes(self, slots: NDArray[np.int64]) -> NDArray[np.int32]:
        """How many memories the session of each slot has; 0 without a session."""
        sizes: NDArray[np.int32] = self._sizes[self._group[slots]]
        return sizes
