"""A Camunda fake on a raw socket that can be made to fail, at any moment and in any way, and well again."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Callable
from typing import Any

from adapters import camunda7
from gateway.plan import VendorRequest
from tests.web.faulty import Faulty
from tests.wire.scripted import Heard, body_of

SLOW_S = 0.15
GARBAGE = b"\x16\x03\x01 not HTTP at all\r\n\r\n"
HALF = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 4000\r\n\r\n{"
MOODS = ("hung", "slow", "garbage", "half an answer", "half a head", "closes", "flapping", "busy", "killed")


class Troubled:
    """The engine; ``mood`` says how it answers from now on, None = well. With ``tls`` it speaks TLS."""

    def __init__(self, tls: ssl.SSLContext | None = None, port: int = 0) -> None:
        self.fake = camunda7.VENDOR.fake()
        self.tls = tls
        self.mood: str | None = None
        self.heard = 0
        self._answers = Faulty(self.fake)
        self._server: asyncio.Server | None = None
        self._port = port
        self._open: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self._port}/api"

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port, ssl=self.tls)
        self._port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        self.hang_up()

    def hang_up(self) -> None:
        """Break off every connection."""
        for writer in tuple(self._open):
            writer.transport.abort()

    def stored(self, instance: str, name: str) -> Any:
        """Return the value of a variable; 0 where there is none."""
        path = ("process-instance", instance, "variables", name)
        answer = self.fake.answer(VendorRequest(method="GET", path=path, writes=False, idempotent=True))
        return json.loads(answer.content())["value"] if answer.status == 200 else 0

    async def become(self, mood: str | None) -> None:
        was, self.mood = self.mood, mood
        if mood == "killed":
            await self.stop()
        elif was == "killed":
            await self.start()
        elif was == "hung":
            self.hang_up()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                request = Heard(head[:-4], b"")
                request.body = await body_of(request, reader)
                self.heard += 1
                if not await self._answer(request, writer):
                    return
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._open.discard(writer)
            writer.close()

    async def _answer(self, request: Heard, writer: asyncio.StreamWriter) -> bool:
        """Answer; return whether the connection stays open."""
        mood = self.mood
        if mood == "flapping":
            mood = "closes" if self.heard % 2 else None
        if mood == "hung":
            await asyncio.sleep(60)
            return False
        if mood == "slow":
            await asyncio.sleep(SLOW_S)
        if mood in {None, "slow"}:
            writer.write(self._answers.answered(request))
            return True
        writer.write(_SAYS[mood]() if mood in _SAYS else b"")
        return mood == "busy"


_SAYS: dict[Any, Callable[[], bytes]] = {
    "garbage": lambda: GARBAGE,
    "half an answer": lambda: HALF,
    "half a head": lambda: HALF[:20],
    "busy": lambda: b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n",
}
