"""Batches: every item stands for itself, in order, on its own engine."""

from __future__ import annotations

import gc
from types import FrameType
from typing import Any

import msgspec
import pytest

from gateway.access import Access
from gateway.plan import VendorResponse
from tests.web.conftest import Site, entry


async def batch(site: Site, *items: dict[str, Any], status: int = 207, **more: Any) -> Any:
    headers = more.pop("headers", {})
    answered, body, _ = await site.ask("POST", "variables", "batch", body={"items": items, **more}, **headers)
    assert answered == status, body
    return body


def setting(instance: str, **values: Any) -> dict[str, Any]:
    return {"instance": instance, "modifications": {name: {"value": value} for name, value in values.items()}}


async def note_of(site: Site, instance: str) -> Any:
    return (await site.ask("GET", "instances", instance, "variables", "note"))[1]["value"]


async def test_items_of_both_vendors_are_answered_in_order_each_for_itself(site: Site) -> None:
    fine, wrong = setting(site.hr, note="one"), {"instance": site.claims, "modifications": {"never": {"value": 1}}}
    gone = setting("hr:nobody", note="x")
    body = await batch(site, gone, fine, wrong)
    assert [(each["instance"], each["status"]) for each in body["items"]] == [
        ("hr:nobody", 404),
        (site.hr, 204),
        (site.claims, 404),
    ]
    assert [each.get("problem", {}).get("code") for each in body["items"]] == [
        "instance-not-found",
        None,
        "variable-not-found",
    ]
    assert body["items"][0]["problem"]["outcome"] == "not_applied"
    assert await note_of(site, site.hr) == "one"


async def test_item_that_failed_is_held_by_nothing(site: Site) -> None:
    gc.collect()
    gc.disable()
    try:
        await batch(site, setting("hr:nobody", note="x"), {"instance": site.claims, "deletions": ["never"]})
        frames = [each for each in gc.get_objects() if isinstance(each, FrameType)]
    finally:
        gc.enable()
    names = [each.f_code.co_qualname for each in frames if "gateway/operations" in each.f_code.co_filename]
    assert not {name for name in names if name.startswith(("patched", "_alone", "WriteLocks"))}


async def test_deletions_follow_modifications_and_rules_are_shown(site: Site) -> None:
    items = [{"instance": each, "deletions": ["obsolete"]} for each in (site.hr, site.claims)]
    body = await batch(site, *items)
    assert body == {
        "items": [
            {"instance": site.hr, "status": 204},
            {"instance": site.claims, "status": 204, "rules": [{"id": "delete-set-null", "name": "obsolete"}]},
        ]
    }


async def test_whole_items_are_promised_only_where_the_engine_can(site: Site) -> None:
    body = await batch(site, setting(site.hr, note="a"), setting(site.claims, note="b"), atomicity="instance")
    assert [each["status"] for each in body["items"]] == [204, 422]
    assert await note_of(site, site.claims) == "please check"


async def test_instance_twice_is_refused_however_it_is_spelled_and_nothing_is_written(site: Site) -> None:
    bare = site.hr.partition(":")[2]
    body = await batch(site, setting(site.hr, note="a"), setting(bare, note="b"), status=400)
    assert [fault["pointer"] for fault in body["errors"]] == ["/items/1/instance"]
    assert site.writes == []


@pytest.mark.parametrize(
    ("body", "status", "pointer"),
    [
        ({}, 400, ""),
        ({"items": []}, 400, "/items"),
        ({"items": [{"instance": "hr:1", "colour": 1}]}, 400, "/items/0/colour"),
        ({"items": [{"modifications": {}}]}, 400, "/items/0"),
        ({"items": [{"instance": "hr:1"}], "atomicity": "all"}, 400, "/atomicity"),
        ({"items": [{"instance": f"hr:{number}"} for number in range(1001)]}, 413, None),
        ({"items": [{"instance": "hr:1", "deletions": ["x"] * 10_001}]}, 413, None),
    ],
)
async def test_wrong_batch_is_refused_as_a_whole(site: Site, body: Any, status: int, pointer: str | None) -> None:
    answered, problem, _ = await site.ask("POST", "variables", "batch", body=body)
    assert answered == status
    assert [fault["pointer"] for fault in problem.get("errors", ())] == ([] if pointer is None else [pointer])
    assert site.sent == []


async def test_wrong_value_is_the_items_own_and_pointed_at(site: Site) -> None:
    wrong = {"instance": site.hr, "modifications": {"a/b": {"type": "integer", "value": "x"}}}
    body = await batch(site, wrong, setting(site.claims, note="b"))
    assert [each["status"] for each in body["items"]] == [422, 204]
    assert body["items"][0]["problem"]["errors"][0]["pointer"] == "/items/0/modifications/a~1b"


async def test_limits_of_the_caller_hold_for_every_item(started) -> None:
    limited = entry(engines=("hr",), variables=("note",))
    site = await started(Site(Access((limited,))))
    key = {"headers": {"X_Api_Key": "secret"}}
    body = await batch(site, setting(site.hr, note="a"), setting(site.claims, note="b"), **key)
    assert [each["status"] for each in body["items"]] == [204, 403]
    body = await batch(site, setting(site.hr, amount=1), **key)
    assert [each["status"] for each in body["items"]] == [403]


async def test_thousand_items_are_all_carried_out(site: Site) -> None:
    fake = site.fakes["hr"]
    instances = [f"hr:{fake.start('invoice', {})}" for _ in range(1000)]
    body = await batch(site, *(setting(each, note=each) for each in instances))
    assert {each["status"] for each in body["items"]} == {204}
    assert [each["instance"] for each in body["items"]] == instances
    assert {fake.instances[each[3:]].variables["note"].value for each in instances} == set(instances)


async def test_failing_engine_costs_its_own_items_only(site: Site) -> None:
    site.fakes["claims"].answer = lambda _request: VendorResponse(503)
    body = await batch(site, setting(site.claims, note="a"), setting(site.hr, note="b"))
    assert [each["status"] for each in body["items"]] == [503, 204]


async def test_item_with_tags_is_written_only_where_they_are_still_so(site: Site) -> None:
    path = ("instances", site.claims, "variables")
    tag = (await site.ask("GET", *path, query="names=note"))[2]["ETag"]
    changes = {"instance": site.claims, "modifications": {"note": {"value": "new"}}, "ifMatch": tag}
    outcomes = [await site.ask("POST", "variables", "batch", body={"items": [changes]}) for _ in range(2)]
    assert [found["items"][0]["status"] for _, found, _ in outcomes] == [204, 412]
    current = (await site.ask("GET", *path))[2]["ETag"]
    assert outcomes[1][1]["items"][0]["problem"]["etag"] == current
    _, found, _ = await site.ask("POST", "variables", "batch", body={"items": [changes | {"ifMatch": "x"}]})
    assert found["items"][0]["status"] == 400
    assert found["items"][0]["problem"]["errors"][0]["pointer"] == "/items/0/ifMatch"
    assert len(site.writes) == 1


async def test_item_without_tags_is_428_where_they_are_demanded(site: Site) -> None:
    engine = site.engines["hr"]
    engine.policy = msgspec.structs.replace(engine.policy, require_if_match=True)
    item = {"instance": site.hr, "modifications": {"note": {"value": "new"}}}
    for extra, status in (({}, 428), ({"ifMatch": "*"}, 204)):
        _, found, _ = await site.ask("POST", "variables", "batch", body={"items": [item | extra]})
        assert found["items"][0]["status"] == status
