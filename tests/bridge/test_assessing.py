"""An assessment: what a copy would make of each instance, read in bulk, and nothing written."""

from __future__ import annotations

import json
from typing import Any

import pytest

from adapters.camunda7 import VENDOR
from gateway.model.bridge import BridgePlan
from gateway.model.bridge_jobs import BridgeItem, BridgeJob
from gateway.operations import Gateway, WriteLocks
from gateway.operations.bridge.assessing import Assessment
from gateway.operations.bridge.reporting import make_report
from gateway.operations.jobs import JobRun
from gateway.plan import VendorRequest, VendorResponse
from gateway.port import Credentials
from gateway.routing import Routing
from gateway.wire import drive
from tests.bridge.moving import moving
from tests.bridge.pair import CAMUNDA, IBM, SOURCE, TARGET

HELD = {
    "n": {"type": "Integer", "value": 1},
    "large": {"type": "Long", "value": 9007199254740993},
    "broken": {"type": "Json", "value": "{bad"},
}


async def test_verdicts_are_those_that_a_copy_comes_to_and_nothing_is_written() -> None:
    async with moving(CAMUNDA, IBM, plan={"policy": {"variable-unreadable": "skip-variable"}}) as site:
        await site.pairs(3, HELD, {"n": 5, "large": ""})
        assessed = await site.done("assess")
        found = await site.evidence(assessed.id)
        assert assessed.outcomes == {"ready": 3}
        assert {request.writes for _, request in site.pair.heard} == {False}
        assert not [request for name, request in site.pair.heard if request.method == "PUT" and name == TARGET]
        copied = await site.evidence((await site.done("copy")).id)
        expected = {"lossless": 1, "int64-to-string": 1, "variable-unreadable": 1}
        assert [each.verdicts for each in found] == [each.verdicts for each in copied] == [expected] * 3
        assert [each.skipped for each in found] == [("broken",)] * 3
        assert {each.twin for each in found} == {"active"}


async def test_report_of_an_assessment_estimates_how_long_the_copy_takes() -> None:
    async with moving() as site:
        await site.pairs(3, {"n": HELD["n"]})
        paced = await make_report(site.records, await site.done("assess", per_second=0.5), None)
        assert paced.estimated_s == 6.0  # three instances, one in two seconds
        assert paced.twins == {"active": 3}
        free = await make_report(site.records, await site.done("assess"), None)
        assert free.estimated_s is not None
        assert free.estimated_s < 6.0


async def test_what_the_policy_stops_is_told_with_its_code() -> None:
    async with moving(plan={"policy": {"*": "skip-instance"}}) as site:
        await site.pairs(1, HELD)
        job = await site.done("assess")
        assert (job.outcomes, job.codes) == ({"skipped": 1}, {"variable-unreadable": 1})


@pytest.mark.parametrize(("name", "code"), [(SOURCE, "instance-not-found"), (TARGET, "twin-missing")])
async def test_instance_or_twin_that_has_ended_is_told(name: str, code: str) -> None:
    async with moving() as site:
        [link] = await site.pairs(1, HELD)
        site.pair.fakes[name].end(link.source.native if name == SOURCE else link.target.native)
        assert (await site.done("assess")).codes == {code: 1}


async def test_unlinked_instances_count_with_the_twins_that_the_rule_finds() -> None:
    plan = {"selector": {"definition": "claim"}, "twins": {"by": "marker", "variable": "twinOf"}}
    async with moving(plan=plan) as site:
        old, new = site.pair.fakes[SOURCE], site.pair.fakes[TARGET]
        natives = [old.start("claim", {"n": HELD["n"]}) for _ in range(4)]
        for native in (natives[0], natives[1], natives[1]):
            new.start("moved", {"twinOf": {"type": "String", "value": native}})
        job = await site.done("assess")
        assert (job.outcomes, job.codes) == ({"ready": 1, "failed": 3}, {"twin-ambiguous": 1, "twin-missing": 2})
        assert await site.links.records.count("move") == await site.links.records.count("other")


async def test_twins_that_would_be_started_are_told() -> None:
    plan = {"selector": {"definition": "claim"}, "starts": {"definition": "moved"}}
    async with moving(plan=plan) as site:
        site.pair.fakes[SOURCE].start("claim", {}, "key")
        job = await site.done("assess")
        assert job.outcomes == {"ready": 1}
        assert (await site.evidence(job.id))[0].twin == "to be started"
        assert site.pair.fakes[TARGET].instances == {}


class Large:
    """A source of as many instances as one likes, each with some variables, and their twins; requests are counted."""

    def __init__(self, variables: int) -> None:
        self.variables, self.calls = variables, {SOURCE: 0, TARGET: 0}
        engines = {name: VENDOR.engine(name, VENDOR.settings(), Credentials()) for name in (SOURCE, TARGET)}
        self.gateway = Gateway(engines, self.run, WriteLocks(), Routing())

    async def run(self, engine: str, plan: Any, call: Any) -> Any:
        async def send(request: VendorRequest) -> VendorResponse:
            self.calls[engine] += 1
            body = json.loads(bytes(request.body))  # type: ignore[arg-type]
            query = dict(request.query)
            first, most = int(query["firstResult"]), int(query["maxResults"])
            if request.path == ("process-instance",):
                rows: list[Any] = [
                    {"id": each, "definitionId": "claim:1:1", "ended": False, "suspended": False}
                    for each in body["processInstanceIds"]
                ]
            else:
                rows = [
                    {
                        "id": f"{each}-{number}", "name": f"v{number}", "type": "Integer", "value": number,
                        "valueInfo": {}, "processInstanceId": each, "executionId": each,
                    }
                    for each in body["processInstanceIdIn"]
                    for number in range(self.variables)
                ]  # fmt: skip
            return VendorResponse(200, (), json.dumps(rows[first : first + most]).encode())

        return await drive(plan, send)


@pytest.mark.parametrize("variables", [1, 10, 15])
async def test_ten_thousand_instances_take_one_engine_request_for_fifty_of_them_at_most(variables: int) -> None:
    large, plan = Large(variables), BridgePlan(name="move", source=SOURCE, target=TARGET)
    async with moving() as site:
        job = BridgeJob(id="1" * 32, plan="move", kind="assess", caller="operator")
        from gateway.bridge.linking import new_link  # noqa: PLC0415
        from gateway.model.bridge import Side  # noqa: PLC0415

        pairs = [(f"s{number:05}", f"t{number:05}") for number in range(10_000)]
        links = [new_link(Side(SOURCE, one), Side(TARGET, other), "move") for one, other in pairs]
        for start in range(0, len(links), 1000):
            await site.links.create_many(links[start : start + 1000], "operator")
        assessment = Assessment(large.gateway, site.links, job, plan, JobRun(lambda: False))
        items = [
            BridgeItem(number=number, instance=one, link=links[number].id) for number, (one, _) in enumerate(pairs)
        ]
        for start in range(0, len(items), 1000):
            outcomes = await assessment.work(items[start : start + 1000])
            assert {each.outcome for each in outcomes} == {"ready"}
            assert json.loads(outcomes[0].evidence or b"")["verdicts"] == {"lossless": variables}
    assert large.calls[SOURCE] <= 10_000 / 50
    assert large.calls[TARGET] <= 10_000 / 50


async def test_variables_that_one_answer_cannot_hold_are_read_on() -> None:
    large, plan = Large(1500), BridgePlan(name="move", source=SOURCE, target=TARGET)
    async with moving() as site:
        job = BridgeJob(id="1" * 32, plan="move", kind="assess", caller="operator")
        link = await site.link("s1", "t1")
        assessment = Assessment(large.gateway, site.links, job, plan, JobRun(lambda: False))
        [outcome] = await assessment.work([BridgeItem(number=1, instance="s1", link=link.id)])
        assert json.loads(outcome.evidence or b"")["verdicts"] == {"lossless": 1500}
