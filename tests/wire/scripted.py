"""An engine that does what it is told, on a raw socket: nothing between a test and the bytes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from gateway.plan import Call
from gateway.port import Credentials, Engine
from gateway.wire import ClientSettings, EngineClient
from gateway.wire.settings import RetrySettings

Script = Callable[["Heard", asyncio.StreamWriter], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


class Heard:
    """One request as it arrived."""

    def __init__(self, head: bytes, body: bytes) -> None:
        lines = head.decode("latin-1").split("\r\n")
        self.method, self.target, _ = lines[0].split(" ", 2)
        self.headers = [tuple(line.split(": ", 1)) for line in lines[1:] if line]
        self.body = body

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


class Scripted:
    """The engine. Each request is answered by the next script, the last one for ever."""

    def __init__(self, *scripts: Script) -> None:
        self.scripts = list(scripts)
        self.heard: list[Heard] = []
        self.url = ""
        self.early: dict[str, bytes] = {}
        """Targets whose requests are answered, and the connection closed, before their bodies are read."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                request = Heard(head[:-4], b"")
                if early := self.early.get(request.target):
                    writer.write(early)
                    return
                request.body = await body_of(request, reader)
                self.heard.append(request)
                script = self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]
                await script(request, writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()


async def body_of(request: Heard, reader: asyncio.StreamReader) -> bytes:
    length = request.header("content-length")
    if length is not None:
        return await reader.readexactly(int(length))
    if request.header("transfer-encoding") != "chunked":
        return b""
    pieces = b""
    while size := int((await reader.readuntil(b"\r\n")).strip(), 16):
        pieces += await reader.readexactly(size)
        _ = await reader.readline()
    _ = await reader.readline()
    return pieces


def says(raw: bytes, *, close: bool = False) -> Script:
    async def script(_request: Heard, writer: asyncio.StreamWriter) -> None:
        writer.write(raw)
        if close:
            await writer.drain()
            writer.close()

    return script


async def hangs_up(_request: Heard, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def never_answers(_request: Heard, _writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


class Observer:
    def __init__(self) -> None:
        self.exchanges: list[tuple[object, ...]] = []
        self.repetitions: list[str] = []
        self.refusals: list[tuple[str, str]] = []
        self.breakers: list[tuple[str, str]] = []

    def exchange(self, engine, method, status, error_code, duration_s) -> None:
        self.exchanges.append((engine, method, status, error_code))

    def refused(self, engine, reason) -> None:
        self.refusals.append((engine, reason))

    def repeated(self, engine) -> None:
        self.repetitions.append(engine)

    def breaker(self, engine, state) -> None:
        self.breakers.append((engine, state))


@asynccontextmanager
async def running(scripted: Scripted) -> AsyncIterator[Scripted]:
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        await scripted.serve(reader, writer)

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    scripted.url = "http://127.0.0.1:{}/api".format(server.sockets[0].getsockname()[1])
    try:
        yield scripted
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def client_of(url: str, engine: Engine | None = None, **settings) -> AsyncIterator[EngineClient]:
    observer = Observer()
    settings.setdefault("retry", RetrySettings(attempts=1))
    client = EngineClient(engine or Engine("hr", None, Credentials()), ClientSettings(url=url, **settings), observer)
    client.observer = observer
    await client.start()
    try:
        yield client
    finally:
        await client.close()


def call(budget_s: float = 5.0) -> Call:
    return Call(deadline=asyncio.get_running_loop().time() + budget_s, request_id="rid-1")
