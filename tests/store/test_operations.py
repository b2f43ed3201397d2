"""Bulk operations in both databases: what ended long ago is forgotten, and nothing else."""

from __future__ import annotations

import asyncio
import gc

import msgspec

from gateway.model.bulk import BulkItem, BulkOperation, ItemOutcome
from gateway.store import OperationRecords

MONTH_S = 2_592_000.0


def operation(operation_id: str) -> BulkOperation:
    return BulkOperation(id=operation_id, caller="bench", state="selecting", engines=b"[]", filter=b"{}", command=b"{}")


async def ended(operations: OperationRecords, operation_id: str, count: int) -> None:
    await operations.create(operation(operation_id))
    await operations.add_instances(operation_id, [f"hr:{number}" for number in range(count)])
    assert await operations.change_state(operation_id, ("selecting",), "running")
    items = await operations.start_items(operation_id, count, 0)
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


async def running(operations: OperationRecords, count: int) -> None:
    await operations.create(operation("open"))
    await operations.add_instances("open", [f"hr:{number}" for number in range(count)])
    assert await operations.change_state("open", ("selecting",), "running")


def done(items: list[BulkItem]) -> list[ItemOutcome]:
    return [ItemOutcome(number=item.number, instance=item.instance, done=True) for item in items]


async def test_lanes_of_several_processes_share_the_items_and_none_is_started_twice(stores) -> None:
    processes = [OperationRecords(stores()) for _ in range(3)]
    await running(processes[0], 100)

    async def lane(number: int) -> list[BulkItem]:
        taken: list[BulkItem] = []
        while items := await processes[number].start_items("open", 7, number):
            assert await processes[number].list_started("open", number) == items
            await processes[number].record("open", done(items))
            taken += items
        return taken

    shares = await asyncio.gather(*(lane(number) for number in range(3)))
    assert sorted(item.number for share in shares for item in share) == list(range(1, 101))


async def test_operation_ends_once_no_item_is_pending_or_started_by_whichever_lane(stores) -> None:
    operations = OperationRecords(stores())
    await running(operations, 3)
    assert await operations.list_lanes("open") == (True, [])
    first, second = [await operations.start_items("open", 2, lane) for lane in (1, 2)]
    assert await operations.list_lanes("open") == (False, [1, 2])
    await operations.record("open", done(first))
    assert await operations.end("open") is None
    await operations.record("open", done(second))
    assert await operations.end("open") == "completed"
    shown = await operations.find("open")
    assert (shown.state, shown.done, shown.command, await operations.end("open")) == ("completed", 3, None, None)


async def test_cancelled_operation_waits_for_started_items_only(stores) -> None:
    operations = OperationRecords(stores())
    await running(operations, 3)
    items = await operations.start_items("open", 2, 5)
    assert await operations.change_state("open", ("running",), "cancelling")
    assert await operations.start_items("open", 2, 6) == []
    assert await operations.end("open") is None
    await operations.record("open", done(items))
    assert await operations.end("open") == "cancelled"


async def test_command_is_found_without_counting_items(stores) -> None:
    operations = OperationRecords(stores())
    await running(operations, 3)
    assert await operations.find_command("open") == msgspec.structs.replace(operation("open"), state="running")
    assert await operations.find_command("other") is None
