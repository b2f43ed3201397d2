"""Bare aiohttp: ``web.Application`` and ``ClientSession`` that only translate or pass on: no checks, no time-outs, no log.

The cheapest forms are taken (``with_path``, no time-out, no access log), so that the bar is not lowered.
"""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import msgspec
from aiohttp import web
from yarl import URL

from tests.bench.programs.process import run
from tests.bench.programs.translation import ReadValue, Unified, camunda, unified

_ROUTE = "/v1/instances/{instance}/variables"
_JSON = {"Content-Type": "application/json"}
_HOP_BY_HOP = frozenset(("Connection", "Keep-Alive", "Transfer-Encoding", "Upgrade", "Host"))
_patch = msgspec.json.Decoder(Unified)
_value = msgspec.json.Decoder(ReadValue)


async def serve(settings: dict[str, Any], ready: asyncio.Event) -> None:
    """Listen until cancelled."""
    base = URL(settings["engine"])
    timeout = aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as session:

        async def patch(request: web.Request) -> web.Response:
            body = camunda(_patch.decode(await request.read()))
            native = request.match_info["instance"].partition(":")[2]
            url = base.with_path(f"/engine-rest/process-instance/{native}/variables", encoded=True)
            async with session.post(url, data=body, headers=_JSON) as answer:
                await answer.read()
                return web.Response(status=answer.status)

        async def read(request: web.Request) -> web.Response:
            native = request.match_info["instance"].partition(":")[2]
            name = request.match_info["name"]
            url = base.with_path(f"/engine-rest/process-instance/{native}/variables/{name}", encoded=True)
            async with session.get(url) as answer:
                return web.Response(body=unified(name, _value.decode(await answer.read())), headers=_JSON)

        async def passed_on(request: web.Request) -> web.StreamResponse:
            kept = {name: value for name, value in request.headers.items() if name not in _HOP_BY_HOP}
            body = request.content if request.body_exists else None
            url = base.join(request.rel_url)
            async with session.request(request.method, url, headers=kept, data=body, allow_redirects=False) as answer:
                back = {name: value for name, value in answer.headers.items() if name not in _HOP_BY_HOP}
                response = web.StreamResponse(status=answer.status, headers=back)
                await response.prepare(request)
                async for piece in answer.content.iter_any():
                    await response.write(piece)
                await response.write_eof()
                return response

        application = web.Application()
        application.router.add_patch(_ROUTE, patch)
        application.router.add_get(_ROUTE + "/{name}", read)
        application.router.add_route("*", "/engine-rest/{tail:.*}", passed_on)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", settings["port"]).start()
        ready.set()
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            await runner.cleanup()


if __name__ == "__main__":
    run(serve)
