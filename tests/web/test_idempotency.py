"""Idempotency-Key: applied once, answered alike, refused in time, settled by reading."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway.access import Access
from gateway.errors import EngineUnavailable, OutcomeUnknown, StoreUnavailable
from gateway.operations.idempotency import Idempotency
from gateway.store import KeyRecords, Settings, Store
from gateway.web.v1.idempotency import unsettled

from .conftest import Site, entry

KEY = "key-1"
SET = {"modifications": {"amount": {"value": 7}}}


class Keyed(Site):
    """A site with a store. ``breaks`` is raised in place of, or after, the next write."""

    def __init__(self, path: Path, access: Access | None = None, settle_s: float = 60.0) -> None:
        super().__init__(access)
        self.store = Store(Settings(url=f"sqlite:///{path}"))
        self.keys = KeyRecords(self.store, 60.0, 86_400.0)
        self.services = msgspec.structs.replace(self.services, idempotency=Idempotency(self.keys, unsettled, settle_s))
        self.breaks: Exception | None = None
        self.applies = True
        self.gate: asyncio.Event | None = None
        self.reached = asyncio.Event()

    async def run(self, engine, plan, call):
        if self.gate is not None:
            self.reached.set()
            await self.gate.wait()
        before = len(self.writes)
        if not self.applies and self.breaks is not None:
            plan.close()
            raise self.breaks
        result = await super().run(engine, plan, call)
        if self.breaks is not None and len(self.writes) > before:
            raise self.breaks
        return result

    async def keyed(self, key: str = KEY, body: Any = SET, method: str = "PATCH", *more: str, **headers: str):
        path = more or ("instances", self.hr, "variables")
        return await self.ask(method, *path, body=body, Idempotency_Key=key, **headers)

    async def amount(self) -> Any:
        return (await self.ask("GET", "instances", self.hr, "variables", "amount"))[1]["value"]


@pytest.fixture
async def keyed(started, tmp_path: Path) -> AsyncIterator[Any]:
    made: list[Keyed] = []

    async def make(**more: Any) -> Keyed:
        made.append(await started(Keyed(tmp_path / "store.db", **more)))
        return made[-1]

    yield make
    for each in made:
        await each.store.close()


async def test_byte_order_mark_makes_another_request_of_the_same_key(keyed) -> None:
    site, body = await keyed(), b'{"modifications":{"amount":{"value":7}}}'
    assert (await site.keyed(body=body))[0] == 204
    assert (await site.keyed(body=b"\xef\xbb\xbf" + body))[1]["code"] == "idempotency-key-reused"
    assert (await site.keyed("key-2", b"\xef\xbb\xbf" + body))[0] == 204


async def test_same_request_is_answered_alike_and_applied_once(keyed) -> None:
    site = await keyed()
    first = await site.keyed(Prefer="return=representation")
    again = await site.keyed(Prefer="return=representation")
    assert first[0] == 200
    assert again[:2] == first[:2]
    assert ("Idempotency-Replayed" in first[2], again[2]["Idempotency-Replayed"]) == (False, "true")
    assert again[2]["Preference-Applied"] == first[2]["Preference-Applied"]
    assert again[2]["Gateway-Engine"] == first[2]["Gateway-Engine"] == "hr"
    assert len(site.writes) == 1


async def test_answer_outlives_the_gateway(keyed) -> None:
    first, second = await keyed(), await keyed()
    assert (await first.keyed())[0] == 204
    second.hr = first.hr
    status, _, headers = await second.keyed()
    assert (status, headers["Idempotency-Replayed"], second.sent) == (204, "true", [])


@pytest.mark.parametrize(
    "change",
    [
        {"body": {"modifications": {"amount": {"value": 8}}}},
        {"Prefer": "return=representation"},
        {"method": "PUT", "body": {"value": 7}, "more": ("variables", "amount")},
    ],
    ids=["body", "header", "target"],
)
async def test_key_of_another_request_is_refused(keyed, change: dict[str, Any]) -> None:
    site = await keyed()
    await site.keyed()
    more = ("instances", site.hr, *change.pop("more")) if "more" in change else ()
    asked = {"key": KEY, "body": SET, "method": "PATCH", **change}
    status, problem, _ = await site.keyed(asked.pop("key"), asked.pop("body"), asked.pop("method"), *more, **asked)
    assert (status, problem["code"], problem["outcome"]) == (422, "idempotency-key-reused", "not_applied")
    assert len(site.writes) == 1


@pytest.mark.parametrize("key", ["", "x" * 256, "with space", '""', "caf\u00e9"])
async def test_key_that_is_none_is_refused(keyed, key: str) -> None:
    site = await keyed()
    status, problem, _ = await site.keyed(key)
    assert (status, problem["code"], site.sent) == (400, "invalid-request", [])


async def test_quoted_key_is_the_same_key_and_255_characters_are_taken(keyed) -> None:
    site = await keyed()
    await site.keyed("x" * 255)
    assert (await site.keyed('"' + "x" * 255 + '"'))[2]["Idempotency-Replayed"] == "true"


async def test_two_at_once_one_runs_and_the_other_is_told_so(keyed) -> None:
    site = await keyed()
    site.gate = asyncio.Event()
    first = asyncio.ensure_future(site.keyed())
    await site.reached.wait()
    status, problem, headers = await site.keyed()
    assert (status, problem["code"], problem["retryable"], headers["Retry-After"]) == (
        409, "request-in-progress", True, "1",
    )  # fmt: skip
    assert (await site.keyed(body={}))[1]["code"] == "idempotency-key-reused"
    site.gate.set()
    assert (await first)[0] == 204
    assert len(site.writes) == 1


async def test_request_that_another_gateway_runs_is_refused(keyed) -> None:
    first, second = await keyed(), await keyed()
    second.hr = first.hr
    first.gate = asyncio.Event()
    running = asyncio.ensure_future(first.keyed())
    await first.reached.wait()
    assert (await second.keyed())[1]["code"] == "request-in-progress"
    first.gate.set()
    assert (await running)[0] == 204
    assert second.writes == []


async def test_keys_of_two_callers_are_two_keys(keyed) -> None:
    callers = (entry(), entry(name="batch", key_sha256=None, basic_username="b", basic_password="p"))
    site = await keyed(access=Access(callers))
    assert (await site.keyed(X_Api_Key="secret"))[0] == 204
    status, _, headers = await site.keyed(Authorization="Basic Yjpw")
    assert (status, "Idempotency-Replayed" in headers) == (204, False)
    assert (await site.keyed(X_Api_Key="wrong"))[0] == 401
    assert len(site.writes) == 2


async def test_refusal_frees_the_key_for_the_mended_request(keyed) -> None:
    site = await keyed()
    wrong = {"modifications": {"amount": {"type": "integer", "value": "x"}}}
    assert (await site.keyed(body=wrong))[1]["code"] == "value-invalid"
    assert (await site.keyed())[0] == 204


async def test_failure_that_applied_nothing_frees_the_key(keyed) -> None:
    site = await keyed()
    site.breaks, site.applies = EngineUnavailable(), False
    assert (await site.keyed())[1]["outcome"] == "not_applied"
    site.breaks = None
    assert ((await site.keyed())[0], await site.amount()) == (204, 7)


async def test_unknown_outcome_is_settled_by_reading_and_never_sent_again(keyed) -> None:
    site = await keyed()
    site.breaks = OutcomeUnknown()
    assert (await site.keyed())[1]["code"] == "outcome-unknown"
    site.breaks = None
    for _ in range(2):
        status, _, headers = await site.keyed()
        assert (status, headers["Idempotency-Replayed"]) == (204, "true")
    assert len(site.writes) == 1


async def test_unknown_outcome_that_is_not_there_waits_and_then_stays_unknown(keyed) -> None:
    site = await keyed()
    site.breaks, site.applies = OutcomeUnknown(), False
    assert (await site.keyed())[0] == 504
    assert (await site.keyed())[0] == 409  # the engine cannot be read
    site.breaks = None
    status, problem, _ = await site.keyed()
    assert (status, problem["code"]) == (409, "request-in-progress")
    site.services = msgspec.structs.replace(site.services, idempotency=None)
    later = await keyed(settle_s=0.0)
    later.hr = site.hr
    for _ in range(2):
        status, problem, headers = await later.keyed()
        assert (status, problem["code"], problem["outcome"]) == (504, "outcome-unknown", "unknown")
        assert headers["Idempotency-Replayed"] == "true"
    assert site.writes == later.writes == []


async def test_merge_and_deletion_are_settled_by_what_is_there(keyed) -> None:
    site = await keyed()
    await site.ask(
        "PATCH", "instances", site.hr, "variables", body={"modifications": {"doc": {"value": {"a": 1, "b": 2}}}}
    )
    before = len(site.writes)
    site.breaks = OutcomeUnknown()
    merge = b'{"doc": {"a": 1.50, "b": null, "c": {"d": "2026-01-01T00:00:00Z"}}, "amount": null}'
    kind = {"Content_Type": "application/merge-patch+json"}
    assert (await site.keyed(body=merge, **kind))[0] == 504
    site.breaks = None
    assert (await site.keyed(body=merge, **kind))[0] == 204
    assert len(site.writes) == before + 1


async def test_content_needs_a_digest_to_be_known_by(keyed) -> None:
    site = await keyed()
    target = ("instances", site.hr, "variables", "blob", "data")
    status, problem, _ = await site.keyed(KEY, b"x", "PUT", *target, Content_Type="application/octet-stream")
    assert (status, "Content-Digest" in problem["detail"], site.sent) == (400, True, [])


async def test_dry_run_with_a_key_is_refused(keyed) -> None:
    site = await keyed()
    status, problem, _ = await site.ask(
        "PATCH", "instances", site.hr, "variables", body=SET, query="dryRun=true", Idempotency_Key=KEY
    )
    assert (status, problem["code"], site.sent) == (400, "invalid-request", [])


async def test_read_with_a_key_is_a_read(keyed) -> None:
    site = await keyed()
    assert (await site.keyed(KEY, None, "GET"))[0] == 200
    found = [await site.keyed(KEY, {"variableName": "note"}, "POST", "variables", "query") for _ in range(2)]
    assert [(status, "Idempotency-Replayed" in headers) for status, _, headers in found] == [(200, False)] * 2
    assert await site.keys.find(("anonymous", KEY)) is None


async def test_store_that_is_gone_refuses_keyed_writes_only(keyed) -> None:
    site = await keyed()
    await site.store.close()
    status, problem, _ = await site.keyed()
    assert (status, problem["code"], problem["retryable"], site.sent) == (503, "store-unavailable", True, [])
    assert (await site.ask("PATCH", "instances", site.hr, "variables", body=SET))[0] == 204


async def test_store_that_goes_after_the_write_does_not_hide_that_it_was_done(keyed, monkeypatch) -> None:
    site = await keyed()

    async def gone(*_arguments):
        raise StoreUnavailable

    with monkeypatch.context() as patched:
        patched.setattr(site.keys, "keep_answer", gone)
        assert (await site.keyed())[0] == 204
        assert (await site.keyed())[1]["code"] == "request-in-progress"
    await site.services.idempotency._keep_late()
    status, _, headers = await site.keyed()
    assert (status, headers["Idempotency-Replayed"], len(site.writes)) == (204, "true", 1)


async def test_keyed_write_costs_two_commits(keyed) -> None:
    site, commits = await keyed(), []
    await site.store.open()
    from sqlalchemy import event  # noqa: PLC0415

    event.listen(site.store._engine, "commit", lambda _c: commits.append(1))
    once = site.store.once
    reads = []
    site.keys.find = lambda ident, find=site.keys.find: reads.append(1) or find(ident)
    assert once
    assert (await site.keyed())[0] == 204
    assert len(commits) - len(reads) == 2


async def test_batch_is_claimed_once_for_all_its_instances(keyed) -> None:
    site = await keyed()
    batch = {"items": [{"instance": each, **SET} for each in (site.hr, site.claims)]}
    path = ("variables", "batch")
    first = await site.keyed(KEY, batch, "POST", *path)
    assert first[0] == 207, first
    writes = len(site.writes)
    again = await site.keyed(KEY, batch, "POST", *path)
    assert (again[:2], again[2]["Idempotency-Replayed"], len(site.writes)) == (first[:2], "true", writes)


async def test_start_with_a_key_starts_once(keyed) -> None:
    site = await keyed()
    before = len(site.fakes["hr"].instances)
    body = {"definition": "invoice", "engine": "hr"}
    first = await site.keyed(KEY, body, "POST", "instances")
    again = await site.keyed(KEY, body, "POST", "instances")
    assert (first[0], again[0], first[1]) == (201, 201, again[1])
    assert again[2]["Location"] == first[2]["Location"]
    assert len(site.fakes["hr"].instances) == before + 1


async def test_refusal_of_a_misspelt_variable_names_the_one_that_is_meant(keyed: Any) -> None:
    site = await keyed()
    path = ("instances", site.claims, "variables", "amuont")
    status, problem, _ = await site.keyed("1", {"value": 1}, "PUT", *path)
    assert (status, problem["detail"]) == (404, "The instance has no such variable. Did you mean `amount`?")
