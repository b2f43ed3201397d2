"""A histogram of seconds for one event loop: no lock, at a quarter of the cost of the library's own histogram.

What must not live here: workers that share the ports (``worker_durations``).
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

from prometheus_client.core import Exemplar, HistogramMetricFamily
from prometheus_client.registry import Collector


class Cell:
    """The observations of one set of labels.

    Attributes:
        exemplars: bucket to the trace that fell into it last.
    """

    __slots__ = ("_bounds", "counts", "exemplars", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0
        self.exemplars: dict[int, Exemplar] = {}

    def observe(self, seconds: float) -> None:
        """Count one observation; a bucket holds those up to and including its bound."""
        self.counts[bisect_left(self._bounds, seconds)] += 1
        self.total += seconds

    def exemplify(self, trace_id: str, seconds: float) -> None:
        """Note the trace of an observation."""
        self.exemplars[bisect_left(self._bounds, seconds)] = Exemplar({"trace_id": trace_id}, seconds, time.time())

    def clear(self) -> None:
        """Begin anew."""
        self.counts = [0] * len(self.counts)
        self.total = 0.0


class Durations(Collector):
    """The histogram as the library's registry collects it.

    Args:
        bounds: upper bounds of the buckets, ascending, without the infinite one.
    """

    def __init__(self, name: str, documentation: str, labels: Iterable[str], bounds: Sequence[float]) -> None:
        self._name, self._documentation, self._labels = name, documentation, tuple(labels)
        self._bounds = tuple(bounds)
        self._les = [*map(str, self._bounds), "+Inf"]
        self._cells: dict[tuple[str, ...], Cell] = {}

    def labels(self, *values: str) -> Cell:
        """Return the cell of a set of label values."""
        return self._cells.setdefault(values, Cell(self._bounds))

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """Yield the histogram, its buckets cumulated from the smallest."""
        family = HistogramMetricFamily(self._name, self._documentation, labels=self._labels)
        for values, cell in list(self._cells.items()):
            sums = zip(self._les, accumulate(cell.counts), strict=True)
            shown = cell.exemplars
            buckets = [(*each, shown[index]) if index in shown else each for index, each in enumerate(sums)]
            family.add_metric(values, buckets, sum_value=cell.total)
        yield family
