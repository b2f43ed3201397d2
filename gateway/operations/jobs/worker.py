"""The worker of this process: carries jobs out by the configuration in use, and re-creates jobs that were lost.

A lock on a job (``operations.locks``) keeps other processes off it for as long as its holder lives, whatever the queue
does; what the holder has begun and not recorded is told by the rows of the job's kind.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Callable
from typing import TypeAlias

from gateway.errors import ConcurrentUpdate, StoreUnavailable
from gateway.model.jobs import Job, JobCounts, JobOutcome
from gateway.operations.jobs.kinds import JobKind, JobKinds
from gateway.operations.jobs.port import JobQueue
from gateway.operations.jobs.run import JobRun
from gateway.operations.locks import LockKey, SharedLocks
from gateway.plan import Call, WriteLease

_PAUSE_S = 1.0
"""Before the queue is asked for jobs again after a failure."""
_DELETE_OLD_S = 3600.0
"""Between two rounds of deleting what nobody needs any more."""

ReportFault: TypeAlias = Callable[[Job | None, BaseException], None]
"""Is given our own fault that stopped a job; None = that stopped a sweep."""
CountOutcome: TypeAlias = Callable[[str, JobOutcome], None]
"""Is told of each job that has run: its kind and its outcome."""


class JobWorker:
    """Carries jobs out until it is closed; it is the ``Jobs`` of this process.

    Args:
        queue: where jobs wait.
        locks: keep other processes from the same job; None: this process is alone.
        carries_out: False = jobs are only deferred and re-created here; other processes carry them out.
        report: is told of faults.
        count: is told of outcomes.
    """

    def __init__(
        self,
        queue: JobQueue,
        *,
        locks: SharedLocks | None = None,
        carries_out: bool = True,
        report: ReportFault = lambda _job, _fault: None,
        count: CountOutcome = lambda _kind, _outcome: None,
    ) -> None:
        self._queue, self._locks, self._carries_out = queue, locks, carries_out
        self._report, self._count = report, count
        self._kinds = JobKinds(())
        self._retired: list[JobKinds] = []
        self._is_closing = False
        self._running: set[Job] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self._deleted_old_at: dict[str, float] = {}
        self.counts = JobCounts()
        """Jobs at the last sweep."""

    @property
    def spread(self) -> int:
        """Return into how many jobs one large piece of work is split, so that processes share it."""
        return self._queue.spread

    def use(self, kinds: JobKinds) -> None:
        """Carry jobs out by another configuration from now on; those that run pause, and go on by it."""
        self._kinds.retire()
        self._retired = [each for each in (*self._retired, self._kinds) if each.are_running]
        self._kinds = kinds

    def start(self) -> None:
        """Begin to carry jobs out and to look for lost ones."""
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._sweep())]
        if self._carries_out:
            self._tasks.append(loop.create_task(self._run_queue()))

    async def defer(self, kind: str, *subjects: str) -> None:
        """Let jobs be carried out soon; those that cannot be put into the queue are re-created later."""
        with contextlib.suppress(StoreUnavailable):
            await self._queue.put([Job(kind, subject) for subject in subjects])

    async def close(self, grace_s: float = 5.0) -> None:
        """Let the jobs that run pause at their next step; the next start goes on with the rest.

        Args:
            grace_s: after so many seconds, what still runs is cancelled.
        """
        self._kinds.retire()
        self._is_closing = True
        for task in self._tasks[:1]:
            _ = task.cancel()
        ends = [kinds.wait_for_end(grace_s) for kinds in (self._kinds, *self._retired)]
        _ = await asyncio.gather(self._queue.stop(), *ends)
        _ = await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run_queue(self) -> None:
        while not self._is_closing:
            try:
                await self._queue.run(self._carry_out)
            except StoreUnavailable:
                await asyncio.sleep(_PAUSE_S)
            except Exception as fault:  # noqa: BLE001 - told; jobs must go on
                self._report(None, fault)
                await asyncio.sleep(_PAUSE_S)

    async def _carry_out(self, job: Job) -> JobOutcome:
        if job in self._running or not self._kinds.has(job.kind):  # or a later version of the gateway knows the kind
            return "busy"
        self._running.add(job)
        try:
            outcome = await self._run_alone(job)
        except StoreUnavailable:
            outcome = "failed"
        except Exception as fault:  # noqa: BLE001 - told; a fault of one job must not end the others
            self._report(job, fault)
            outcome = "failed"
        finally:
            self._running.discard(job)
        self._count(job.kind, outcome)
        return outcome

    async def _run_alone(self, job: Job) -> JobOutcome:
        """Carry a job out unless another process does.

        Raises:
            StoreUnavailable: nobody can say, or the job itself could not go on.
        """
        key, kinds, locks = _lock_key(job), self._kinds, self._locks
        if locks is None:
            return _outcome(await kinds.carry_out(job, JobRun(lambda: kinds.is_retired)))
        try:
            lease: WriteLease | None = await locks.acquire(key, Call(deadline=0.0, request_id=str(job)))
        except ConcurrentUpdate:
            return "busy"
        try:
            run = JobRun(lambda: kinds.is_retired, lambda: locks.holds(key), lease)
            return _outcome(await kinds.carry_out(job, run))
        finally:
            await locks.give_up(key)

    async def _sweep(self) -> None:
        while True:
            try:
                await self._look_for_lost()
            except StoreUnavailable:
                pass  # the next sweep tries again
            except Exception as fault:  # noqa: BLE001 - told; one sweep must not end the next ones
                self._report(None, fault)
            await asyncio.sleep(self._queue.sweep_s)

    async def _look_for_lost(self) -> None:
        kinds = list(self._kinds)
        for kind in kinds:
            await self._queue.restore([Job(kind.name, subject) for subject in await kind.list_due()])
        self.counts = await self._queue.count()
        for kind in kinds:
            await self._delete_old(kind)

    async def _delete_old(self, kind: JobKind) -> None:
        """Delete what is old once an hour; some rows in each sweep, so that nothing need wait."""
        now = asyncio.get_running_loop().time()
        if now >= self._deleted_old_at.get(kind.name, -math.inf) + _DELETE_OLD_S and not await kind.delete_old():
            self._deleted_old_at[kind.name] = now


def _outcome(there_is_more: bool) -> JobOutcome:  # noqa: FBT001 - what a handler returns
    return "again" if there_is_more else "done"


def _lock_key(job: Job) -> LockKey:
    return ("", f"job {job}")  # engines have names, so no instance's lock is the same
