"""The table that a run prints, and which goals it has missed."""

from __future__ import annotations

from collections.abc import Iterator

from tests.bench.rounds import GATEWAY, Row, Run

GOALS = {
    ("patch", "bare"): 0.75,
    ("patch", "usual"): 12.0,
    ("read", "bare"): 0.70,
}
"""Least capacity of the gateway relative to a program. Further goals: 0.85 (read: 0.80) with own dispatch, 1.25 with a
cheaper engine client."""
NAMES = {
    "varbridge": "varbridge, everything on",
    "bare": "bare aiohttp, translation only",
    "usual": "FastAPI + httpx, translation only",
}
_HEAD = ("work", "program", "CPU µs/request", "requests/s", "p50 ms", "p99 ms", "calls", "varbridge's capacity", "goal")
_LEFT = 2


def missed(run: Run) -> list[str]:
    """Name the goals that were missed."""
    slow = [
        f"{row.work}: {row.capacity:.2f} of {NAMES[row.program]}, goal {goal:g}"
        for row in run.rows
        if (goal := GOALS.get((row.work, row.program))) is not None and row.capacity < goal
    ]
    return slow + [
        f"{calls.what}: {_listed(calls.found)}, goal {_listed(calls.wanted)}" for calls in run.calls if calls.missed
    ]


def printed(run: Run) -> Iterator[str]:
    """Give the lines."""
    cells = [_HEAD, *(_cells(row) for row in run.rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(_HEAD))]
    for line in cells:
        yield "  ".join(
            cell.ljust(width) if column < _LEFT else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
    yield ""
    for calls in run.calls:
        if calls.status is None:
            yield f"{calls.what}: ibm_bpm: not there"
        else:
            yield f"{calls.what}: {calls.status}, {_listed(calls.found)} (goal {_listed(calls.wanted)})"


def _cells(row: Row) -> tuple[str, ...]:
    goal = GOALS.get((row.work, row.program))
    verdict = "" if goal is None else f"{goal:g} {'reached' if row.capacity >= goal else 'missed'}"
    return (
        row.work,
        NAMES[row.program],
        f"{row.cpu_us:.0f}",
        f"{row.rate:.0f}",
        f"{row.p50_ms:.2f}",
        f"{row.p99_ms:.2f}",
        f"{row.calls:.2f}",
        "1" if row.program == GATEWAY else f"{row.capacity:.2f} ± {row.error:.2f}",
        verdict,
    )


def _listed(counts: dict[str, int]) -> str:
    return " + ".join(f"{count} {kind}" for kind, count in sorted(counts.items())) or "no calls"
