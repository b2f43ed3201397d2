"""Deadlines of requests under way: one timer of the event loop for all of them, instead of one each.

A timer of its own costs a request more than the rest of the bookkeeping about it; nearly all of them end unused. What
must not live here: what a deadline means for a request (``stack.bounded``).
"""

from __future__ import annotations

import asyncio
import math

import msgspec


class Deadline(msgspec.Struct, eq=False):
    """When a task is cancelled; it is cancelled once, and that is remembered (the pattern of ``asyncio.timeout``).

    Args:
        at: on the event loop's clock, seconds.
        before: how often others wanted the task cancelled when the deadline began.
    """

    task: asyncio.Task[object]
    at: float
    before: int
    fired: bool = False

    def fire(self) -> None:
        """Cancel."""
        self.fired = True
        _ = self.task.cancel()


class Deadlines:
    """The deadlines that are running. Needs the running loop when one begins."""

    def __init__(self) -> None:
        self._running: set[Deadline] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._at = math.inf

    def begin(self, deadline: Deadline, loop: asyncio.AbstractEventLoop) -> None:
        """Have a task cancelled at its deadline, unless it ends before."""
        self._running.add(deadline)
        if deadline.at < self._at or loop is not self._loop:  # a timer of a loop that is closed fires no more
            self._loop = loop
            self._arm(deadline.at, loop)

    def end(self, deadline: Deadline) -> None:
        """Forget a deadline; the timer goes on, for it is the next one's soon."""
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
