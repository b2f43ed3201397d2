"""An engine of large variables: takes any upload and drops it, gives downloads as long as the path says, holds nothing.

``…/variables/<bytes>/data``; it has every instance. Run as ``python -m tests.bench.blob '{"port": …}'``; ``GET /__taken`` gives the bytes taken.
"""

from __future__ import annotations

import asyncio

from aiohttp import web

from tests.bench.programs.process import run

_PIECE = bytes(64 * 1024)
_taken = [0]


async def answer(request: web.BaseRequest) -> web.StreamResponse:
    """Take or give."""
    if request.path == "/__taken":
        return web.json_response(_taken[0])
    if request.method != "GET":
        async for piece in request.content.iter_any():
            _taken[0] += len(piece)
        return web.Response(status=204)
    if "/variables/" not in request.path:  # asked before an upload that is too large to be sent twice
        return web.json_response({"id": request.path.split("/")[-1], "definitionId": "blob:1:1", "ended": False})
    left = int(request.path.split("/")[-2])
    response = web.StreamResponse(headers={"Content-Length": str(left), "Content-Type": "application/octet-stream"})
    await response.prepare(request)
    while left:
        piece = _PIECE[: min(left, len(_PIECE))]
        await response.write(piece)
        left -= len(piece)
    return response


async def serve(settings: dict[str, int], ready: asyncio.Event) -> None:
    """Listen until cancelled."""
    runner = web.ServerRunner(web.Server(answer, access_log=None))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", settings["port"]).start()
    ready.set()
    try:
        await asyncio.get_running_loop().create_future()
    finally:
        await runner.cleanup()


if __name__ == "__main__":
    run(serve)
