"""Where bulk operations and their items are stored, as the gateway sees it; ``gateway.store.bulk_operations`` is it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from gateway.model.audit import AuditAct
from gateway.model.bulk import BulkItem, BulkOperation, BulkState, ItemOutcome


class OperationStore(Protocol):
    """Bulk operations and their items.

    Every method raises ``StoreUnavailable`` when the store cannot be reached. A write may then have happened or not;
    repeating it does no harm.
    """

    async def create(self, operation: BulkOperation, acts: Sequence[AuditAct] = ()) -> None:
        """Store a new operation, and record its acts in the same transaction."""
        ...

    async def find(self, operation_id: str) -> BulkOperation | None:
        """Return an operation with its progress, or None."""
        ...

    async def find_command(self, operation_id: str) -> BulkOperation | None:
        """Return an operation without its progress, which takes a count of all its items, or None."""
        ...

    async def list_unfinished(self) -> list[str]:
        """Return the ids of the operations that have not ended, oldest first."""
        ...

    async def add_instances(self, operation_id: str, instances: Sequence[str]) -> None:
        """Add instances to an operation; those that it already has are left alone."""
        ...

    async def change_state(
        self,
        operation_id: str,
        before: Sequence[BulkState],
        state: BulkState,
        problem: bytes | None = None,
        acts: Sequence[AuditAct] = (),
    ) -> bool:
        """Change the state if it is one of ``before``; return whether it was. If so, its acts are recorded with it."""
        ...

    async def list_lanes(self, operation_id: str) -> tuple[bool, list[int]]:
        """Return whether items of an operation are pending, and the lanes that have started some."""
        ...

    async def start_items(self, operation_id: str, count: int, lane: int) -> list[BulkItem]:
        """Mark the next items as started by a lane and return them: none where all are, or nothing is running."""
        ...

    async def list_started(self, operation_id: str, lane: int) -> list[BulkItem]:
        """Return the items that a lane has started and that have no outcome."""
        ...

    async def end(self, operation_id: str) -> BulkState | None:
        """End an operation if none of its items has to be waited for; return its last state, None if it goes on."""
        ...

    async def record(self, operation_id: str, outcomes: Sequence[ItemOutcome]) -> None:
        """Store the outcomes of items; an outcome that is neither done nor failed makes its item pending again."""
        ...

    async def list_outcomes(self, operation_id: str, after: int, count: int) -> list[ItemOutcome]:
        """Return the outcomes of items with numbers above ``after``, in order."""
        ...

    async def delete_old(self) -> bool:
        """Delete some rows of operations that ended long ago; return whether there may be more of them."""
        ...
