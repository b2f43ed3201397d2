"""``python -m tests.bench``: the table of what a request costs, with ratios to programs that only translate."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import msgspec

from tests.bench import before
from tests.bench.gains import gains
from tests.bench.linked import linked
from tests.bench.neighbours import neighbours
from tests.bench.rounds import Run, counted, measured
from tests.bench.sharing import sharing
from tests.bench.stage import PROGRAMS, Stage
from tests.bench.switches import protection
from tests.bench.table import missed, printed
from tests.bench.transfers import MIB, transfers
from tests.bench.work import WORKS


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, help="turns of every program at every work (9)")
    parser.add_argument("--seconds", type=float, default=1.0, help="length of one turn (1)")
    parser.add_argument("--quick", action="store_true", help="3 rounds of 0.3 s: the direction only")
    parser.add_argument("--work", choices=WORKS, action="append", help="only this work; may be repeated")
    others = ("bare", "usual", before.NAME)
    parser.add_argument("--without", choices=others, action="append", default=[], help="leave a program out")
    parser.add_argument("--pin", action=argparse.BooleanOptionalAction, default=True, help="one core for the measured")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every block's numbers there")
    parser.add_argument("--check", action="store_true", help="exit code 1 when a goal is missed")
    parser.add_argument(
        "--transfer", type=int, default=1024, metavar="MIB", help="size of large variables (1024; 0: none)"
    )
    read = parser.parse_args()
    if read.quick:
        read.rounds, read.seconds, read.transfer = 3, 0.3, min(read.transfer, 64)
    return read


def main() -> int:
    """Run; give the exit code."""
    asked = arguments()
    run = _run(asked)
    print("\n".join(printed(run)))
    if asked.json is not None:
        asked.json.write_bytes(msgspec.json.format(msgspec.json.encode(run)))
    short = missed(run)
    for line in short:
        print(f"missed: {line}", file=sys.stderr)
    return 1 if short and asked.check else 0


def _all(programs: list[str], past: Path | None, asked: argparse.Namespace) -> list[str]:
    """Return the programs, with that of before where the history has it."""
    return [*programs, before.NAME] if past is not None and before.NAME not in asked.without else programs


def _run(asked: argparse.Namespace) -> Run:
    programs = [name for name in PROGRAMS if name not in asked.without]
    with before.checked_out() as past, Stage(_all(programs, past, asked), pin=asked.pin, past=past) as stage:
        calls = counted(stage)
        run = measured(
            stage, asked.work or list(WORKS), _all(programs, past, asked), seconds=asked.seconds, rounds=asked.rounds,
            tell=lambda line: print(f"\r{line}", end="", file=sys.stderr, flush=True),
        )  # fmt: skip
    print(file=sys.stderr)
    run.calls = calls
    if asked.work is None:
        run.gains = gains(asked.rounds, pin=asked.pin)
        run.routed = linked(asked.rounds, pin=asked.pin, seconds=asked.seconds)
        run.shared = sharing(asked.rounds, pin=asked.pin, seconds=asked.seconds)
        run.protection = protection(asked.rounds, pin=asked.pin)
        run.neighbours = neighbours(asked.rounds, pin=asked.pin, seconds=2 * asked.seconds)
    if asked.transfer:
        run.transfers = transfers(asked.transfer * MIB)
    return run


if __name__ == "__main__":
    raise SystemExit(main())
