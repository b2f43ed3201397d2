"""Jobs that wait in this process: for a store that is a file of this machine. They end with the process.

Several processes on one store sweep the same rows; the lock on a job keeps two of them off it.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence

from gateway.model.jobs import Job, JobCounts
from gateway.operations.jobs.port import CarryOut


class InProcessQueue:
    """The jobs of this process, first come first served.

    Args:
        at_once: jobs that run at the same time.
        sweep_s: how often lost jobs are looked for, which here are those of the process before, or of another one that
            has died.
    """

    spread = 1

    def __init__(self, at_once: int = 4, sweep_s: float = 2.0) -> None:
        self.sweep_s = sweep_s
        self._at_once = at_once
        self._waiting: dict[Job, float] = {}
        self._running: dict[Job, asyncio.Task[None]] = {}
        self._carry_out: CarryOut | None = None
        self._stopped = asyncio.Event()

    async def put(self, jobs: Sequence[Job]) -> None:
        """Let jobs wait for their turn; one that runs is carried out again afterwards."""
        now = asyncio.get_running_loop().time()
        for job in jobs:
            _ = self._waiting.setdefault(job, now)
        self._begin_next()

    async def restore(self, jobs: Sequence[Job]) -> None:
        """Put those that neither wait nor run."""
        await self.put([job for job in jobs if job not in self._running])

    async def run(self, carry_out: CarryOut) -> None:
        """Carry jobs out until ``stop`` is called."""
        self._carry_out = carry_out
        self._begin_next()
        _ = await self._stopped.wait()

    async def stop(self) -> None:
        """Begin no more jobs, and wait for those that run."""
        self._carry_out = None
        self._stopped.set()
        _ = await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def count(self) -> JobCounts:
        """Return how many jobs of this process there are."""
        now = asyncio.get_running_loop().time()
        return JobCounts(
            waiting=Counter(job.kind for job in self._waiting),
            running=Counter(job.kind for job in self._running),
            oldest_s=max((now - since for since in self._waiting.values()), default=0.0),
        )

    def _begin_next(self) -> None:
        if self._carry_out is None:
            return
        for job in [job for job in self._waiting if job not in self._running]:
            if len(self._running) >= self._at_once:
                return
            del self._waiting[job]
            self._running[job] = asyncio.get_running_loop().create_task(self._run(job, self._carry_out))

    async def _run(self, job: Job, carry_out: CarryOut) -> None:
        try:
            outcome = await carry_out(job)
        finally:
            del self._running[job]
        if outcome == "again":
            _ = self._waiting.setdefault(job, asyncio.get_running_loop().time())
        self._begin_next()
