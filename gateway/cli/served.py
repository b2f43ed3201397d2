"""A fake engine behind a real socket on loopback, for demonstrations and for users' own tests."""

from __future__ import annotations

from urllib.parse import parse_qsl

from aiohttp import web

from gateway.errors import InvalidRequest
from gateway.plan import VendorRequest
from gateway.port import Fake
from gateway.web.http import target


class Served:
    """A fake that listens on a free port of loopback; ``url`` is the base of its API once it listens."""

    def __init__(self, fake: Fake) -> None:
        self.fake = fake
        self.url = ""
        self._runner: web.ServerRunner | None = None

    async def start(self) -> None:
        """Start to listen."""
        runner = web.ServerRunner(web.Server(self._handle, access_log=None))
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self._runner = runner
        host, port = runner.addresses[0][:2]
        self.url = f"http://{host}:{port}{self.fake.base_path}"

    async def stop(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        path, _, query = request.raw_path.partition("?")
        inside = (path + "/").startswith(self.fake.base_path + "/")
        try:
            segments = tuple(
                target.decoded(part) for part in path[len(self.fake.base_path) + 1 if inside else 1 :].split("/")
            )
        except InvalidRequest:
            return web.Response(status=400)
        body = b"".join([piece async for piece in request.content.iter_any()])
        answer = self.fake.answer(
            VendorRequest(
                method=request.method,
                path=segments,
                above=0 if inside else self.fake.base_path.count("/"),
                query=tuple(parse_qsl(query, keep_blank_values=True)),
                headers=tuple(request.headers.items()),
                body=body,
                writes=False,  # unknown here; a fake does not look at it
                idempotent=False,
            )
        )
        headers = {key: value for key, value in answer.headers if key.lower() != "connection"}
        return web.Response(status=answer.status, headers=headers, body=answer.content())
