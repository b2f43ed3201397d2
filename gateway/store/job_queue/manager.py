"""Procrastinate's manager of jobs, made to outlive a database that goes for a while."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
from collections.abc import Awaitable, Callable

from procrastinate.connector import BaseAsyncConnector
from procrastinate.exceptions import ConnectorException, UniqueViolation
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager

from gateway.errors import StoreUnavailable

_PAUSE_S = 1.0


class PatientManager(JobManager):
    """Repeats to the database that a job has ended until it is heard, or until ``give_up``.

    The library does so once. A job that has ended and still counts as running, of a worker that is alive, would be
    nobody's for ever.
    """

    def __init__(self, connector: BaseAsyncConnector) -> None:
        super().__init__(connector)
        self._gives_up = False

    def give_up(self) -> None:
        """Try once from now on: the worker ends, and what it was given counts as stalled then."""
        self._gives_up = True

    async def update_heartbeat(self, worker_id: int) -> None:
        """Say that a worker is alive; a failure would end the library's task that says so, and nobody would notice."""
        with contextlib.suppress(StoreUnavailable):
            await super().update_heartbeat(worker_id)

    async def finish_job(self, job: Job, status: Status, delete_job: bool) -> None:  # noqa: FBT001 - the library's own
        """Take a job out of the queue."""
        finish = super().finish_job
        await self._insist(lambda: finish(job, status, delete_job))

    async def retry_job(
        self,
        job: Job,
        retry_at: dt.datetime | None = None,
        priority: int | None = None,
        queue: str | None = None,
        lock: str | None = None,
    ) -> None:
        """Let a job wait again; where another one for the same work waits already, that is enough."""
        retry = super().retry_job
        try:
            await self._insist(lambda: retry(job, retry_at, priority, queue, lock))
        except UniqueViolation:
            await self.finish_job(job, Status.FAILED, delete_job=True)

    async def _insist(self, tell: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                return await tell()
            except StoreUnavailable:
                if self._gives_up:
                    raise
            except UniqueViolation:
                raise
            except ConnectorException:  # no longer given to us: an earlier try was heard, or a sweep was quicker
                return None
            await asyncio.sleep(_PAUSE_S)
