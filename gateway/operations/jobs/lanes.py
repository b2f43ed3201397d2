"""Lanes: the jobs into which one large piece of work is split, so that processes share it; each takes items of its own.

A lane is named by the id of the work and its number. The first one is named by the id alone, and is there from the
start of the work to its end.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class LaneStore(Protocol):
    """Where works and their items are stored."""

    async def list_unfinished(self) -> list[str]:
        """Return the ids of the works that have not ended, oldest first."""
        ...

    async def list_lanes(self, work_id: str, /) -> tuple[bool, Sequence[int]]:
        """Return whether items of a work are pending, and the lanes that have begun some."""
        ...


async def list_due_lanes(store: LaneStore, spread: int) -> list[str]:
    """Return the lanes that have something left to do, of all works.

    Args:
        store: where they are stored.
        spread: into how many lanes a work is split.

    Raises:
        StoreUnavailable: the store cannot be reached.
    """
    due: list[str] = []
    for work_id in await store.list_unfinished():
        pending, begun = await store.list_lanes(work_id)
        lanes = {0, *begun, *(range(spread) if pending else ())}
        due += [lane_name(work_id, lane) for lane in sorted(lanes)]
    return due


def further_lanes(work_id: str, spread: int) -> list[str]:
    """Return the names of all lanes of a work but the first."""
    return [lane_name(work_id, lane) for lane in range(1, spread)]


def lane_name(work_id: str, lane: int = 0) -> str:
    """Return what a job of the queue names a lane by."""
    return f"{work_id}/{lane}" if lane else work_id


def parse_lane(name: str) -> tuple[str, int]:
    """Return the id of the work and the number of the lane that a name means."""
    work_id, _, lane = name.partition("/")
    return work_id, int(lane or 0)
