"""Searches for instances in IBM's language: conditions, columns, pages, and what is refused."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

import pytest

from tests.web.across import Across, Answer, across

OVER_CAMUNDA = {"claims": {"engine": "hr"}}
FORM = {"Content_Type": "application/x-www-form-urlencoded"}
BY_INSTANCE = "/search/query?organization=byInstance"


def typed(**values: Any) -> dict[str, Any]:
    kinds = {bool: "Boolean", int: "Integer", float: "Double", str: "String"}
    return {name: {"value": value, "type": kinds[type(value)]} for name, value in values.items()}


@pytest.fixture
async def site() -> AsyncIterator[Across]:
    async with across(doors=OVER_CAMUNDA) as made:
        yield made


def target(*conditions: str, **more: str) -> str:
    pairs = [*(("condition", each) for each in conditions), *more.items()]
    return f"{BY_INSTANCE}&{urlencode(pairs)}" if pairs else BY_INSTANCE


def rows(answer: Answer) -> list[dict[str, Any]]:
    assert (answer.status, answer.json["status"]) == (200, "200"), answer.body
    return answer.json["data"]["data"]


def found(answer: Answer) -> set[Any]:
    return {row["instanceId"] for row in rows(answer)}


@pytest.mark.parametrize("method", ["GET", "PUT", "POST"])
async def test_search_answers_a_row_for_each_instance_as_the_server_does(site: Across, method: str) -> None:
    answer = await site.ibm(method, BY_INSTANCE)
    row = {
        "instanceId": site.hr, "instanceName": "invoice", "instanceStatus": "Active", "bpdName": "invoice",
        "bpdId": "invoice:1:1",
    }  # fmt: skip
    assert answer.json == {
        "status": "200",
        "data": {
            "data": [row], "firstColumnSort": "instanceId", "secondColumnSort": None, "organization": "byInstance",
            "autoColumns": ["instanceId"], "offset": 0, "size": 1, "requestedSize": 500, "totalCount": 1,
        },
    }  # fmt: skip
    assert list(answer.json["data"]["data"][0]) == list(row)


async def test_conditions_on_instances_are_the_engines_own_search(site: Across) -> None:
    review = site.fakes["hr"].start("review", {})
    site.fakes["hr"].instances[review].suspended = True
    ended = site.fakes["hr"].start("review", {})
    site.fakes["hr"].end(ended)
    for conditions, wanted in (
        ((), {site.hr, review, ended}),
        (("bpdName|Equals|review",), {review, ended}),
        (("bpdName|review", "instanceStatus|Suspended"), {review}),
        (("instanceName|Equals|review", "instanceStatus|Active"), set()),
        (("instanceStatus|Equals|Active",), {site.hr}),
        ((f"instanceId|Equals|{review}",), {review}),
        ((f"instanceId|{review}", f"instanceId|{site.hr}"), set()),
        (("bpdName|review", "instanceName|invoice"), set()),
        (("instanceId|nobody",), set()),
    ):
        assert found(await site.ibm("PUT", target(*conditions))) == wanted


@pytest.mark.parametrize(
    ("condition", "wanted"),
    [
        ("amount|Equals|5", {"number", "text"}), ("amount|5", {"number", "text"}), ("amount|Equals|5.0", {"number"}),
        ("amount|NotEquals|5", {"more", "flag", "words"}), ("amount|GreaterThan|5", {"more", "words"}),
        ("amount|LessThan|7", {"number", "text"}), ("amount|Equals|true", {"flag"}),
        ("amount|StartsWith|a_b", {"words"}), ("amount|Contains|_b%", {"words"}), ("amount|Contains|axb", set()),
        ("amount|Equals|a_b%|c", {"words"}), ("nothing|Equals|5", set()),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)  # fmt: skip
@pytest.mark.parametrize("owner", ["hr", "claims"])
async def test_condition_on_a_variable_is_read_in_every_way_that_its_text_can_be(
    condition: str, wanted: set[str], owner: str
) -> None:
    values = {"number": 5, "text": "5", "more": 7.5, "flag": True, "words": "a_b%|c"}
    callers = ({"variables": ["*"], "masked": ["secret"]},) if owner == "claims" else ()
    async with across(*callers, doors=OVER_CAMUNDA if owner == "hr" else {}) as site:
        site.fakes[owner].instances.clear()
        named = {
            str(site.fakes[owner].start("p", typed(amount=value) if owner == "hr" else {"amount": value})): name
            for name, value in values.items()
        }
        answer = await site.ibm("PUT", target(condition), X_Api_Key="secret" if callers else "")
        assert {named[str(each)] for each in found(answer)} == wanted
        assert all(
            row["amount"] == values[named[str(row["instanceId"])]] for row in rows(answer) if "amount" in condition
        )


async def test_columns_show_what_is_asked_for_variables_among_them(site: Across) -> None:
    answer = await site.ibm("PUT", target(columns="bpdName, amount,customer,nothing"))
    (row,) = rows(answer)
    assert list(row) == ["instanceId", "bpdName", "amount", "customer", "nothing"]
    assert (row["amount"], row["nothing"], row["customer"]["tier"]) == (1250.5, None, "gold")
    assert rows(await site.ibm("PUT", target("note|please check", columns="instanceStatus"))) == [
        {"instanceId": site.hr, "instanceStatus": "Active", "note": "please check"}
    ]


async def test_pages_together_are_all_instances_and_the_count_is_of_all(site: Across) -> None:
    started = {site.fakes["hr"].start("many", typed(number=number)) for number in range(23)}
    pages = []
    for offset in range(0, 30, 5):
        asked = target("bpdName|many", size="5", offset=str(offset), sort="instanceId")
        answer = await site.ibm("PUT", asked)
        data = answer.json["data"]
        assert (data["totalCount"], data["offset"], data["requestedSize"]) == (23, offset, 5)
        assert data["size"] == len(data["data"]) == max(0, min(5, 23 - offset))
        pages += [row["instanceId"] for row in data["data"]]
    assert (len(pages), set(pages), pages) == (23, started, sorted(pages))
    both = await site.ibm("PUT", target("number|LessThan|9", "bpdName|many", size="4", offset="4"))
    assert ([row["number"] in range(9) for row in rows(both)], both.json["data"]["totalCount"]) == ([True] * 4, 9)


async def test_rows_are_five_hundred_at_most_and_no_more_are_counted(site: Across) -> None:
    for _ in range(505):
        _ = site.fakes["hr"].start("many", {})
    data = (await site.ibm("PUT", target("bpdName|many", size="600"))).json["data"]
    assert (len(data["data"]), data["size"], data["requestedSize"], data["totalCount"]) == (500, 500, 600, 500)
    beyond = (await site.ibm("PUT", target("bpdName|many", offset="501"))).json["data"]
    assert (len(beyond["data"]), beyond["totalCount"]) == (4, 505)


async def test_number_of_an_instance_is_a_number_as_on_the_server(site: Across) -> None:
    instances = site.fakes["hr"].instances
    instance = instances.pop(site.hr)
    instance.id = "70"
    instances["70"] = instance
    assert found(await site.ibm("PUT", BY_INSTANCE)) == {70}


@pytest.mark.parametrize("doors", [{}, OVER_CAMUNDA], ids=["before IBM's engine", "before Camunda"])
@pytest.mark.parametrize("owner", ["hr", "claims"])
async def test_instance_that_is_named_is_found_at_its_owner(doors: Any, owner: str) -> None:
    async with across(doors=doors) as site:
        native = {"hr": site.hr, "claims": site.claims}[owner]
        written = f"{owner}:{native}"
        answer = await site.ibm("PUT", target(f"instanceId|Equals|{written}", columns="note,bpdName"))
        process = {"hr": "invoice", "claims": "Claim"}[owner]
        assert rows(answer) == [{"instanceId": written, "note": "please check", "bpdName": process}]
        assert rows(await site.ibm("PUT", target(f"instanceId|{written}", "bpdName|nothing"))) == []


async def test_search_before_an_engine_of_the_vendor_is_its_own_answer() -> None:
    async with across() as site:
        answer = await site.ibm("PUT", "/search/query?condition=bpdName%7CEquals%7CClaim&organization=byTask&x=y")
        assert [row["bpdName"] for row in rows(answer)] == ["Claim"]
        assert (site.planned, site.engines) == ([], ["claims"])


async def test_search_may_come_as_a_form(site: Across) -> None:
    form = [
        ("organization", "byInstance"), ("condition", "bpdName|invoice"), ("condition", "note|Equals|please check"),
        ("columns", "amount"),
    ]  # fmt: skip
    answer = await site.ibm("POST", "/search/query", raw=urlencode(form).encode(), **FORM)
    assert rows(answer) == [{"instanceId": site.hr, "amount": 1250.5, "bpdName": "invoice", "note": "please check"}]
    mixed = await site.ibm("POST", BY_INSTANCE, raw=urlencode(form[1:3]).encode(), **FORM)
    assert found(mixed) == {site.hr}


async def test_value_of_a_condition_may_hold_commas(site: Across) -> None:
    listed = site.fakes["hr"].start("p", typed(note="a,b|c,d", other="x"))
    assert found(await site.ibm("PUT", target("note|Equals|a,b|c,d", "other|x"))) == {listed}


async def test_search_is_xml_for_who_takes_that(site: Across) -> None:
    answer = await site.ibm("PUT", target(), Accept="application/xml")
    shown = ET.fromstring(answer.body)
    assert [each.findtext("instanceId") for each in shown.iterfind("data/data")] == [site.hr]


@pytest.mark.parametrize(
    ("asked", "status", "told"),
    [
        ("/search/query", 400, "only organization=byInstance can be said"),
        ("/search/query?organization=byTask", 400, "only organization=byInstance can be said"),
        (target(filterByCurrentUser="true"), 400, "only filterByCurrentUser=false"),
        (target(run="false"), 400, "only run=true"),
        (target(saveAsName="mine"), 400, "saveAsName"),
        (target(sort="bpdName"), 400, "not by bpdName"),
        (target(secondSort="taskDueDate"), 400, "not by taskDueDate"),
        (target(columns="instanceId,taskSubject"), 400, "taskSubject"),
        (target(columns="instanceDueDate"), 400, "instanceDueDate"),
        (target("taskStatus|Received"), 400, "taskStatus"),
        (target("instanceStatus|Completed"), 400, "Completed"),
        (target("instanceStatus|NotEquals|Active"), 400, "instanceStatus|NotEquals"),
        (target("instanceId|GreaterThan|5"), 400, "instanceId|GreaterThan"),
        (target("bpdId|25.x"), 400, "bpdId"),
        (target(*(f"v{number}|Equals|{number}" for number in range(4))), 400, "Fewer conditions"),
        (target(unknown="1"), 400, "unknown"),
        (target("amount"), 400, "VBG0003E"),
        (target("|Equals|5"), 400, "VBG0003E"),
        (target("amount|Above|5"), 400, "VBG0003E"),
        (target(""), 400, "VBG0003E"),
        (target(size="many"), 400, "size is a number"),
        (target(size="-1"), 400, "size is a number"),
        (target(offset="1.5"), 400, "offset is a number"),
        (target(size="5") + "&size=6", 400, "given twice"),
        (target("amount|Equals|" + "9" * 1001), 400, "so large or so long a number"),
        (target(callback="f"), 406, ""),
    ],
    ids=[
        "no organization", "tasks", "own", "not run", "saved", "sorted", "sorted second", "column of tasks",
        "column of the vendor's", "condition on tasks", "state", "operator on a state", "operator on an id", "bpdId",
        "too many ways", "parameter", "condition without a value", "no field", "operator", "empty", "no number",
        "below zero", "fraction", "twice", "long number", "script",
    ],
)  # fmt: skip
async def test_what_cannot_be_searched_for_is_refused_by_its_name_unsent(
    site: Across, asked: str, status: int, told: str
) -> None:
    answer = await site.ibm("PUT", asked)
    assert (answer.status, site.heard) == (status, [])
    assert told in answer.json["Data"]["errorMessage"]


async def test_search_beyond_the_end_has_no_rows_and_only_reads(site: Across) -> None:
    assert rows(await site.ibm("PUT", target(offset="999999999"))) == []
    assert (await site.ibm("DELETE", BY_INSTANCE)).status == 405
    assert [request.method for _, request in site.heard] == ["POST"]


@pytest.mark.parametrize("doors", [{}, OVER_CAMUNDA], ids=["before IBM's engine", "before Camunda"])
async def test_limited_caller_searches_by_what_it_may_see(doors: Any) -> None:
    async with across({"variables": ["note", "amount"], "masked": ["amount"]}, doors=doors) as site:
        key = {"X_Api_Key": "secret"}
        (row,) = rows(await site.ibm("PUT", target("note|please check", columns="amount,note"), **key))
        assert (row["amount"], row["note"]) == (None, "please check")
        for hidden in ("amount|GreaterThan|1", "obsolete|true"):
            assert (await site.ibm("PUT", target(hidden), **key)).status == 403
        assert (await site.ibm("PUT", target(columns="obsolete"), **key)).status == 403


@pytest.mark.parametrize("doors", [{}, OVER_CAMUNDA], ids=["before IBM's engine", "before Camunda"])
async def test_search_needs_the_scopes_of_what_it_reads(doors: Any) -> None:
    async with across({"scopes": ["instances:read"]}, doors=doors) as site:
        key = {"X_Api_Key": "secret"}
        assert (await site.ibm("PUT", target("bpdName|x", columns="instanceId"), **key)).status == 200
        form = urlencode({"organization": "byInstance", "columns": "note"}).encode()
        for asked, more in (
            (target("note|x"), {}), (target(columns="note"), {}), ("/search/query", {"raw": form, **FORM}),
        ):  # fmt: skip
            site.forget()
            assert (await site.ibm("POST", asked, **more, **key)).status == 403
            assert site.heard == []
    async with across({"scopes": ["passthrough:read"]}, doors=doors) as site:
        assert (await site.ibm("PUT", BY_INSTANCE, X_Api_Key="secret")).status == 403


async def test_engine_that_is_down_fails_the_search() -> None:
    async with across(doors=OVER_CAMUNDA, down=("hr",)) as site:
        answer = await site.ibm("PUT", BY_INSTANCE)
        assert (answer.status, answer.json["Data"]["errorNumber"]) == (503, "VBG0032E")
        named = await site.ibm("PUT", target(f"instanceId|claims:{site.claims}"))
        assert found(named) == {f"claims:{site.claims}"}
