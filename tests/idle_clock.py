"""A clock for the event loop of one test: it stands still while there is work, and jumps when everybody waits.

Time-outs then fire at once instead of after a real wait, and never because the machine is slow. Works for sockets of this
process only: while a thread or another process is at work, the loop looks idle too.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any

_IDLE_S = 0.005
"""The loop is idle if no socket became ready for so long; bytes on loopback arrive with the call that sends them."""


@contextlib.contextmanager
def idle_clock() -> Iterator[None]:
    """Let the running loop's clock jump to its next timer whenever nothing else is left to do."""
    loop: Any = asyncio.get_running_loop()
    select, real = loop._selector.select, loop.time
    now = real()

    def jump(timeout: float | None = None) -> Any:
        nonlocal now
        if timeout is None or timeout <= 0:
            return select(timeout)
        events = select(_IDLE_S)
        if not events:
            now += timeout
        return events

    loop.time, loop._selector.select = lambda: now, jump
    try:
        yield
    finally:
        del loop.time, loop._selector.select
