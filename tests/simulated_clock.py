"""An event loop with a clock of its own: it stands still while there is work, and jumps to the next timer at once.

For code without sockets: hours of waiting take no time, and always the same steps. With sockets: ``idle_clock``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

R = TypeVar("R")


class SimulatedLoop(asyncio.SelectorEventLoop):
    """The loop."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0
        selector: Any = self._selector  # type: ignore[attr-defined]
        selector.select = self._jump

    def time(self) -> float:
        return self._now

    def _jump(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise RuntimeError("Everybody waits, and no timer is set.")
        self._now += max(0.0, timeout)
        return []


def run_simulated(work: Coroutine[Any, Any, R]) -> R:
    """Run a coroutine on such a loop, whose clock begins at 0."""
    with asyncio.Runner(loop_factory=SimulatedLoop) as runner:
        return runner.run(work)


async def let_pass(seconds: float) -> None:
    """Let the loop's clock go on; under this clock and under ``idle_clock`` no real time passes."""
    await asyncio.sleep(seconds)
