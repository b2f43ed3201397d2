"""How the processes of one machine share one write lock: ``python -m tests.bench.fairness [PROCESSES …]``.

Each process has four callers that write to the same instance, one after the other, at an engine that takes 2 ms. Printed
are the writes of each process, the longest wait of each, and what part of the time the lock was held.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from pathlib import Path

import msgspec

from gateway.operations.locks import KernelLocks, WriteLocks
from gateway.plan import Call
from gateway.store import LockFile

KEY = ("hr", "1")
CALLERS = 4
TAKES_S = 0.002
SECONDS = 5.0


class Share(msgspec.Struct, kw_only=True):
    """What one process had: writes, the longest wait for one, and how long it held the lock; in seconds."""

    writes: int
    longest_s: float
    held_s: float


async def compete(path: Path, seconds: float) -> Share:
    """Write as often as the lock allows."""
    locks = WriteLocks(KernelLocks(LockFile(path)))
    loop = asyncio.get_running_loop()
    end, waits, held = loop.time() + seconds, [0.0], [0.0]

    async def work(asked: float) -> None:
        begun = loop.time()
        waits.append(begun - asked)
        await asyncio.sleep(TAKES_S)
        held.append(loop.time() - begun)

    async def caller() -> None:
        while (asked := loop.time()) < end:
            await locks.hold(KEY, Call(deadline=end + 60, request_id="r"), lambda: work(asked))

    await asyncio.gather(*(caller() for _ in range(CALLERS)))
    await locks.close()
    return Share(writes=len(waits) - 1, longest_s=max(waits), held_s=sum(held))


def shares(processes: int, seconds: float = SECONDS) -> list[Share]:
    """Let processes compete; return what each had."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "tests.bench.fairness", "--compete", f"{folder}/locks", str(seconds)]
        running = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(processes)]
        return [msgspec.json.decode(each.communicate()[0], type=Share) for each in running]


def main() -> None:
    """Measure, or compete as one of the processes."""
    if sys.argv[1:2] == ["--compete"]:
        share = asyncio.run(compete(Path(sys.argv[2]), float(sys.argv[3])))
        print(msgspec.json.encode(share).decode())
        return
    for processes in [int(text) for text in sys.argv[1:]] or [2, 4]:
        found = shares(processes)
        held = sum(share.held_s for share in found) / SECONDS
        writes = ", ".join(str(share.writes) for share in found)
        longest = ", ".join(f"{share.longest_s * 1000:.0f}" for share in found)
        print(f"{processes} processes: writes {writes}; longest wait {longest} ms; held {held:.0%} of the time")


if __name__ == "__main__":
    main()
