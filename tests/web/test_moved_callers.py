"""Callers who write while an instance is moved there and back: they wait, and nothing that was answered is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.web.conftest import SECRET
from tests.web.site import Site, site_of_fakes

KEY = {
    "name": "ops",
    "key_sha256": SECRET,
    "scopes": [
        "bridge:admin",
        "variables:read",
        "variables:write",
        "instances:read",
        "modification",
        "passthrough:read",
        "passthrough:write",
    ],
}
MOVES = 4


class Moving(Site):
    """A gateway with a front door before two Camunda fakes, and one link."""

    fakes: dict[str, Any]
    link = ""
    source = ""
    target = ""

    async def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        return await self.ask(method, path, body, **{"X-Api-Key": "secret"})


@pytest.fixture
async def site() -> AsyncIterator[Moving]:
    door = {"vendor": "camunda7", "prefix": "/engine-rest", "engine": "old"}
    tables = {"auth": {"callers": [KEY]}, "dialects": {"camunda7": door}}
    async with site_of_fakes("old", "new", **tables) as (served, fakes):
        made = Moving(served.application, served.tree, served.session)
        made.fakes = fakes
        made.source, made.target = (fakes[name].start("claim", {}) for name in ("old", "new"))
        fakes["new"].instances[made.target].suspended = True
        body = {"source": f"old:{made.source}", "target": f"new:{made.target}"}
        status, shown = await made.call("POST", "/v1/bridge/links", body)
        assert status == 201, shown
        made.link = shown["id"]
        yield made


async def write_on(site: Moving, stopped: asyncio.Event, name: str, *, native: bool) -> tuple[int, set[int]]:
    """Write one number after the other; return the last one that was answered, and the statuses."""
    answered, statuses, number = 0, set(), 0
    while not stopped.is_set():
        number += 1
        typed = {"type": "Integer" if native else "integer", "value": number}
        if native:
            path = f"/engine-rest/process-instance/{site.source}/variables/{name}"
        else:
            path = f"/v1/instances/old:{site.source}/variables/{name}"
        status, _ = await site.call("PUT", path, typed)
        statuses.add(status)
        if status == 204:
            answered = number
        await asyncio.sleep(0)
    return answered, statuses


async def test_writes_during_moves_are_answered_or_refused_and_none_is_lost(site: Moving) -> None:
    copied = site.application.current().services.links
    assert copied is not None
    _ = await copied.apply(await copied.find(site.link), "copy", "ops")
    stopped = asyncio.Event()
    writers = {f"v{number}": number % 2 == 1 for number in range(4)}
    tasks = [asyncio.ensure_future(write_on(site, stopped, name, native=native)) for name, native in writers.items()]
    for _ in range(MOVES):
        for kind in ("cut-over", "roll-back"):
            body = {"activeTarget": True}
            status, shown = await site.call("POST", f"/v1/bridge/links/{site.link}/{kind}", body)
            assert status == 200, shown
        _ = await copied.apply(await copied.find(site.link), "copy", "ops")
    status, shown = await site.call("POST", f"/v1/bridge/links/{site.link}/cut-over", {})
    assert status == 200, shown
    stopped.set()
    ended = dict(zip(writers, await asyncio.gather(*tasks), strict=True))
    held = site.fakes["new"].instances[site.target].variables
    status, listed = await site.call("GET", f"/v1/instances/old:{site.source}/variables")
    assert status == 200
    shown = {each["name"]: each["value"] for each in listed["variables"]}
    assert shown == {name: answered for name, (answered, _) in ended.items()}
    assert len(held) == len(writers)
    for name, (answered, statuses) in ended.items():
        assert answered > 1, name
        assert statuses <= {204, 409, 500 if writers[name] else 409}, statuses
