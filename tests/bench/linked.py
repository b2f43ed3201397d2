"""What routing by link costs: a patch of an instance that is in no link, beside links of others, and of one in a link."""

from __future__ import annotations

import asyncio
import contextlib
import math
import tempfile
from collections.abc import Iterator
from statistics import median, stdev

import msgspec

from gateway.model.bridge import Link, Side
from gateway.store import LinkRecords, Settings, Store
from tests.bench.stage import Stage
from tests.bench.work import CAMUNDA, IBM, instances

NONE, OTHERS, LINKED = "no links", "100,000 links of other instances", "100,000 links, the instance in one of them"
LINKS = 100_000
WORKS = ("patch", "native patch")
BESIDE = {OTHERS: NONE, LINKED: OTHERS}
"""What each way is compared to. That 100,000 links are in memory costs a request some 5 %, whatever it names: caches and
the heap are larger. That its own instance is in one of them is what routing by link costs."""
MOST = {LINKED: 1.03}
"""Most CPU of a request relative to that."""
_AT_ONCE = 1000


class Routed(msgspec.Struct, kw_only=True):
    """One work with links, beside the same one otherwise (``BESIDE``).

    Args:
        ratio: of CPU a request; median of the rounds. error: its standard error.
    """

    what: str
    work: str
    cpu_us: float
    ratio: float
    error: float

    @property
    def missed(self) -> bool:
        """Return whether it certainly costs more than the goal."""
        return self.ratio - 2 * self.error > MOST.get(self.what, math.inf)


def linked(rounds: int, *, pin: bool, seconds: float = 1.0, links: int = LINKS) -> list[Routed]:
    """Measure every way in turns."""
    with _stage(links, pin=pin) as stage:
        turns = [_turn(stage, turn, seconds) for turn in range(rounds + 1)][1:]  # the first warms up
    return [_routed(what, work, turns) for work in WORKS for what in (OTHERS, LINKED)]


def _turn(stage: Stage, turn: int, seconds: float) -> dict[tuple[str, str], float]:
    ways = (NONE, OTHERS, LINKED)
    ordered = [ways[(turn + index) % len(ways)] for index in range(len(ways))]
    return {(what, work): _cpu_us(stage, what, work, seconds) for work in WORKS for what in ordered}


def _cpu_us(stage: Stage, what: str, work: str, seconds: float) -> float:
    block = stage.block(what, work, seconds)
    if block.statuses:
        raise RuntimeError(f"{what}: a {work} was answered with {block.statuses}")
    return block.cpu_us


def _routed(what: str, work: str, turns: list[dict[tuple[str, str], float]]) -> Routed:
    ratios = [turn[what, work] / turn[BESIDE[what], work] for turn in turns]
    error = stdev(ratios) / math.sqrt(len(ratios)) if len(ratios) > 1 else 0.0
    cpu_us = median(turn[what, work] for turn in turns)
    return Routed(what=what, work=work, cpu_us=cpu_us, ratio=median(ratios), error=error)


@contextlib.contextmanager
def _stage(links: int, *, pin: bool) -> Iterator[Stage]:
    with tempfile.TemporaryDirectory() as folder, Stage((), pin=pin) as stage:
        own = [each.partition(":")[2] for each in instances()]
        others = [f"other-{number}" for number in range(links)]
        for index, (what, ids) in enumerate(
            ((NONE, []), (OTHERS, others), (LINKED, [*own, *others[: max(0, links - len(own))]]))
        ):
            url = f"sqlite:///{folder}/{index}.db"
            asyncio.run(_link(url, ids))
            stage.start_gateways(what, url)
        yield stage


async def _link(url: str, ids: list[str]) -> None:
    """Store a link for each instance, of which it decides itself."""
    store = Store(Settings(url=url))
    records = LinkRecords(store)
    for start in range(0, len(ids), _AT_ONCE):
        _ = await records.create(
            [_one(start + index, each) for index, each in enumerate(ids[start : start + _AT_ONCE])]
        )
    await store.close()


def _one(number: int, native: str) -> Link:
    source = Side(CAMUNDA, native)
    return Link(id=f"{number:032x}", source=source, target=Side(IBM, f"{10**9 + number}"), public=source.public)


def printed(each: Routed) -> str:
    """Return the line of one."""
    goal = f" (goal {MOST[each.what]:g})" if each.what in MOST else ""
    beside = f"{each.ratio:.3f} ± {each.error:.3f} of {BESIDE[each.what]}"
    return f"{each.work}, {each.what}: {each.cpu_us:.0f} µs, {beside}{goal}"


if __name__ == "__main__":
    print("\n".join(map(printed, linked(9, pin=True))))
