"""A forward proxy that does what is needed here: tunnels by CONNECT, and requests to `http` URLs passed on."""

from __future__ import annotations

import asyncio
from typing import Self
from urllib.parse import urlsplit

from tests.wire.scripted import Heard, body_of


class ForwardProxy:
    """The proxy.

    Args:
        wants: the ``Proxy-Authorization`` without which it answers 407.
        status: what CONNECT is answered with.
    """

    def __init__(self, wants: str | None = None, status: int = 200) -> None:
        self.wants, self.status = wants, status
        self.heard: list[Heard] = []
        self.url = ""
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def asked(self) -> list[tuple[str, str]]:
        return [(heard.method, heard.target) for heard in self.heard]

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._serve(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            request = Heard((await reader.readuntil(b"\r\n\r\n"))[:-4], b"")
            self.heard.append(request)
            request.body = await body_of(request, reader)
            if self.wants is not None and request.header("Proxy-Authorization") != self.wants:
                writer.write(b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n")
            elif request.method != "CONNECT":
                await self._pass_on(request, writer)
            elif self.status != 200:
                writer.write(b"HTTP/1.1 %d No\r\nContent-Length: 0\r\n\r\n" % self.status)
            else:
                await self._tunnel(request, reader, writer)
                return

    async def _tunnel(self, request: Heard, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, _, port = request.target.partition(":")
        from_engine, to_engine = await asyncio.open_connection(host, int(port))
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            await asyncio.gather(_copy(reader, to_engine), _copy(from_engine, writer))
        finally:
            to_engine.close()

    async def _pass_on(self, request: Heard, writer: asyncio.StreamWriter) -> None:
        url = urlsplit(request.target)
        from_engine, to_engine = await asyncio.open_connection(url.hostname, url.port)
        kept = "".join(f"{name}: {value}\r\n" for name, value in request.headers if not name.startswith("Proxy-"))
        to_engine.write(f"{request.method} {url.path} HTTP/1.1\r\n{kept}\r\n".encode() + request.body)
        head = await from_engine.readuntil(b"\r\n\r\n")
        writer.write(head + await body_of(Heard(head[:-4], b""), from_engine))
        to_engine.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(65536):
        writer.write(piece)
        await writer.drain()
    writer.close()
