"""How every program of the bench starts: settings from its one argument, uvloop, ``ready`` on standard output."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import uvloop

Serve = Callable[[dict[str, Any], asyncio.Event], Awaitable[None]]


def run(serve: Serve) -> None:
    """Run a program until SIGTERM."""
    settings = json.loads(sys.argv[1])
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_until_told(serve, settings))


async def _until_told(serve: Serve, settings: dict[str, Any]) -> None:
    ready = asyncio.Event()
    serving = asyncio.ensure_future(serve(settings, ready))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, serving.cancel)
    listening = asyncio.ensure_future(ready.wait())
    await asyncio.wait({serving, listening}, return_when=asyncio.FIRST_COMPLETED)
    if ready.is_set():
        print("ready", flush=True)
    with contextlib.suppress(asyncio.CancelledError):
        await serving
