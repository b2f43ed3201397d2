"""Kinds of jobs: who carries one out, by one configuration. A reload makes new ones; jobs that run hand over."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator, Sequence
from typing import Any

import msgspec

from gateway.model.jobs import Job
from gateway.operations.jobs.run import JobRun


async def _nothing_old() -> bool:
    return False


class JobKind(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of jobs.

    Args:
        name: of letters and ``-``.
        carry_out: does what the rows say of a subject; returns whether there is more to do, which it should do once
            ``JobRun.should_pause``. It may be called for a subject that is done, and again for one that a dead process
            had begun, but never twice at the same time, in however many processes. May raise ``StoreUnavailable``.
        list_due: returns the subjects that have work left, by the rows; jobs that were lost are re-created from it.
        delete_old: deletes some rows that nobody needs any more; returns whether there may be more of them.
    """

    name: str
    carry_out: Callable[[str, JobRun], Coroutine[Any, Any, bool]]
    list_due: Callable[[], Awaitable[Sequence[str]]]
    delete_old: Callable[[], Awaitable[bool]] = _nothing_old


class JobKinds:
    """All kinds of one configuration, and the jobs that run by it."""

    def __init__(self, kinds: Iterable[JobKind]) -> None:
        self._kinds = {kind.name: kind for kind in kinds}
        self._running: set[asyncio.Task[bool]] = set()
        self._is_retired = False

    def __iter__(self) -> Iterator[JobKind]:
        return iter(self._kinds.values())

    def has(self, name: str) -> bool:
        """Return whether there is a kind of this name."""
        return name in self._kinds

    @property
    def are_running(self) -> bool:
        """Return whether jobs run by this configuration."""
        return bool(self._running)

    @property
    def is_retired(self) -> bool:
        """Return whether jobs must hand over to another configuration, or the process stops."""
        return self._is_retired

    async def carry_out(self, job: Job, run: JobRun) -> bool:
        """Carry a job out; return whether there is more to do."""
        task = asyncio.get_running_loop().create_task(self._kinds[job.kind].carry_out(job.subject, run))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        try:
            _ = await asyncio.wait({task})
        except asyncio.CancelledError:
            _ = task.cancel()
            _ = await asyncio.gather(task, return_exceptions=True)
            raise
        return True if task.cancelled() else task.result()

    def retire(self) -> None:
        """Let running jobs pause at their next step."""
        self._is_retired = True

    async def wait_for_end(self, grace_s: float) -> None:
        """Wait until no job runs by this configuration; after ``grace_s`` seconds those that do are cancelled."""
        if not self._running:
            return
        _, late = await asyncio.wait(self._running, timeout=grace_s)
        for task in late:
            _ = task.cancel()
        _ = await asyncio.gather(*late, return_exceptions=True)
