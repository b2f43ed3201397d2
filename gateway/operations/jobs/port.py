"""What defers jobs, and where they wait."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeAlias

from gateway.model.jobs import Job, JobCounts, JobOutcome

CarryOut: TypeAlias = Callable[[Job], Awaitable[JobOutcome]]
"""Carries a job out; raises nothing but ``CancelledError``."""


class Jobs(Protocol):
    """What defers jobs."""

    @property
    def spread(self) -> int:
        """Return into how many jobs one large piece of work is split, so that processes share it."""
        ...

    async def defer(self, kind: str, *subjects: str) -> None:
        """Let jobs be carried out soon. The rows that say what is to be done are committed before.

        Where the queue cannot be reached, nothing is raised: the sweeper re-creates the jobs later.
        """
        ...


class JobQueue(Protocol):
    """Where jobs wait. Every method but ``stop`` raises ``StoreUnavailable`` where it cannot be reached."""

    @property
    def spread(self) -> int:
        """Return into how many jobs one large piece of work is split, so that processes share it."""
        ...

    @property
    def sweep_s(self) -> float:
        """Return how often lost jobs are looked for, seconds."""
        ...

    async def put(self, jobs: Sequence[Job]) -> None:
        """Let jobs wait for their turn; one that waits already is left alone."""
        ...

    async def restore(self, jobs: Sequence[Job]) -> None:
        """Put those of some jobs that neither wait nor run; what dead processes were given waits again."""
        ...

    async def run(self, carry_out: CarryOut) -> None:
        """Carry jobs out until ``stop`` is called, several at once; may be called again after an error.

        Raises:
            StoreUnavailable: the queue has gone; jobs that ran have ended.
        """
        ...

    async def stop(self) -> None:
        """Begin no more jobs, and wait for those that run."""
        ...

    async def count(self) -> JobCounts:
        """Return how many jobs there are."""
        ...
