"""Bulk operations: one change to many instances, carried out in the background; what is known about one.

What must not live here: how operations are stored (``gateway.store.bulk_operations``) and carried out
(``gateway.operations.bulk``).
"""

from __future__ import annotations

from typing import Literal

import msgspec

from gateway.model.values import Value

BulkState = Literal["selecting", "running", "cancelling", "cancelled", "completed", "failed"]
ENDED: tuple[BulkState, ...] = ("cancelled", "completed", "failed")


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What is done to each instance: values to set, then names to delete."""

    modifications: dict[str, Value] = {}
    deletions: tuple[str, ...] = ()


class BulkOperation(msgspec.Struct, frozen=True, kw_only=True):
    """One operation.

    Args:
        caller: who created it; apart from administrators, only this caller sees it.
        engines: names of the engines that the caller may use, as JSON.
        filter: of the query that selects the instances, as JSON; emptied after the selection, since it holds values.
        command: the ``Change``, as JSON; None after the end, since it holds values.
        total: instances selected so far; all of them once the operation is running.
        problems: error code to the number of items that failed with it.
        running_s: seconds from the first item to now, or to the end.
        problem: why the whole operation failed, as JSON.
    """

    id: str
    caller: str
    state: BulkState
    engines: bytes
    filter: bytes
    command: bytes | None = None
    total: int = 0
    done: int = 0
    problems: dict[str, int] = {}
    running_s: float | None = None
    problem: bytes | None = None

    @property
    def failed(self) -> int:
        """Return the number of items that failed."""
        return sum(self.problems.values())

    @property
    def eta_s(self) -> float | None:
        """Return how many seconds are left at the speed so far; None before the first item has ended."""
        finished = self.done + self.failed
        if self.state != "running" or not finished or self.running_s is None:
            return None
        return round((self.total - finished) * self.running_s / finished, 1)


class BulkItem(msgspec.Struct, frozen=True, kw_only=True):
    """One instance of an operation, by its canonical id."""

    number: int
    instance: str


class ItemOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """How an item ended: done, or failed with a code and a problem. With neither, the item is to be tried again."""

    number: int
    instance: str
    done: bool = False
    code: str | None = None
    problem: bytes | None = None
