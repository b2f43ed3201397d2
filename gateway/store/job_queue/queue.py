"""The queue that many processes share: jobs put, fetched, retried when their worker has died, and counted."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeAlias

from procrastinate import App, BaseRetryStrategy, RetryDecision
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.jobs import Job as QueuedJob

from gateway.errors import StoreUnavailable
from gateway.model.jobs import Job, JobCounts, JobOutcome
from gateway.store.job_queue.connector import StoreConnector
from gateway.store.job_queue.manager import PatientManager
from gateway.store.store import Store

_TASK = "varbridge"
"""The one task that procrastinate knows; a kind of jobs is a queue."""
_SPREAD = 16
_LISTENING_POLL_S, _POLL_S = 5.0, 1.0
"""Between two looks for jobs, beside notices and without them."""
_ABORT_POLL_S = 60.0
_BUSY_S, _LONGEST_PAUSE_S = 1, 60
_AT_ONCE = 500
"""Jobs that one statement puts."""
_LIVE = """
SELECT queueing_lock FROM procrastinate_jobs
WHERE status IN ('todo', 'doing') AND queueing_lock = ANY(%(locks)s::text[])
"""
_COUNT = """
SELECT queue_name, status = 'doing' AS runs, count(*) AS jobs FROM procrastinate_jobs
WHERE status IN ('todo', 'doing') GROUP BY queue_name, runs
"""
_OLDEST = """
SELECT extract(epoch FROM now() - event.at)::float AS waited FROM procrastinate_events event WHERE event.job_id = (
    SELECT min(id) FROM procrastinate_jobs WHERE status = 'todo' AND (scheduled_at IS NULL OR scheduled_at <= now())
) ORDER BY event.id DESC LIMIT 1
"""


CarryOut: TypeAlias = Callable[[Job], Awaitable[JobOutcome]]
"""Carries a job out; raises nothing but ``CancelledError``."""


class _LaterError(Exception):
    """The job is to be tried again later."""

    def __init__(self, *, busy: bool) -> None:
        super().__init__()
        self.busy = busy


class _Later(BaseRetryStrategy):
    def get_retry_decision(self, *, exception: BaseException, job: QueuedJob) -> RetryDecision:
        """Return when a job is tried again: soon where another process has it; after a fault each time later."""
        is_busy = isinstance(exception, _LaterError) and exception.busy
        seconds = _BUSY_S if is_busy else min(2 ** min(job.attempts, 10), _LONGEST_PAUSE_S)
        return RetryDecision(retry_in={"seconds": seconds})


class SharedJobQueue:
    """The jobs of all processes on a store; it is a ``JobQueue`` of ``gateway.operations.jobs``.

    Args:
        store: on PostgreSQL.
        life_s: a worker shows life this often; one that has shown none for three times as long is taken for dead, and
            what it was given waits again. Lost jobs are looked for this often as well.
        at_once: jobs that this process carries out at the same time.
        listens: whether one more connection is told of new jobs; else they are looked for once a second.
    """

    spread = _SPREAD

    def __init__(self, store: Store, life_s: float, *, at_once: int = 4, listens: bool = True) -> None:
        self.sweep_s = life_s
        self._life_s, self._at_once, self._listens = life_s, at_once, listens
        self._connector = StoreConnector(store)
        self._app = App(connector=self._connector)
        self._manager = self._app.job_manager = PatientManager(self._connector)
        _ = self._app.task(name=_TASK, retry=_Later(), pass_context=False)(self._carry_out_one)
        self._carry_out: CarryOut | None = None
        self._working: asyncio.Task[None] | None = None

    async def put(self, jobs: Sequence[Job]) -> None:
        """Let jobs wait for their turn; one that waits already is left alone.

        Raises:
            StoreUnavailable: they may or may not wait.
        """
        for start in range(0, len(jobs), _AT_ONCE):
            some = jobs[start : start + _AT_ONCE]
            try:
                await self._defer(some)
            except AlreadyEnqueued:
                for job in some:
                    with contextlib.suppress(AlreadyEnqueued):
                        await self._defer([job])

    async def _defer(self, jobs: Sequence[Job]) -> None:
        """Let all of some jobs wait.

        Raises:
            AlreadyEnqueued: one of them does already; none was put.
            StoreUnavailable: they may or may not wait.
        """
        queued = [
            QueuedJob(
                id=None,
                queue=job.kind,
                lock=None,
                queueing_lock=str(job),
                task_name=_TASK,
                task_kwargs={"kind": job.kind, "subject": job.subject},
            )
            for job in jobs
        ]
        _ = await self._manager.batch_defer_jobs_async(queued)

    async def restore(self, jobs: Sequence[Job]) -> None:
        """Put those of some jobs that neither wait nor run; what dead processes were given waits again.

        Raises:
            StoreUnavailable: some may not have been put.
        """
        for stalled in await self._manager.get_stalled_jobs(seconds_since_heartbeat=3 * self._life_s):
            await self._manager.retry_job(stalled)
        if jobs:
            rows = await self._connector.execute_query_all_async(_LIVE, locks=[str(job) for job in jobs])
            live = {row["queueing_lock"] for row in rows}
            await self.put([job for job in jobs if str(job) not in live])

    async def run(self, carry_out: CarryOut) -> None:
        """Carry jobs out until ``stop`` is called.

        Raises:
            StoreUnavailable: the database has gone; jobs that ran have ended. It may be called again.
        """
        self._carry_out = carry_out
        self._working = asyncio.get_running_loop().create_task(self._work())
        _ = await asyncio.wait({self._working})
        if not self._working.cancelled():
            self._working.result()

    async def _work(self) -> None:
        """Be one of procrastinate's workers; once this is cancelled, it begins no more jobs, and waits for the rest."""
        await self._app.run_worker_async(
            concurrency=self._at_once,
            fetch_job_polling_interval=min(_LISTENING_POLL_S if self._listens else _POLL_S, self._life_s),
            abort_job_polling_interval=_ABORT_POLL_S,
            listen_notify=self._listens,
            delete_jobs="always",
            install_signal_handlers=False,
            update_heartbeat_interval=self._life_s,
            stalled_worker_timeout=3 * self._life_s,
        )

    async def _carry_out_one(self, kind: str, subject: str) -> None:
        """Carry out a job that procrastinate has fetched.

        Raises:
            _LaterError: it is to be tried again later.
        """
        job = Job(kind, subject)
        outcome = await self._carry_out(job) if self._carry_out is not None else "busy"
        if outcome == "again":
            with contextlib.suppress(StoreUnavailable):  # then a sweep puts it
                await self.put([job])
        elif outcome != "done":
            raise _LaterError(busy=outcome == "busy")

    async def stop(self) -> None:
        """Begin no more jobs, and wait for those that run."""
        self._manager.give_up()
        if self._working is not None:
            _ = self._working.cancel()
            _ = await asyncio.gather(self._working, return_exceptions=True)

    async def count(self) -> JobCounts:
        """Return how many jobs of all processes there are.

        Raises:
            StoreUnavailable: nobody can say.
        """
        rows = await self._connector.execute_query_all_async(_COUNT)
        oldest = await self._connector.execute_query_all_async(_OLDEST)
        return JobCounts(
            waiting=_by_kind(rows, runs=False),
            running=_by_kind(rows, runs=True),
            oldest_s=max(oldest[0]["waited"], 0.0) if oldest else 0.0,
        )


def _by_kind(rows: Sequence[dict[str, Any]], *, runs: bool) -> dict[str, int]:
    return {row["queue_name"]: row["jobs"] for row in rows if row["runs"] is runs}
