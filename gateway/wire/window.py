"""Counts of what happened in the last seconds, in a few cells instead of one entry for each event.

The account of an engine is on the way of every exchange, so it does in line what ``count`` does: move the window if the
time has passed its ``edge``, and add to ``fresh``.
"""

from __future__ import annotations

import math
from collections import deque

_CELLS = 10
"""How finely time is cut: what is counted is right to a tenth of the window."""


class Window:
    """Two counts over a sliding window: of all events, and of those that are marked.

    Args:
        length_s: of the window, seconds.

    Attributes:
        edge: the time at which the newest cell ends.
        fresh: events in the newest cell.
        marked_fresh: those of them that are marked.
    """

    __slots__ = ("_old", "_width", "edge", "fresh", "marked_fresh")

    def __init__(self, length_s: float) -> None:
        self._width = length_s / _CELLS
        self._old: deque[tuple[int, int]] = deque(maxlen=_CELLS - 1)
        self.edge = -math.inf
        self.fresh = self.marked_fresh = 0

    @property
    def all(self) -> int:
        """Return how many events there were."""
        return self.fresh + sum(count for count, _ in self._old)

    @property
    def marked(self) -> int:
        """Return how many marked events there were."""
        return self.marked_fresh + sum(count for _, count in self._old)

    def move(self, now: float) -> None:
        """Forget what is older than the window; ``now`` is on a clock that goes on evenly, and is past the edge."""
        passed = math.floor((now - self.edge) / self._width) + 1 if self.edge > -math.inf else _CELLS
        self._old.append((self.fresh, self.marked_fresh))
        for _ in range(min(passed - 1, _CELLS - 1)):
            self._old.append((0, 0))
        self.fresh = self.marked_fresh = 0
        self.edge = (math.floor(now / self._width) + 1) * self._width

    def count(self, now: float, *, marked: bool = False) -> None:
        """Count one event."""
        if now >= self.edge:
            self.move(now)
        self.fresh += 1
        self.marked_fresh += marked

    def clear(self) -> None:
        """Forget everything."""
        self._old.clear()
        self.fresh = self.marked_fresh = 0
