"""`kill -9` at random points of a copy: it ends by itself, each instance has one twin, and all twins are equal.

The instances are in a link, or have a twin that a marker tells, or one is started for them; a third of each. With two
gateways on one PostgreSQL one of them is killed at a time, and the jobs wait in procrastinate's tables.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
from collections import Counter
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from sqlalchemy import text

from adapters import camunda7, ibm_bpm
from gateway.plan import VendorRequest
from gateway.store import Settings, Store
from tests.chaos.engine import Gateways, Slow
from tests.cli.programs import LONGEST_S

CASES = {"1 gateway, SQLite": ("sqlite", 1, 6), "2 gateways, PostgreSQL": ("postgresql", 2, 5)}
"""Database, processes, kills."""
KILLS = int(os.environ.get("VARBRIDGE_REHEARSAL_KILLS", "0"))
"""So many in every case instead (``make rehearsal``)."""
LEASE_S = 1.0
SETTLE_S = 1.0
"""How long a start that was broken off has: the fake carries it out within milliseconds."""
STEPS, PAUSE_S = 40, 0.01
AT_ONCE = 8
PLAN = {
    "name": "move", "source": "old", "target": "new", "selector": {"definition": "claim"},
    "twins": {"by": "marker", "variable": "twinOf"}, "starts": {"definition": "moved"},
}  # fmt: skip


class Move:
    """Two engines with instances, gateways before them, and whoever asks these."""

    def __init__(self, session: aiohttp.ClientSession, count: int) -> None:
        self.session = session
        self.old, self.new = ibm_bpm.VENDOR.fake(), camunda7.VENDOR.fake()
        self.old.instances.clear()
        self.new.instances.clear()
        self.ports: list[int] = []
        self.held = {
            self.old.start("claim", held): held for held in ({"n": each, "s": f"text {each}"} for each in range(count))
        }
        self.sources = list(self.held)
        self.linked = {each: self.new.start("moved", {"n": integer(-1)}) for each in self.sources[::3]}
        self.marked = {each: self.new.start("moved", {"twinOf": string(each)}) for each in self.sources[1::3]}

    async def ask(self, method: str, *path: str, body: Any = None, kind: str = "application/json") -> Any:
        """Ask one gateway after the other until one answers: they come and go."""
        content = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        async with asyncio.timeout(LONGEST_S):
            while True:
                for port in self.ports:
                    url = f"http://127.0.0.1:{port}/v1/bridge/{'/'.join(path)}"
                    try:
                        async with self.session.request(
                            method, url, data=content, headers={"Content-Type": kind}
                        ) as answer:
                            told = await answer.json(content_type=None)
                            assert answer.status < 300, told
                            return told
                    except (aiohttp.ClientError, OSError):
                        await asyncio.sleep(0.01)

    async def prepare(self) -> None:
        await self.ask("POST", "plans", body=PLAN)
        rows = [{"source": f"old:{each}", "target": f"new:{twin}"} for each, twin in self.linked.items()]
        content = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
        report = await self.ask("POST", "links", "import?plan=move", body=content, kind="application/x-ndjson")
        assert report["linked"] == len(self.linked)

    async def begin(self, kind: str) -> str:
        return str((await self.ask("POST", "jobs", body={"plan": "move", "kind": kind, "atOnce": AT_ONCE}))["id"])

    async def ended(self, job_id: str) -> Any:
        """Wait until a job has ended, as long as it gets on."""
        finished = -1
        while True:
            async with asyncio.timeout(LONGEST_S):
                while (job := await self.ask("GET", "jobs", job_id))["finished"] == finished:
                    if job["state"] not in {"selecting", "running"}:
                        return job
                    await asyncio.sleep(0.05)
            finished = job["finished"]

    async def links(self) -> list[Any]:
        found: list[Any] = []
        query = "links?limit=1000"
        while True:
            page = await self.ask("GET", query)
            found += page["items"]
            if page["next"] is None:
                return found
            query = f"links?limit=1000&cursor={page['next']}"

    def values(self, twin: str) -> dict[str, Any]:
        """The variables of a twin, as its engine tells them."""
        query = (("deserializeValues", "false"),)
        path = ("process-instance", twin, "variables")
        asked = VendorRequest(method="GET", path=path, query=query, writes=False, idempotent=True)
        return {name: each["value"] for name, each in json.loads(self.new.answer(asked).content()).items()}


def integer(value: int) -> dict[str, Any]:
    return {"type": "Integer", "value": value}


def string(value: str) -> dict[str, Any]:
    return {"type": "String", "value": value}


async def lanes(store: Store) -> set[str]:
    """The lanes of bridge jobs that processes have from procrastinate at the moment, dead ones too."""
    query = text("SELECT args->>'subject' FROM procrastinate_jobs WHERE queue_name = 'bridge' AND status = 'doing'")
    return set(await store.once(lambda connection: connection.execute(query).scalars().all()))


@pytest.mark.parametrize(("database", "processes", "kills"), CASES.values(), ids=CASES)
async def test_copy_whose_gateways_are_killed_ends_with_one_equal_twin_of_each_instance(
    request: pytest.FixtureRequest, tmp_path: Path, database: str, processes: int, kills: int
) -> None:
    kills = KILLS or kills
    url = f"sqlite:///{tmp_path}/store.db"
    if database == "postgresql":
        url = request.getfixturevalue("postgres").database("copy_kills")
    chance = random.Random(20_26)
    environ = {"VARBRIDGE_TEST_SETTLE_S": str(SETTLE_S)}
    async with (
        aiohttp.ClientSession() as session,
        Gateways(tmp_path, "", {"url": url, "lease_s": LEASE_S}, **environ) as started,
    ):
        move = Move(session, 40 + 8 * kills)
        served = [Slow(fake, 0.002) for fake in (move.old, move.new)]
        for each in served:
            await each.start()
        engines = {
            "old": {"vendor": "ibm_bpm", "url": served[0].url, "int64": "string"},
            "new": {"vendor": "camunda7", "url": served[1].url},
        }
        configs = [started.config(processes) | {"engines": engines} for _ in range(processes)]
        pids = [await started.start(config) for config in configs]
        move.ports = [config["server"]["port"] for config in configs]
        await move.prepare()
        job_id = await move.begin("copy")
        carried: set[str] = set()
        for _ in range(kills):
            victim = chance.randrange(processes)
            await chance.choice(served).after(chance.randint(1, STEPS))
            await asyncio.sleep(chance.uniform(0, PAUSE_S))
            started.kill(pids[victim])
            if database == "postgresql":
                store = Store(Settings(url=url))
                carried |= await lanes(store)
                await store.close()
            pids[victim] = await started.start(configs[victim])
        assert (await move.ask("GET", "jobs", job_id))["state"] in {"selecting", "running"}  # the kills hit it
        job = await move.ended(job_id)
        compared = await move.ended(await move.begin("verify"))
        links = await move.links()
    for each in served:
        await each.stop()
    assert (job["state"], job["outcomes"]) == ("completed", {"copied": len(move.sources)})
    assert (compared["state"], compared["outcomes"]) == ("completed", {"equal": len(move.sources)})
    assert Counter(each["state"] for each in links) == {"copied": len(move.sources)}
    assert not any("stale" in each for each in links)
    twins = {each["source"].removeprefix("old:"): each["target"].removeprefix("new:") for each in links}
    assert sorted(twins) == sorted(move.sources)
    assert len(move.new.instances) == len(move.sources) == len(set(twins.values()))  # none was started twice
    assert twins.items() >= (move.linked | move.marked).items()
    for source, twin in twins.items():
        marked = {} if source in move.linked else {"twinOf": source}
        assert move.values(twin) == move.held[source] | marked
        assert move.new.instances[twin].suspended is (source not in move.linked | move.marked)
    assert (database == "postgresql") == (len(carried) > 1)
