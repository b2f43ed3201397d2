"""An engine that fails when it is told to: a line with a mood on standard input, its instances as JSON on standard output.

An empty line makes it well again. Run as ``python -m tests.bench.sick '{"port": …}'``.
"""

from __future__ import annotations

import asyncio
import json
import sys

from tests.bench.programs.process import run
from tests.chaos.troubled import Troubled

_INSTANCES = 32


async def serve(settings: dict[str, int], ready: asyncio.Event) -> None:
    """Listen until cancelled."""
    engine = Troubled(port=settings["port"])
    await engine.start()
    instances = json.dumps([engine.fake.showcase() for _ in range(_INSTANCES)])
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    ready.set()
    while line := await lines.readline():
        await engine.become(line.decode().strip() or None)
        print(instances, flush=True)


if __name__ == "__main__":
    run(serve)
