"""Links by a plan's rule: twins by business key or marker variable, found in pieces, never guessed, and again unharmed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.web.bridged import Bridged

BY_KEY = {
    "name": "keys", "source": "hr", "target": "other", "selector": {"definition": "order"},
    "twins": {"by": "business-key", "definition": "rechnung"},
}  # fmt: skip
BY_MARKER = {
    "name": "marks", "source": "hr", "target": "claims", "selector": {"definition": "order"},
    "twins": {"by": "marker", "variable": "origin"},
}  # fmt: skip


@pytest.fixture
async def site(started) -> AsyncIterator[Bridged]:
    made = await started(Bridged())
    yield made
    await made.store.close()


def started_on(site: Bridged, engine: str, definition: str, key: str | None = None, **variables: Any) -> str:
    return str(site.fakes[engine].start(definition, variables, key))


async def pair(site: Bridged, plan: str, query: str = "") -> Any:
    status, report, _ = await site.admin("POST", "plans", plan, "links", query=query)
    assert status == 200, report
    return report


async def pairs(site: Bridged) -> set[tuple[str, str, str | None]]:
    return {
        (each.source.native, each.target.native, each.business_key) for each in await site.links.records.list_some()
    }


async def test_instances_are_linked_to_those_of_the_same_business_key(site: Bridged) -> None:
    await site.admin("POST", "plans", body=BY_KEY)
    source = {key: started_on(site, "hr", "order", key) for key in ("A", "B", "C")}
    twins = {key: started_on(site, "other", "rechnung", key) for key in ("A", "B")}
    started_on(site, "hr", "another", "Z")
    started_on(site, "other", "another", "C")
    keyless = started_on(site, "hr", "order")
    report = await pair(site, "keys")
    assert (report["linked"], report["present"], report["next"]) == (2, 0, None)
    assert {(each["instance"], each["reason"]) for each in report["problems"]} == {
        (f"hr:{source['C']}", "missing"), (f"hr:{keyless}", "no-key"),
    }  # fmt: skip
    assert await pairs(site) == {(source[key], twins[key], key) for key in twins}
    again = await pair(site, "keys")
    assert (again["linked"], again["present"], len(again["problems"])) == (0, 2, 2)


async def test_twin_that_could_be_two_on_either_side_is_named_and_not_guessed(site: Bridged) -> None:
    await site.admin("POST", "plans", body=BY_KEY)
    one = started_on(site, "hr", "order", "A")
    two = sorted(started_on(site, "other", "rechnung", "A") for _ in range(2))
    both = sorted(started_on(site, "hr", "order", "B") for _ in range(2))
    started_on(site, "other", "rechnung", "B")
    report = await pair(site, "keys")
    assert report["linked"] == 0
    told = {each["instance"]: (each["reason"], each["detail"]) for each in report["problems"]}
    assert {reason for reason, _ in told.values()} == {"ambiguous"}
    assert told.keys() == {f"hr:{each}" for each in (one, *both)}
    assert all(each in told[f"hr:{one}"][1] for each in ("Several instances of other", *two))
    assert all(each in told[f"hr:{both[0]}"][1] for each in ("Several instances of hr", *both))
    assert await pairs(site) == set()


async def test_instances_are_linked_to_those_that_hold_their_ids_in_a_marker_variable(site: Bridged) -> None:
    await site.admin("POST", "plans", body=BY_MARKER)
    source = [started_on(site, "hr", "order", f"K{number}") for number in range(5)]
    bare = started_on(site, "claims", "Claim", origin=source[0])
    named = started_on(site, "claims", "Claim", origin=f"hr:{source[1]}")
    for _ in range(2):
        started_on(site, "claims", "Claim", origin=source[2])
    started_on(site, "claims", "Claim", other=source[3])
    started_on(site, "claims", "Claim", origin=f"other:{source[4]}")
    report = await pair(site, "marks")
    assert (report["linked"], report["present"]) == (2, 0)
    assert await pairs(site) == {(source[0], bare, "K0"), (source[1], named, "K1")}
    told = {each["instance"]: each["reason"] for each in report["problems"]}
    assert told == {
        f"hr:{source[2]}": "ambiguous", f"hr:{source[3]}": "missing", f"hr:{source[4]}": "missing",
    }  # fmt: skip


async def test_id_that_is_a_number_may_be_marked_by_a_number(site: Bridged) -> None:
    await site.admin("POST", "plans", body=BY_MARKER | {"source": "claims", "target": "hr", "selector": {}})
    number = site.claims.removeprefix("claims:")
    twin = started_on(site, "hr", "order", origin={"type": "Integer", "value": int(number)})
    started_on(site, "hr", "order", origin={"type": "Boolean", "value": True})
    assert (await pair(site, "marks"))["linked"] == 1
    assert await pairs(site) == {(number, twin, None)}


async def test_marker_of_a_twin_of_another_definition_does_not_count(site: Bridged) -> None:
    wanted = BY_MARKER | {"twins": BY_MARKER["twins"] | {"definition": "Claim"}}  # type: ignore[operator]
    await site.admin("POST", "plans", body=wanted)
    source = started_on(site, "hr", "order")
    started_on(site, "claims", "Else", origin=source)
    assert (await pair(site, "marks"))["problems"][0]["reason"] == "missing"
    twin = started_on(site, "claims", "Claim", origin=source)
    assert (await pair(site, "marks"))["linked"] == 1
    assert await pairs(site) == {(source, twin, None)}


async def test_walk_goes_on_where_it_ended_and_every_instance_is_looked_at_once(site: Bridged) -> None:
    await site.admin("POST", "plans", body=BY_KEY)
    for number in range(7):
        started_on(site, "hr", "order", f"K{number}")
        started_on(site, "other", "rechnung", f"K{number}")
    linked, query = [], "limit=3"
    while query:
        report = await pair(site, "keys", query)
        assert report["present"] == 0
        linked.append(report["linked"])
        query = f"limit=3&cursor={report['next']}" if report["next"] else ""
    assert linked == [3, 3, 1]
    assert len(await pairs(site)) == 7


async def test_selector_of_ids_names_those_that_are_not_there(site: Bridged) -> None:
    ids = [started_on(site, "hr", "order", f"K{number}") for number in range(3)]
    other = started_on(site, "hr", "another", "K3")
    for number in range(4):
        started_on(site, "other", "rechnung", f"K{number}")
    wanted = BY_KEY | {
        "selector": {"definition": "order", "ids": [ids[0], f"hr:{ids[1]}", "nobody", other, "claims:1"]}
    }
    await site.admin("POST", "plans", body=wanted)
    first = await pair(site, "keys", "limit=2")
    assert (first["linked"], first["problems"]) == (2, [])
    report = await pair(site, "keys", f"limit=10&cursor={first['next']}")
    assert (report["linked"], report["next"]) == (0, None)
    gone = [(each["instance"], each["reason"]) for each in report["problems"]]
    assert gone == [("nobody", "gone"), (other, "gone"), ("claims:1", "gone")]
    assert {source for source, _, _ in await pairs(site)} == {ids[0], ids[1]}


async def test_twin_that_is_in_another_link_does_not_count(site: Bridged) -> None:
    await site.admin("POST", "plans", body=BY_KEY)
    source, twin = started_on(site, "hr", "order", "A"), started_on(site, "other", "rechnung", "A")
    body = {"source": "hr:0", "target": f"other:{twin}"}
    assert (await site.admin("POST", "links", body=body, query="check=false"))[0] == 201
    [problem] = (await pair(site, "keys"))["problems"]
    assert (problem["instance"], problem["reason"]) == (f"hr:{source}", "missing")
    assert "that is in no link" in problem["detail"]
    free = started_on(site, "other", "rechnung", "A")
    assert (await pair(site, "keys"))["linked"] == 1
    assert (source, free, "A") in await pairs(site)


@pytest.mark.parametrize(
    ("query", "status", "says"),
    [
        ("limit=0", 400, "`limit` is a number from 1 to 10000."),
        ("limit=10001", 400, "`limit` is a number from 1 to 10000."),
        ("cursor=x", 400, "This gateway gave no such cursor"),
    ],
)
async def test_wrong_parameter_is_refused(site: Bridged, query: str, status: int, says: str) -> None:
    await site.admin("POST", "plans", body=BY_KEY)
    refused = await site.admin("POST", "plans", "keys", "links", query=query)
    assert refused[0] == status
    assert says in refused[1]["detail"]


async def test_plan_without_a_rule_or_on_a_switched_off_bridge_links_nothing(site: Bridged) -> None:
    await site.admin("POST", "plans", body={"name": "bare", "source": "hr", "target": "claims"})
    status, refused, _ = await site.admin("POST", "plans", "bare", "links")
    assert (status, refused["detail"]) == (400, "The plan has no rule for twins (`twins`); import its links.")
    site.on = False
    status, refused, _ = await site.admin("POST", "plans", "bare", "links")
    assert (status, refused["code"]) == (409, "bridge-transition-refused")
