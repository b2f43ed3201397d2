"""A histogram of seconds where workers share the ports: counted in memory, added to the library's files now and then.

The library's own histogram writes to the files with each observation, which costs a patch a tenth. What must not live
here: the sum over the workers, which is made from the files (``metrics``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from prometheus_client import CollectorRegistry, Histogram

from gateway.observe.durations import Cell


class WorkerDurations:
    """The histogram of one worker. Arguments as for ``Durations``; ``registry`` holds the library's histogram."""

    def __init__(
        self,
        name: str,
        documentation: str,
        labels: Iterable[str],
        bounds: Sequence[float],
        registry: CollectorRegistry | None = None,
    ) -> None:
        self._bounds = tuple(bounds)
        self._histogram = Histogram(name, documentation, tuple(labels), buckets=self._bounds, registry=registry)
        self._cells: list[tuple[Cell, Histogram]] = []

    def labels(self, *values: str) -> Cell:
        """Return a cell for a set of label values; whoever counts keeps it."""
        cell = Cell(self._bounds)
        self._cells.append((cell, self._histogram.labels(*values)))
        return cell

    def flush(self) -> None:
        """Add to the files what was counted since the last time."""
        for cell, child in self._cells:
            if any(cell.counts):
                _add(child, cell)
                cell.clear()


def _add(child: Histogram, cell: Cell) -> None:
    """Add a cell to a histogram of the library, which has no public way to add many observations at once."""
    child._sum.inc(cell.total)  # noqa: SLF001 - its test fails if these go
    for bucket, count in zip(child._buckets, cell.counts, strict=True):  # noqa: SLF001 - as above
        if count:
            bucket.inc(count)
