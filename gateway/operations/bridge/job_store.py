"""Where bridge jobs and their items are stored, as the gateway sees it; ``gateway.store.bridge_jobs`` is it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from gateway.model.bridge_jobs import BridgeItem, BridgeItemOutcome, BridgeJob, BridgeJobState, NewItem, Taken


class BridgeJobStore(Protocol):
    """Bridge jobs and their items.

    Every method raises ``StoreUnavailable`` when the store cannot be reached. A write may then have happened or not;
    repeating it does no harm.
    """

    async def create(self, job: BridgeJob) -> None:
        """Store a new job."""
        ...

    async def find(self, job_id: str) -> BridgeJob | None:
        """Return a job with its progress, or None."""
        ...

    async def find_row(self, job_id: str) -> BridgeJob | None:
        """Return a job without its progress, which takes a count of all its items, or None."""
        ...

    async def list_some(self, *, plan: str | None = None, limit: int = 100) -> list[BridgeJob]:
        """Return jobs, the newest first, without their progress."""
        ...

    async def list_unfinished(self) -> list[str]:
        """Return the ids of the jobs that have not ended, oldest first."""
        ...

    async def list_lanes(self, job_id: str) -> tuple[bool, list[int]]:
        """Return whether items of a job are pending, and the lanes that have begun some."""
        ...

    async def add_items(self, job_id: str, items: Sequence[NewItem], cursor: str) -> None:
        """Add instances to a job, and how far they were selected; those that it already has are left alone."""
        ...

    async def change_state(
        self, job_id: str, before: Sequence[BridgeJobState], state: BridgeJobState, problem: bytes | None = None
    ) -> bool:
        """Change the state if it is one of ``before``; return whether it was."""
        ...

    async def cancel(self, job_id: str, caller: str) -> bool:
        """Let no more items of a job begin, and record that in the audit trail; return False where it has ended."""
        ...

    async def end(self, job_id: str) -> BridgeJobState | None:
        """End a job if none of its items has to be waited for; return its last state, None if it goes on."""
        ...

    async def take_items(self, job_id: str, count: int, lane: int) -> Taken:
        """Mark the next items as begun by a lane; none where all are, or the job is not running."""
        ...

    async def list_begun(self, job_id: str, lane: int) -> list[BridgeItem]:
        """Return the items that a lane has begun and that have not ended."""
        ...

    async def note_starting(self, job_id: str, number: int) -> None:
        """Note that a twin for an item is about to be started."""
        ...

    async def record(self, job_id: str, outcomes: Sequence[BridgeItemOutcome]) -> None:
        """Store how items ended; one without an outcome is pending again."""
        ...

    async def list_outcomes(self, job_id: str, after: int, count: int) -> list[BridgeItemOutcome]:
        """Return the outcomes of items with numbers above ``after``, in order."""
        ...

    async def delete_old(self) -> bool:
        """Delete some rows of jobs that ended long ago; return whether there may be more of them."""
        ...
