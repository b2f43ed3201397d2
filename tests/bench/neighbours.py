"""How callers of one engine fare while another one is sick, beside how they fare while both are well, in turns.

Callers of both send at fixed rates, so that those who are refused at once do not send more because of it.
"""

from __future__ import annotations

import math
import time
from statistics import median, stdev

import msgspec

from tests.bench.paced import Crowd, Fared, Order
from tests.bench.stage import Stage
from tests.bench.work import SICK, instances, patch

_GATEWAY = "varbridge"
MOODS = ("hung", "slow", "flapping", "killed")
"""In which ways the other engine is sick (``tests.chaos.troubled``)."""
MOST = 1.1
"""p99 of those who are measured, relative to that while both engines are well."""
RATE, SICK_RATE = 1500.0, 300.0
"""Requests a second: together well below what one core does, since callers do not wait for one another."""
CONNECTIONS = 32
_LEAD_S = 0.3
"""Between the first failure and the measured stretch."""
_LONGEST_S = 30.0


class Neighbour(msgspec.Struct, kw_only=True):
    """What callers of an engine saw while another one was sick.

    Args:
        ratio: of p99 to that while both are well; median over the rounds. error: its standard error.
        errors: requests that ended with anything but success, in all rounds. requests: all of them.
        sick: how often callers of the sick engine got which status.
    """

    mood: str
    p99_ms: float
    ratio: float
    error: float
    requests: int
    errors: int
    sick: dict[str, int]

    @property
    def missed(self) -> bool:
        """Return whether they noticed more than they may, by more than the error of measuring."""
        return self.errors > 0 or self.ratio - self.error > MOST


def neighbours(rounds: int, *, pin: bool, seconds: float = 2.0) -> list[Neighbour]:
    """Measure every way of being sick; each time both engines are well directly before."""
    with Stage((_GATEWAY,), pin=pin, sick=True) as stage:
        _ = _turn(stage, "", seconds)  # the first turn warms up
        found: dict[str, list[tuple[Fared, Fared]]] = {mood: [] for mood in MOODS}
        for _ in range(rounds):
            for mood in MOODS:
                found[mood].append((_turn(stage, "", seconds), _turn(stage, mood, seconds)))
    return [_neighbour(mood, pairs) for mood, pairs in found.items()]


def _turn(stage: Stage, mood: str, seconds: float) -> Fared:
    """Return what callers saw while the other engine was in a mood; it is well again then."""
    sick = [f"{SICK}:{each}" for each in stage.let_sick_engine_become(mood)]
    order = Order(
        port=stage.ports[_GATEWAY],
        seconds=seconds,
        others=Crowd(instances=instances(), rate=RATE, connections=CONNECTIONS),
        ill=Crowd(instances=sick, rate=SICK_RATE, connections=CONNECTIONS, patient=False),
    )
    _ = stage.fared(msgspec.structs.replace(order, seconds=_LEAD_S))
    saw = stage.fared(order)
    _ = stage.let_sick_engine_become("")
    until = time.monotonic() + _LONGEST_S
    while stage.once(_GATEWAY, patch(sick[0])) >= 300:
        if time.monotonic() > until:
            raise RuntimeError(f"an engine that was {mood or 'well'} is not served again")
        time.sleep(0.05)
    return saw


def _neighbour(mood: str, pairs: list[tuple[Fared, Fared]]) -> Neighbour:
    ratios = [sick.p99_ms / well.p99_ms for well, sick in pairs]
    sick: dict[str, int] = {}
    for _, each in pairs:
        for status, count in each.ill.items():
            sick[status] = sick.get(status, 0) + count
    return Neighbour(
        mood=mood,
        p99_ms=median(each.p99_ms for _, each in pairs),
        ratio=median(ratios),
        error=stdev(ratios) / math.sqrt(len(ratios)) if len(ratios) > 1 else 0.0,
        requests=sum(each.requests for _, each in pairs),
        errors=sum(sum(each.errors.values()) for _, each in pairs),
        sick=dict(sorted(sick.items())),
    )
