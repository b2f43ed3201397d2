"""`POST /v1/variables/query` and `/query/count` over both vendors."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.access import Access
from gateway.operations.paging import Cursors
from tests.web.conftest import Site, entry

QUERY = ("variables", "query")
COUNT = ("variables", "query", "count")


async def walked(site: Site, body: dict[str, Any], **headers: str) -> list[dict[str, Any]]:
    """All items of a walk; it ends within a hundred pages."""
    items: list[dict[str, Any]] = []
    cursor = None
    for _ in range(100):
        status, page, _ = await site.ask("POST", *QUERY, body={**body, "cursor": cursor}, **headers)
        assert status == 200, page
        items += page["items"]
        cursor = page["next"]
        if cursor is None:
            return items
    raise AssertionError("the walk does not end")


async def test_one_question_is_answered_by_both_vendors(site: Site) -> None:
    status, page, headers = await site.ask("POST", *QUERY, body={"variableName": "amount"})
    assert status == 200
    hr, claims = site.hr.partition(":")[2], site.claims.partition(":")[2]
    stored = site.fakes["hr"].instances[hr].variables["amount"]
    by_engine = {item["engine"]: item for item in page["items"]}
    assert by_engine["claims"] == {
        "instance": site.claims, "engine": "claims", "id": f"{claims}:amount", "name": "amount", "type": "number",
        "format": "double", "value": 1250.5, "definition": "Claim", "scope": {"kind": "instance", "id": claims},
    }  # fmt: skip
    assert by_engine["hr"]["instance"] == site.hr
    assert by_engine["hr"]["id"] == stored.id
    assert by_engine["hr"]["scope"] == {"kind": "instance", "id": hr, "activity": hr}
    assert page["next"] is None
    assert page["engines"] == [
        {"engine": "claims", "status": "ok", "count": 1},
        {"engine": "hr", "status": "ok", "count": 1},
    ]
    assert "Gateway-Engine" not in headers
    assert site.writes == []


async def test_pages_of_one_row_make_the_same_walk_as_one_page(site: Site) -> None:
    whole = await walked(site, {"limit": 1000})
    assert len(whole) > 15
    assert await walked(site, {"limit": 1}) == whole
    assert [item["engine"] for item in whole] == sorted(item["engine"] for item in whole)


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("key", ["name", "type", "scope"])
async def test_sorted_walk_merges_both_engines(site: Site, key: str, order: str) -> None:
    sorting = [{"sortBy": key, "sortOrder": order}]
    whole = await walked(site, {"limit": 1000, "sorting": sorting})
    assert await walked(site, {"limit": 3, "sorting": sorting}) == whole
    assert {item["id"] for item in whole} == {item["id"] for item in await walked(site, {})}
    if key == "name":
        names = [item["name"] for item in whole]
        assert names == sorted(names, reverse=order == "desc")


async def test_engine_in_turn_is_asked_alone_until_it_ends(site: Site) -> None:
    _, first, _ = await site.ask("POST", *QUERY, body={"limit": 2})
    assert [each["status"] for each in first["engines"]] == ["ok", "ok"]
    site.sent.clear()
    _, second, _ = await site.ask("POST", *QUERY, body={"limit": 2, "cursor": first["next"]})
    assert second["engines"] == [
        {"engine": "claims", "status": "ok", "count": 2},
        {"engine": "hr", "status": "pending", "count": 0},
    ]
    assert {request.path[0] for request in site.sent} == {"search", "process"}


async def test_count_adds_up_what_the_engines_count(site: Site) -> None:
    status, counted, _ = await site.ask("POST", *COUNT, body={"variableName": "amount"})
    assert (status, counted) == (
        200,
        {
            "count": 2,
            "engines": [
                {"engine": "claims", "status": "ok", "count": 1},
                {"engine": "hr", "status": "ok", "count": 1},
            ],
        },
    )


async def test_ids_go_to_the_engine_that_they_name(site: Site) -> None:
    assert {item["instance"] for item in await walked(site, {"instanceIdIn": [site.hr]})} == {site.hr}
    assert {item["instance"] for item in await walked(site, {"instanceIdIn": [site.hr, site.claims]})} == {
        site.hr, site.claims,
    }  # fmt: skip
    bare = site.claims.partition(":")[2]
    assert {item["instance"] for item in await walked(site, {"instanceIdIn": [bare]})} == {site.claims}
    assert await walked(site, {"instanceIdIn": ["hr:gone", "claims:999"]}) == []
    ids = [f"claims:{number}" for number in range(2000, 4000)] + [f"hr:{number}" for number in range(2000)]
    assert await walked(site, {"instanceIdIn": [*ids, site.hr], "variableName": "note"}) != []


CONDITIONS: list[tuple[Any, int, str]] = [
    ({"variableName": "x", "colour": 1}, 400, "/colour"),
    ({"instanceIdIn": []}, 400, "/instanceIdIn"),
    ({"taskIdIn": []}, 400, "/taskIdIn"),
    ({"instanceIdIn": None}, 400, "/instanceIdIn"),
    ({"instanceIdIn": "x"}, 400, "/instanceIdIn"),
    ({"instanceIdIn": [1]}, 400, "/instanceIdIn/0"),
    ({"variableName": None}, 400, "/variableName"),
    ({"variableNamesIgnoreCase": "true"}, 400, "/variableNamesIgnoreCase"),
    ({"limit": 0}, 400, "/limit"),
    ({"limit": -1}, 400, "/limit"),
    ({"limit": 10**9}, 400, "/limit"),
    ({"limit": 1.5}, 400, "/limit"),
    ({"sorting": [{"sortBy": "value"}]}, 400, "/sorting/0/sortBy"),
    ({"sorting": [{"sortBy": "name", "sortOrder": "up"}]}, 400, "/sorting/0/sortOrder"),
    ({"sorting": [{"sortBy": "name"}, {"sortBy": "variableName"}]}, 400, "/sorting"),
    ({"engines": []}, 400, "/engines"),
    ({"engines": ["nope"]}, 404, "/engines"),
    ({"cursor": "x"}, 400, "/cursor"),
    ({"cursor": "AAAA" * 20}, 400, "/cursor"),
    ({"cursor": "€"}, 400, "/cursor"),
    ({"variableValues": [{"name": "a", "operator": "eq"}]}, 400, "/variableValues/0"),
    ({"variableValues": [{"operator": "eq", "value": 1}]}, 400, "/variableValues/0"),
    ({"variableValues": [{"name": "a", "value": 1}]}, 400, "/variableValues/0"),
    ({"variableValues": [{"name": "a", "operator": "notLike", "value": "x"}]}, 400, "/variableValues/0/operator"),
    ({"variableValues": [{"name": "a", "operator": "eq", "value": [1]}]}, 400, "/variableValues/0/value"),
    ({"variableValues": [{"name": "a", "operator": "eq", "value": {}}]}, 400, "/variableValues/0/value"),
    ({"variableValues": [{"name": "a", "operator": "gt", "value": True}]}, 422, "/variableValues/0/value"),
    ({"variableValues": [{"name": "a", "operator": "lteq", "value": None}]}, 422, "/variableValues/0/value"),
    ({"variableValues": [{"name": "a", "operator": "like", "value": 5}]}, 422, "/variableValues/0/value"),
    ({"variableValues": [{"name": "a", "operator": "like", "value": "x\\"}]}, 422, "/variableValues/0/value"),
    ({"variableValues": [{"name": "a", "operator": "like", "value": r"\d+"}]}, 422, "/variableValues/0/value"),
    (
        {"variableValues": [{"name": "a", "operator": "eq", "value": 1, "type": "string"}]},
        400,
        "/variableValues/0/type",
    ),
    (
        {"variableValues": [{"name": "a", "operator": "eq", "value": "x", "type": "date-time"}]},
        422,
        "/variableValues/0/value",
    ),
    ({"variableValues": [{"name": "a", "operator": "eq", "value": "null"}]}, 422, "/variableValues/0/value"),
    ({"variableNameLike": "a\\b"}, 422, "/variableNameLike"),
]


@pytest.mark.parametrize(("body", "status", "pointer"), CONDITIONS)
async def test_bad_query_is_refused_with_its_pointer_before_any_read(site: Site, body, status, pointer) -> None:
    answered, problem, _ = await site.ask("POST", *QUERY, body=body)
    assert (answered, [fault["pointer"] for fault in problem["errors"]]) == (status, [pointer])
    assert [request for request in site.sent if request.path[0] == "variable-instance"] == []


async def test_number_beyond_every_type_is_refused(site: Site) -> None:
    for number in ("1e400", "9" * 1001, "1e999999999999999999999"):
        body = f'{{"variableValues": [{{"name": "a", "operator": "eq", "value": {number}}}]}}'.encode()
        assert (await site.ask("POST", *QUERY, body=body))[0] == 422


async def test_filter_that_one_engine_cannot_evaluate_is_refused_unasked_or_left_to_the_others(site: Site) -> None:
    body = {"executionIdIn": [site.hr.partition(":")[2]], "variableName": "note"}
    status, problem, _ = await site.ask("POST", *QUERY, body=body)
    assert (status, problem["code"], problem["engine"]) == (422, "capability-unsupported", "claims")
    assert [each["status"] for each in problem["engines"]] == ["failed", "pending"]
    assert (await site.ask("POST", *COUNT, body=body))[1]["engines"] == problem["engines"]
    assert site.sent == []
    status, page, headers = await site.ask("POST", *QUERY, body=body, Prefer="handling=lenient")
    assert (status, headers["Preference-Applied"]) == (200, "handling=lenient")
    assert [item["instance"] for item in page["items"]] == [site.hr]
    assert [each.get("problem", {}).get("code") for each in page["engines"]] == ["capability-unsupported", None]
    status, problem, _ = await site.ask("POST", *QUERY, body={**body, "engines": ["claims"]}, Prefer="handling=lenient")
    assert (status, problem["code"]) == (422, "capability-unsupported")
    assert all(request.path[0] == "variable-instance" for request in site.sent)


async def test_cursor_of_another_question_or_caller_is_refused_and_an_old_one_has_expired(started) -> None:
    now = [1_000_000.0]
    callers = (entry(), entry(name="other", key_sha256="0" * 64))
    site = Site(Access(callers))
    site.services = type(site.services)(
        **{name: getattr(site.services, name) for name in site.services.__struct_fields__ if name != "cursors"},
        cursors=Cursors(lifetime_s=60, clock=lambda: now[0]),
    )
    site = await started(site)
    key = {"X_Api_Key": "secret"}
    _, page, _ = await site.ask("POST", *QUERY, body={"limit": 1}, **key)
    for other in ({"variableName": "a"}, {"sorting": [{"sortBy": "name"}]}, {"engines": ["hr"]}):
        status, problem, _ = await site.ask("POST", *QUERY, body={**other, "cursor": page["next"]}, **key)
        assert (status, problem["code"]) == (400, "invalid-request")
    forged = page["next"][:-2] + ("AA" if page["next"][-2:] != "AA" else "BB")
    assert (await site.ask("POST", *QUERY, body={"cursor": forged}, **key))[0] == 400
    assert (await site.ask("POST", *QUERY, body={"limit": 7, "cursor": page["next"]}, **key))[0] == 200
    now[0] += 61
    status, problem, _ = await site.ask("POST", *QUERY, body={"limit": 1, "cursor": page["next"]}, **key)
    assert (status, problem["code"]) == (409, "cursor-expired")


async def test_limited_caller_sees_and_counts_only_what_it_may_and_pages_go_on(started) -> None:
    site = await started(Site(Access((entry(variables=("amount", "note"), masked=("note",)),))))
    key = {"X_Api_Key": "secret"}
    items = await walked(site, {"limit": 1}, **key)
    assert {item["name"] for item in items} == {"amount", "note"}
    assert all(("value" in item) != (item["name"] == "note") for item in items)
    assert all(item.get("redacted", False) == (item["name"] == "note") for item in items)
    _, counted, _ = await site.ask("POST", *COUNT, body={}, **key)
    assert counted["count"] == len(items) == 4


@pytest.mark.parametrize("path", [QUERY, COUNT])
@pytest.mark.parametrize(
    "more", [{"name": "note"}, {"name": "obsolete"}, {"name": "amount", "ignore": True}], ids=lambda more: more["name"]
)
async def test_hidden_value_cannot_be_asked_for(started, path, more) -> None:
    site = await started(Site(Access((entry(variables=("amount", "note"), masked=("note",)),))))
    condition = {"name": more["name"], "operator": "neq", "value": "x"}
    body = {"variableValues": [condition], "variableNamesIgnoreCase": more.get("ignore", False)}
    status, problem, _ = await site.ask("POST", *path, body=body, X_Api_Key="secret")
    assert (status, problem["code"], site.sent) == (403, "forbidden", [])


async def test_condition_on_a_visible_value_is_answered(started) -> None:
    site = await started(Site(Access((entry(variables=("amount",)),))))
    body = {"variableValues": [{"name": "amount", "operator": "gt", "value": 1}]}
    status, page, _ = await site.ask("POST", *QUERY, body=body, X_Api_Key="secret")
    assert (status, {item["name"] for item in page["items"]}) == (200, {"amount"})
    assert (await site.ask("POST", *COUNT, body=body, X_Api_Key="secret"))[1]["count"] == len(page["items"])


async def test_caller_is_asked_for_scope_and_engines(started) -> None:
    site = await started(Site(Access((entry(engines=("hr",), scopes=frozenset({"variables:read"})),))))
    status, page, headers = await site.ask("POST", *QUERY, body={}, X_Api_Key="secret")
    assert (status, [each["engine"] for each in page["engines"]], headers["Gateway-Engine"]) == (200, ["hr"], "hr")
    assert (await site.ask("POST", *QUERY, body={"engines": ["claims"]}, X_Api_Key="secret"))[0] == 403
    other = await started(Site(Access((entry(scopes=frozenset({"instances:read"})),))))
    assert (await other.ask("POST", *QUERY, body={}, X_Api_Key="secret"))[0] == 403
