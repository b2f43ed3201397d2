"""A whole gateway in this process before the embedded engines, asked in each way that its metrics tell apart."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import aiohttp
import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from gateway import app, config
from gateway.cli.served import Served

SHEDS = ("in-flight", "connections", "connections-per-address", "idle", "slow-header", "slow-reader")
REFUSALS = ("breaker", "queue-full", "waited", "rate")
"""Why requests and connections of callers are turned away, and why requests are not sent to engines."""
NOBODY = "http://127.0.0.1:1/engine-rest"


def tree(hr: str, claims: str) -> dict[str, object]:
    """A configuration with an engine that is not there, whose breaker opens soon and whose repetitions do not wait."""
    return {
        "server": {"port": 0, "admin_port": 0, "grace_s": 1.0},
        "auth": {"open": True},
        "store": {"url": "sqlite:///:memory:"},
        "engines": {
            "hr": {"vendor": "camunda7", "url": hr},
            "claims": {"vendor": "ibm_bpm", "url": claims},
            "gone": {
                "vendor": "camunda7",
                "url": NOBODY,
                "breaker": {"least_calls": 3},
                "retry": {"backoff_s": 0.001},
            },
        },
        "dialects": {"hr": {"vendor": "camunda7", "prefix": "/engine-rest", "engine": "hr"}},
    }


@asynccontextmanager
async def gateway() -> AsyncIterator[tuple[str, str, dict[str, str]]]:
    """Yield the URLs of callers and of operators, and an instance of each engine."""
    vendors = {"hr": app.VENDORS["camunda7"], "claims": app.VENDORS["ibm_bpm"]}
    fakes = {name: vendor.fake() for name, vendor in vendors.items()}
    instances = {name: f"{name}:{fake.showcase()}" for name, fake in fakes.items()}
    async with AsyncExitStack() as stack:
        served = {name: Served(fake) for name, fake in fakes.items()}
        for each in served.values():
            await each.start()
            stack.push_async_callback(each.stop)
        application = app.Application(config.parse(tree(served["hr"].url, served["claims"].url), app.VENDORS, "test"))
        await application.start()
        metrics = application.metrics  # what is refused only by a gateway that is attacked, or full
        metrics.reloaded(applied=False)
        metrics.throttled("portal")
        for reason in SHEDS:
            metrics.shed(reason)
        for reason in REFUSALS:
            metrics.refused("gone", reason)
        metrics.failed_credentials("key", slowed=False)
        metrics.spans("exported", 1)
        metrics.job_run("bulk", "done")
        metrics.note_jobs({"bulk": 1}, {}, 0.0)
        metrics.linked("e", 1)
        metrics.bridge_item("copy", "copied", {"lossless": 1})
        stack.push_async_callback(application.stop)
        port, admin_port = application.ports
        yield f"http://127.0.0.1:{port}", f"http://127.0.0.1:{admin_port}", instances


async def exposed() -> dict[str, Metric]:
    """The families of `/metrics` after requests of each kind: fine, unknown, native, failing, repeated, left alone."""
    async with gateway() as (callers, operators, instances), aiohttp.ClientSession() as session:
        for path in (f"/v1/instances/{each}/variables" for each in instances.values()):
            await _ask(session, "GET", callers + path, 200)
            body = '{"modifications": {"amount": {"value": 1}}}'
            await _ask(session, "PATCH", callers + path, 204, body)
        await _ask(session, "GET", f"{callers}/engine-rest/version", 200)
        await _ask(session, "GET", f"{callers}/nowhere", 404)
        for _ in range(3):
            await _ask(session, "GET", f"{callers}/v1/instances/gone:1/variables", 503)
        async with session.get(f"{operators}/metrics") as answer:
            return {family.name: family for family in text_string_to_metric_families(await answer.text())}


async def _ask(session: aiohttp.ClientSession, method: str, url: str, status: int, body: str | None = None) -> None:
    headers = {"Content-Type": "application/json"} if body else {}
    async with session.request(method, url, data=body, headers=headers) as answer:
        if answer.status != status:
            pytest.fail(f"{method} {url}: {answer.status} {await answer.text()}")
