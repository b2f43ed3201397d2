"""`GET /v1/instances`: by what instances are found, with their variables, ended ones too."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.access import Access
from tests.web.conftest import Site, entry


async def found(site: Site, query: str = "", **headers: str) -> dict[str, dict[str, Any]]:
    status, page, _ = await site.ask("GET", "instances", query=query, **headers)
    assert (status, page["next"]) == (200, None), page
    return {item["instance"]: item for item in page["items"]}


async def test_without_a_criterion_all_instances_are_listed_and_engines_narrow_them(site: Site) -> None:
    assert set(await found(site)) == {site.hr, site.claims}
    assert set(await found(site, "engines=claims")) == {site.claims}
    assert set(await found(site, "engines=hr&definition=Claim")) == set()


async def test_ended_instances_come_with_their_last_values(site: Site) -> None:
    site.fakes["hr"].end(site.hr.partition(":")[2])
    items = await found(site, "state=any&include=variables")
    for instance in (site.hr, site.claims):
        notes = [each["value"] for each in items[instance]["variables"] if each["name"] == "note"]
        assert notes == ["please check"]


async def test_instance_that_ends_while_it_is_found_comes_without_variables_and_costs_nobody(site: Site) -> None:
    other = f"hr:{site.fakes['hr'].start('invoice', {'note': {'type': 'String', 'value': 'here'}})}"
    run, left = site.gateway.run, [site.hr.partition(":")[2]]

    async def ending(engine: str, plan: Any, call: Any) -> Any:
        result = await run(engine, plan, call)
        if left:
            site.fakes["hr"].end(left.pop())
        return result

    site.gateway.run = ending
    items = await found(site, "engines=hr&include=variables")
    assert "variables" not in items[site.hr]
    assert [each["value"] for each in items[other]["variables"]] == ["here"]


async def test_caller_sees_of_the_variables_what_it_may(started) -> None:
    site = await started(Site(Access((entry(variables=("amount", "note"), masked=("note",)),))))
    items = await found(site, "engines=hr&include=variables", X_Api_Key="secret")
    shown = {each["name"]: each.get("redacted", False) for each in items[site.hr]["variables"]}
    assert shown == {"amount": False, "note": True}


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        *((f"limit={limit}", 400, "invalid-request") for limit in ("0", "-1", str(10**9), "1.5", "x", "")),
        ("engines=nope", 404, "engine-not-found"),
        ("engines=", 404, "engine-not-found"),
        ("include=metadata", 400, "invalid-request"),
        ("state=ended", 400, "invalid-request"),
        ("colour=red", 400, "invalid-request"),
        ("definition=a&definition=b", 400, "invalid-request"),
        ("cursor=x", 400, "invalid-request"),
    ],
)
async def test_bad_search_is_refused_unsent(site: Site, query: str, status: int, code: str) -> None:
    answered, problem, _ = await site.ask("GET", "instances", query=query)
    assert (answered, problem["code"], site.sent) == (status, code, [])
