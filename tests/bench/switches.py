"""What protection costs where it never acts: a patch with everything on beside one with everything off.

On are the check of a caller's key, its rate, the bound on requests in flight, retries, the breaker, places and the rate of
the engine. The layout of a process in memory alone makes a difference of some per cent, so there are several of each.
"""

from __future__ import annotations

import math
from statistics import mean, median, stdev

import msgspec

from tests.bench.stage import Stage
from tests.bench.work import KEYLESS

MOST = 0.05
"""Share of a patch's CPU that all of it may cost."""
PROCESSES = 3
_WORKS = {"on": "patch", "off": KEYLESS}


class Protection(msgspec.Struct, kw_only=True):
    """Everything on beside everything off.

    Args:
        on_us, off_us: CPU of a patch; medians of the rounds.
        extra: the share that everything costs; median of the rounds. error: its standard error.
    """

    on_us: float
    off_us: float
    extra: float
    error: float

    @property
    def missed(self) -> bool:
        """Return whether it costs more than it may."""
        return self.extra > MOST


def protection(rounds: int, *, pin: bool, seconds: float = 0.3, processes: int = PROCESSES) -> Protection:
    """Measure both in turns."""
    with Stage((), pin=pin) as stage:
        for number in range(processes):
            for kind in _WORKS:
                stage.start_switched(f"{kind} {number}", on=kind == "on")
        pairs = [_pair(stage, seconds, processes, turn) for turn in range(rounds + 1)][1:]  # the first is not counted
    shares = [on / off - 1 for on, off in pairs]
    return Protection(
        on_us=median(on for on, _ in pairs),
        off_us=median(off for _, off in pairs),
        extra=median(shares),
        error=stdev(shares) / math.sqrt(len(shares)) if len(shares) > 1 else 0.0,
    )


def _pair(stage: Stage, seconds: float, processes: int, turn: int) -> tuple[float, float]:
    """Return the CPU of a patch with everything on and off; who begins changes from turn to turn."""
    kinds = list(_WORKS) if turn % 2 else list(reversed(_WORKS))
    found: dict[str, list[float]] = {kind: [] for kind in kinds}
    for number in range(processes):
        for kind in kinds:
            block = stage.block(f"{kind} {number}", _WORKS[kind], seconds)
            if block.statuses:
                raise RuntimeError(f"everything {kind}: {block.statuses}")
            found[kind].append(block.cpu_us)
    return mean(found["on"]), mean(found["off"])
