"""One call instead of many: what a batch costs beside single patches, and a query beside asking each engine in turn."""

from __future__ import annotations

import http.client
import math
from collections.abc import Callable
from statistics import median, stdev
from time import perf_counter

import msgspec

from tests.bench.load import cpu_ns
from tests.bench.rows import ROWS
from tests.bench.stage import Stage
from tests.bench.work import KEY, PATCH, instances

ITEMS = 1000
BATCH, QUERY = f"batch of {ITEMS} items", f"query of {2 * ROWS} rows, two engines of {{}} ms each"
THINK_MS = (20, 100)
"""Camunda 7.24 with H2 in memory took 19 ms for 500 rows, warm and alone, and 33 to 98 ms where others kept the cores busy.
The gateway adds some 13 ms of CPU for 1000 rows, so what is gained grows with what engines take."""
GOALS = {BATCH: 3.0, QUERY.format(THINK_MS[1]): 1.5}
"""Times that one call must be cheaper (CPU of the gateway an item) or faster (time to the last byte)."""
_GATEWAY = "varbridge"
_ASKED = {"variableName": "amount"}


class Gain(msgspec.Struct, kw_only=True):
    """One call beside many.

    Args:
        one, many: medians of the rounds, in ``unit``.
        gain: how many times less one call takes; median of the rounds. error: its standard error.
    """

    what: str
    unit: str
    one: float
    many: float
    gain: float
    error: float

    @property
    def missed(self) -> bool:
        """Return whether it is less than the goal."""
        return self.gain < GOALS.get(self.what, 0.0)


def gains(rounds: int, *, pin: bool, seconds: float = 0.5) -> list[Gain]:
    """Measure both, one call and many in turns."""
    each_twice = [think_ms for think_ms in THINK_MS for _ in range(2)]
    with Stage((_GATEWAY,), pin=pin, rows=each_twice) as stage:
        batch, queries = _Batch(stage), [_Query(stage, 2 * index) for index in range(len(THINK_MS))]
        turns = range(rounds + 1)  # the first is not counted
        batched = [(batch.cpu_us(), stage.block(_GATEWAY, "patch", seconds).cpu_us) for _ in turns]
        asked = [[(query.through_ms(), query.directly_ms()) for _ in turns] for query in queries]
    found = [_gain(BATCH, "µs of CPU an item", batched[1:])]
    return found + [_gain(QUERY.format(ms), "ms", pairs[1:]) for ms, pairs in zip(THINK_MS, asked, strict=True)]


def _gain(what: str, unit: str, pairs: list[tuple[float, float]]) -> Gain:
    ratios = [many / one for one, many in pairs]
    return Gain(
        what=what,
        unit=unit,
        one=median(one for one, _ in pairs),
        many=median(many for _, many in pairs),
        gain=median(ratios),
        error=stdev(ratios) / math.sqrt(len(ratios)) if len(ratios) > 1 else 0.0,
    )


class _Batch:
    """Batches of patches that are those of the work ``patch``."""

    def __init__(self, stage: Stage) -> None:
        self._port, self._pid = stage.ports[_GATEWAY], stage.pids[_GATEWAY]
        items = [{"instance": instance, **PATCH} for instance in instances(ITEMS)]
        self._body = msgspec.json.encode({"items": items})

    def cpu_us(self) -> float:
        """Return the gateway's CPU time for an item of one batch."""
        before = cpu_ns(self._pid)
        content = _posted(self._port, "/v1/variables/batch", self._body, status=207)
        if content.count(b'"status":204') != ITEMS:
            raise RuntimeError(f"items of a batch failed: {content[:500]!r}")
        return (cpu_ns(self._pid) - before) / 1000 / ITEMS


class _Query:
    """The same question to the gateway and to two engines, the answers read to their last byte."""

    def __init__(self, stage: Stage, first: int) -> None:
        both = slice(first, first + 2)
        self._gateway, self._engines = stage.ports[_GATEWAY], stage.row_ports[both]
        self._body = msgspec.json.encode({**_ASKED, "engines": stage.row_engines[both], "limit": 2 * ROWS})

    def through_ms(self) -> float:
        """Return the time that one query takes by the gateway."""
        return _spent_ms(lambda: _posted(self._gateway, "/v1/variables/query", self._body, rows=2 * ROWS))

    def directly_ms(self) -> float:
        """Return the time that both engines take, one after the other."""
        path = f"/engine-rest/variable-instance?deserializeValues=false&firstResult=0&maxResults={2 * ROWS}"
        body = msgspec.json.encode(_ASKED)
        return _spent_ms(lambda: [_posted(port, path, body, rows=ROWS) for port in self._engines])


def _spent_ms(work: Callable[[], object]) -> float:
    began = perf_counter()
    _ = work()
    return (perf_counter() - began) * 1000


def _posted(port: int, path: str, body: bytes, *, status: int = 200, rows: int | None = None) -> bytes:
    """Return the answer to one request.

    Raises:
        RuntimeError: it is not what it must be.
    """
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("POST", path, body, {"X-Api-Key": KEY, "Content-Type": "application/json"})
        answer = connection.getresponse()
        content = answer.read()
    finally:
        connection.close()
    if answer.status != status or (rows is not None and content.count(b'"name":') != rows):
        raise RuntimeError(f"{path}: {answer.status} {content[:500]!r}")
    return content
