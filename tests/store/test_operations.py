"""Bulk operations in both databases: what ended long ago is forgotten, and nothing else."""

from __future__ import annotations

from gateway.model.bulk import Operation, Outcome
from gateway.store import Operations

MONTH_S = 2_592_000.0


def operation(operation_id: str) -> Operation:
    return Operation(id=operation_id, caller="bench", state="selecting", engines=b"[]", filter=b"{}", command=b"{}")


async def ended(operations: Operations, operation_id: str, count: int) -> None:
    await operations.created(operation(operation_id))
    await operations.selected(operation_id, [f"hr:{number}" for number in range(count)])
    assert await operations.became(operation_id, ("selecting",), "running")
    items = await operations.started(operation_id, count)
    outcomes = [Outcome(number=item.number, instance=item.instance, done=True) for item in items]
    await operations.finished(operation_id, outcomes)
    assert await operations.became(operation_id, ("running",), "completed")


async def test_what_ended_long_ago_is_forgotten_in_pieces(stores) -> None:
    forgetful = Operations(stores(), -1.0)
    await ended(forgetful, "old", 1100)
    await forgetful.created(operation("open"))
    await forgetful.selected("open", ["hr:1"])
    pieces = 0
    while await forgetful.swept():
        pieces += 1
        assert pieces < 10
        left = len(await forgetful.results("old", 0, 2000))
        assert left == max(1100 - 500 * pieces, 0)
    assert pieces == 4  # three of items, then the operation itself
    assert await forgetful.found("old") is None
    assert (await forgetful.found("open")).total == 1


async def test_what_has_ended_is_kept_as_long_as_is_set(stores) -> None:
    operations = Operations(stores(), MONTH_S)
    await ended(operations, "fresh", 3)
    assert not await operations.swept()
    assert len(await operations.results("fresh", 0, 10)) == 3
