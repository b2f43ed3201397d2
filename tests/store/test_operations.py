"""Bulk operations in both databases: what ended long ago is forgotten, and nothing else."""

from __future__ import annotations

import gc

from gateway.model.bulk import BulkOperation, ItemOutcome
from gateway.store import OperationRecords

MONTH_S = 2_592_000.0


def operation(operation_id: str) -> BulkOperation:
    return BulkOperation(id=operation_id, caller="bench", state="selecting", engines=b"[]", filter=b"{}", command=b"{}")


async def ended(operations: OperationRecords, operation_id: str, count: int) -> None:
    await operations.create(operation(operation_id))
    await operations.add_instances(operation_id, [f"hr:{number}" for number in range(count)])
    assert await operations.change_state(operation_id, ("selecting",), "running")
    items = await operations.start_items(operation_id, count)
    outcomes = [ItemOutcome(number=item.number, instance=item.instance, done=True) for item in items]
    await operations.record(operation_id, outcomes)
    assert await operations.change_state(operation_id, ("running",), "completed")


async def test_what_ended_long_ago_is_forgotten_in_pieces(stores) -> None:
    forgetful = OperationRecords(stores(), -1.0)
    await ended(forgetful, "old", 1100)
    await forgetful.create(operation("open"))
    await forgetful.add_instances("open", ["hr:1"])
    pieces = 0
    while await forgetful.delete_old():
        pieces += 1
        assert pieces < 10
        left = len(await forgetful.list_outcomes("old", 0, 2000))
        assert left == max(1100 - 500 * pieces, 0)
    assert pieces == 4  # three of items, then the operation itself
    assert await forgetful.find("old") is None
    assert (await forgetful.find("open")).total == 1


async def test_what_has_ended_is_kept_as_long_as_is_set(stores) -> None:
    operations = OperationRecords(stores(), MONTH_S)
    await ended(operations, "fresh", 3)
    assert not await operations.delete_old()
    assert len(await operations.list_outcomes("fresh", 0, 10)) == 3


async def test_looking_for_unfinished_operations_leaves_no_reference_cycles(stores) -> None:
    operations = OperationRecords(stores(), MONTH_S)
    await operations.create(operation("open"))
    assert await operations.list_unfinished() == ["open"]
    gc.collect()
    gc.disable()
    try:
        for _ in range(20):
            await operations.list_unfinished()
        assert gc.collect() < 20  # every two seconds for months, and the collector waits for 20,000 of them
    finally:
        gc.enable()
