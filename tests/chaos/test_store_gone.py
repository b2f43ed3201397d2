"""A store that is not there at the start, or goes in the middle: writes that need it are refused, the rest is served."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from gateway import app, config
from tests.chaos.engine import Counting, Slow
from tests.cli.programs import free_port
from tests.store.postgres import CannotRun, Postgres

BODY = {"modifications": {"amount": {"value": 1}}}


class Caller:
    """A gateway on PostgreSQL, asked for the state of things."""

    def __init__(
        self, session: aiohttp.ClientSession, running: app.Application, counting: Counting, instance: str
    ) -> None:
        self.session, self.running, self.counting = session, running, counting
        port, admin_port = running.ports
        self.variables = f"http://127.0.0.1:{port}/v1/instances/hr:{instance}/variables"
        self.readiness = f"http://127.0.0.1:{admin_port}/readyz"

    async def ask(self, method: str, url: str, **more: Any) -> tuple[int, Any]:
        async with self.session.request(method, url, **more) as answer:
            return answer.status, await answer.json() if answer.content_type.endswith("json") else None

    async def state(self, key: str) -> dict[str, Any]:
        plain, refused = await self.ask("PATCH", self.variables, json=BODY)
        keyed, _ = await self.ask("PATCH", self.variables, json=BODY, headers={"Idempotency-Key": key})
        ready, _ = await self.ask("GET", self.readiness)
        read, _ = await self.ask("GET", self.variables)
        code = refused and (refused["code"], refused["outcome"], refused["retryable"])
        return {"plain": plain, "keyed": keyed, "ready": ready, "read": read, "code": code}


GONE = {"plain": 503, "keyed": 503, "ready": 503, "read": 200, "code": ("store-unavailable", "not_applied", True)}
THERE = {"plain": 204, "keyed": 204, "ready": 200, "read": 200, "code": None}


@pytest.fixture
async def caller(postgres: Postgres) -> AsyncIterator[Any]:
    """Makes a caller of a gateway on a new database, which may be stopped before the gateway starts."""
    counting = Counting()
    instance = counting.fake.showcase()
    served = Slow(counting, 0.0)
    await served.start()
    started: list[app.Application] = []
    url = postgres.database("gone" + str(free_port()))
    async with aiohttp.ClientSession() as session:

        async def make() -> Caller:
            tree = {
                "server": {"port": 0, "admin_port": 0},
                "auth": {"open": True},
                "store": {"url": url, "timeout_s": 3.0},
                "engines": {"hr": {"vendor": "camunda7", "url": served.url}},
            }
            started.append(app.Application(config.parse(tree, app.VENDORS)))
            await started[-1].start()
            return Caller(session, started[-1], counting, instance)

        yield make
        for running in started:
            await running.stop()
    await served.stop()
    if postgres.process is None:
        postgres.start()


async def eventually(caller: Caller, key: str) -> dict[str, Any]:
    """State once the gateway tries again: it leaves a store that was missing alone for a moment."""
    for number in range(100):
        state = await caller.state(f"{key}-{number}")
        if state == THERE:
            break
        await asyncio.sleep(0.05)
    return state


async def test_store_that_goes_in_the_middle_and_comes_back(caller, postgres: Postgres) -> None:
    asked = await caller()
    assert await asked.state("a") == THERE
    postgres.stop()
    before = asked.counting.applied.copy()
    assert await asked.state("b") == GONE
    assert asked.counting.applied == before
    postgres.start()
    assert await eventually(asked, "c") == THERE


async def test_store_that_is_missing_at_the_start_is_taken_when_it_comes(caller, postgres: Postgres) -> None:
    postgres.stop()
    asked = await caller()
    assert await asked.state("a") == GONE
    assert asked.counting.applied == {}
    postgres.start()
    assert await eventually(asked, "b") == THERE


def test_missing_programs_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _name: None)
    monkeypatch.setattr("pathlib.Path.glob", lambda _self, _pattern: iter(()))
    with pytest.raises(CannotRun, match="apt-get install postgresql"):
        Postgres()
