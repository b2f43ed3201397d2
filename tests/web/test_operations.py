"""Bulk operations over a socket: to the end, with failures, cancelled, and taken up again after a crash."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway.access import Access, CallerEntry
from gateway.errors import EngineUnavailable
from gateway.model.jobs import Job
from gateway.operations.bulk import BulkJobs, select_instances
from gateway.operations.jobs import InProcessQueue, JobKinds, JobWorker
from gateway.plan import VendorResponse
from gateway.port import Credentials, Policy
from gateway.store import AuditRecords, OperationRecords, Settings, Store
from gateway.web.v1.problems import problem
from tests.until import until
from tests.web.conftest import SECRET, Site, entry

BY_NAME = {"variableName": "note"}
SET = {"modifications": {"note": {"value": "set by operation"}}}
ENDED = {"completed", "cancelled", "failed"}


class Works(Site):
    """A gateway with a store, whose bulk operations can be ended as a crash ends them."""

    def __init__(self, url: str, access: Access | None = None) -> None:
        super().__init__(access)
        self.store = Store(Settings(url=url))
        self.operations = OperationRecords(self.store)
        self.jobs: JobWorker | None = None
        self.reported: list[tuple[str | Job | None, str, str | None]] = []
        self.services = msgspec.structs.replace(
            self.services,
            operations=OperationRecords(self.store),
            jobs=self,
        )

    async def defer(self, kind: str, *subjects: str) -> None:
        if self.jobs is not None:
            await self.jobs.defer(kind, *subjects)

    def begin(self, sweep_s: float = 2.0) -> None:
        queue = InProcessQueue(sweep_s=sweep_s)
        self.jobs = JobWorker(queue, report=lambda job, fault: self.reported.append((job, "broken", str(fault))))
        bulk = BulkJobs(
            self.gateway,
            self.operations,
            self.jobs,
            lambda operation, call: select_instances(self.gateway, operation, call),
            lambda error: msgspec.json.encode(problem(error)),
            report=lambda operation, state: self.reported.append((operation, state, None)),
        )
        self.jobs.use(JobKinds([bulk.kind]))
        self.jobs.start()

    async def crash(self) -> None:
        assert self.jobs is not None
        await self.jobs.close(grace_s=0.0)

    async def start(self, **body: Any) -> str:
        status, shown, headers = await self.ask("POST", "operations", body=body)
        assert status == 202, shown
        assert headers["Location"] == f"/v1/operations/{shown['id']}"
        return str(shown["id"])

    async def shown(self, operation: str) -> dict[str, Any]:
        status, shown, _ = await self.ask("GET", "operations", operation)
        assert status == 200
        return shown

    async def ended(self, operation: str) -> dict[str, Any]:
        async def has_ended() -> bool:
            return (await self.shown(operation))["state"] in ENDED

        await until(has_ended)
        return await self.shown(operation)

    async def results(self, operation: str) -> list[dict[str, Any]]:
        raw = await self.ask_raw(f"/v1/operations/{operation}/results")
        return [json.loads(line) for line in raw.splitlines()]

    async def ask_raw(self, path: str) -> str:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(f"GET {path} HTTP/1.0\r\nHost: x\r\n\r\n".encode())
        head, _, content = (await reader.read()).decode().partition("\r\n\r\n")
        writer.close()
        assert "application/x-ndjson" in head
        return content

    def notes(self) -> Counter[str]:
        camunda = (each.variables["note"].value for each in self.fakes["hr"].instances.values())
        ibm = (each.variables["note"] for each in self.fakes["claims"].instances.values())
        return Counter([*camunda, *ibm])

    def written(self) -> Counter[str]:
        return Counter(request.path[1] for request in self.writes)


@pytest.fixture
async def works(started: Callable[[Site], Any], tmp_path: Path) -> AsyncIterator[Works]:
    site: Works = await started(Works(f"sqlite:///{tmp_path}/store.db"))
    for number in range(30):
        for name, fake in site.fakes.items():
            note = {"type": "String", "value": f"old {number}"} if name == "hr" else f"old {number}"
            fake.start("more", {"note": note})
    site.begin()
    yield site
    await site.crash()
    await site.store.close()


async def test_operation_that_ended_long_ago_is_forgotten_as_others_go_on(works: Works) -> None:
    old = await works.start(**BY_NAME, **SET)
    await works.ended(old)
    await works.crash()
    works.operations = OperationRecords(works.store, -1.0)
    works.begin(sweep_s=0.01)

    async def forgotten() -> bool:
        return (await works.ask("GET", "operations", old))[0] == 404

    await until(forgotten)
    assert works.reported == [(old, "completed", None)]


async def test_each_page_of_a_long_walk_has_a_deadline_of_its_own(works: Works, monkeypatch) -> None:
    monkeypatch.setattr("gateway.operations.bulk.selection._PAGE_ROWS", 10)
    asked: list[Any] = []

    async def run(engine: str, plan: Any, call: Any) -> Any:
        asked.append(call)
        return await works.run(engine, plan, call)

    works.gateway.run = run
    assert (await works.ended(await works.start(**BY_NAME, **SET)))["done"] == 62
    assert max(Counter(map(id, asked)).values()) <= len(works.engines)


async def test_every_instance_that_the_query_finds_is_changed_once_and_told(works: Works) -> None:
    operation = await works.start(**BY_NAME, **SET)
    shown = await works.ended(operation)
    assert shown == {
        "id": operation, "state": "completed", "done": 62, "failed": 0, "total": 62, "etaSeconds": 0.0, "problems": {},
    }  # fmt: skip
    assert works.notes() == {"set by operation": 62}
    assert set(works.written().values()) == {1}
    assert works.reported == [(operation, "completed", None)]
    results = await works.results(operation)
    assert {each["status"] for each in results} == {"done"}
    assert len({each["instance"] for each in results}) == 62
    assert (await works.store.run(lambda c: c.exec_driver_sql("SELECT command FROM operations").scalar())) is None


async def test_failures_are_counted_by_code_and_told_item_by_item(works: Works) -> None:
    operation = await works.start(**BY_NAME, modifications={"other": {"value": 1}})
    shown = await works.ended(operation)
    assert (shown["state"], shown["done"], shown["failed"]) == ("completed", 31, 31)
    assert shown["problems"] == {"variable-not-found": 31}
    failed = [each for each in await works.results(operation) if each["status"] == "failed"]
    assert {each["instance"].partition(":")[0] for each in failed} == {"claims"}
    assert {each["problem"]["code"] for each in failed} == {"variable-not-found"}


async def test_filter_narrows_to_instances_and_engines(works: Works) -> None:
    condition = [{"name": "note", "operator": "eq", "value": "old 7"}]
    operation = await works.start(variableValues=condition, engines=["claims"], deletions=["note"])
    assert (await works.ended(operation))["total"] == 1
    assert len(works.writes) == 1
    kept = await works.store.run(lambda c: c.exec_driver_sql("SELECT filter, command FROM operations").one())
    assert tuple(kept) == (b"{}", None)


async def test_cancelled_operation_begins_no_further_item(works: Works) -> None:
    going = asyncio.Event()
    run = works.gateway.run

    async def slow(engine: str, plan: Any, call: Any) -> Any:
        result = await run(engine, plan, call)
        if len(works.writes) >= 3:
            await going.wait()
        return result

    works.gateway.run = slow
    operation = await works.start(**BY_NAME, **SET)
    await until(lambda: len(works.writes) >= 3)
    assert (await works.ask("DELETE", "operations", operation))[0] == 204
    assert (await works.shown(operation))["state"] == "cancelling"
    going.set()
    shown = await works.ended(operation)
    assert shown["state"] == "cancelled"
    assert 3 <= shown["done"] <= 40 < shown["total"]
    assert works.notes()["set by operation"] == shown["done"]
    assert (await works.ask("DELETE", "operations", operation))[0] == 409


@pytest.mark.parametrize("fails", [False, True], ids=["query ends", "engine fails"])
async def test_operation_cancelled_while_it_selects_changes_nothing_and_is_reported(works: Works, fails: bool) -> None:
    going, run = asyncio.Event(), works.gateway.run

    async def slow(engine: str, plan: Any, call: Any) -> Any:
        await going.wait()
        if fails:
            raise EngineUnavailable(engine=engine)
        return await run(engine, plan, call)

    works.gateway.run = slow
    operation = await works.start(**BY_NAME, **SET)
    assert (await works.ask("DELETE", "operations", operation))[0] == 204
    going.set()
    assert (await works.ended(operation))["state"] == "cancelled"
    await until(lambda: works.reported)
    assert (works.writes, works.reported) == ([], [(operation, "cancelled", None)])


async def test_operation_goes_on_after_a_crash_and_nothing_is_written_twice(works: Works) -> None:
    run, left = works.gateway.run, [25]

    async def dying(engine: str, plan: Any, call: Any) -> Any:
        result = await run(engine, plan, call)
        left[0] -= len(works.writes) > 0
        if left[0] < 0:
            await asyncio.Event().wait()  # applied, and never told
        return result

    works.gateway.run = dying
    operation = await works.start(**BY_NAME, **SET)
    await until(lambda: left[0] < 0)
    await asyncio.sleep(0)
    await works.crash()
    works.gateway.run = run
    works.begin()
    shown = await works.ended(operation)
    assert (shown["state"], shown["done"], shown["total"]) == ("completed", 62, 62)
    assert works.notes() == {"set by operation": 62}
    assert set(works.written().values()) == {1}


@pytest.mark.parametrize("crashes", [False, True], ids=["at-once", "after-a-crash"])
async def test_item_whose_instance_has_ended_since_is_told_as_its_engine_tells_it(works: Works, crashes: bool) -> None:
    started, waiting = works.operations.start_items, asyncio.Event()

    async def ended_since(operation: str, count: int, lane: int) -> list[Any]:
        items = await started(operation, count, lane)
        for each in works.fakes["claims"].instances.values():
            each.state = "Terminated"
        for each in list(works.fakes["hr"].instances):
            works.fakes["hr"].end(each)
        if crashes:
            waiting.set()
            await asyncio.Event().wait()  # started, and never carried out
        return items

    works.operations.start_items = ended_since  # type: ignore[method-assign]
    operation = await works.start(**BY_NAME, **SET)
    if crashes:
        async with asyncio.timeout(10):
            await waiting.wait()
        await works.crash()
        works.operations.start_items = started  # type: ignore[method-assign]
        works.begin()
    assert (await works.ended(operation))["state"] == "completed"
    told = Counter(
        (each["instance"].partition(":")[0], each["problem"]["code"]) for each in await works.results(operation)
    )
    assert told == {("claims", "instance-state-conflict"): 31, ("hr", "instance-not-found"): 31}
    assert {each.path[1] for each in works.writes if each.method == "PUT"} == set()


async def test_fault_of_ours_is_told_and_the_operation_goes_on_when_it_is_mended(works: Works) -> None:
    run = works.gateway.run

    async def broken(engine: str, plan: Any, call: Any) -> Any:
        result = await run(engine, plan, call)
        if works.writes:
            raise ZeroDivisionError("ours")
        return result

    works.gateway.run = broken
    operation = await works.start(**BY_NAME, engines=["hr"], **SET)
    await until(lambda: bool(works.reported))
    assert works.reported[0][:2] == (Job("bulk", operation), "broken")
    works.gateway.run = run
    await works.defer("bulk", operation)
    assert (await works.ended(operation))["done"] == 31


async def test_item_that_fails_for_a_moment_is_tried_again(works: Works) -> None:
    answer, failures = works.fakes["hr"].answer, [2]

    def flaky(request: Any) -> VendorResponse:
        if request.writes and failures[0]:
            failures[0] -= 1
            return VendorResponse(503)
        return answer(request)

    works.fakes["hr"].answer = flaky
    operation = await works.start(**BY_NAME, engines=["hr"], **SET)
    assert (await works.ended(operation))["done"] == 31


async def test_engine_that_cannot_be_asked_fails_the_whole_operation_before_any_write(works: Works) -> None:
    works.fakes["claims"].answer = lambda _request: VendorResponse(503)
    operation = await works.start(**BY_NAME, **SET)
    shown = await works.ended(operation)
    assert (shown["state"], shown["problem"]["code"]) == ("failed", "engine-unavailable")
    assert works.writes == []


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (BY_NAME, 400, "invalid-request"),
        (SET, 400, "invalid-request"),
        (SET | {"engines": ["hr"]}, 400, "invalid-request"),
        (BY_NAME | {"modifications": {"x": {"type": "integer", "value": "no"}}}, 422, "value-invalid"),
        (BY_NAME | SET | {"limit": 3}, 400, "invalid-request"),
        (SET | {"instanceIdIn": []}, 400, "invalid-request"),
        (BY_NAME | SET | {"engines": ["nowhere"]}, 404, "engine-not-found"),
    ],
)
async def test_wrong_operation_is_refused_at_once(works: Works, body: Any, status: int, code: str) -> None:
    answered, shown, _ = await works.ask("POST", "operations", body=body)
    assert (answered, shown["code"]) == (status, code)
    assert works.sent == []


async def test_unknown_operation_and_somebody_elses_are_not_found(
    started: Callable[[Site], Any], tmp_path: Path
) -> None:
    other = entry(name="other", key_sha256="4e" * 32, basic_username="other", basic_password="x")
    limited = CallerEntry(name="limited", basic_username="limited", basic_password="x", variables=("note",),
                          scopes=frozenset({"variables:read", "variables:write"}))  # fmt: skip
    site: Works = await started(Works(f"sqlite:///{tmp_path}/s.db", Access((entry(key_sha256=SECRET), other, limited))))
    mine, theirs = {"X_Api_Key": "secret"}, {"Authorization": "Basic b3RoZXI6eA=="}
    status, shown, _ = await site.ask("POST", "operations", body=BY_NAME | SET, **mine)
    assert status == 202
    assert (await site.ask("GET", "operations", shown["id"], **mine))[0] == 200
    assert (await site.ask("GET", "operations", shown["id"], **theirs))[1]["code"] == "operation-not-found"
    assert (await site.ask("DELETE", "operations", "0" * 32, **mine))[1]["code"] == "operation-not-found"
    refused = await site.ask("POST", "operations", body=BY_NAME | SET, Authorization="Basic bGltaXRlZDp4")
    assert refused[0] == 403
    await site.store.close()


async def test_engine_that_needs_the_callers_credentials_is_refused(works: Works) -> None:
    works.engines["hr"].credentials = Credentials(kind="forward")
    answered, shown, _ = await works.ask("POST", "operations", body=BY_NAME | SET)
    assert (answered, shown["code"]) == (422, "capability-unsupported")


async def test_wrong_filter_is_told_before_what_an_engine_demands(works: Works) -> None:
    works.engines["hr"].policy = Policy(require_if_match=True)
    answers = [
        (await works.ask("POST", "operations", body=SET | {"instanceIdIn": each}))[0] for each in ([], [works.hr])
    ]
    assert answers == [400, 428]


async def test_store_that_cannot_be_reached_refuses_operations(started: Callable[[Site], Any]) -> None:
    site: Works = await started(Works("sqlite:////nowhere/at/all.db"))
    answered, shown, _ = await site.ask("POST", "operations", body=BY_NAME | SET)
    assert (answered, shown["code"], shown["outcome"]) == (503, "store-unavailable", "not_applied")
    assert (await site.ask("GET", "instances", site.hr, "variables"))[0] == 200
    await site.store.close()


async def test_begin_and_cancel_are_in_the_audit_trail_without_values_and_filters(works: Works) -> None:
    body = {"variableName": "note", "variableValues": [{"name": "note", "operator": "eq", "value": "MARKER"}]}
    operation = await works.start(**body, engines=["hr"], modifications={"note": {"value": "MARKER"}}, deletions=["x"])
    assert (await works.ask("DELETE", "operations", operation))[0] == 204
    found = await AuditRecords(works.store).list_after(0, 10)
    assert [(each.caller, each.action, each.subject, json.loads(each.evidence)) for each in found] == [
        (
            "anonymous",
            "operation.begin",
            f"operation:{operation}",
            {"engines": ["hr"], "modifications": 1, "deletions": 1},
        ),
        ("anonymous", "operation.cancel", f"operation:{operation}", {"before": "selecting", "done": 0}),
    ]


async def test_dry_run_of_an_operation_is_in_no_audit_trail(works: Works) -> None:
    body = {**BY_NAME, **SET}
    assert (await works.ask("POST", "operations", body=body, query="dryRun=true"))[0] == 200
    assert await AuditRecords(works.store).list_after(0, 10) == []
