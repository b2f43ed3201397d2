"""A gateway in a thread of this process, so that commands can be run without a process each."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import Iterator
from typing import Any

from click.testing import CliRunner, Result

from gateway import app
from gateway.cli import main
from gateway.cli.served import Served
from tests.web.site import parsed

WAIT_S = 20


class InProcess:
    """A gateway in front of fakes, and the commands that ask it."""

    def __init__(self, vendors: dict[str, str], **tables: Any) -> None:
        self.vendors, self.tables = vendors, tables
        self.fakes: dict[str, Any] = {name: app.VENDORS[vendor].fake() for name, vendor in vendors.items()}
        self.url = ""

    def run(self, *words: str) -> Result:
        return CliRunner().invoke(main, [*words, "--url", self.url])

    def bridge(self, *words: str) -> Result:
        return self.run("bridge", *words)

    def json(self, *words: str, code: int = 0) -> Any:
        done = self.bridge(*words, "--json")
        assert done.exit_code == code, done.output
        return json.loads(done.stdout)

    @contextlib.asynccontextmanager
    async def serving(self) -> Any:
        served = {name: Served(fake) for name, fake in self.fakes.items()}
        for each in served.values():
            await each.start()
        tree = {
            "server": {"port": 0, "admin_port": 0},
            "auth": {"open": True},
            "store": {"url": "sqlite:///:memory:"},
            "engines": {name: {"vendor": self.vendors[name], "url": each.url} for name, each in served.items()},
            **self.tables,
        }
        application = app.Application(parsed(tree))
        await application.start()
        self.url = f"http://127.0.0.1:{application.ports[0]}"
        try:
            yield
        finally:
            await application.stop()
            for each in served.values():
                await each.stop()


@contextlib.contextmanager
def in_thread(serving: Any) -> Iterator[None]:
    """Hold an asynchronous context open in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(serving.__aenter__(), loop).result(WAIT_S)
        try:
            yield
        finally:
            asyncio.run_coroutine_threadsafe(serving.__aexit__(None, None, None), loop).result(WAIT_S)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(WAIT_S)
        loop.close()


@contextlib.contextmanager
def gateway_of(vendors: dict[str, str], **tables: Any) -> Iterator[InProcess]:
    made = InProcess(vendors, **tables)
    with in_thread(made.serving()):
        yield made
