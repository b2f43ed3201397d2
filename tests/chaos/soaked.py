"""A gateway that tells what it holds: one JSON line on standard output for each line on standard input.

``held`` = figures, after a search for cycles; ``reload`` = another generation, once the last one has ended.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
from pathlib import Path
from typing import Any

import uvloop

from gateway import app, config
from gateway.observe import log
from gateway.serving import collect_garbage_rarely


def held() -> dict[str, int]:
    """Blocks of Python's allocator, tasks, file descriptors, and KiB of resident memory."""
    for _ in range(2):  # what finalizers let go
        gc.collect()
    status = Path("/proc/self/status").read_text().split("VmRSS:")[1]
    return {
        "blocks": sys.getallocatedblocks(),
        "tasks": len(asyncio.all_tasks()),
        "descriptors": len(os.listdir("/proc/self/fd")),
        "resident_kib": int(status.split()[0]),
    }


async def main(tree: dict[str, Any]) -> None:
    read = config.resolve(config.parse(tree, app.VENDORS), {})
    application = app.Application(read)
    await application.start()
    collect_garbage_rarely()
    lines = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    answer: Any = application.ports
    while True:
        print(json.dumps(answer), flush=True)
        line = await lines.readline()
        if not line:
            break
        if line == b"reload\n":
            await application.replace(read)
            while application.is_retiring:
                await asyncio.sleep(0.01)
        answer = held()
    await application.stop()


if __name__ == "__main__":
    log.configure(json=True)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(json.loads(sys.argv[1])))
