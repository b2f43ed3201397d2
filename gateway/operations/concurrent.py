"""Doing several things at once, a bounded number at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

from gateway.errors import VarbridgeError

_AT_ONCE = 16
"""Engines asked at the same time for one query; the others wait, so that one caller cannot take all memory."""


async def gather_bounded(work: Sequence[Coroutine[Any, Any, Any]]) -> list[Any]:
    """Run coroutines at the same time, a bounded number at once; return each result or ``VarbridgeError``, in order.

    Raises:
        Exception: any other error, after all coroutines have ended.
    """
    gate = asyncio.Semaphore(_AT_ONCE)

    async def gated(each: Coroutine[Any, Any, Any]) -> Any:
        async with gate:
            return await each

    results = await asyncio.gather(*map(gated, work), return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException) and not isinstance(result, VarbridgeError):
            raise result
    return results


def raise_first(results: Sequence[Any]) -> Sequence[Any]:
    """Return the results of ``gather_bounded`` where none of them is an error.

    Raises:
        VarbridgeError: the first that is one.
    """
    for each in results:
        if isinstance(each, VarbridgeError):
            raise each
    return results
