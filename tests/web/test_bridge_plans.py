"""Bridge plans over a socket: made, read, changed by two operators, refused where they cannot be."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.web.bridged import ADMIN, Bridged
from tests.web.conftest import entry

PLAN = {
    "name": "invoices", "source": "hr", "target": "claims", "selector": {"definition": "invoice", "tenant": "acme"},
    "twins": {"by": "marker", "variable": "origin"}, "starts": {"definition": "Parked", "variables": {"a": {"value": 1.50}}},
    "policy": {"*": "fail", "value-too-long": "skip-variable"}, "stage": "live",
}  # fmt: skip


@pytest.fixture
async def site(started) -> AsyncIterator[Bridged]:
    made = await started(Bridged())
    yield made
    await made.store.close()


async def test_plan_is_made_read_changed_and_removed(site: Bridged) -> None:
    status, made, headers = await site.admin("POST", "plans", body=PLAN)
    assert (status, headers["Location"], headers["ETag"]) == (201, "/v1/bridge/plans/invoices", '"1"')
    times = {name: made.pop(name) for name in ("created", "updated")}
    assert made == PLAN | {"caller": "ops", "version": 1}
    assert all(each.endswith("Z") and "T" in each for each in times.values())
    assert (await site.admin("GET", "plans"))[:2] == (200, {"items": [made | times]})
    status, shown, headers = await site.admin("GET", "plans", "invoices")
    assert (status, shown, headers["ETag"]) == (200, made | times | {"links": {}, "stale": 0}, '"1"')
    status, changed, headers = await site.admin(
        "PATCH", "plans", "invoices", body={"stage": "copied", "twins": None}, If_Match='"1"'
    )
    assert (status, headers["ETag"]) == (200, '"2"')
    assert changed == made | times | {"stage": "copied", "twins": None, "version": 2, "updated": changed["updated"]}
    assert (await site.admin("DELETE", "plans", "invoices", If_Match='"2"'))[0] == 204
    assert (await site.admin("GET", "plans", "invoices"))[1]["code"] == "plan-not-found"
    assert await site.recorded() == ["ops plan.create", "ops plan.change", "ops plan.remove"]
    assert site.sent == []


async def test_of_two_operators_who_have_read_one_plan_the_second_is_refused(site: Bridged) -> None:
    await site.admin("POST", "plans", body=PLAN)
    assert (await site.admin("PATCH", "plans", "invoices", body={"stage": "dual"}, If_Match='"1"'))[0] == 200
    for method, body in (("PATCH", {"stage": "final"}), ("DELETE", None)):
        status, refused, headers = await site.admin(method, "plans", "invoices", body=body, If_Match='"1"')
        assert (status, refused["code"], headers["ETag"]) == (412, "precondition-failed", '"2"')
    assert (await site.admin("GET", "plans", "invoices"))[1]["stage"] == "dual"


@pytest.mark.parametrize(
    ("change", "pointer", "says"),
    [
        ({"sorce": "hr"}, "/sorce", "Did you mean `source`?"),
        ({"selector": {"definitions": "x"}}, "/selector/definitions", "Did you mean `definition`?"),
        ({"twins": {"by": "marker", "variables": "x"}}, "/twins/variables", "Did you mean `variable`?"),
        ({"twins": {"by": "markers"}}, "/twins/by", "Did you mean `marker`?"),
        ({"policy": {"*": "skip"}}, "/policy/*", "Known: fail, skip-instance, skip-variable"),
        ({"stage": "copyed"}, "/stage", "Did you mean `copied`?"),
        ({"starts": {"definition": "x", "variables": {"a": 5}}}, "/starts/variables/a", "object"),
        ({"source": "hrr"}, "/source", "Did you mean `hr`?"),
        ({"target": "hr"}, "/target", "the same engine"),
        ({"name": "A plan"}, "/name", "a-z, 0-9 and hyphens"),
        ({"name": None}, "/name", "str"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
async def test_wrong_member_is_named_with_the_one_that_is_meant(
    site: Bridged, change: dict[str, Any], pointer: str, says: str
) -> None:
    status, refused, _ = await site.admin("POST", "plans", body=PLAN | change)
    assert (status, refused["code"]) == (400, "invalid-request")
    assert refused["errors"][0]["pointer"] == pointer
    assert says in refused["detail"]
    assert (await site.admin("GET", "plans"))[1] == {"items": []}


@pytest.mark.parametrize(
    ("change", "status", "says"),
    [
        ({"source": "theirs"}, 422, "theirs is sent the caller's own credentials"),
        ({"twins": {"by": "business-key"}}, 422, "The engine claims cannot find instances by business key"),
    ],
    ids=["credentials of callers", "no business keys"],
)
async def test_engine_that_cannot_take_part_is_named(
    site: Bridged, change: dict[str, Any], status: int, says: str
) -> None:
    refused = await site.admin("POST", "plans", body=PLAN | change)
    assert (refused[0], refused[1]["code"]) == (status, "capability-unsupported")
    assert says in refused[1]["detail"]


async def test_plan_of_a_name_that_is_there_and_one_against_its_direction_are_refused(site: Bridged) -> None:
    await site.admin("POST", "plans", body=PLAN)
    back = {"name": "back", "source": "claims", "target": "hr"}
    for body, says in ((PLAN, "There is a plan invoices already."), (back, "The plan invoices goes from hr to claims")):
        status, refused, _ = await site.admin("POST", "plans", body=body)
        assert (status, refused["code"]) == (409, "bridge-transition-refused")
        assert says in refused["detail"]
    apart = back | {"starts": {"definition": "order"}}
    assert (await site.admin("POST", "plans", body=apart))[0] == 201
    status, refused, _ = await site.admin("PATCH", "plans", "back", body={"starts": None})
    assert (status, refused["code"]) == (409, "bridge-transition-refused")


async def test_caller_without_the_scope_or_the_engines_or_with_masks_is_refused(started) -> None:
    half = {"scopes": ADMIN.scopes, "key_sha256": None}
    some = entry(**half, name="some", basic_username="some", basic_password="x", engines=("hr", "other"))
    masked = entry(**half, name="masked", basic_username="masked", basic_password="x", masked=("secret*",))
    reader = entry(key_sha256=None, name="reader", basic_username="reader", basic_password="x")
    site = await started(Bridged(some, masked, reader))
    await site.admin("POST", "plans", body=PLAN)

    async def ask(key: str, method: str, *path: str, body: Any = None) -> Any:
        status, shown, _ = await site.ask(method, "bridge", *path, body=body, Authorization=f"Basic {key}")
        return status, shown.get("detail", shown)

    reads, uses_some, is_masked = "cmVhZGVyOng=", "c29tZTp4", "bWFza2VkOng="
    assert await ask(reads, "GET", "plans") == (403, "The caller lacks the scope bridge:admin.")
    assert await ask(uses_some, "GET", "plans") == (200, {"items": []})
    for method, body in (("GET", None), ("PATCH", {"stage": "dual"}), ("DELETE", None)):
        refused = await ask(uses_some, method, "plans", "invoices", body=body)
        assert refused == (403, "The caller may not use this engine.")
    assert await ask(uses_some, "POST", "plans", body=PLAN | {"name": "p"}) == (
        403,
        "The caller may not use this engine.",
    )
    assert (await ask(is_masked, "POST", "plans", body=PLAN | {"name": "p"}))[1].startswith("A caller with masks")
    assert (await ask(is_masked, "GET", "plans"))[0] == 200
    await site.store.close()


async def test_switched_off_bridge_refuses_every_change_and_answers_reads(site: Bridged) -> None:
    await site.admin("POST", "plans", body=PLAN)
    site.on = False
    for method, path, body in (
        ("POST", ("plans",), PLAN | {"name": "next"}),
        ("PATCH", ("plans", "invoices"), {"stage": "dual"}),
        ("DELETE", ("plans", "invoices"), None),
        ("POST", ("links",), {"source": "hr:1", "target": "claims:2"}),
        ("DELETE", ("links", "0" * 32), None),
        ("POST", ("links", "0" * 32, "events"), {"event": "finish"}),
    ):
        status, refused, _ = await site.admin(method, *path, body=body)
        assert (status, refused["code"]) == (409, "bridge-transition-refused")
        assert "`bridge.enabled = false`" in refused["detail"]
    assert (await site.admin("GET", "plans", "invoices"))[0] == 200
    assert (await site.admin("GET", "links"))[0] == 200


async def test_idempotency_key_is_not_promised(site: Bridged) -> None:
    status, refused, _ = await site.admin("POST", "plans", body=PLAN, Idempotency_Key="k")
    assert (status, refused["code"]) == (422, "capability-unsupported")


async def test_gateway_without_a_store_says_so(site: Bridged, started) -> None:
    del site
    bare = Bridged()
    bare.services = type(bare.services)(
        gateway=bare.gateway, access=bare.services.access, metrics=bare.services.metrics
    )
    await started(bare)
    for path in ("plans", "links"):
        status, refused, _ = await bare.admin("GET", path)
        assert (status, refused["code"]) == (422, "capability-unsupported")
