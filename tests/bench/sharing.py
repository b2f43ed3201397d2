"""What it costs that processes share a store: workers of one machine, gateways on PostgreSQL, and keyed writes."""

from __future__ import annotations

import contextlib
import math
import tempfile
from collections.abc import Iterator
from statistics import median, stdev

import msgspec

from tests.bench.stage import Stage
from tests.store.postgres import CannotRun, Postgres

ONE, WORKERS, GATEWAYS = "1 worker", "2 workers", "2 gateways on PostgreSQL"
BUSY = "2 workers, each as busy as the one alone"
PATCH, KEYED = "patch", "patch, keyed"
CONNECTIONS = 32
WAYS = {ONE: 1, WORKERS: 1, BUSY: 2, GATEWAYS: 1}
"""How many times as many connections as the one worker alone. The fewer requests a process finds at each turn of its event
loop, the more each costs, whether anything is shared or not: one worker with 16 connections takes 1.1 times what it takes
with 32. So what sharing costs is seen where each worker has as many as the one alone."""
GOALS = {(BUSY, PATCH): 1.15, (GATEWAYS, PATCH): 1.6, (ONE, KEYED): 2.5}
"""Most CPU of a request, relative to an unkeyed patch by one worker on a SQLite file."""


class Shared(msgspec.Struct, kw_only=True):
    """One way to share a store, beside one worker alone.

    Args:
        cpu_us: of all its processes, a request; median of the rounds.
        ratio: to one worker's unkeyed patch; median of the rounds. error: its standard error.
    """

    who: str
    work: str
    cpu_us: float
    ratio: float
    error: float

    @property
    def goal(self) -> float | None:
        """Return the most that it may cost, if that is laid down."""
        return GOALS.get((self.who, self.work))

    @property
    def missed(self) -> bool:
        """Return whether it costs more than its goal."""
        return self.goal is not None and self.ratio > self.goal


def sharing(rounds: int, *, pin: bool, seconds: float = 1.0, connections: int = CONNECTIONS) -> list[Shared]:
    """Measure every way in turns; gateways on PostgreSQL only where a server can be run.

    What one process does is measured on one core, like all other programs of the bench. Several processes are there to
    use several cores, and are measured so, beside one process that may use them too.
    """
    alone = _ratios([ONE], rounds, pin=pin, seconds=seconds, connections=connections)
    together = _ratios(list(WAYS), rounds, pin=False, seconds=seconds, connections=connections)
    return alone + [each for each in together if each.who != ONE]


def _ratios(names: list[str], rounds: int, *, pin: bool, seconds: float, connections: int) -> list[Shared]:
    with _stage(names, pin=pin) as (stage, able):
        works = [(name, work) for name in able for work in (PATCH, KEYED)]
        turns = [[_cpu_us(stage, name, work, seconds, connections) for name, work in works] for _ in range(rounds + 1)]
    alone = works.index((ONE, PATCH))
    found = []
    for index, (name, work) in enumerate(works):
        ratios = [turn[index] / turn[alone] for turn in turns[1:]]  # the first turn warms up
        error = stdev(ratios) / math.sqrt(len(ratios)) if len(ratios) > 1 else 0.0
        cpu_us = median(turn[index] for turn in turns[1:])
        found.append(Shared(who=name, work=work, cpu_us=cpu_us, ratio=median(ratios), error=error))
    return found


def _cpu_us(stage: Stage, name: str, work: str, seconds: float, connections: int) -> float:
    block = stage.block(name, work, seconds, connections=connections * WAYS[name])
    if block.statuses:
        raise RuntimeError(f"{name} answered a {work} with {block.statuses}")
    return block.cpu_us


@contextlib.contextmanager
def _stage(names: list[str], *, pin: bool) -> Iterator[tuple[Stage, list[str]]]:
    with contextlib.ExitStack() as ends:
        folder = ends.enter_context(tempfile.TemporaryDirectory())
        postgres = _postgres(ends) if GATEWAYS in names else None
        stage = ends.enter_context(Stage((), pin=pin))
        stage.start_gateways(ONE, f"sqlite:///{folder}/one.db")
        if WORKERS in names:
            stage.start_gateways(WORKERS, f"sqlite:///{folder}/workers.db", workers=2)
            stage.name_again(WORKERS, BUSY)
        if postgres is not None:
            stage.start_gateways(GATEWAYS, postgres.database("bench"), gateways=2)
        yield stage, [name for name in names if name != GATEWAYS or postgres is not None]


def _postgres(ends: contextlib.ExitStack) -> Postgres | None:
    try:
        return ends.enter_context(Postgres())
    except CannotRun:
        return None
