"""Counts of what happened in the last seconds, in a few cells instead of one entry for each event."""

from __future__ import annotations

_CELLS = 10
"""How finely time is cut: what is counted is right to a tenth of the window."""


class Window:
    """Two counts over a sliding window: of all events, and of some of them.

    Args:
        length_s: of the window, seconds.
    """

    def __init__(self, length_s: float) -> None:
        self._width = length_s / _CELLS
        self._slot = 0
        self._all = [0] * _CELLS
        self._some = [0] * _CELLS
        self.all = 0
        self.some = 0

    def count(self, now: float, *, some: bool = False, all_: bool = True) -> None:
        """Count one event.

        Args:
            now: on a clock that goes on evenly, seconds.
            some: whether it counts among some.
            all_: whether it counts among all.
        """
        self.move(now)
        cell = self._slot % _CELLS
        if all_:
            self._all[cell] += 1
            self.all += 1
        if some:
            self._some[cell] += 1
            self.some += 1

    def move(self, now: float) -> None:
        """Forget what is older than the window; a clock that goes back forgets nothing."""
        slot = int(now / self._width)
        passed = slot - self._slot
        if passed <= 0:
            return
        for step in range(1, min(passed, _CELLS) + 1):
            cell = (self._slot + step) % _CELLS
            self.all -= self._all[cell]
            self.some -= self._some[cell]
            self._all[cell] = self._some[cell] = 0
        self._slot = slot

    def clear(self) -> None:
        """Forget everything."""
        self._all = [0] * _CELLS
        self._some = [0] * _CELLS
        self.all = self.some = 0
