"""Searches for instances in Camunda's language over instances of both vendors."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from adapters import camunda7, ibm_bpm
from tests.web.across import Across, across

PATH = "/process-instance"
KEY = {"X_Api_Key": "secret"}
FEDERATED = {"hr": {"federated": True}}


@pytest.fixture
async def site() -> AsyncIterator[Across]:
    async with across() as made:
        yield made


async def find(site: Across, query: str = "", **filters: Any) -> list[str]:
    """Return the ids that a search finds, which its count must confirm."""
    answer = await site.camunda("POST", PATH + query, filters)
    assert answer.status == 200, answer.body
    ids = [row["id"] for row in answer.json]
    if not query:
        assert (await site.camunda("POST", f"{PATH}/count", filters)).json == {"count": len(ids)}
    return ids


async def test_rows_of_both_vendors_have_all_keys_and_ids_as_they_were_written(site: Across) -> None:
    written = [f"BPDInstance.{site.claims}", site.hr, "claims:77", "no-such"]
    answer = await site.camunda("POST", PATH, {"processInstanceIds": written})
    assert answer.json == [
        {
            "links": [], "id": site.hr, "definitionId": "invoice:1:1", "definitionKey": "invoice",
            "businessKey": "demo-1", "caseInstanceId": None, "ended": False, "suspended": False, "tenantId": None,
        },
        {
            "links": [], "id": f"BPDInstance.{site.claims}", "definitionId": "25.Claim", "definitionKey": "Claim",
            "businessKey": None, "caseInstanceId": None, "ended": False, "suspended": False, "tenantId": None,
        },
    ]  # fmt: skip
    by_query = await site.camunda("GET", f"{PATH}?processInstanceIds={','.join(written)}")
    assert by_query.json == answer.json


async def test_search_that_concerns_the_doors_engine_alone_is_relayed_byte_for_byte(site: Across) -> None:
    for body in (b'{ "processDefinitionKey":"invoice", "whatever": [1]}', b'{"processInstanceIds" : ["HERE"]}'):
        said = body.replace(b"HERE", site.hr.encode())
        answer = await site.ask("POST", "/engine-rest/process-instance", raw=said)
        assert ([row["id"] for row in answer.json], site.heard[-1][1].body) == ([site.hr], said)
    assert set(site.engines) == {"hr"}


async def test_federated_search_asks_all_engines() -> None:
    async with across(doors=FEDERATED) as site:
        assert await find(site, processDefinitionKey="Claim") == [site.claims]
        assert await find(site, processDefinitionKey="invoice") == [site.hr]
        assert await find(site) == [site.hr, site.claims]
        more = [site.fakes["claims"].start("Claim", {"note": "x"}) for _ in range(30)]
        assert await find(site) == [site.hr, site.claims, *more]
        assert await find(site, "?firstResult=1&maxResults=3") == [site.claims, *more[:2]]
        assert await find(site, "?firstResult=32") == []
        assert await find(site, "?maxResults=0") == []


async def test_instances_are_found_by_their_variables_on_both_engines() -> None:
    async with across(doors=FEDERATED) as site:
        checked = {"name": "note", "operator": "eq", "value": "please check"}
        assert await find(site, variables=[checked]) == [site.hr, site.claims]
        # conditions on several names hold for several variables
        assert await find(site, variables=[checked, {"name": "amount", "operator": "gt", "value": 5}]) == [
            site.hr, site.claims,
        ]  # fmt: skip
        assert await find(site, variables=[checked, {"name": "pages", "operator": "eq", "value": 3}]) == [site.claims]
        shouted = {"name": "NOTE", "operator": "eq", "value": "PLEASE CHECK"}
        assert await find(site, variables=[shouted]) == []
        folded = {"variableNamesIgnoreCase": True, "variableValuesIgnoreCase": True}
        assert await find(site, variables=[shouted], **folded) == [site.hr, site.claims]
        by_query = await site.camunda("GET", f"{PATH}/count?variables=note_like_please%25,approved_neq_x")
        assert by_query.json == {"count": 2}


async def test_instances_are_found_by_their_state() -> None:
    async with across(doors=FEDERATED) as site:
        site.fakes["claims"].instances[site.claims].state = "Suspended"
        assert (await find(site, active=True), await find(site, suspended=True)) == ([site.hr], [site.claims])
        assert await find(site, active=False, suspended=None) == [site.hr, site.claims]
        assert (await site.camunda("GET", f"{PATH}?suspended=true")).json[0]["suspended"] is True


async def test_business_key_is_asked_of_all_engines_that_have_one() -> None:
    async with across(doors=FEDERATED) as site:
        refused = await site.camunda("POST", PATH, {"businessKey": "demo-1"})
        assert (refused.status, refused.json["type"], site.engines) == (400, "InvalidRequestException", [])
        assert "business key" in refused.json["message"]
    async with across(doors=FEDERATED, engines={"claims": {"business_key": "key"}}) as site:
        _ = await find(site, businessKey="demo-1")
        asked = [dict(each.query).get("condition") for engine, each in site.heard if engine == "claims"]
        assert set(asked) == {"key|Equals|demo-1"}
    async with across() as site:
        assert await find(site, businessKey="demo-1") == [site.hr]
        assert await find(site, businessKey="demo-1", processInstanceIds=["hr:" + site.hr]) == ["hr:" + site.hr]


async def test_instance_of_the_same_vendor_elsewhere_is_named_with_its_engine() -> None:
    fakes = {"hr": camunda7.VENDOR.fake(), "claims": ibm_bpm.VENDOR.fake(), "more": camunda7.VENDOR.fake()}
    async with across(fakes=fakes, engines={"more": {"vendor": "camunda7"}}, doors=FEDERATED) as site:
        there = fakes["more"].showcase()
        assert await find(site) == [site.hr, site.claims, f"more:{there}"]
        assert await find(site, processInstanceIds=[there]) == [there]


async def test_only_searches_that_concern_an_engine_notice_that_it_is_down() -> None:
    async with across(down=("claims",)) as site:
        assert await find(site, processDefinitionKey="invoice") == [site.hr]
        assert await find(site, processInstanceIds=[site.hr]) == [site.hr]
        for path in (PATH, f"{PATH}/count"):
            answer = await site.camunda("POST", path, {"processInstanceIds": [site.hr, f"claims:{site.claims}"]})
            assert (answer.status, answer.json["type"]) == (503, "EngineUnavailable")


@pytest.mark.parametrize(
    ("filters", "named"),
    [
        ({"businessKeyLike": "a%"}, "businessKeyLike"), ({"orQueries": [{"businessKey": "a"}]}, "orQueries"),
        ({"tenantIdIn": ["a"]}, "tenantIdIn"), ({"rootProcessInstances": True}, "rootProcessInstances"),
        ({"sorting": [{"sortBy": "instanceId", "sortOrder": "asc"}]}, "sorting"), ({"unknown": 1}, "unknown"),
        ({"active": True, "suspended": True}, "exclude"), ({"variables": [{"name": "a", "value": 1}]}, "comparator"),
        ({"variables": [{"name": "a", "operator": "gt", "value": None}]}, "order"),
        ({"variables": [{"name": "a", "operator": "eq", "value": [1]}]}, "condition"),
    ],
    ids=lambda each: each if isinstance(each, str) else next(iter(each)),
)  # fmt: skip
async def test_what_cannot_be_asked_is_refused_by_name(site: Across, filters: dict[str, Any], named: str) -> None:
    for path in (PATH, f"{PATH}/count"):
        answer = await site.camunda("POST", path, {"processInstanceIds": [f"claims:{site.claims}"]} | filters)
        assert (answer.status, answer.json["type"], site.planned) == (400, "InvalidRequestException", [])
        assert named in answer.json["message"]


async def test_filters_that_say_nothing_are_passed_over(site: Across) -> None:
    nothing = {"orQueries": [], "sorting": None, "rootProcessInstances": False, "businessKey": None, "variables": []}
    assert await find(site, processInstanceIds=[f"claims:{site.claims}"], **nothing) == [f"claims:{site.claims}"]
    query = f"processInstanceIds=claims:{site.claims}&rootProcessInstances=false&active=false"
    assert len((await site.camunda("GET", f"{PATH}?{query}")).json) == 1


@pytest.mark.parametrize("query", ["unknown=1", "sortBy=instanceId", "active=maybe", "variables=a_b", "maxResults=x"])
async def test_query_string_that_cannot_be_said_is_refused(site: Across, query: str) -> None:
    answer = await site.camunda("GET", f"{PATH}?processInstanceIds=claims:{site.claims}&{query}")
    status = 404 if query == "maxResults=x" else 400
    assert (answer.status, site.engines) == (status, [])
    assert status == 404 or query.partition("=")[0] in answer.json["message"]


async def test_search_by_bad_list_or_method_is_refused_before_an_engine_of_another_vendor() -> None:
    async with across(doors={"hr": {"engine": "claims"}}) as site:
        empty = await site.camunda("POST", PATH, {"processInstanceIds": []})
        assert (empty.status, empty.json["type"]) == (400, "InvalidRequestException")
        assert (await site.camunda("PUT", PATH, {})).status == 405
        assert (await site.ask("POST", "/engine-rest/process-instance", raw=b"{")).status == 400
        assert site.engines == []
        assert await find(site, processDefinitionKey="Claim") == [site.claims]


async def test_too_many_instances_of_an_engine_that_reads_each_are_refused() -> None:
    async with across(engines={"claims": {"query_instances": 2}}) as site:
        ids = [f"claims:{number}" for number in range(3)]
        answer = await site.camunda("POST", PATH, {"processInstanceIds": ids})
        assert (answer.status, answer.json["type"], site.engines) == (400, "InvalidRequestException", [])


async def test_limited_caller_finds_instances_but_not_by_hidden_values() -> None:
    async with across({"masked": ["amount"]}) as site:
        for instance in (site.hr, site.claims):
            found = await site.camunda("GET", f"{PATH}?processInstanceIds={instance}&variables=note_like_p%25", **KEY)
            assert [row["id"] for row in found.json] == [instance]
            body = {"processInstanceIds": [instance], "variables": [{"name": "amount", "operator": "gt", "value": 1}]}
            refused = await site.camunda("POST", PATH, body, **KEY)
            assert (refused.status, refused.json["type"]) == (403, "Forbidden")


async def test_search_by_variables_needs_the_scope_to_read_them() -> None:
    async with across({"scopes": ["instances:read"]}) as site:
        query = f"{PATH}?processInstanceIds=claims:{site.claims}"
        assert len((await site.camunda("GET", query, **KEY)).json) == 1
        site.forget()
        refused = await site.camunda("GET", f"{query}&variables=note_eq_x", **KEY)
        assert (refused.status, site.engines) == (403, [])
