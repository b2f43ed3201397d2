"""``python -m tests.bench.copies``: what the copy of an instance with 20 scalars costs, and what memory a job takes.

The stub engines are a process of their own; the gateway's parts, a store in a file, and the job run in this one. The
capacity of one core is what the CPU time of this process allows; the wall clock does not matter.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import msgspec

from gateway import app, config
from gateway.bridge.linking import new_link
from gateway.model.bridge import BridgePlan, Side
from gateway.model.bridge_jobs import BridgeJob, Throttle
from gateway.operations.bridge.bridge_jobs import BridgeJobs
from gateway.operations.bridge.links import Links
from gateway.operations.bridge.plans import Plans
from gateway.operations.jobs import JobRun
from gateway.store import BridgeJobRecords, LinkRecords, PlanRecords, Settings, Store

GOAL = 200
"""Instances a second and core, at least."""
MOST_GROWTH = 16 * 1024 * 1024
"""Bytes by which the process may grow from the first tenth of a job to its end: the garbage collector has its moods."""
_PAGE = 1000


class Alone:
    """The jobs of one process; nobody else is told."""

    spread = 1

    async def defer(self, _kind: str, *_subjects: str) -> None:
        """Do nothing."""


class Copies(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured."""

    links: int
    copied: int
    cpu_ms: float
    growth: int

    @property
    def capacity(self) -> float:
        """Return instances a second and core."""
        return 1000 / self.cpu_ms

    @property
    def missed(self) -> list[str]:
        """Return which goals were missed."""
        slow = [f"copies: {self.capacity:.0f} instances/s a core, goal {GOAL}"] if self.capacity < GOAL else []
        large = [f"copies: {self.growth / 2**20:.1f} MiB more at the end"] if self.growth > MOST_GROWTH else []
        return [*slow, *large, *(["copies: not all were copied"] if self.copied != self.links else [])]


async def measure(links: int, at_once: int, folder: Path, port: int) -> Copies:
    """Copy so many instances by one job."""
    url = f"http://127.0.0.1:{port}/engine-rest"
    tree: dict[str, Any] = {
        "server": {"port": 0, "admin_port": 0},
        "auth": {"open": True},
        "store": {"url": "sqlite:///:memory:"},
        "engines": {name: {"vendor": "camunda7", "url": url} for name in ("old", "new")},
    }
    application = app.Application(config.resolve(config.parse(tree, app.VENDORS), {}))
    await application.start()
    store = Store(Settings(url=f"sqlite:///{folder}/store.db"))
    plans = Plans(PlanRecords(store))
    found = Links(LinkRecords(store), plans.records)
    records = BridgeJobRecords(store)
    jobs = BridgeJobs(
        application.gateway, records, Alone(), links=found, plans=plans, spell_problem=lambda error: error.code.encode()
    )
    plan = BridgePlan(name="move", source="old", target="new")
    assert await plans.records.create(plan)
    for start in range(0, links, _PAGE):
        numbers = range(start, min(start + _PAGE, links))
        made = [new_link(Side("old", f"s{number:07}"), Side("new", f"t{number:07}"), "move") for number in numbers]
        await found.create_many(made, "bench")
    job = BridgeJob(id="1" * 32, plan="move", kind="copy", caller="bench", throttle=Throttle(at_once=at_once))
    await records.create(job)
    begun, early, more = time.process_time(), 0, True
    while more:
        more = await jobs.carry_out(job.id, JobRun(lambda: False))
        shown = await records.find(job.id)
        if not early and shown is not None and shown.finished >= links / 10:
            early = _resident()
    spent, late = time.process_time() - begun, _resident()
    shown = await records.find(job.id)
    await store.close()
    await application.stop()
    copied = 0 if shown is None else shown.outcomes.get("copied", 0)
    return Copies(links=links, copied=copied, cpu_ms=1000 * spent / links, growth=late - early if early else 0)


def _resident() -> int:
    """Return the bytes that this process has in memory."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize()


def copies(links: int, at_once: int = 8) -> Copies:
    """Measure against stub engines in a process of their own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = msgspec.json.encode({"port": port}).decode()
    command = [sys.executable, "-m", "tests.bench.twin_stub", settings]
    with tempfile.TemporaryDirectory() as folder, subprocess.Popen(command, stdout=subprocess.PIPE) as stub:
        try:
            assert stub.stdout is not None
            _ = stub.stdout.readline()
            return asyncio.run(measure(links, at_once, Path(folder), port))
        finally:
            stub.terminate()


def main() -> int:
    """Run; give the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.copies", description=__doc__)
    parser.add_argument("--links", type=int, default=5000, help="links of the job (5000)")
    parser.add_argument("--check", action="store_true", help="exit code 1 when a goal is missed")
    asked = parser.parse_args()
    done = copies(asked.links)
    print(
        f"copies: {done.copied} of {done.links}, {done.cpu_ms:.2f} ms CPU each, {done.capacity:.0f} instances/s a core, "
        f"{done.growth / 2**20:+.1f} MiB from the first tenth to the end"
    )
    for line in done.missed:
        print(f"missed: {line}", file=sys.stderr)
    return 1 if done.missed and asked.check else 0


if __name__ == "__main__":
    sys.exit(main())
