"""Dry runs of writes to many instances, and what an operation promises to a caller that repeats itself."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway.operations.idempotency import Idempotency
from gateway.store import KeyRecords
from gateway.web.v1.idempotency import unsettled
from tests.web.conftest import Site
from tests.web.test_operations import BY_NAME, SET, Works

DRY = {"query": "dryRun=true"}
LARGE = {"type": "integer", "format": "int64", "value": 9007199254740993}


@pytest.fixture
async def works(started: Callable[[Site], Any], tmp_path: Path) -> AsyncIterator[Works]:
    site = Works(f"sqlite:///{tmp_path}/store.db")
    idempotency = Idempotency(KeyRecords(site.store, 60.0, 86_400.0), unsettled, 60.0)
    site.services = msgspec.structs.replace(site.services, idempotency=idempotency)
    for number in range(30):
        site.fakes["claims"].start("more", {"note": f"old {number}"})
    yield await started(site)
    await site.store.close()


async def operations_of(works: Works) -> int:
    count = await works.store.run(lambda found: found.exec_driver_sql("SELECT count(*) FROM operations").scalar())
    return int(count or 0)


async def test_batch_shows_its_requests_and_what_each_item_would_come_to(site: Site) -> None:
    fine = {"instance": site.hr, "modifications": {"note": {"type": "string", "value": "x"}}}
    items = [
        fine,
        {"instance": site.claims, "modifications": {"note": LARGE}},
        {"instance": "hr:1", "modifications": {"n": {"type": "integer", "value": "x"}}},
        {"instance": "claims:99", "deletions": ["note"]},
    ]
    status, found, _ = await site.ask("POST", "variables", "batch", body={"items": items}, **DRY)
    assert (status, site.writes) == (200, [])
    assert [each["engine"] for each in found["requests"] if each["writes"]] == ["hr"]
    assert [(each["instance"], each["status"]) for each in found["items"]] == [
        (site.hr, 204), (site.claims, 422), ("hr:1", 422), ("claims:99", 404),
    ]  # fmt: skip
    assert [each.get("problem", {}).get("code") for each in found["items"]] == [
        None, "value-not-representable", "value-invalid", "instance-not-found",
    ]  # fmt: skip


async def test_dry_run_of_one_instance_has_no_items(site: Site) -> None:
    body = {"modifications": {"note": {"type": "string", "value": "x"}}}
    _, found, _ = await site.ask("PATCH", "instances", site.hr, "variables", body=body, **DRY)
    assert set(found) == {"requests", "rules"}


async def test_operation_tells_how_many_it_would_change_and_shows_the_first(works: Works) -> None:
    before = works.notes()
    body = {**BY_NAME, "modifications": {"note": LARGE}, "engines": ["claims"]}
    status, found, _ = await works.ask("POST", "operations", body=body, **DRY)
    assert (status, found["total"], found["more"], len(found["items"])) == (200, 31, False, 20)
    assert {each["problem"]["code"] for each in found["items"]} == {"value-not-representable"}
    status, found, _ = await works.ask("POST", "operations", body={**BY_NAME, "deletions": ["note"]}, **DRY)
    assert ({each["status"] for each in found["items"]}, len(found["items"])) == ({204}, 20)
    assert sum(each["writes"] for each in found["requests"]) == 20
    assert found["rules"] == [{"id": "delete-set-null", "name": "note"}]
    assert (works.writes, works.notes(), await operations_of(works)) == ([], before, 0)


@pytest.mark.parametrize("body", [{}, SET, BY_NAME, {**SET, "instanceIdIn": []}, {**SET, **BY_NAME, "limit": 3}])
async def test_operation_that_would_be_refused_is_refused_dry_too(works: Works, body: dict[str, Any]) -> None:
    wet, dry = [await works.ask("POST", "operations", body=body, **how) for how in ({}, DRY)]
    assert [(status, found["code"]) for status, found, _ in (wet, dry)] == [(400, "invalid-request")] * 2


async def test_operation_with_a_key_is_begun_once(works: Works) -> None:
    answers = [await works.ask("POST", "operations", body=BY_NAME | SET, Idempotency_Key="once") for _ in range(3)]
    assert {status for status, _, _ in answers} == {202}
    assert len({found["id"] for _, found, _ in answers}) == 1
    assert [headers.get("Idempotency-Replayed") for _, _, headers in answers] == [None, "true", "true"]
    assert len({headers["Location"] for _, _, headers in answers}) == 1
    assert await operations_of(works) == 1
    status, found, _ = await works.ask(
        "POST", "operations", body={**BY_NAME, "deletions": ["a"]}, Idempotency_Key="once"
    )
    assert (status, found["code"]) == (422, "idempotency-key-reused")


async def test_engine_that_demands_conditions_takes_no_operation(works: Works) -> None:
    works.engines["hr"].policy = msgspec.structs.replace(works.engines["hr"].policy, require_if_match=True)
    status, found, _ = await works.ask("POST", "operations", body=BY_NAME | SET)
    assert (status, found["code"], found["engine"]) == (428, "precondition-required", "hr")
    assert (await works.ask("POST", "operations", body={**BY_NAME, **SET, "engines": ["claims"]}))[0] == 202


async def test_cancelling_is_rehearsed_and_keyed(works: Works) -> None:
    _, begun, _ = await works.ask("POST", "operations", body=BY_NAME | SET)
    target = ("operations", begun["id"])
    assert (await works.ask("DELETE", *target, **DRY))[:2] == (200, {"requests": [], "rules": []})
    assert (await works.shown(begun["id"]))["state"] == "selecting"
    ended = [await works.ask("DELETE", *target, Idempotency_Key="end") for _ in range(2)]
    assert [(status, headers.get("Idempotency-Replayed")) for status, _, headers in ended] == [
        (204, None),
        (204, "true"),
    ]
    assert (await works.shown(begun["id"]))["state"] == "cancelling"
