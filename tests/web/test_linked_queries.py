"""Queries over linked instances: of each link the side that decides counts, once, by the id that it has for life."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from gateway import app
from tests.linked import link, moved
from tests.web.across import Across, across

CAMUNDA, IBM = (app.VENDORS[name].fake for name in ("camunda7", "ibm_bpm"))
HR, CLAIMS, MORE = "hr", "claims", "more"
VENDOR = {HR: "camunda7", CLAIMS: "ibm_bpm", MORE: "camunda7"}
FLIPPED = pytest.mark.parametrize("flipped", [False, True], ids=["the source decides", "the target decides"])


class Linked:
    """Two instances on each of three engines, the first ones of ``hr`` and of another engine being linked."""

    def __init__(self, site: Across, target: str, *, flipped: bool) -> None:
        self.site = site
        first = {HR: site.hr, CLAIMS: site.claims, MORE: site.fakes[MORE].showcase()}
        self.rest = {name: str(site.fakes[name].showcase()) for name in VENDOR}
        self.source, self.target = f"hr:{site.hr}", f"{target}:{first[target]}"
        self.loose = [f"{name}:{first[name]}" for name in VENDOR if name not in {HR, target}]
        self.loose += [f"{name}:{native}" for name, native in self.rest.items()]
        site.link((moved if flipped else link)(self.source, self.target))
        self.owner, self.twin = (self.target, self.source) if flipped else (self.source, self.target)
        self.engine = self.owner.split(":")[0]
        site.forget()


@pytest.fixture
async def site() -> AsyncIterator[Across]:
    fakes = {name: app.VENDORS[vendor].fake() for name, vendor in VENDOR.items()}
    async with across(fakes=fakes, engines={MORE: {"vendor": "camunda7"}}) as made:
        yield made


NOTE = {"variableName": "note"}


async def query(site: Across, body: Any, path: str = "", include: str = "") -> Any:
    answer = await site.v1("POST", f"/variables/query{path}{include}", body)
    assert answer.status == 200, answer.body
    return answer.json


@FLIPPED
@pytest.mark.parametrize("target", [CLAIMS, MORE])
async def test_query_finds_and_counts_each_linked_instance_once(site: Across, target: str, flipped: bool) -> None:
    linked = Linked(site, target, flipped=flipped)
    found = await query(site, NOTE)
    assert sorted(each["instance"] for each in found["items"]) == sorted([linked.source, *linked.loose])
    assert [each["engine"] for each in found["items"] if each["instance"] == linked.source] == [linked.engine]
    assert not any("twin" in each for each in found["items"])
    counted = await query(site, NOTE, "/count")
    assert counted["count"] == len(linked.loose) + 1
    assert {each["engine"]: each["count"] for each in counted["engines"]} == {
        each["engine"]: each["count"] for each in found["engines"]
    }


@FLIPPED
async def test_query_page_by_page_finds_the_same(site: Across, flipped: bool) -> None:
    linked = Linked(site, CLAIMS, flipped=flipped)
    found, cursor = [], {}
    for _ in range(20):
        page = await query(site, NOTE | {"limit": 1} | cursor)
        found += [each["instance"] for each in page["items"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert sorted(found) == sorted([linked.source, *linked.loose])


@FLIPPED
@pytest.mark.parametrize("target", [CLAIMS, MORE])
async def test_instances_are_found_by_either_id_on_the_side_that_decides(site: Across, target, flipped) -> None:
    linked = Linked(site, target, flipped=flipped)
    for ids in ([linked.source], [linked.target], [linked.source, linked.target]):
        wanted = NOTE | {"instanceIdIn": ids}
        found = await query(site, wanted)
        assert [(each["instance"], each["engine"]) for each in found["items"]] == [(linked.source, linked.engine)]
        assert (await query(site, wanted, "/count"))["count"] == 1
    assert {name for name in site.engines if name != linked.engine} == set()


@FLIPPED
async def test_twins_are_shown_and_marked_where_they_are_asked_for(site: Across, flipped: bool) -> None:
    linked = Linked(site, CLAIMS, flipped=flipped)
    for wanted, others in ((NOTE, linked.loose), (NOTE | {"instanceIdIn": [linked.source]}, [])):
        found = await query(site, wanted, include="?include=twins")
        shown = [(each["instance"], each["engine"], each.get("twin", False)) for each in found["items"]]
        both = [(linked.source, of.split(":")[0], of == linked.twin) for of in (linked.owner, linked.twin)]
        assert sorted(shown) == sorted([*both, *((each, each.split(":")[0], False) for each in others)])
        assert (await query(site, wanted, "/count", "?include=twins"))["count"] == len(others) + 2
    answer = await site.v1("POST", "/variables/query?include=all", NOTE)
    assert (answer.status, answer.json["code"]) == (400, "invalid-request")


@FLIPPED
async def test_found_instances_are_those_that_decide(site: Across, flipped: bool) -> None:
    linked = Linked(site, MORE, flipped=flipped)
    answer = await site.v1("GET", "/instances?engines=hr,more&include=variables")
    shown = {each["instance"]: each for each in answer.json["items"]}
    assert set(shown) == {linked.source, *(each for each in linked.loose if not each.startswith(CLAIMS))}
    assert (shown[linked.source]["engine"], "twin" in shown[linked.source]) == (linked.engine, False)
    assert shown[linked.source]["variables"]
    answer = await site.v1("GET", "/instances?engines=hr,more&include=twins")
    both = [
        (each["engine"], each.get("twin", False)) for each in answer.json["items"] if each["instance"] == linked.source
    ]
    assert sorted(both) == sorted((of.split(":")[0], of == linked.twin) for of in (linked.owner, linked.twin))


async def test_query_before_the_links_were_read_is_refused(site: Across, monkeypatch) -> None:
    Linked(site, CLAIMS, flipped=False)
    monkeypatch.setattr(site.running.routes, "is_known", False)
    for method, path, body in (
        ("POST", "/variables/query", NOTE), ("POST", "/variables/query/count", NOTE), ("GET", "/instances", None),
    ):  # fmt: skip
        answer = await site.v1(method, path, body)
        assert (answer.status, answer.json["code"], site.engines) == (503, "store-unavailable", [])


@FLIPPED
@pytest.mark.parametrize("target", [CLAIMS, MORE])
async def test_search_at_a_door_finds_its_own_instances_wherever_they_are(site: Across, target, flipped) -> None:
    linked = Linked(site, target, flipped=flipped)
    mine = sorted([site.hr, linked.rest[HR]])
    listed = await site.camunda("GET", "/variable-instance?variableName=note&deserializeValues=false")
    assert sorted(each["processInstanceId"] for each in listed.json) == mine
    counted = await site.camunda("GET", "/variable-instance/count?variableName=note")
    assert counted.json == {"count": 2}
    found = await site.camunda("POST", "/process-instance", {})
    assert sorted(each["id"] for each in found.json) == mine
    total = await site.camunda("POST", "/process-instance/count", {})
    assert total.json == {"count": 2}


@FLIPPED
@pytest.mark.parametrize("target", [CLAIMS, MORE])
async def test_search_by_id_at_a_door_answers_with_the_id_that_was_sent(site: Across, target, flipped) -> None:
    linked = Linked(site, target, flipped=flipped)
    for written in (site.hr, linked.source, linked.target):
        listed = await site.camunda("GET", f"/variable-instance?variableName=note&processInstanceIdIn={written}")
        assert [each["processInstanceId"] for each in listed.json] == [written]
        found = await site.camunda("POST", "/process-instance", {"processInstanceIds": [written]})
        assert [each["id"] for each in found.json] == [written]
        history = await site.camunda("GET", f"/history/variable-instance?processInstanceId={written}&variableName=note")
        assert [each["processInstanceId"] for each in history.json] == [written]
    assert {name for name in site.engines if name != linked.engine} == set()


@FLIPPED
async def test_details_of_several_at_a_door_are_those_of_the_side_that_decides(site: Across, flipped) -> None:
    linked = Linked(site, CLAIMS, flipped=flipped)
    details = await site.ibm("GET", f"/process?action=getdetails&instanceIds={site.claims},{linked.rest[CLAIMS]}")
    shown = [each["piid"] for each in details.json["data"]["processDetails"]]
    assert shown == [site.claims, linked.rest[CLAIMS]]
    assert (HR in site.engines) is not flipped


async def test_requests_about_linked_instances_are_counted_by_the_engine_that_decides(site: Across) -> None:
    linked = Linked(site, CLAIMS, flipped=True)
    await site.v1("GET", f"/instances/{linked.source}/variables")
    await site.camunda("GET", f"/process-instance/{site.hr}/variables")
    await site.v1("GET", f"/instances/{linked.loose[0]}/variables")
    shown = site.running.render_metrics("")[0].decode()
    assert [line for line in shown.splitlines() if line.startswith("varbridge_linked_requests_total")] == [
        'varbridge_linked_requests_total{engine="claims"} 2.0'
    ]


async def test_bulk_operation_changes_the_side_that_decides_alone(site: Across) -> None:
    linked = Linked(site, CLAIMS, flipped=True)
    body = {"instanceIdIn": [linked.source], "deletions": ["note"]}
    answer = await site.v1("POST", "/operations?dryRun=true", body)
    assert answer.status == 200, answer.body
    assert {each["engine"] for each in answer.json["requests"] if each["writes"]} == {CLAIMS}
    assert HR not in site.engines
