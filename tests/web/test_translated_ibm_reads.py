"""Reads in IBM's language that are not of one instance: several at once, searches, and what can be started."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Generator
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit
from xml.etree import ElementTree as ET

import pytest
from msgspec import Raw

from adapters import ibm_bpm
from gateway.model.commands import (
    DescribeInstance,
    FindInstances,
    ListActivities,
    ListDefinitions,
    ListVariables,
    PatchVariables,
)
from gateway.model.condition import Condition
from gateway.model.lifecycle import StartInstance
from gateway.model.results import Definition, DefinitionsListed, Instance
from gateway.model.values import Value
from gateway.plan import VendorRequest, VendorResponse, encode_path
from gateway.port import Credentials, DialectRequest
from tests.web.across import Across, Answer, across

OVER_CAMUNDA = {"claims": {"engine": "hr"}}
"""The door of IBM's language stands before Camunda."""


@pytest.fixture
async def site() -> AsyncIterator[Across]:
    async with across(doors=OVER_CAMUNDA) as made:
        yield made


async def through_the_door(site: Across, plan: Generator[VendorRequest, Any, Any]) -> Any:
    """Carry out a plan of IBM's engine at the front door of IBM's language, which shows no diagrams."""
    try:
        request = next(plan)
        while True:
            target = encode_path(request.path) + (f"?{urlencode(request.query)}" if request.query else "")
            target = target.replace("%7Cdiagram", "")
            headers = {name.replace("-", "_"): value for name, value in request.headers}
            body = request.body if isinstance(request.body, bytes) and request.body else None
            answer = await site.ibm(request.method, target, raw=body, **headers)
            request = plan.send(VendorResponse(answer.status, tuple(answer.headers.items()), answer.body))
    except StopIteration as done:
        return done.value


def ibm_engine() -> Any:
    return ibm_bpm.VENDOR.engine("there", ibm_bpm.VENDOR.settings(), Credentials())


# What can be started


async def test_definitions_are_exposed_items_with_an_url_that_starts_them(site: Across) -> None:
    answer = await site.ibm("GET", "/exposed/process")
    (item,) = answer.json["data"]["exposedItemsList"]
    branch = item["branchID"]
    assert (answer.status, answer.json["status"]) == (200, "200")
    assert item == {
        "type": "process", "itemID": "invoice:1:1", "itemReference": "/invoice:1:1", "processAppID": None,
        "processAppName": None, "processAppAcronym": None, "snapshotID": None, "snapshotName": "1",
        "display": "invoice", "tip": True, "branchID": branch, "branchName": "Main",
        "startURL": f"/rest/bpm/wle/v1/process?action=start&bpdId=invoice&branchId={branch}",
        "isDefault": False, "isMobileReady": False, "ID": item["ID"],
    }  # fmt: skip
    assert (branch[:5], item["ID"][:5]) == ("2063.", "2015.")
    assert (await site.ibm("GET", "/exposed")).body == answer.body
    assert [request.query for _, request in site.heard][0] == (
        ("latestVersion", "true"), ("active", "true"), ("sortBy", "id"), ("sortOrder", "asc"), ("firstResult", "0"),
        ("maxResults", "1000"),
    )  # fmt: skip


async def test_exposed_items_can_be_filtered_by_name_in_its_case(site: Across) -> None:
    site.fakes["hr"].start("review", {})
    shown = await site.ibm("GET", "/exposed/process?filterByName=review")
    assert [item["display"] for item in shown.json["data"]["exposedItemsList"]] == ["review"]
    none = await site.ibm("GET", "/exposed/process?filterByName=Review")
    assert none.json["data"] == {"exposedItemsList": []}


async def test_engine_of_ours_lists_through_the_door_what_is_behind_it(site: Across) -> None:
    found = await through_the_door(site, ibm_engine().list_definitions(ListDefinitions()))
    assert found == DefinitionsListed((Definition(id="invoice:1:1", key="invoice", version="1"),))


async def test_engine_of_ours_finds_reads_and_changes_through_the_door_what_is_behind_it(site: Across) -> None:
    engine, instances = ibm_engine(), site.fakes["hr"].instances
    instances["70"] = instances.pop(site.hr)
    instances["70"].id = "70"

    async def done(plan: Any) -> Any:
        return await through_the_door(site, plan)

    described = (await done(engine.describe_instance(DescribeInstance(instance="70")))).instance
    assert described == Instance(id="70", definition="invoice", definition_id="invoice:1:1", state="active")
    found = (await done(engine.find_instances(FindInstances(definition="invoice")))).instances
    assert found == (Instance(id="70", definition="invoice", state="active"),)
    noted = Condition(name="note", operator="eq", value=Raw(b'"please check"'), type="string")
    assert len((await done(engine.find_instances(FindInstances(variables=(noted,))))).instances) == 1
    patch = {"note": Value(type="string", value=Raw(b'"changed"')), "amount": Value(type="integer", value=Raw(b"7"))}
    await done(engine.patch_variables(PatchVariables(instance="70", modifications=patch)))
    listed = (
        await done(engine.list_variables(ListVariables(instance="70", names=("note", "amount", "tags"))))
    ).variables
    assert {each.name: each.value.text for each in listed} == {"note": b'"changed"', "amount": b"7.0"}
    stored = instances["70"].variables
    assert (stored["note"].value, stored["amount"].type) == ("changed", "Double")
    activities = (await done(engine.list_activities(ListActivities(instance="70")))).activities
    assert activities == (await done(engine.list_activities(ListActivities(instance="70")))).activities != ()


@pytest.mark.parametrize("by", ["key", "id"])
async def test_engine_of_ours_starts_through_the_door_what_is_exposed_there(site: Across, by: str) -> None:
    definition = {"key": "invoice", "id": "invoice:1:1"}[by]
    start = StartInstance(definition=definition, variables={"note": Value(type="string", value=Raw(b'"new"'))})
    new = (await through_the_door(site, ibm_engine().start_instance(start))).instance
    assert (new.definition, new.definition_id, new.state) == ("invoice", "invoice:1:1", "active")
    assert site.fakes["hr"].instances[new.id].variables["note"].value == "new"


async def test_start_url_is_followed_as_it_stands(site: Across) -> None:
    (item,) = (await site.ibm("GET", "/exposed")).json["data"]["exposedItemsList"]
    started = await site.ask("POST", item["startURL"])
    assert (started.status, started.json["data"]["processTemplateName"]) == (200, "invoice")
    assert started.json["data"]["piid"] in site.fakes["hr"].instances


def test_definition_whose_key_is_not_its_own_alone_is_started_by_its_id() -> None:
    request = DialectRequest(method="GET", segments=("exposed",), base="https://door/there")
    known = (("a:1:7", "a", "t"), ("b 1", "b&c", None), ("25.1", "d", None), ("25.2", "d", None))
    listed = DefinitionsListed(tuple(Definition(id=each, key=key, tenant=tenant) for each, key, tenant in known))
    shown = json.loads(ibm_bpm.VENDOR.dialect().encode(request, (listed,)).content())
    urls = [urlsplit(item["startURL"]) for item in shown["data"]["exposedItemsList"]]
    assert [url.path for url in urls] == ["/there/process"] * 4
    said = [dict(parse_qsl(url.query)) for url in urls]
    assert [each["bpdId"] for each in said] == ["a:1:7", "b&c", "25.1", "25.2"]
    assert ["branchId" in each for each in said] == [False, True, False, False]


async def test_exposed_items_are_xml_for_who_takes_that(site: Across) -> None:
    answer = await site.ibm("GET", "/exposed/process", Accept="application/xml")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/xml")
    assert ET.fromstring(answer.body).findtext("data/exposedItemsList/display") == "invoice"


@pytest.mark.parametrize(
    ("method", "target", "status", "told"),
    [
        (
            "GET",
            "/exposed/process?forUser=ada",
            400,
            "The parameter forUser cannot be said to another vendor's engine.",
        ),
        ("GET", "/exposed?x=", 400, "The parameter x cannot be said to another vendor's engine."),
        ("POST", "/exposed/process", 400, "POST /exposed/process is not offered here for what is on the engine hr."),
        ("GET", "/exposed/service", 400, "GET /exposed/service is not offered here for what is on the engine hr."),
        ("GET", "/exposed?callback=f", 406, None),
    ],
    ids=["another user", "unknown parameter", "method", "services", "script"],
)
async def test_what_cannot_be_said_of_exposed_items_is_refused_unsent(
    site: Across, method: str, target: str, status: int, told: str | None
) -> None:
    answer = await site.ibm(method, target)
    data = answer.json["Data"]
    assert (answer.status, site.heard) == (status, [])
    assert told is None or data["errorMessage"] == f"VBG0002E: {told}"


async def test_exposed_items_of_an_engine_that_is_down_are_an_error_of_the_vendor() -> None:
    async with across(doors=OVER_CAMUNDA, down=("hr",)) as site:
        answer = await site.ibm("GET", "/exposed")
        assert (answer.status, answer.json["Data"]["errorNumber"]) == (503, "VBG0032E")


async def test_exposed_items_before_an_engine_of_the_vendor_are_its_own_answer() -> None:
    async with across() as site:
        answer = await site.ibm("GET", "/exposed/process")
        (item,) = answer.json["data"]["exposedItemsList"]
        assert (item["processAppID"], site.planned, site.engines) == ("2066.fake", [], ["claims"])


@pytest.mark.parametrize(
    ("scopes", "status"), [(["instances:read"], 200), (["passthrough:read"], 403)], ids=["may read", "may pass through"]
)
async def test_exposed_items_need_the_scope_of_reads_of_instances(scopes: list[str], status: int) -> None:
    for doors in ({}, OVER_CAMUNDA):
        async with across({"scopes": scopes, "masked": ["note"]}, doors=doors) as site:
            answer = await site.ibm("GET", "/exposed", X_Api_Key="secret")
            assert answer.status == status
            assert status != 200 or len(answer.json["data"]["exposedItemsList"]) == 1


# Several instances at once

DETAILS = "/process?action=getdetails&instanceIds="
FORM = {"Content_Type": "application/x-www-form-urlencoded"}


def details(answer: Answer) -> list[dict[str, Any]]:
    assert (answer.status, answer.json["status"], list(answer.json["data"])) == (200, "200", ["processDetails"])
    return answer.json["data"]["processDetails"]


@pytest.mark.parametrize("doors", [{}, OVER_CAMUNDA], ids=["before IBM's engine", "before Camunda"])
async def test_instances_of_both_vendors_are_read_at_once_as_each_alone(doors: Any) -> None:
    async with across(doors=doors) as site:
        named = [site.hr, f"claims:{site.claims}", f"hr:{site.hr}"]
        for parts in ("header", "data", "header%7Cdata", "none", "all", "header,executionTree"):
            found = details(await site.ibm("GET", f"{DETAILS}{','.join(named)}&parts={parts}"))
            alone = [(await site.ibm("GET", f"/process/{each}?parts={parts}")).json["data"] for each in named]
            assert (found[0], found[2]) == (alone[0], alone[2])
            assert [each.get("piid") for each in found] == (
                named if "header" in parts or parts == "all" else [None] * 3
            )
            note = "please check" if "data" in parts or parts == "all" else None
            assert (found[1]["variables"] or {}).get("note") == note


async def test_instances_of_the_doors_engine_alone_are_read_by_it() -> None:
    async with across() as site:
        target = f"{DETAILS}{site.claims},{site.claims}&parts=data"
        straight = site.fakes["claims"].answer(
            VendorRequest(
                method="GET", path=("process",), writes=False, idempotent=True,
                query=(("action", "getdetails"), ("instanceIds", f"{site.claims},{site.claims}"), ("parts", "data")),
            )
        )  # fmt: skip
        site.forget()
        assert (await site.ibm("GET", target)).body == straight.content()
        site.forget()
        assert (await site.ibm("GET", target)).body == straight.content()
        assert (site.planned, [request.query for _, request in site.heard]) == ([], [
            (("action", "getdetails"), ("instanceIds", f"{site.claims},{site.claims}"), ("parts", "data")),
        ])  # fmt: skip


async def test_thousand_instances_of_mixed_owners_are_read_and_one_more_is_refused() -> None:
    async with across() as site:
        hr = [
            site.fakes["hr"].start("invoice", {"number": {"value": number, "type": "Integer"}}) for number in range(500)
        ]
        claims = [site.fakes["claims"].start("Claim", {"number": number}) for number in range(500)]
        named = [each for pair in zip(hr, claims, strict=True) for each in pair]
        body = {"instanceIds": [int(each) if each.isdigit() else each for each in named]}
        found = details(await site.ibm("POST", "/process?action=getdetails&parts=header,data", body))
        assert [each["piid"] for each in found] == named
        assert [each["variables"]["number"] for each in found] == [number for number in range(500) for _ in "xy"]
        more = {"instanceIds": [*named, site.hr]}
        refused = await site.ibm("POST", "/process?action=getdetails", more)
        assert (refused.status, refused.json["Data"]["errorNumber"]) == (413, "VBG0014E")


async def test_more_ids_than_are_looked_up_are_refused_before_anybody_is_asked() -> None:
    async with across() as site:
        ids = {"instanceIds": list(range(10_001))}
        refused = await site.ibm("POST", "/process?action=getdetails", ids)
        assert (refused.status, refused.json["Data"]["errorNumber"], site.heard) == (413, "VBG0014E", [])
    async with across(routing={"probe": False}) as site:
        assert (await site.ibm("POST", "/process?action=getdetails", ids)).status != 413
        assert site.engines == ["claims"]


@pytest.mark.parametrize("doors", [{}, OVER_CAMUNDA], ids=["before IBM's engine", "before Camunda"])
async def test_instances_that_nobody_has_are_left_out(doors: Any) -> None:
    async with across(doors=doors) as site:
        named = ["4711", site.hr, "hr:nope", "claims:4712", "claims:x", "nobody-1"]
        target = f"{DETAILS}{','.join(named)}&parts="
        assert [each["piid"] for each in details(await site.ibm("GET", target + "header"))] == [site.hr]
        assert len(details(await site.ibm("GET", target + "none"))) == 1
        assert details(await site.ibm("GET", f"{DETAILS}hr:nope&parts=data")) == []


async def test_ended_instances_are_read_and_can_be_filtered_by_their_state(site: Across) -> None:
    ended, other = site.fakes["hr"].start("invoice", {"note": {"value": "last"}}), site.fakes["hr"].start("invoice", {})
    site.fakes["hr"].end(ended)
    site.fakes["hr"].instances[other].suspended = True
    target = f"{DETAILS}{site.hr},{ended},{other}&parts=header&statusFilter="
    for status, wanted in (
        ("Active", [site.hr]), ("Suspended", [other]), ("Terminated,Active", [site.hr, ended]), ("Failed", []),
    ):  # fmt: skip
        found = details(await site.ibm("GET", target + status))
        assert [each["piid"] for each in found] == wanted
    (data,) = details(await site.ibm("GET", target.replace("parts=header", "parts=data") + "Terminated"))
    assert (data["variables"]["note"], "piid" in data) == ("last", False)


@pytest.mark.parametrize("override", [True, False], ids=["overridden", "as it is"])
async def test_ids_may_stand_in_a_form_with_everything_else(site: Across, override: bool) -> None:
    form = urlencode({"action": "getdetails", "instanceIds": f"{site.hr},claims:{site.claims}", "parts": "header"})
    more = {"X_HTTP_Method_Override": "GET"} if override else {}
    found = details(await site.ibm("POST", "/process", raw=form.encode(), **FORM, **more))
    assert [each["piid"] for each in found] == [site.hr, f"claims:{site.claims}"]


async def test_details_are_xml_for_who_takes_that(site: Across) -> None:
    answer = await site.ibm("GET", f"{DETAILS}{site.hr},claims:{site.claims}&accept=application/xml")
    shown = ET.fromstring(answer.body)
    assert [each.findtext("piid") for each in shown.iterfind("data/processDetails")] == [
        site.hr, f"claims:{site.claims}",
    ]  # fmt: skip


async def test_engine_that_is_down_fails_those_who_name_its_instances_alone() -> None:
    async with across(down=("hr",)) as site:
        failed = await site.ibm("GET", f"{DETAILS}{site.claims},hr:{site.hr}")
        assert (failed.status, failed.json["Data"]["errorNumber"]) == (503, "VBG0032E")
        assert (await site.ibm("GET", f"{DETAILS}{site.hr}")).status == 503
        assert len(details(await site.ibm("GET", f"{DETAILS}{site.claims}"))) == 1


@pytest.mark.parametrize("doors", [{}, OVER_CAMUNDA], ids=["before IBM's engine", "before Camunda"])
async def test_limited_caller_sees_of_several_instances_what_it_sees_of_each(doors: Any) -> None:
    async with across({"variables": ["note", "amount"], "masked": ["amount"]}, doors=doors) as site:
        for named in (f"claims:{site.claims},hr:{site.hr}", f"claims:{site.claims}"):
            found = details(await site.ibm("GET", f"{DETAILS}{named}&parts=data", X_Api_Key="secret"))
            assert {tuple(each["variables"].items()) for each in found} == {(("note", "please check"),)}


async def test_caller_reads_instances_of_engines_that_it_may_use() -> None:
    async with across({"engines": ["claims"]}) as site:
        answer = await site.ibm("GET", f"{DETAILS}{site.claims},hr:{site.hr}", X_Api_Key="secret")
        assert (answer.status, answer.json["Data"]["errorNumber"]) == (403, "VBG0005E")
        bare = await site.ibm("GET", f"{DETAILS}{site.claims}", X_Api_Key="secret")
        assert [each["piid"] for each in details(bare)] == [site.claims]
    async with across({"scopes": ["instances:read"]}) as site:
        assert (await site.ibm("GET", f"{DETAILS}hr:{site.hr}", X_Api_Key="secret")).status == 403
    assert site.heard == []


@pytest.mark.parametrize(
    ("method", "target", "body", "status", "told"),
    [
        ("GET", "", None, 400, "VBG0003E: Name instances in instanceIds."),
        ("GET", "&instanceIds=,", None, 400, "VBG0003E: Name instances in instanceIds."),
        ("GET", "&instanceIds={}&parts=secrets", None, 400, "VBG0003E: There is no part secrets."),
        ("GET", "&instanceIds={}&parts=diagram", None, 400, None),
        ("GET", "&instanceIds={}&statusFilter=Late", None, 400, "VBG0003E: There is no state Late."),
        ("GET", "&instanceIds={}&taskLimit=1", None, 400, None),
        ("PUT", "&instanceIds={}", None, 405, None),
        ("GET", "&instanceIds={}&callback=f", None, 406, None),
        ("POST", "", [1], 400, None),
        ("POST", "", {"instanceIds": 1}, 400, "VBG0003E: Name instances in instanceIds."),
        ("POST", "", {"instanceIds": [True]}, 400, "VBG0003E: Name instances in instanceIds."),
        ("POST", "", {"instanceIds": ["1"], "parts": "data"}, 400, None),
        ("POST", "&instanceIds={}", {"instanceIds": ["1"]}, 400, None),
    ],
    ids=[
        "no ids", "empty ids", "no such part", "part of the vendor's alone", "no such state", "unknown parameter",
        "method", "script", "array", "number for a list", "no id", "unknown member", "ids twice",
    ],
)  # fmt: skip
async def test_what_cannot_be_read_at_once_is_refused_unsent(
    site: Across, method: str, target: str, body: Any, status: int, told: str | None
) -> None:
    answer = await site.ibm(method, "/process?action=getdetails" + target.replace("{}", site.hr), body)
    assert (answer.status, site.heard) == (status, [])
    assert answer.json["Data"]["errorNumber"] != "VBG0001E"
    assert told is None or answer.json["Data"]["errorMessage"] == told


async def test_malformed_bodies_are_refused(site: Across) -> None:
    for raw, kind, status in (
        (b'{"instanceIds":', "application/json", 400), (b"<a/>", "text/xml", 415),
        (b'{"instanceIds":["a"],"instanceIds":["b"]}', "application/json", 400),
    ):  # fmt: skip
        answer = await site.ibm("POST", "/process?action=getdetails", raw=raw, Content_Type=kind)
        assert (answer.status, site.heard) == (status, [])
