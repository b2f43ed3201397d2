"""The table that a run prints, and which goals it has missed."""

from __future__ import annotations

from collections.abc import Iterator

from tests.bench import before, linked
from tests.bench.gains import GOALS as GAINS
from tests.bench.languages import GOAL, said
from tests.bench.neighbours import MOST, Neighbour
from tests.bench.rounds import GATEWAY, Row, Run
from tests.bench.switches import MOST as MOST_OF_PROTECTION
from tests.bench.switches import Protection
from tests.bench.transfers import MIB, MOST_EXTRA, Transfer

GOALS = {
    ("patch", "bare"): 0.75,
    ("patch", "usual"): 12.0,
    ("read", "bare"): 0.70,
    ("native read", "bare"): 0.80,
    ("native patch", "bare"): 0.80,
    ("patch", before.NAME): 1.0,
    ("read", before.NAME): 1.0,
    ("IBM patch", before.NAME): 1.25,
    ("IBM read", before.NAME): 1.25,
}
"""Least capacity of the gateway relative to a program. Further goals: 0.85 (read: 0.80) with own dispatch, 1.25 with a
cheaper engine client."""
WIDE = "patch of 1000"
PER_VARIABLE_US = 3.0
"""Of the gateway's CPU in a patch of 1000 variables; on a machine that does nothing else."""
NAMES = {
    "varbridge": "varbridge, everything on",
    "bare": "bare aiohttp, translation only",
    "usual": "FastAPI + httpx, translation only",
    before.NAME: "varbridge at the earlier commit",
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
    many = [
        f"{row.work}: {row.cpu_us / 1000:.1f} µs a variable, goal {PER_VARIABLE_US:g}"
        for row in run.rows
        if row.work == WIDE and row.program == GATEWAY and row.cpu_us / 1000 > PER_VARIABLE_US
    ]
    asked = [
        f"{calls.what}: {_listed(calls.found)}, goal {_listed(calls.wanted)}" for calls in run.calls if calls.missed
    ]
    held = [f"{each.what}: {_moved(each)}" for each in run.transfers if each.missed]
    little = [f"{each.what}: {each.gain:.2f}, goal {GAINS[each.what]:g}" for each in run.gains if each.missed]
    shared = [
        f"{each.who}: {each.work}: {each.ratio:.2f} times one worker's patch, goal {each.goal:g}"
        for each in run.shared
        if each.missed
    ]
    protected = [_protection(each) for each in (run.protection,) if each is not None and each.missed]
    noticed = [_neighbour(each) for each in run.neighbours if each.missed]
    languages = [f"{each.work}: {each.capacity:.2f} of /v1, goal {GOAL:g}" for each in said(run.blocks) if each.missed]
    routed = [linked.printed(each) for each in run.routed if each.missed]
    return slow + many + asked + held + little + shared + protected + noticed + languages + routed


def printed(run: Run) -> Iterator[str]:
    """Return the lines."""
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
    for row in run.rows:
        if row.work == WIDE and row.program == GATEWAY:
            yield f"{row.work}: {row.cpu_us / 1000:.1f} µs a variable (goal {PER_VARIABLE_US:g})"
    for gain in run.gains:
        yield (
            f"{gain.what}: {gain.one:.1f} {gain.unit}, beside {gain.many:.1f} one by one: "
            f"{gain.gain:.2f} ± {gain.error:.2f} times"
            + (f" (goal {GAINS[gain.what]:g})" if gain.what in GAINS else "")
        )
    for each in said(run.blocks):
        yield f"{each.work}: {each.capacity:.2f} ± {each.error:.2f} of the same on /v1 (goal {GOAL:g})"
    for way in run.shared:
        goal = f" (goal {way.goal:g})" if way.goal is not None else ""
        yield f"{way.who}, {way.work}: {way.cpu_us:.0f} µs, {way.ratio:.2f} ± {way.error:.2f} of one worker's patch{goal}"
    for routed in run.routed:
        yield linked.printed(routed)
    if run.protection is not None:
        yield _protection(run.protection)
    for neighbour in run.neighbours:
        yield _neighbour(neighbour)
    for moved in run.transfers:
        yield f"{moved.size // MIB} MiB {moved.what}: {_moved(moved)}"


def _protection(each: Protection) -> str:
    """Say what protection costs."""
    return (
        f"patch, everything on: {each.on_us:.0f} µs, beside {each.off_us:.0f} µs with everything off: "
        f"{100 * each.extra:.1f} ± {100 * each.error:.1f} % more (goal {100 * MOST_OF_PROTECTION:g} %)"
    )


def _neighbour(each: Neighbour) -> str:
    """Say what callers of one engine saw while another one was sick."""
    sick = ", ".join(f"{count} times {status}" for status, count in each.sick.items())
    return (
        f"one engine {each.mood}, callers of another: p99 {each.p99_ms:.2f} ms, {each.ratio:.2f} ± {each.error:.2f} of that "
        f"while both are well (goal {MOST:g}), {each.errors} errors of {each.requests} (goal 0); its own: {sick or 'no answer'}"
    )


def _moved(each: Transfer) -> str:
    """Say what a transfer held and cost."""
    all_of_it = "" if each.moved == each.size else f", only {each.moved} bytes arrived"
    return (
        f"{each.extra / MIB:.1f} MiB more memory (goal {MOST_EXTRA // MIB}), "
        f"{each.cpu_ms_per_mib:.2f} ms CPU and {1000 / each.mib_per_s:.2f} ms per MiB{all_of_it}"
    )


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
