"""Twins of instances without a link: found by a rule, or started by a template, parked and linked; never two of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from gateway.model.bridge import Side
from gateway.model.bridge_jobs import BridgeItem, BridgeJob
from gateway.operations.bridge.copy_items import MustStop
from gateway.operations.bridge.twins import Twins
from gateway.plan import VendorRequest, VendorResponse
from tests.bridge.moving import Moving, moving
from tests.bridge.pair import CAMUNDA, IBM, SOURCE, TARGET

ONE = {"n": {"type": "Integer", "value": 1}}
MARKED = {"selector": {"definition": "claim"}, "twins": {"by": "marker", "variable": "twinOf"}}
KEYED = {"selector": {"definition": "claim"}, "twins": {"by": "business-key", "definition": "moved"}}
STARTED = {"starts": {"definition": "moved", "variables": {"parked": {"type": "boolean", "value": True}}}}
FAILED = VendorResponse(500, (("Content-Type", "text/plain"),), b"broken")


@pytest.fixture(autouse=True)
def _without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.operations.bridge.copy_items._PAUSE_S", 0.0)


def marker(native: str) -> dict[str, Any]:
    return {"twinOf": {"type": "String", "value": native}}


async def link_of(site: Moving, native: str) -> Any:
    return await site.links.records.find_by_side(Side(SOURCE, native))


async def test_twin_is_found_by_its_marker_which_stays_and_is_linked_and_copied() -> None:
    async with moving(plan=MARKED) as site:
        old, new = site.pair.fakes[SOURCE], site.pair.fakes[TARGET]
        source = old.start("claim", ONE, "key-1")
        twin = new.start("other", marker(source))
        job = await site.done()
        assert job.outcomes == {"copied": 1}
        link = await link_of(site, source)
        assert (link.target.native, link.plan, link.business_key, link.state) == (twin, "move", "key-1", "copied")
        assert set(new.instances[twin].variables) == {"twinOf", "n"}
        assert not new.instances[twin].suspended


async def test_twin_is_found_by_the_business_key_among_instances_of_its_definition() -> None:
    async with moving(plan=KEYED) as site:
        old, new = site.pair.fakes[SOURCE], site.pair.fakes[TARGET]
        source = old.start("claim", ONE, "key-1")
        new.start("unrelated", {}, "key-1")
        twin = new.start("moved", {}, "key-1")
        assert (await site.done()).outcomes == {"copied": 1}
        assert (await link_of(site, source)).target.native == twin


async def test_marker_may_name_the_engine_too() -> None:
    async with moving(plan=MARKED) as site:
        source = site.pair.fakes[SOURCE].start("claim", ONE)
        twin = site.pair.fakes[TARGET].start("other", marker(f"{SOURCE}:{source}"))
        site.pair.fakes[TARGET].start("other", marker(f"another:{source}"))
        assert (await site.done("assess")).outcomes == {"ready": 1}
        assert (await site.done()).outcomes == {"copied": 1}
        assert (await link_of(site, source)).target.native == twin


async def test_id_that_is_a_number_may_be_marked_by_a_number() -> None:
    async with moving(IBM, CAMUNDA, plan=MARKED) as site:
        source = site.pair.fakes[SOURCE].start("claim", {"n": 1})
        marked = {"twinOf": {"type": "Integer", "value": int(source)}}
        twin = site.pair.fakes[TARGET].start("other", marked)
        assert (await site.done("assess")).outcomes == {"ready": 1}
        assert (await site.done()).outcomes == {"copied": 1}
        assert (await link_of(site, source)).target.native == twin


async def test_instances_that_share_a_business_key_have_no_twin_and_none_is_started_until_one_is_linked() -> None:
    async with moving(plan=KEYED | STARTED) as site:
        old, new = site.pair.fakes[SOURCE], site.pair.fakes[TARGET]
        first, second = old.start("claim", ONE, "key-1"), old.start("claim", ONE, "key-1")
        for kind in ("assess", "copy"):
            assert (await site.done(kind)).codes == {"twin-ambiguous": 2}
        assert new.instances == {}
        await site.link(first, new.start("moved", {}, "key-1"))
        assert (await site.done("assess")).outcomes == {"ready": 2}
        assert (await site.done()).outcomes == {"copied": 2}
        assert (await link_of(site, second)).target.native == list(new.instances)[1]


async def test_instance_without_a_business_key_is_assessed_as_it_would_be_copied() -> None:
    async with moving(plan=KEYED | STARTED) as site:
        site.pair.fakes[SOURCE].start("claim", ONE)
        assert (await site.done("assess")).codes == (await site.done()).codes == {"twin-missing": 1}


@pytest.mark.parametrize(("twins", "code"), [(0, "twin-missing"), (2, "twin-ambiguous")])
async def test_instance_with_no_twin_or_several_fails_with_its_code_and_is_not_linked(twins: int, code: str) -> None:
    async with moving(plan=MARKED) as site:
        source = site.pair.fakes[SOURCE].start("claim", ONE)
        for _ in range(twins):
            site.pair.fakes[TARGET].start("other", marker(source))
        job = await site.done()
        assert (job.outcomes, job.codes) == ({"failed": 1}, {code: 1})
        assert await link_of(site, source) is None
        assert (await site.evidence(job.id))[0].reason
        assert (await site.done("assess")).codes == {code: 1}


async def test_instance_of_another_link_is_no_twin() -> None:
    async with moving(plan=MARKED) as site:
        first = site.pair.fakes[SOURCE].start("claim", ONE)
        twin = site.pair.fakes[TARGET].start("other", marker(first))
        await site.link(site.pair.fakes[SOURCE].start("unselected", ONE), twin)
        job = await site.done()
        assert job.codes == {"twin-missing": 1}


@pytest.mark.parametrize("rule", [MARKED, KEYED], ids=["by marker", "by business key"])
async def test_missing_twin_is_started_by_the_template_suspended_linked_and_copied(rule: dict[str, Any]) -> None:
    async with moving(plan=rule | STARTED) as site:
        old, new = site.pair.fakes[SOURCE], site.pair.fakes[TARGET]
        source = old.start("claim", ONE, "key-1")
        assert (await site.done()).outcomes == {"copied": 1}
        [twin] = new.instances.values()
        assert (twin.definition, twin.business_key, twin.suspended) == ("moved", "key-1", True)
        assert set(twin.variables) == {"parked", "n"} | ({"twinOf"} if rule is MARKED else set())
        assert (await link_of(site, source)).target.native == twin.id
        assert (await site.done()).outcomes == {"copied": 1}
        assert len(new.instances) == 1


async def test_twin_is_started_without_a_rule_by_the_business_key_and_not_where_there_is_none() -> None:
    async with moving(plan={"selector": {"definition": "claim"}} | STARTED) as site:
        site.pair.fakes[SOURCE].start("claim", ONE, "key-1")
        site.pair.fakes[SOURCE].start("claim", ONE)
        job = await site.done()
        assert (job.outcomes, job.codes) == ({"copied": 1, "failed": 1}, {"twin-missing": 1})
        assert len(site.pair.fakes[TARGET].instances) == 1


PHASES = [("POST", "start"), ("PUT", "suspended"), ("POST", "variables")]


@pytest.mark.parametrize("phase", PHASES, ids=["after the start", "at the suspension", "at the copy"])
@pytest.mark.parametrize("rule", [MARKED, KEYED], ids=["by marker", "by business key"])
async def test_process_that_dies_anywhere_starts_no_second_twin(
    rule: dict[str, Any], phase: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.operations.bridge.twins.SETTLE_S", 0.0)
    async with moving(plan=rule | STARTED) as site:
        source = site.pair.fakes[SOURCE].start("claim", ONE, "key-1")
        job_id, reached = await site.create(), asyncio.Event()

        def die(request: VendorRequest) -> None:
            if (request.method, request.path[-1]) == phase:
                reached.set()
                running.cancel()

        site.pair.answering[TARGET] = die
        running = asyncio.create_task(site.carry_out(job_id))
        await reached.wait()
        await asyncio.gather(running, return_exceptions=True)
        site.pair.answering.clear()
        while await site.carry_out(job_id):
            await asyncio.sleep(0)
        assert (await site.shown(job_id)).outcomes == {"copied": 1}
        [twin] = site.pair.fakes[TARGET].instances.values()
        assert twin.suspended
        assert (await link_of(site, source)).target.native == twin.id


async def test_start_that_was_broken_off_is_looked_for_again_before_another_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gateway.operations.bridge.twins.SETTLE_S", 0.0)
    async with moving(plan=KEYED | STARTED) as site:
        source = site.pair.fakes[SOURCE].start("claim", ONE, "key-1")
        looked: list[str] = []

        def appear(request: VendorRequest) -> None:
            looked.append(request.path[-1])
            if looked == ["process-instance"] * 2:
                site.pair.fakes[TARGET].start("moved", {}, "key-1")

        site.pair.answering[TARGET] = appear
        link = await twins_of(site).link(BridgeItem(number=1, instance=source, starting_s=5.0), site.pair.call())
        [twin] = site.pair.fakes[TARGET].instances.values()
        assert (link.target.native, twin.suspended) == (twin.id, True)
        assert "start" not in looked


async def test_start_that_was_broken_off_is_given_time_to_appear() -> None:
    async with moving(plan=KEYED | STARTED) as site:
        source = site.pair.fakes[SOURCE].start("claim", ONE, "key-1")
        steps: list[int] = []

        def go_on() -> None:
            steps.append(1)
            if len(steps) == 2:
                raise MustStop

        with pytest.raises(MustStop):
            await twins_of(site, go_on).link(BridgeItem(number=1, instance=source, starting_s=5.0), site.pair.call())
        assert site.pair.fakes[TARGET].instances == {}


def twins_of(site: Moving, go_on: Callable[[], None] = lambda: None) -> Twins:
    job = BridgeJob(id="1" * 32, plan="move", kind="copy", caller="operator")
    return Twins(site.pair.gateway, site.links, site.records, job, site.plan, go_on)


async def test_two_jobs_at_once_start_one_twin() -> None:
    async with moving(plan=MARKED | STARTED) as site:
        site.pair.fakes[SOURCE].start("claim", ONE)
        jobs = await asyncio.gather(site.done(), site.done())
        assert [each.outcomes for each in jobs] == [{"copied": 1}] * 2
        assert len(site.pair.fakes[TARGET].instances) == 1


async def test_start_that_the_engine_refuses_fails_the_item_and_can_be_repeated() -> None:
    async with moving(plan=KEYED | STARTED) as site:
        site.pair.fakes[SOURCE].start("claim", ONE, "key-1")
        site.pair.answering[TARGET] = lambda request: FAILED if request.path[-1] == "start" else None
        job = await site.done()
        assert (job.outcomes, site.pair.fakes[TARGET].instances) == ({"failed": 1}, {})
        site.pair.answering.clear()
        assert (await site.done()).outcomes == {"copied": 1}


async def test_plan_names_its_instances_one_by_one() -> None:
    async with moving(plan=MARKED | STARTED) as site:
        old = site.pair.fakes[SOURCE]
        named, other = old.start("claim", ONE), old.start("claim", ONE)
        ids = [f"{SOURCE}:{named}", "nobody"]
        changed = {"name": "named", "source": SOURCE, "target": TARGET, "selector": {"ids": ids}}
        from tests.bridge.moving import _plan  # noqa: PLC0415

        site.plan = _plan(MARKED | STARTED | changed)
        assert await site.plans.records.create(site.plan)
        job = await site.done()
        assert (job.outcomes, job.codes) == ({"copied": 1, "failed": 1}, {"instance-not-found": 1})
        assert await link_of(site, named) is not None
        assert await link_of(site, other) is None


async def test_twin_on_an_engine_that_finds_by_reading_is_found_by_its_marker() -> None:
    async with moving(CAMUNDA, IBM, plan=MARKED) as site:
        source = site.pair.fakes[SOURCE].start("claim", ONE)
        twin = site.pair.fakes[TARGET].start("moved", {"twinOf": source, "n": 5})
        assert (await site.done()).outcomes == {"copied": 1}
        assert (await link_of(site, source)).target.native == twin
        assert site.pair.fakes[TARGET].instances[twin].variables["twinOf"] == source
