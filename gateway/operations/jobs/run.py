"""One job under way, as its handler sees it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from gateway.plan import Call, WriteLease

SLICE_S = 5.0
"""How long a job runs before it pauses for others that wait."""


class JobRun:
    """Says when to pause, and by which deadline and lease engines may be called.

    Args:
        is_retired: whether the configuration by which the job runs has been replaced, or the process stops.
        holds: whether the lock on the job is still ours.
        lease: until when writes may be sent under the lock; None = no limit.
    """

    def __init__(
        self, is_retired: Callable[[], bool], holds: Callable[[], bool] = lambda: True, lease: WriteLease | None = None
    ) -> None:
        self._is_retired, self._holds, self._lease = is_retired, holds, lease
        self._pause_at = asyncio.get_running_loop().time() + SLICE_S

    @property
    def is_lost(self) -> bool:
        """Return whether another process may carry the job out by now: what was begun is not to be recorded."""
        return not self._holds()

    @property
    def must_stop(self) -> bool:
        """Return whether the job must end, or be carried on by others: for steps that cannot be taken up in between."""
        return self._is_retired() or self.is_lost

    @property
    def should_pause(self) -> bool:
        """Return whether the job should end with ``True`` (more to do), since others wait, or because it must stop."""
        return self.must_stop or asyncio.get_running_loop().time() >= self._pause_at

    def open_call(self, request_id: str, budget_s: float) -> Call:
        """Return a call with a deadline of its own; under it nothing is written once the job is lost."""
        leases = () if self._lease is None else (self._lease,)
        deadline = asyncio.get_running_loop().time() + budget_s
        return Call(deadline=deadline, request_id=request_id, leases=leases)
