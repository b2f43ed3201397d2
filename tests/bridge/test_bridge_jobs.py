"""The jobs of the bridge: from the selection to the end, with failures, cancelled, switched off, and taken up again."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from typing import Any

import msgspec
import pytest

from gateway.model.bridge import FORGOTTEN
from gateway.model.bridge_jobs import BridgeItemOutcome
from gateway.plan import VendorRequest, VendorResponse
from tests.bridge.moving import Moving, moving
from tests.bridge.pair import DIRECTIONS, IBM, SOURCE, TARGET

ONE = {"n": {"type": "Integer", "value": 1}}
BROKEN = {"broken": {"type": "Json", "value": "{bad"}} | ONE
ERROR = VendorResponse(500, (("Content-Type", "text/plain"),), b"broken")
BUSY = VendorResponse(503, (("Content-Type", "text/plain"),), b"busy")


@pytest.fixture(autouse=True)
def _without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.operations.bridge.copy_items._PAUSE_S", 0.0)
    monkeypatch.setattr("gateway.operations.bridge.assessing._PAUSE_S", 0.0)


def writes(site: Moving, name: str = TARGET) -> Counter[str]:
    return Counter(
        request.path[1]
        for each, request in site.pair.heard
        if each == name and request.method == "POST" and request.path[0] == "process-instance" and request.path[1:]
    )


@pytest.mark.parametrize(("source", "target"), DIRECTIONS)
async def test_copy_job_copies_every_link_of_its_plan_and_says_so(source: str, target: str) -> None:
    held = {"n": 1} if source == IBM else ONE
    async with moving(source, target) as site:
        links = await site.pairs(7, held, {"n": 5} if target == IBM else None)
        job = await site.done(at_once=3)
        assert (job.state, job.total, job.outcomes, job.codes, job.eta_s) == ("completed", 7, {"copied": 7}, {}, 0.0)
        assert site.ended == [(job.id, "completed")]
        assert site.counted == ["copied"] * 7
        for link in links:
            now = await site.links.find(link.id)
            assert (now.state, now.stale, now.problem) == ("copied", None, None)
        assert {each.verdicts["lossless"] for each in await site.evidence(job.id)} == {1}


async def test_links_of_another_plan_are_left_alone() -> None:
    async with moving() as site:
        [link] = await site.pairs(1, ONE)
        await site.links.records.replace(msgspec.structs.replace(link, plan=None), [])
        job = await site.done()
        assert (job.state, job.total) == ("completed", 0)
        assert writes(site) == {}


async def test_failures_and_what_the_policy_says_are_counted_and_noted_on_the_link() -> None:
    async with moving(plan={"policy": {"variable-unreadable": "skip-instance"}}) as site:
        [fine] = await site.pairs(1, ONE)
        [skipped] = await site.pairs(1, BROKEN)
        [gone] = await site.pairs(1, ONE)
        [long] = await site.pairs(1, {"long": {"type": "String", "value": "x" * 4001}})
        site.pair.fakes[TARGET].end(gone.target.native)
        job = await site.done()
        assert job.outcomes == {"copied": 1, "skipped": 1, "failed": 2}
        assert job.codes == {"variable-unreadable": 1, "instance-not-found": 1, "value-too-long": 1}
        now = {
            name: await site.links.find(link.id)
            for name, link in locals().items()
            if name in {"fine", "skipped", "gone", "long"}
        }
        assert {name: link.state for name, link in now.items()} == {
            "fine": "copied", "skipped": "linked", "gone": "failed", "long": "failed",
        }  # fmt: skip
        assert now["gone"].problem
        assert "`long`" in str(now["long"].problem)
        again = await site.done()
        assert again.outcomes == job.outcomes


async def test_event_and_evidence_of_a_copy_are_in_the_audit_trail() -> None:
    async with moving() as site:
        [link] = await site.pairs(1, ONE)
        job = await site.done()
        entries = await audit_of(site, f"link:{link.id}")
        assert [each["action"] for each in entries] == ["link.create", "link.copy"]
        assert entries[1]["caller"] == "operator"
        evidence = json.loads(entries[1]["evidence"])
        assert evidence["job"] == job.id
        assert evidence["verdicts"] == {"lossless": 1}


async def audit_of(site: Moving, subject: str) -> list[dict[str, Any]]:
    from sqlalchemy import select  # noqa: PLC0415

    from gateway.store import tables  # noqa: PLC0415

    rows = tables.audit_entries
    query = select(rows).where(rows.c.subject == subject).order_by(rows.c.sequence)
    found = await site.store.once(lambda connection: connection.execute(query).mappings().all())
    return [dict(each) for each in found]


async def test_passing_failure_of_an_engine_is_tried_again() -> None:
    async with moving() as site:
        await site.pairs(1, ONE)
        left = [BUSY]
        site.pair.answering[TARGET] = lambda _request: left.pop() if left else None
        job = await site.done()
        assert job.outcomes == {"copied": 1}


@pytest.mark.parametrize("name", [SOURCE, TARGET])
async def test_engine_that_fails_for_good_fails_the_items_and_not_the_job(name: str) -> None:
    async with moving() as site:
        links = await site.pairs(3, ONE)
        site.pair.answering[name] = lambda _request: ERROR
        job = await site.done()
        assert (job.state, job.outcomes, job.codes) == ("completed", {"failed": 3}, {"engine-error": 3})
        site.pair.answering.clear()
        assert (await site.done()).outcomes == {"copied": 3}
        assert {(await site.links.find(link.id)).state for link in links} == {"copied"}


async def test_link_that_becomes_stale_while_it_is_copied_is_copied_again() -> None:
    async with moving() as site:
        [link] = await site.pairs(1, ONE)
        await site.done()
        marked: list[asyncio.Task[Any]] = []

        def mark(request: VendorRequest) -> None:
            if not marked:
                marked.append(asyncio.get_running_loop().create_task(site.links.mark_stale(link.id, "modified")))

        site.pair.answering[SOURCE] = mark
        site.pair.forget()
        job = await site.done()
        assert job.outcomes == {"copied": 1}
        assert (await site.links.find(link.id)).stale is None
        assert len([each for each in site.pair.asked(SOURCE)]) == 2


@pytest.mark.parametrize("state", ["dual", "live", "final"])
async def test_link_that_allows_no_copy_is_skipped_unread(state: str) -> None:
    async with moving() as site:
        [link] = await site.pairs(1, ONE)
        authority = "source" if state == "dual" else "target"
        await site.links.records.replace(msgspec.structs.replace(link, state=state, authority=authority), [])
        job = await site.done()
        assert (job.outcomes, job.codes) == ({"skipped": 1}, {"bridge-transition-refused": 1})
        assert site.pair.heard == []


async def test_plan_whose_links_may_only_be_linked_copies_nothing() -> None:
    async with moving(plan={"stage": "linked"}) as site:
        await site.pairs(1, ONE)
        assert (await site.done()).outcomes == {"skipped": 1}
        assert writes(site) == {}


async def test_cancelled_job_begins_no_further_item() -> None:
    async with moving() as site:
        await site.pairs(30, ONE)
        job_id = await site.create(at_once=1)
        cancelled: list[bool] = []

        async def cancel() -> None:
            cancelled.append(await site.records.change_state(job_id, ("running",), "cancelling"))

        def answering(_request: VendorRequest) -> None:
            if not cancelled:
                cancelled.append(True)
                asyncio.get_running_loop().create_task(cancel())

        site.pair.answering[TARGET] = answering
        while await site.carry_out(job_id):
            await asyncio.sleep(0)
        job = await site.shown(job_id)
        assert (job.state, job.total, job.outcomes) == ("cancelled", 30, {"copied": 5})
        assert await site.jobs.list_due() == []


async def test_job_that_died_goes_on_where_it_was_and_copies_nothing_twice() -> None:
    async with moving() as site:
        links = await site.pairs(12, ONE)
        job_id = await site.create(at_once=2)
        reached = asyncio.Event()

        def stall(request: VendorRequest) -> None:
            if request.path[-1] == "variables" and len(writes(site)) == 7:
                reached.set()

        site.pair.answering[TARGET] = stall
        running = asyncio.create_task(site.carry_out(job_id))
        await reached.wait()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        site.pair.answering.clear()
        before = writes(site)
        while await site.carry_out(job_id):
            await asyncio.sleep(0)
        job = await site.shown(job_id)
        assert (job.state, job.outcomes) == ("completed", {"copied": 12})
        assert set(writes(site).values()) == {1}
        assert len(before) < len(links)
        states = {(await site.links.find(link.id)).state for link in links}
        assert states == {"copied"}


@pytest.mark.parametrize("kind", ["copy", "verify", "assess"])
async def test_bridge_that_is_switched_off_stops_jobs_at_once_and_goes_on_when_it_is_on_again(kind: str) -> None:
    async with moving() as site:
        await site.pairs(12, ONE)
        job_id = await site.create(kind, at_once=1)

        def switch_off(_request: VendorRequest) -> None:
            site.on = False

        site.pair.answering[SOURCE] = switch_off
        while await site.carry_out(job_id):
            await asyncio.sleep(0)
        assert len(site.pair.heard) <= 4  # of one item; twelve would be three times as many at least
        assert await site.jobs.list_due() == []
        job = await site.shown(job_id)
        assert (job.state, job.total) == ("running", 12)
        assert await site.carry_out(job_id) is False
        site.pair.answering.clear()
        site.on = True
        assert await site.jobs.list_due() == [job_id]
        while await site.carry_out(job_id):
            await asyncio.sleep(0)
        assert (await site.shown(job_id)).state == "completed"
        assert sum((await site.shown(job_id)).outcomes.values()) == 12


async def test_process_that_stops_leaves_what_it_has_not_ended_to_the_next() -> None:
    async with moving() as site:
        await site.pairs(6, ONE)
        job_id = await site.create(at_once=1)
        stopping: list[bool] = []
        site.pair.answering[TARGET] = lambda _request: stopping.append(True)
        assert await site.carry_out(job_id, must_stop=lambda: bool(stopping)) is True
        job = await site.shown(job_id)
        assert job.outcomes == {}
        assert writes(site) == {}
        while await site.carry_out(job_id):
            await asyncio.sleep(0)
        assert (await site.shown(job_id)).outcomes == {"copied": 6}


async def test_lanes_share_the_items_and_each_is_copied_once() -> None:
    async with moving(spread=3) as site:
        links = await site.pairs(31, ONE)
        job_id = await site.create(at_once=6)
        while await site.carry_out(job_id, 0, must_stop=lambda: bool(site.queue.deferred)):
            if site.queue.deferred:
                break
        assert site.queue.deferred == [f"{job_id}/1", f"{job_id}/2"]

        async def lane(number: int) -> None:
            while await site.carry_out(job_id, number):
                await asyncio.sleep(0)

        await asyncio.gather(*map(lane, range(3)))
        assert (await site.shown(job_id)).outcomes == {"copied": 31}
        assert writes(site) == dict.fromkeys((link.target.native for link in links), 1)


async def test_lanes_beyond_what_the_job_may_do_at_once_do_nothing() -> None:
    async with moving(spread=3) as site:
        await site.pairs(4, ONE)
        job_id = await site.create(at_once=1)
        assert await site.carry_out(job_id, 2) is False
        while await site.carry_out(job_id):
            pass
        assert await site.carry_out(job_id, 1) is False
        assert (await site.shown(job_id)).outcomes == {"copied": 4}


async def test_comparison_marks_links_that_differ_as_stale_and_writes_nothing() -> None:
    async with moving() as site:
        [equal] = await site.pairs(1, ONE, ONE)
        [different] = await site.pairs(1, ONE, {"n": {"type": "Integer", "value": 2}})
        await site.links.records.replace(
            msgspec.structs.replace(await site.links.find(different.id), state="copied"), []
        )
        job = await site.done("verify")
        assert (job.outcomes, job.codes) == ({"equal": 1, "different": 1}, {"differs": 1})
        assert (await site.links.find(equal.id)).stale is None
        assert "`n`" in str((await site.links.find(different.id)).stale)
        assert writes(site) == {}


async def test_more_links_than_a_page_are_selected_once_and_where_it_stopped() -> None:
    async with moving() as site:
        made = [("s" + str(number), "t" + str(number)) for number in range(1203)]
        from gateway.bridge.linking import new_link  # noqa: PLC0415
        from gateway.model.bridge import Side  # noqa: PLC0415

        links = [new_link(Side(SOURCE, one), Side(TARGET, other), "move") for one, other in made]
        for start in range(0, len(links), 500):
            await site.links.create_many(links[start : start + 500], "operator")
        job_id = await site.create("verify")
        pages: list[int] = []
        add = site.records.add_items

        async def stopping(job: str, items: Any, cursor: str) -> None:
            await add(job, items, cursor)
            pages.append(len(items))

        site.records.add_items = stopping  # type: ignore[method-assign]
        assert await site.carry_out(job_id, must_stop=lambda: len(pages) >= 1)
        assert pages == [500]
        await site.carry_out(job_id, must_stop=lambda: len(pages) >= 3)
        assert pages == [500, 500, 203]
        assert (await site.shown(job_id)).total == 1203


async def test_plan_that_is_gone_fails_the_job() -> None:
    async with moving() as site:
        job_id = await site.create()
        assert await site.plans.records.remove("move")
        assert await site.carry_out(job_id) is False
        job = await site.shown(job_id)
        assert job.state == "failed"
        assert json.loads(job.problem or b"{}")["code"] == "plan-not-found"


async def test_plan_whose_engine_is_no_longer_configured_fails_the_job() -> None:
    async with moving(plan={"target": "removed"}) as site:
        job_id = await site.create()
        assert await site.carry_out(job_id) is False
        job = await site.shown(job_id)
        assert (job.state, json.loads(job.problem or b"{}")["code"]) == ("failed", "engine-not-found")


async def test_source_that_cannot_be_asked_fails_the_selection_with_its_problem() -> None:
    async with moving(plan={"selector": {"definition": "claim"}}) as site:
        site.pair.answering[SOURCE] = lambda _request: ERROR
        job = await site.done("assess")
        assert job.state == "failed"
        assert json.loads(job.problem or b"{}")["code"] == "engine-error"


async def test_store_that_is_gone_in_the_middle_leaves_the_item_begun() -> None:
    from gateway.errors import StoreUnavailable  # noqa: PLC0415

    async with moving() as site:
        await site.pairs(3, ONE)
        job_id = await site.create(at_once=1)
        record = site.records.record

        async def gone(_job: str, _outcomes: list[BridgeItemOutcome]) -> None:
            raise StoreUnavailable

        site.records.record = gone  # type: ignore[method-assign]
        with pytest.raises(StoreUnavailable):
            await site.carry_out(job_id)
        site.records.record = record  # type: ignore[method-assign]
        assert await site.jobs.list_due() == [job_id]
        while await site.carry_out(job_id):
            pass
        assert (await site.shown(job_id)).outcomes == {"copied": 3}
        assert set(writes(site).values()) == {1}


async def test_sweep_deletes_what_says_which_links_were_removed_long_ago(monkeypatch: pytest.MonkeyPatch) -> None:
    async with moving() as site:
        [link] = await site.pairs(1, {})
        await site.links.remove(link, "operator")
        assert await site.jobs.kind.delete_old() is False
        assert await site.links.records.changed_since(1, 10) == ([], [link.id], 2)
        monkeypatch.setattr("gateway.store.links._DAY_S", -1.0)
        assert await site.jobs.kind.delete_old() is False
        assert await site.links.records.changed_since(1, 10) == ([], [], FORGOTTEN)
