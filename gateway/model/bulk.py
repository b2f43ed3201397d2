"""Bulk operations: one change to many instances, carried out in the background; what is known of it.

What must not live here: how they are kept (``gateway.store.operations``) and carried out (``gateway.operations.bulk``).
"""

from __future__ import annotations

from typing import Literal

import msgspec

from gateway.model.values import Value

State = Literal["selecting", "running", "cancelling", "cancelled", "completed", "failed"]
ENDED: tuple[State, ...] = ("cancelled", "completed", "failed")


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What is done to each instance: values to set, then names to delete."""

    modifications: dict[str, Value] = {}
    deletions: tuple[str, ...] = ()


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One operation.

    Args:
        caller: who asked; nobody else sees it, but an administrator.
        engines: names, as JSON; those that the caller may use.
        filter: of the query that selects the instances, as JSON; empty once they are selected, for it holds values.
        command: the ``Change``, as JSON; None once it has ended, for it holds values.
        total: instances selected so far; all of them once it is running.
        problems: code of an error to the number of items that failed with it.
        running_s: seconds since the first item began, until now or the end.
        problem: why the whole operation failed, as JSON.
    """

    id: str
    caller: str
    state: State
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
        """Give the number of items that failed."""
        return sum(self.problems.values())

    @property
    def eta_s(self) -> float | None:
        """Give the seconds that are left at the pace so far; None where there is no pace yet."""
        finished = self.done + self.failed
        if self.state != "running" or not finished or self.running_s is None:
            return None
        return round((self.total - finished) * self.running_s / finished, 1)


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One instance of an operation, by its canonical id."""

    number: int
    instance: str


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How an item went: done, or failed with a code and a problem; neither = it is to be tried again."""

    number: int
    instance: str
    done: bool = False
    code: str | None = None
    problem: bytes | None = None
