"""Waiting for what sockets, timers of the gateway or background work bring about.

The only place outside ``tests/live``, ``tests/chaos`` and ``tests/browser`` that sleeps: a test never waits for a time to
pass, it waits until a condition holds, and fails if that takes too long.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import Any

_PAUSE_S = 0.002


async def until(
    holds: Callable[[], bool | Awaitable[bool]], *, most_s: float = 20, step: Callable[[], Any] = int
) -> None:
    """Wait until a condition holds; take a step before each further look at it.

    Raises:
        TimeoutError: it still does not hold.
    """
    async with asyncio.timeout(most_s):
        while not await _checked(holds):
            step()
            await asyncio.sleep(_PAUSE_S)


async def _checked(holds: Callable[[], bool | Awaitable[bool]]) -> bool:
    found = holds()
    return await found if inspect.isawaitable(found) else bool(found)


async def steady(measure: Callable[[], Any], *, looks: int = 100, most_s: float = 30) -> None:
    """Wait until a measure is the same at so many looks, one after the other, in which the event loop did other work.

    Raises:
        TimeoutError: it still moves.
    """
    last, same = measure(), 0
    async with asyncio.timeout(most_s):
        while same < looks:
            await asyncio.sleep(_PAUSE_S)
            last, same = (last, same + 1) if (now := measure()) == last else (now, 0)


async def rounds(count: int) -> None:
    """Let the event loop go round so often: whatever is ready to run does."""
    for _ in range(count):
        await asyncio.sleep(0)
