"""Rounds: programs take turns in short blocks, so that whatever else the machine does falls on all of them alike."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from statistics import median, stdev

import msgspec

from gateway import app
from tests.bench import before
from tests.bench.gains import Gain
from tests.bench.linked import Routed
from tests.bench.load import Block
from tests.bench.neighbours import Neighbour
from tests.bench.sharing import Shared
from tests.bench.stage import DONE_BY, Stage
from tests.bench.switches import Protection
from tests.bench.transfers import Transfer
from tests.bench.work import CAMUNDA, IBM, instances, keyed_patch, patch, put_if_match, wide_patch

GATEWAY = "varbridge"
WIDE = 100


class Row(msgspec.Struct, kw_only=True):
    """One program at one work: medians of its blocks.

    Args:
        capacity: the gateway's requests per CPU second relative to this program's; median over the rounds.
        error: standard error of that ratio.
        calls: requests to the engine for each request.
    """

    work: str
    program: str
    cpu_us: float
    rate: float
    p50_ms: float
    p99_ms: float
    calls: float
    capacity: float
    error: float


class Calls(msgspec.Struct, kw_only=True):
    """How many requests to an engine one request of a caller has caused."""

    what: str
    status: int | None
    found: dict[str, int]
    wanted: dict[str, int]

    @property
    def missed(self) -> bool:
        """Return whether it was tried and came out otherwise."""
        return self.status is not None and (self.found != self.wanted or self.status >= 300)


class Run(msgspec.Struct, kw_only=True):
    """All that a run has found."""

    seconds: float
    rounds: int
    rows: list[Row] = []
    calls: list[Calls] = []
    transfers: list[Transfer] = []
    gains: list[Gain] = []
    shared: list[Shared] = []
    neighbours: list[Neighbour] = []
    routed: list[Routed] = []
    protection: Protection | None = None
    blocks: dict[str, list[Block]] = {}


def measured(
    stage: Stage, works: Sequence[str], programs: Sequence[str], *, seconds: float, rounds: int,
    tell: Callable[[str], None] = lambda _: None, **more: int,
) -> Run:  # fmt: skip
    """Let the programs take turns; the order within a round turns too.

    Raises:
        RuntimeError: a program answered with anything but success.
    """
    able = {work: [name for name in programs if does(name, work)] for work in works}
    blocks: dict[str, list[Block]] = {f"{work} {name}": [] for work in works for name in able[work]}
    asked: Counter[str] = Counter()
    for turn in range(rounds):
        tell(f"round {turn + 1} of {rounds}")
        for work in works:
            for index in range(len(able[work])):
                name = able[work][(index + turn) % len(able[work])]
                before = stage.counts()
                block = stage.block(name, work, seconds, **more)
                if block.statuses:
                    raise RuntimeError(f"{name} answered a {work} with {block.statuses}")
                asked[f"{work} {name}"] += (stage.counts() - before).total()
                blocks[f"{work} {name}"].append(block)
    rows = [_row(work, name, blocks, asked) for work in works for name in able[work]]
    return Run(seconds=seconds, rounds=rounds, rows=rows, blocks=blocks)


def does(program: str, work: str) -> bool:
    """Return whether a program does a work."""
    return work in before.WORKS if program == before.NAME else program in DONE_BY[work]


def _row(work: str, name: str, blocks: dict[str, list[Block]], asked: Counter[str]) -> Row:
    own, gateway = blocks[f"{work} {name}"], blocks[f"{work} {GATEWAY}"]
    ratios = [theirs.cpu_us / ours.cpu_us for theirs, ours in zip(own, gateway, strict=True)]
    return Row(
        work=work,
        program=name,
        cpu_us=median(block.cpu_us for block in own),
        rate=median(block.requests / block.seconds for block in own),
        p50_ms=median(block.p50_ms for block in own),
        p99_ms=median(block.p99_ms for block in own),
        calls=asked[f"{work} {name}"] / sum(block.sent for block in own),
        capacity=median(ratios),
        error=stdev(ratios) / math.sqrt(len(ratios)) if len(ratios) > 1 else 0.0,
    )


def counted(stage: Stage) -> list[Calls]:
    """Return the requests to the engines that single patches cause; exact, whatever the machine does."""
    found = [
        _caused(stage, "Camunda: patch of 3 typed variables", patch(instances()[0]), {"camunda.patch": 1}),
        _caused(
            stage, f"Camunda: patch of {WIDE} typed variables", wide_patch(f"{CAMUNDA}:1", WIDE), {"camunda.patch": 1}
        ),
    ]
    where = instances()[0]
    found += [
        _caused(stage, "Camunda: keyed patch", keyed_patch(where), {"camunda.patch": 1}),
        _caused(
            stage,
            "Camunda: write with If-Match",
            put_if_match(where, "amount"),
            {"camunda.list": 1, "camunda.patch": 1},
        ),
    ]
    if "ibm_bpm" in app.VENDORS:
        one = put_if_match(f"{IBM}:11", "v0")
        found.append(_caused(stage, "IBM: write with If-Match", one, {"ibm.read": 1, "ibm.write": 1}))
    what, wanted = f"IBM: patch of {WIDE} variables", {"ibm.read": 1, "ibm.write": 1}
    if "ibm_bpm" in app.VENDORS:
        found.append(_caused(stage, what, wide_patch(f"{IBM}:11", WIDE), wanted))
    else:
        found.append(Calls(what=what, status=None, found={}, wanted=wanted))
    return found


def _caused(stage: Stage, what: str, text: bytes, wanted: dict[str, int]) -> Calls:
    before = stage.counts()
    status = stage.once(GATEWAY, text)
    return Calls(what=what, status=status, found=dict(stage.counts() - before), wanted=wanted)
