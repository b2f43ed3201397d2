"""Deadlines of requests under way: one timer of the event loop for all of them, instead of one each.

A timer of its own would cost a request more than all the other bookkeeping, and nearly all such timers end unused. What
must not live here: what a deadline means for a request (``bounds``).
"""

from __future__ import annotations

import asyncio
import math
from typing import Protocol

import msgspec


class Timed(Protocol):
    """Something that happens at a time.

    Attributes:
        at: on the event loop's clock, seconds.
    """

    @property
    def at(self) -> float:
        """The time."""
        ...

    def fire(self) -> None:
        """Happen; may begin again."""


class Deadline(msgspec.Struct, eq=False):
    """When a task is cancelled. It is cancelled once, and that is remembered (the pattern of ``asyncio.timeout``).

    Args:
        task: what is cancelled.
        at: on the event loop's clock, seconds.
        before: how many cancellations of the task were under way when the deadline began.
        fired: whether the deadline has cancelled the task.
    """

    task: asyncio.Task[object]
    at: float
    before: int
    fired: bool = False

    def fire(self) -> None:
        """Cancel the task."""
        self.fired = True
        _ = self.task.cancel()


class Deadlines:
    """The deadlines, and whatever else is timed, that are running."""

    def __init__(self) -> None:
        self._running: set[Timed] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._at = math.inf

    def begin(self, deadline: Timed, loop: asyncio.AbstractEventLoop) -> None:
        """Fire at the time, unless it ends before."""
        self._running.add(deadline)
        if deadline.at < self._at or loop is not self._loop:  # the timer of a closed loop never fires
            self._loop = loop
            self._arm(deadline.at, loop)

    def end(self, deadline: Timed) -> None:
        """Forget a deadline. The timer goes on: the next deadline will soon need it."""
        self._running.discard(deadline)

    def _arm(self, at: float, loop: asyncio.AbstractEventLoop) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._at = at
        self._timer = loop.call_at(at, self._fire, loop)

    def _fire(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer, self._at = None, math.inf
        now = loop.time()
        for deadline in [each for each in self._running if each.at <= now]:
            self._running.discard(deadline)
            deadline.fire()
        if self._running:
            self._arm(min(each.at for each in self._running), loop)
