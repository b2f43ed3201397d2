"""What a caller of `/v1` is told when an engine breaks, on each vendor: the right problem, a true outcome, and nobody
else notices. What the engine did is asked of the engine, never of the gateway."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from adapters import camunda7, ibm_bpm
from gateway import app, config
from gateway.plan import VendorRequest
from tests.cli.programs import free_port
from tests.web.faulty import Faulty, raw
from tests.wire.scripted import hangs_up, never_answers, running, says

VENDORS = {"camunda7": camunda7.VENDOR, "ibm_bpm": ibm_bpm.VENDOR}
PAGE = b"<html><body>Please log in</body></html>"
HTML = ("Content-Type", "text/html")
JSON = ("Content-Type", "application/json")
UNKNOWN = (504, "outcome-unknown", "unknown")
NOT_READ = (502, "engine-misbehaved", "not_applied")
NOT_UNDERSTOOD = (502, "engine-misbehaved", "unknown")
DOWN = (503, "engine-unavailable", "not_applied")
LATE = (504, "engine-timeout", "not_applied")

# fault: what breaks, what a reader is told, what a writer is told
FAULTS: dict[str, tuple[Any, tuple[int, str, str], tuple[int, str, str]]] = {
    "hangs up": (hangs_up, DOWN, UNKNOWN),
    "breaks off in the head": (says(b"HTTP/1.1 200 OK\r\nContent-", close=True), DOWN, UNKNOWN),
    "breaks off in the body": (says(raw(200, b'{"a": 1}', JSON)[:-3], close=True), DOWN, UNKNOWN),
    "says nothing": (never_answers, LATE, UNKNOWN),
    "is no HTTP": (says(b"\x00\x01\x02\r\n\r\n", close=True), NOT_READ, UNKNOWN),
    "html with 200": (says(raw(200, PAGE, HTML)), NOT_READ, NOT_UNDERSTOOD),
    "truncated json": (says(raw(200, b'{"status": "200", "data": {"a', JSON)), NOT_READ, NOT_UNDERSTOOD),
    "other json": (says(raw(200, b'"what?"', JSON)), NOT_READ, NOT_UNDERSTOOD),
    "redirection": (says(raw(302, b"", ("Location", "LOGIN"))), NOT_READ, NOT_UNDERSTOOD),
    "proxy without an engine": (says(raw(503, PAGE, HTML)), DOWN, DOWN),
    "proxy that lost it": (says(raw(502, PAGE, HTML)), DOWN, UNKNOWN),
    "too large": (says(raw(200, b"x" * 5000, JSON)), NOT_READ, NOT_UNDERSTOOD),
}


class Broken:
    """The gateway before one engine that breaks, and what that engine really holds."""

    def __init__(self, vendor: str, engine: Faulty, port: int, session: aiohttp.ClientSession) -> None:
        self.vendor, self.engine, self.session = vendor, engine, session
        self.base = f"http://127.0.0.1:{port}/v1/instances/e:{engine.native}/variables"

    async def ask(self, method: str, name: str, body: object = None) -> tuple[int, Any]:
        async with self.session.request(method, f"{self.base}/{name}", json=body) as answer:
            text = await answer.read()
            return answer.status, json.loads(text) if text else None

    def held(self) -> object:
        native = self.engine.native
        if self.vendor == "camunda7":
            path, query = ("process-instance", native, "variables", "note"), (("deserializeValue", "false"),)
        else:
            path, query = ("process", native), (("parts", "data"),)
        request = VendorRequest(method="GET", path=path, query=query, writes=False, idempotent=True)
        found = json.loads(self.engine.fake.answer(request).content())
        return found["value"] if self.vendor == "camunda7" else found["data"]["variables"]["note"]


@contextlib.asynccontextmanager
async def broken(vendor: str, tmp_path: Any) -> AsyncIterator[Broken]:
    fake = VENDORS[vendor].fake()
    engine = Faulty(fake)
    engine.native = fake.showcase()
    async with running(engine):
        limits = {
            "timeout_s": 0.4, "max_answer_bytes": 4000, "retry": {"attempts": 1}, "breaker": {"failures": 0},
        }  # fmt: skip
        tree = {
            "server": {"port": 0, "admin_port": 0},
            "auth": {"open": True},
            "store": {"url": f"sqlite:///{tmp_path}/store.db"},
            "engines": {"e": {"vendor": vendor, "url": engine.url, **limits}},
        }
        gateway = app.Application(config.parse(tree, app.VENDORS))
        await gateway.start()
        try:
            async with aiohttp.ClientSession() as session:
                yield Broken(vendor, engine, gateway.ports[0], session)
        finally:
            await gateway.stop()


@pytest.mark.parametrize("vendor", VENDORS)
async def test_reader_is_told_and_the_next_request_works(vendor: str, tmp_path: Any) -> None:
    async with broken(vendor, tmp_path) as site:
        before = site.held()
        for name, (fault, told, _) in FAULTS.items():
            # a read is asked once more after a connection that the engine had closed
            site.engine.breaks(
                fault, at_writes=False, applied=False, times=2 if "hangs" in name or "head" in name else 1
            )
            status, problem = await site.ask("GET", "note")
            assert (name, status, problem["code"], problem["outcome"]) == (name, *told)
            assert (problem["engine"], site.engine.fault) == ("e", None)
            assert await site.ask("GET", "note") == (200, {"name": "note", "type": "string", "value": before})


@pytest.mark.parametrize("applied", [False, True])
@pytest.mark.parametrize("vendor", VENDORS)
async def test_writer_is_told_what_became_of_it_and_the_next_write_works(
    vendor: str, applied: bool, tmp_path: Any
) -> None:
    async with broken(vendor, tmp_path) as site:
        for number, (name, (fault, _, told)) in enumerate(FAULTS.items()):
            assert (await site.ask("PUT", "note", {"value": f"before {number}"}))[0] == 204
            if applied and told[2] == "not_applied":
                continue  # an engine that answers so has not done it
            site.engine.breaks(fault, at_writes=True, applied=applied)
            status, problem = await site.ask("PUT", "note", {"value": f"after {number}"})
            assert (name, status, problem["code"], problem["outcome"]) == (name, *told)
            assert site.held() == f"{'after' if applied else 'before'} {number}"
            assert (await site.ask("PUT", "note", {"value": "next"}))[0] == 204
            assert site.held() == "next"


@pytest.mark.parametrize("vendor", VENDORS)
async def test_redirection_is_never_followed(vendor: str, tmp_path: Any) -> None:
    async with broken(vendor, tmp_path) as site, running(Faulty(VENDORS[vendor].fake())) as elsewhere:
        for status in (301, 302, 303, 307, 308):
            for method, at_writes in (("GET", False), ("PUT", True)):
                away = ("Location", elsewhere.url + "/x")
                site.engine.breaks(says(raw(status, b"", away)), at_writes=at_writes, applied=False)
                answer, problem = await site.ask(method, "note", {"value": "x"} if at_writes else None)
                assert (answer, problem["code"], problem["engineStatus"]) == (502, "engine-misbehaved", status)
        assert elsewhere.heard == []


@pytest.mark.parametrize("vendor", VENDORS)
async def test_engine_that_nobody_serves_is_unavailable_and_nothing_was_done(vendor: str, tmp_path: Any) -> None:
    async with broken(vendor, tmp_path) as site:
        tree = {
            "server": {"port": 0, "admin_port": 0},
            "auth": {"open": True},
            "store": {"url": f"sqlite:///{tmp_path}/other.db"},
            "engines": {"e": {"vendor": vendor, "url": f"http://127.0.0.1:{free_port()}"}},
        }
        gateway = app.Application(config.parse(tree, app.VENDORS))
        await gateway.start()
        try:
            other = Broken(vendor, site.engine, gateway.ports[0], site.session)
            for method, body in (("GET", None), ("PUT", {"value": "x"}), ("DELETE", None)):
                status, problem = await other.ask(method, "note", body)
                assert (status, problem["code"], problem["outcome"], problem["retryable"]) == (*DOWN, True)
        finally:
            await gateway.stop()
