"""Searches in Camunda's language over instances of both vendors: who is asked, which rows come, and what is refused."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import msgspec
import pytest

from adapters import camunda7, ibm_bpm
from tests.web.across import Across, Answer, across

PATH = "/variable-instance"
KEY = {"X_Api_Key": "secret"}


@pytest.fixture
async def site() -> AsyncIterator[Across]:
    async with across() as made:
        yield made


async def search(site: Across, query: str = "", **filters: Any) -> Answer:
    return await site.camunda("POST", PATH + query, filters)


async def rows(site: Across, query: str = "", **filters: Any) -> list[dict[str, Any]]:
    answer = await search(site, query, **filters)
    assert answer.status == 200, answer.body
    return answer.json


def named(found: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(row["processInstanceId"], row["name"]) for row in found]


# Who is asked


@pytest.mark.parametrize(
    "body",
    [
        b'{"variableName" : "note", "unknownFilter": [1]}',
        b'{"processInstanceIdIn":["HERE"],"variableName":"n\\u006fte"}',
        b"[not JSON",
    ],
    ids=["no ids", "ids of the door's engine", "malformed"],
)
async def test_search_that_concerns_the_doors_engine_alone_is_relayed_byte_for_byte(site: Across, body: bytes) -> None:
    said = body.replace(b"HERE", site.hr.encode())
    answer = await site.ask("POST", "/engine-rest/variable-instance?maxResults=%35", raw=said)
    assert site.planned == [] or [each.path for _, each in site.planned] == [("process-instance", site.hr)]
    engine, last = site.heard[-1]
    assert (engine, last.method, last.path, last.body) == ("hr", "POST", ("variable-instance",), said)
    assert answer.status == (400 if body.startswith(b"[") else 200)


async def test_owner_of_a_bare_id_is_looked_up_once(site: Across) -> None:
    number = "77"  # IBM's engine could have it, too
    site.fakes["hr"].instances[number] = site.fakes["hr"].instances[site.hr]
    for times in (2, 1):
        site.forget()
        _ = await rows(site, processInstanceIdIn=[number])
        assert site.engines == ["hr"] * times
    site.forget()
    first = await rows(site, processInstanceIdIn=[site.claims])
    asked = len(site.heard)
    site.forget()
    assert await rows(site, processInstanceIdIn=[site.claims]) == first
    assert (site.engines, asked > 1) == (["claims"], True)


async def test_owners_of_many_ids_are_looked_up_at_once() -> None:
    fakes = {"hr": camunda7.VENDOR.fake(), "claims": ibm_bpm.VENDOR.fake(), "more": camunda7.VENDOR.fake()}
    async with across(fakes=fakes, engines={"more": {"vendor": "camunda7"}}) as site:
        ids = [fakes["hr"].start("invoice", {}) for _ in range(600)]
        site.forget()
        assert await rows(site, processInstanceIdIn=ids) == []
        asked = [each.path for _, each in site.planned]
        assert (asked, set(site.engines)) == ([("process-instance",)] * 2, {"hr"})
        site.forget()
        assert await rows(site, processInstanceIdIn=[*ids, site.hr], variableName="note") != []
        assert set(site.engines) == {"hr"}
        assert [each.path for _, each in site.planned] == [("process-instance", site.hr)]
        there = fakes["more"].showcase()
        site.forget()
        assert named(await rows(site, processInstanceIdIn=[*ids, there, "no-such"], variableName="note")) == [
            (there, "note")
        ]


async def test_search_without_ids_stays_at_the_doors_engine(site: Across) -> None:
    assert {each for each, _ in named(await rows(site, variableName="note"))} == {site.hr}
    assert (await site.camunda("GET", PATH + "/count?variableName=note")).json == {"count": 1}
    assert set(site.engines) == {"hr"}


async def test_federated_search_asks_all_engines() -> None:
    async with across(doors={"hr": {"federated": True}}) as site:
        assert named(await rows(site, variableName="note")) == [(site.hr, "note"), (site.claims, "note")]
        assert set(site.engines) == {"hr", "claims"}
        written = f"BPDInstance.{site.claims}"
        assert named(await rows(site, variableName="note", processInstanceIdIn=[written])) == [(written, "note")]
        assert (await site.camunda("GET", PATH + "/count?variableName=note")).json == {"count": 2}


async def test_federated_search_leaves_out_engines_that_the_caller_may_not_use() -> None:
    async with across({"engines": ["hr"]}, doors={"hr": {"federated": True}}) as site:
        answer = await site.camunda("GET", PATH + "?variableName=note", **KEY)
        assert (named(answer.json), set(site.engines)) == ([(site.hr, "note")], {"hr"})
        refused = await site.camunda("GET", f"{PATH}?processInstanceIdIn=claims:{site.claims}", **KEY)
        assert refused.status == 403


async def test_only_searches_that_concern_an_engine_notice_that_it_is_down() -> None:
    async with across(down=("claims",)) as site:
        assert len(await rows(site, processInstanceIdIn=[site.hr], variableName="note")) == 1
        assert len(await rows(site, variableName="note")) == 1
        answer = await search(site, processInstanceIdIn=[site.hr, f"claims:{site.claims}"])
        assert (answer.status, answer.json["type"]) == (503, "EngineUnavailable")
        count = await site.camunda("GET", f"{PATH}/count?processInstanceIdIn=claims:{site.claims}")
        assert (count.status, count.json["type"]) == (503, "EngineUnavailable")
    async with across(down=("claims",), doors={"hr": {"federated": True}}) as site:
        assert (await search(site, variableName="note")).status == 503


async def test_door_before_the_other_vendors_engine_answers_searches() -> None:
    async with across(doors={"hr": {"engine": "claims"}}) as site:
        assert named(await rows(site, variableName="note")) == [(site.claims, "note")]
        assert set(site.engines) == {"claims"}
        assert named(await rows(site, variableName="note", processInstanceIdIn=[site.hr, "no-such"])) == [
            (site.hr, "note")
        ]
        malformed = await site.ask("POST", "/engine-rest/variable-instance", raw=b"{")
        assert (malformed.status, malformed.json["type"]) == (400, "InvalidRequestException")


# Rows


async def test_rows_of_another_vendors_instance_have_all_keys(site: Across) -> None:
    (row,) = await rows(site, processInstanceIdIn=[f"claims:{site.claims}"], variableName="amount")
    assert row == {
        "type": "Double", "value": 1250.5, "valueInfo": {},
        "id": f"{site.claims}:amount", "name": "amount",
        "processDefinitionId": "25.Claim", "processInstanceId": f"claims:{site.claims}",
        "executionId": f"claims:{site.claims}", "caseInstanceId": None, "caseExecutionId": None, "taskId": None,
        "batchId": None, "activityInstanceId": None, "errorMessage": None, "tenantId": None,
    }  # fmt: skip


async def test_rows_of_the_doors_engine_are_the_same_translated_and_relayed(site: Across) -> None:
    for name in site.fakes["hr"].instances[site.hr].variables:
        native = await rows(site, "?deserializeValues=false", processInstanceIdIn=[site.hr], variableName=name)
        both = [site.hr, f"claims:{site.claims}"]
        translated = await rows(site, "?deserializeValues=false", processInstanceIdIn=both, variableName=name)
        assert translated[0] == native[0]


async def test_local_variables_have_their_execution_and_task(site: Across) -> None:
    fake = site.fakes["hr"]
    instance = fake.instances[site.hr]
    for place in instance.places.values():
        place.variables["local"] = msgspec.structs.replace(instance.variables["note"], id="local-id", name="local")
    (native,) = await rows(site, processInstanceIdIn=[site.hr], variableName="local")
    (translated,) = await rows(site, processInstanceIdIn=[site.hr, f"claims:{site.claims}"], variableName="local")
    assert (translated, translated["taskId"] is None) == (native, False)


async def test_ids_come_back_as_the_caller_wrote_them(site: Across) -> None:
    for written in (site.claims, f"claims:{site.claims}", f"BPDInstance.{site.claims}"):
        assert named(await rows(site, processInstanceIdIn=[written], variableName="note")) == [(written, "note")]


async def test_instance_of_the_same_vendor_elsewhere_is_named_with_its_engine() -> None:
    fakes = {"hr": camunda7.VENDOR.fake(), "claims": ibm_bpm.VENDOR.fake(), "more": camunda7.VENDOR.fake()}
    async with across(fakes=fakes, engines={"more": {"vendor": "camunda7"}}, doors={"hr": {"federated": True}}) as site:
        there = fakes["more"].showcase()
        found = await rows(site, variableName="note")
        assert named(found) == [(site.hr, "note"), (site.claims, "note"), (f"more:{there}", "note")]
        assert [row["executionId"] for row in found] == [site.hr, site.claims, f"more:{there}"]
        assert named(await rows(site, variableName="note", executionIdIn=[f"more:{there}"])) == [
            (f"more:{there}", "note")
        ]
    async with across(fakes=fakes, engines={"more": {"vendor": "camunda7"}}) as site:
        assert named(await rows(site, variableName="note", processInstanceIdIn=[there])) == [(there, "note")]


async def test_thousand_ids_of_mixed_owners_give_the_rows_of_those_that_exist(site: Across) -> None:
    fake = site.fakes["claims"]
    mine = [fake.start("Claim", {"note": "x"}) for _ in range(30)]
    ids = [f"claims:{each}" for each in mine] + [site.hr] + [f"{number:08x}-no-such" for number in range(940)]
    ids += [str(10**6 + number) for number in range(20)] + [
        "",
        "hr:no-such",
        "..",
        "a/b",
        "%2F",
        ";",
        "claims:7",
        "\u20ac",
    ]
    ids += [f"BPDInstance.{site.claims}"]
    found = await rows(site, processInstanceIdIn=ids, variableName="note")
    assert len(ids) == 1000
    assert sorted(named(found)) == sorted(
        [(f"claims:{each}", "note") for each in mine] + [(site.hr, "note"), (f"BPDInstance.{site.claims}", "note")]
    )
    counted = await site.camunda("POST", PATH + "/count", {"processInstanceIdIn": ids, "variableName": "note"})
    assert counted.json == {"count": 32}


# Pages and orders


async def test_pages_are_cut_by_number_across_engines(site: Across) -> None:
    ids = [site.hr, f"claims:{site.claims}"]
    whole = await rows(site, processInstanceIdIn=ids)
    assert len(whole) == 22
    for first, most in ((0, 5), (3, 4), (12, 6), (20, 50), (0, 1000), (22, 5), (10**6, 5)):
        found = await rows(site, f"?firstResult={first}&maxResults={most}", processInstanceIdIn=ids)
        assert found == whole[first : first + most]


@pytest.mark.parametrize(
    ("page", "status"),
    [("maxResults=-1", 200), ("maxResults=0", 200), ("firstResult=-1", 200), ("maxResults=abc", 404), ("firstResult=", 404), ("maxResults=2147483648", 404)],
)  # fmt: skip
async def test_page_that_is_none_is_answered_as_the_engine_does(site: Across, page: str, status: int) -> None:
    translated = await search(site, f"?{page}", processInstanceIdIn=[f"claims:{site.claims}"])
    assert (translated.status, site.engines) == (status, [])
    assert translated.json == (
        [] if status == 200 else {"type": "QueryParamException", "message": "HTTP 404 Not Found", "code": None}
    )


async def test_rows_are_sorted_across_engines(site: Across) -> None:
    ids = f"processInstanceIdIn={site.hr},claims:{site.claims}"
    found = (await site.camunda("GET", f"{PATH}?{ids}&sortBy=variableName&sortOrder=desc")).json
    assert [row["name"] for row in found] == sorted((row["name"] for row in found), reverse=True)
    assert len(found) == 22
    order = [{"sortBy": "variableType", "sortOrder": "asc"}, {"sortBy": "variableName", "sortOrder": "asc"}]
    typed = await rows(site, "?maxResults=4", processInstanceIdIn=ids.partition("=")[2].split(","), sorting=order)
    assert [(row["type"], row["name"]) for row in typed] == [
        ("Boolean", "approved"), ("Boolean", "approved"), ("Boolean", "obsolete"), ("Boolean", "obsolete"),
    ]  # fmt: skip


async def test_order_that_one_engine_cannot_give_is_refused_before_any_is_asked(site: Across) -> None:
    order = [{"sortBy": "tenantId", "sortOrder": "asc"}]
    answer = await search(site, processInstanceIdIn=["hr:" + site.hr, f"claims:{site.claims}"], sorting=order)
    assert (answer.status, answer.json["type"], site.engines) == (400, "InvalidRequestException", [])
    assert "sort by tenant" in answer.json["message"]
    alone = await rows(site, processInstanceIdIn=["hr:" + site.hr], sorting=order, variableName="note")
    assert named(alone) == [("hr:" + site.hr, "note")]


# Filters


@pytest.mark.parametrize(
    ("conditions", "count"),
    [
        (
            [{"name": "amount", "operator": "gteq", "value": 5}, {"name": "amount", "operator": "lteq", "value": 2000}],
            2,
        ),
        ([{"name": "amount", "operator": "gt", "value": 1250.5}], 0),
        ([{"name": "amount", "operator": "lt", "value": 1251}], 2),
        ([{"name": "note", "operator": "like", "value": "please%"}], 2),
        ([{"name": "note", "operator": "neq", "value": None}], 2),
        ([{"name": "approved", "operator": "eq", "value": False}], 2),
    ],
    ids=["range", "gt", "lt", "like", "neq null", "eq false"],
)
async def test_conditions_hold_on_rows_of_both_vendors(site: Across, conditions: list[Any], count: int) -> None:
    ids = [site.hr, f"claims:{site.claims}"]
    assert len(await rows(site, processInstanceIdIn=ids, variableValues=conditions)) == count


async def test_conditions_of_a_query_string_compare_texts(site: Across) -> None:
    ids = f"processInstanceIdIn={site.hr},claims:{site.claims}"
    for said, count in (("note_eq_please check", 2), ("amount_eq_1250.5", 0), ("NOTE_like_please%", 0)):
        found = await site.camunda("GET", f"{PATH}?{ids}&variableValues={quote(said)}")
        assert (found.status, len(found.json)) == (200, count)
    folded = "variableValues=NOTE_eq_PLEASE%20CHECK&variableNamesIgnoreCase=true&variableValuesIgnoreCase=true"
    assert (await site.camunda("GET", f"{PATH}/count?{ids}&{folded}")).json == {"count": 2}


@pytest.mark.parametrize("value", [None, []], ids=["null", "no conditions"])
async def test_filter_that_is_null_is_none(site: Across, value: Any) -> None:
    found = await rows(
        site, processInstanceIdIn=[f"claims:{site.claims}"], variableName=None, variableValues=value, taskIdIn=None
    )
    assert len(found) == 8


@pytest.mark.parametrize(
    ("filters", "named"),
    [
        ({"tenantIdIn": ["a"]}, "tenantIdIn"), ({"variableScopeIdIn": ["a"]}, "variableScopeIdIn"),
        ({"executionIdIn": ["claims:1"]}, "executionIdIn"), ({"taskIdIn": []}, "taskIdIn"), ({"unknown": 1}, "unknown"),
        ({"variableValues": [{"name": "a", "operator": "notLike", "value": 1}]}, "notLike"),
        ({"variableValues": [{"name": "a", "value": 1}]}, "comparator"),
        ({"variableValues": [{"operator": "eq", "value": 1}]}, "name is null"),
        ({"variableValues": [{"name": "a", "operator": "gt", "value": True}]}, "order"),
        ({"sorting": [{"sortBy": "x", "sortOrder": "asc"}]}, "sortBy"),
        ({"sorting": [{"sortBy": "variableName", "sortOrder": "up"}]}, "sortOrder"),
        ({"sorting": [{"sortBy": "variableName", "sortOrder": "asc"}] * 2}, "twice"),
        ({"sortBy": "variableName"}, "sortOrder"),
    ],
    ids=lambda each: each if isinstance(each, str) else next(iter(each)),
)  # fmt: skip
async def test_what_cannot_be_asked_is_refused_by_name(site: Across, filters: dict[str, Any], named: str) -> None:
    for path in ("", "/count"):
        answer = await site.camunda("POST", PATH + path, {"processInstanceIdIn": [f"claims:{site.claims}"]} | filters)
        if path and named in {"sortBy", "sortOrder", "twice"}:
            assert answer.status == 200  # sorting has no effect on a count
            continue
        assert (answer.status, answer.json["type"]) == (400, "InvalidRequestException")
        assert named in answer.json["message"]
        assert all(each.method == "GET" for _, each in site.heard)


@pytest.mark.parametrize(
    "query", ["unknown=1", "sortBy=variableName", "variableValues=a_b", "variableNamesIgnoreCase=maybe", "taskIdIn="]
)
async def test_query_string_that_says_nothing_is_refused_by_name(site: Across, query: str) -> None:
    answer = await site.camunda("GET", f"{PATH}?processInstanceIdIn=claims:{site.claims}&{query}")
    assert (answer.status, answer.json["type"], site.engines) == (400, "InvalidRequestException", [])
    assert query.partition("=")[0] in answer.json["message"]


async def test_too_many_instances_of_an_engine_that_reads_each_are_refused() -> None:
    async with across(engines={"claims": {"query_instances": 2}}) as site:
        ids = [f"claims:{number}" for number in range(3)]
        answer = await search(site, processInstanceIdIn=ids)
        assert (answer.status, answer.json["type"], site.engines) == (400, "InvalidRequestException", [])


async def test_more_ids_than_a_list_may_have_are_refused(site: Across) -> None:
    ids = [f"claims:{number}" for number in range(10_001)]
    answer = await search(site, processInstanceIdIn=ids)
    assert (answer.status, answer.json["type"], site.engines) == (413, "PayloadTooLarge", [])


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [("POST", {"Content_Type": "text/plain"}, 415), ("GET", {"Accept": "application/xml"}, 406), ("PUT", {}, 405)],
    ids=["no JSON", "XML wanted", "unknown method"],
)
async def test_search_in_a_wrong_form_is_answered_as_the_engine_does(
    method: str, headers: dict[str, str], status: int
) -> None:
    async with across(doors={"hr": {"engine": "claims"}}) as site:
        answer = await site.camunda(method, PATH, None if method == "GET" else {}, **headers)
        assert (answer.status, site.engines) == (status, [])


# Limited callers


async def test_masked_values_are_null_in_rows_and_no_condition_tells_them() -> None:
    async with across({"masked": ["amount"], "variables": ["amount", "note"]}) as site:
        for instance in (site.hr, site.claims):
            answer = await site.camunda("POST", PATH, {"processInstanceIdIn": [instance]}, **KEY)
            shown = {row["name"]: (row["value"], row["errorMessage"]) for row in answer.json}
            assert shown == {"amount": (None, "The value is hidden from the caller."), "note": ("please check", None)}
            count = await site.camunda("GET", f"{PATH}/count?processInstanceIdIn={instance}", **KEY)
            assert count.json == {"count": 2}
            for name in ("amount", "approved"):
                condition = [{"name": name, "operator": "gt", "value": 5}]
                body = {"processInstanceIdIn": [instance], "variableValues": condition}
                refused = await site.camunda("POST", PATH, body, **KEY)
                assert (refused.status, refused.json["type"]) == (403, "Forbidden")
                assert b"1250" not in refused.body


async def test_search_needs_its_scope() -> None:
    async with across({"scopes": ["instances:read"]}) as site:
        answer = await site.camunda("GET", f"{PATH}?processInstanceIdIn=claims:{site.claims}", **KEY)
        assert (answer.status, site.engines) == (403, [])


async def test_object_of_a_class_is_shown_as_the_door_is_set() -> None:
    query = f"{PATH}?deserializeValues=false&variableName=customer&processInstanceIdIn="
    async with across(doors={"hr": {"objects": "object"}}) as site:
        (row,) = (await site.camunda("GET", query + site.claims)).json
        assert (row["type"], row["valueInfo"]["objectTypeName"]) == ("Object", "Customer")
        assert json.loads(row["value"])["name"] == "Ada"
    async with across() as site:
        (row,) = (await site.camunda("GET", query + site.claims)).json
        assert (row["type"], json.loads(row["value"])["tier"]) == ("Json", "gold")


# Last values: the history


PAST = "/history/variable-instance"


async def past(site: Across, query: str) -> list[dict[str, Any]]:
    answer = await site.camunda("GET", f"{PAST}?{query}")
    assert answer.status == 200, answer.body
    return answer.json


async def test_last_values_of_another_vendors_instance_have_the_historys_keys(site: Across) -> None:
    site.fakes["claims"].instances[site.claims].state = "Completed"
    (row,) = await past(site, f"processInstanceId={site.claims}&variableName=amount")
    assert row == {
        "type": "Double", "value": 1250.5, "valueInfo": {}, "errorMessage": None, "id": None, "name": "amount",
        "processDefinitionKey": None, "processDefinitionId": None, "processInstanceId": site.claims,
        "executionId": site.claims, "activityInstanceId": None, "caseDefinitionKey": None, "caseDefinitionId": None,
        "caseInstanceId": None, "caseExecutionId": None, "taskId": None, "tenantId": None, "state": "CREATED",
        "createTime": None, "removalTime": None, "rootProcessInstanceId": None,
    }  # fmt: skip
    (native,) = await past(site, f"processInstanceId={site.hr}&variableName=amount")
    assert native.keys() == row.keys()


async def test_history_of_the_doors_instance_is_relayed_as_it_is(site: Across) -> None:
    site.fakes["hr"].end(site.hr)
    body = f'{{ "processInstanceId" : "{site.hr}" , "variableName":"note"}}'.encode()
    answer = await site.ask("POST", f"/engine-rest{PAST}", raw=body)
    assert (len(answer.json), answer.json[0]["state"], site.planned) == (1, "CREATED", [])
    assert site.heard[-1][1].body == body


async def test_history_without_an_instance_is_the_doors_engines() -> None:
    async with across(doors={"hr": {"federated": True}}) as site:
        assert {row["processInstanceId"] for row in await past(site, "variableName=note")} == {site.hr}
        assert (site.engines, site.planned) == (["hr"], [])
    async with across(doors={"hr": {"engine": "claims"}}) as site:
        answer = await site.camunda("GET", f"{PAST}?variableName=note")
        assert (answer.status, answer.json["type"], site.engines) == (400, "InvalidRequestException", [])
        assert "processInstanceId" in answer.json["message"]


async def test_last_values_of_instances_of_both_vendors_come_in_the_order_and_on_the_page_asked_for(
    site: Across,
) -> None:
    ids = f"processInstanceIdIn={site.hr},claims:{site.claims},77,no-such"
    found = await past(site, f"{ids}&sortBy=variableName&sortOrder=desc")
    assert (len(found), [row["name"] for row in found]) == (22, sorted((row["name"] for row in found), reverse=True))
    page = f"{ids}&sortBy=variableName&sortOrder=desc&firstResult=3&maxResults=5"
    assert await past(site, page) == found[3:8]
    assert await past(site, f"{ids}&firstResult=22") == []
    body = {"processInstanceIdIn": ids.partition("=")[2].split(","), "sorting": [
        {"sortBy": "variableName", "sortOrder": "asc"}, {"sortBy": "instanceId", "sortOrder": "desc"},
    ], "variableNameIn": ["note", "amount", "scan"]}  # fmt: skip
    sorted_rows = (await site.camunda("POST", PAST, body)).json
    both = sorted([site.hr, f"claims:{site.claims}"], reverse=True)
    assert named(sorted_rows) == [(each, name) for name in ("amount", "note") for each in both] + [(site.hr, "scan")]
    assert (await site.camunda("POST", f"{PAST}/count", body)).json == {"count": 5}


async def test_history_of_an_unknown_instance_is_empty(site: Across) -> None:
    assert await past(site, "processInstanceId=claims:77") == []
    assert (await site.camunda("GET", f"{PAST}/count?processInstanceId=claims:77")).json == {"count": 0}


@pytest.mark.parametrize(
    ("filters", "named"),
    [
        ({"variableNameLike": "a%"}, "variableNameLike"), ({"includeDeleted": True}, "includeDeleted"),
        ({"taskIdIn": ["1"]}, "taskIdIn"), ({"variableValue": 1, "variableName": "a"}, "variableValue"),
        ({"processInstanceIdIn": ["claims:1"]}, "processInstanceIdIn"), ({"variableNameIn": []}, "variableNameIn"),
        ({"unknown": 1}, "unknown"), ({"sorting": [{"sortBy": "tenantId", "sortOrder": "asc"}]}, "tenantId"),
        ({"sortBy": "x", "sortOrder": "asc"}, "sortBy"),
    ],
    ids=lambda each: each if isinstance(each, str) else next(iter(each)),
)  # fmt: skip
async def test_what_cannot_be_asked_of_the_history_is_refused_by_name(
    site: Across, filters: dict[str, Any], named: str
) -> None:
    answer = await site.camunda("POST", PAST, {"processInstanceId": f"claims:{site.claims}"} | filters)
    assert (answer.status, answer.json["type"]) == (400, "InvalidRequestException")
    assert named in answer.json["message"]
    assert site.planned == []


async def test_filters_of_the_history_that_say_nothing_are_passed_over(site: Across) -> None:
    body = {
        "processInstanceId": f"claims:{site.claims}",
        "includeDeleted": False,
        "taskIdIn": None,
        "withoutTenantId": None,
    }
    assert len((await site.camunda("POST", PAST, body)).json) == 8
    assert (
        len(await past(site, f"processInstanceId=claims:{site.claims}&includeDeleted=false&deserializeValues=false"))
        == 8
    )


async def test_limited_caller_has_the_history_of_named_instances() -> None:
    async with across({"masked": ["amount"], "variables": ["amount", "note"]}) as site:
        site.fakes["hr"].end(site.hr)
        for instance in (site.hr, site.claims):
            found = (await site.camunda("GET", f"{PAST}?processInstanceId={instance}", **KEY)).json
            shown = {row["name"]: (row["value"], row["errorMessage"]) for row in found}
            assert shown == {"amount": (None, "The value is hidden from the caller."), "note": ("please check", None)}
        refused = await site.camunda("GET", f"{PAST}?variableName=amount", **KEY)
        assert (refused.status, refused.json["type"]) == (400, "InvalidRequestException")
