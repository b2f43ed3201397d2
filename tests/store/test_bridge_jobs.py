"""Bridge jobs in both databases: items shared by lanes and processes, one rate for all, and what is forgotten."""

from __future__ import annotations

import asyncio
import gc

from gateway.model.bridge_jobs import BridgeItemOutcome, BridgeJob, NewItem, Throttle
from gateway.store import BridgeJobRecords

JOB = BridgeJob(id="1" * 32, plan="move", kind="copy", caller="ops")


async def running(records: BridgeJobRecords, count: int, job: BridgeJob = JOB) -> None:
    await records.create(job)
    await records.add_items(job.id, [NewItem(instance=str(number)) for number in range(count)], "cursor")
    assert await records.change_state(job.id, ("selecting",), "running")


def ended(number: int, outcome: str = "copied", code: str | None = None) -> BridgeItemOutcome:
    return BridgeItemOutcome(number=number, instance=str(number - 1), outcome=outcome, code=code, evidence=b"{}")


async def test_job_is_found_with_its_progress(stores) -> None:
    records = BridgeJobRecords(stores())
    await running(records, 5)
    taken = await records.take_items(JOB.id, 3, 0)
    assert [(each.number, each.instance, each.link, each.starting_s) for each in taken.items] == [
        (1, "0", None, None), (2, "1", None, None), (3, "2", None, None),
    ]  # fmt: skip
    await records.record(JOB.id, [ended(1), ended(2, "failed", "engine-error"), ended(3, "skipped", "value-too-long")])
    job = await records.find(JOB.id)
    assert job is not None
    assert (job.total, job.finished, job.outcomes) == (5, 3, {"copied": 1, "failed": 1, "skipped": 1})
    assert job.codes == {"engine-error": 1, "value-too-long": 1}
    assert job.eta_s is not None
    assert [each.outcome for each in await records.list_outcomes(JOB.id, 1, 10)] == ["failed", "skipped"]
    assert [each.id for each in await records.list_some(plan="move")] == [JOB.id]
    assert await records.list_some(plan="other") == []


async def test_instance_is_in_a_job_once_however_often_it_is_selected(stores) -> None:
    records = BridgeJobRecords(stores())
    await records.create(JOB)
    for _ in range(2):
        await records.add_items(JOB.id, [NewItem(instance="a", link="2" * 32), NewItem(instance="b")], "c")
    job = await records.find(JOB.id)
    assert job is not None
    assert (job.total, job.cursor) == (2, "c")


async def test_lanes_of_two_processes_take_each_item_once(stores) -> None:
    first, second = BridgeJobRecords(stores()), BridgeJobRecords(stores())
    await running(first, 100)
    seen: list[int] = []

    async def take(records: BridgeJobRecords, lane: int) -> None:
        while items := (await records.take_items(JOB.id, 7, lane)).items:
            seen.extend(item.number for item in items)
            await records.record(JOB.id, [ended(item.number) for item in items])

    await asyncio.gather(take(first, 0), take(second, 1), take(first, 2))
    assert sorted(seen) == list(range(1, 101))
    assert await first.list_lanes(JOB.id) == (False, [])
    states = await asyncio.gather(first.end(JOB.id), second.end(JOB.id))
    assert sorted(states, key=str) == [None, "completed"]


async def test_items_of_a_lane_that_died_are_its_own_and_not_given_to_others(stores) -> None:
    records = BridgeJobRecords(stores())
    await running(records, 3)
    assert len((await records.take_items(JOB.id, 2, 1)).items) == 2
    assert [each.number for each in await records.list_begun(JOB.id, 1)] == [1, 2]
    assert await records.list_begun(JOB.id, 0) == []
    assert [each.number for each in (await records.take_items(JOB.id, 5, 0)).items] == [3]
    pending, lanes = await records.list_lanes(JOB.id)
    assert (pending, sorted(lanes)) == (False, [0, 1])
    assert await records.end(JOB.id) is None
    await records.record(JOB.id, [BridgeItemOutcome(number=1, instance="0")])
    assert [each.number for each in (await records.take_items(JOB.id, 5, 0)).items] == [1]


async def test_all_lanes_keep_to_one_rate(stores) -> None:
    records = BridgeJobRecords(stores())
    job = BridgeJob(id="3" * 32, plan="move", kind="copy", caller="ops", throttle=Throttle(at_once=9, per_second=0.5))
    await running(records, 6, job)
    waits = [(await records.take_items(job.id, 2, lane)).wait_s for lane in range(3)]
    assert waits[0] == 0.0
    assert 3.0 < waits[1] <= 4.0
    assert 7.0 < waits[2] <= 8.0


async def test_start_of_a_twin_is_noted_with_its_time(stores) -> None:
    records = BridgeJobRecords(stores())
    await running(records, 1)
    _ = await records.take_items(JOB.id, 1, 0)
    await records.note_starting(JOB.id, 1)
    [item] = await records.list_begun(JOB.id, 0)
    assert item.starting_s is not None
    assert 0.0 <= item.starting_s < 60.0


async def test_cancelled_job_gives_no_items_and_ends_when_those_that_run_have(stores) -> None:
    records = BridgeJobRecords(stores())
    await running(records, 3)
    _ = await records.take_items(JOB.id, 1, 0)
    assert await records.cancel(JOB.id, "ops")
    assert (await records.take_items(JOB.id, 1, 0)).items == []
    assert await records.end(JOB.id) is None
    await records.record(JOB.id, [ended(1)])
    assert await records.end(JOB.id) == "cancelled"
    assert not await records.cancel(JOB.id, "ops")
    assert await records.list_unfinished() == []


async def test_job_that_ended_long_ago_is_forgotten_in_pieces(stores) -> None:
    records = BridgeJobRecords(stores(), -1.0)
    await running(records, 1100)
    while items := (await records.take_items(JOB.id, 500, 0)).items:
        await records.record(JOB.id, [ended(item.number) for item in items])
    assert await records.end(JOB.id) == "completed"
    pieces = 0
    while await records.delete_old():
        pieces += 1
        assert pieces < 10
    assert pieces == 4  # three of items, then the job itself
    assert await records.find(JOB.id) is None


async def test_looking_for_unfinished_jobs_leaves_no_reference_cycles(stores) -> None:
    records = BridgeJobRecords(stores())
    await records.create(JOB)
    assert await records.list_unfinished() == [JOB.id]
    gc.collect()
    gc.disable()
    try:
        for _ in range(20):
            await records.list_unfinished()
        assert gc.collect() < 20
    finally:
        gc.enable()
