"""The gateway before a live engine, in a thread of its own, so that programs which block can ask it."""

from __future__ import annotations

import asyncio
import threading
from typing import Any, Self

from adapters import ibm_bpm
from gateway import app, config
from gateway.access.callers import SCOPES
from gateway.cli.served import Served

START_TIMEOUT_S = 20


class LiveGateway:
    """Runs the gateway with a front door `/engine-rest` while the `with` block lasts.

    Callers keep the credentials that they send to the engine.
    """

    def __init__(self, engine_url: str) -> None:
        self._engine_url = engine_url
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="gateway")
        self._running: app.Application | None = None
        self.port = 0

    @property
    def url(self) -> str:
        """`http://127.0.0.1:PORT/engine-rest`, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}/engine-rest"

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(START_TIMEOUT_S)
        return self

    def __exit__(self, *exc_info: object) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(START_TIMEOUT_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(START_TIMEOUT_S)
        self._loop.close()

    def _tree(self) -> dict[str, Any]:
        return {
            "server": {"port": 0, "admin_port": 0},
            "store": {"url": "sqlite:///:memory:"},
            "auth": {"open": True, "callers": [{"name": "engine", "forward": True, "scopes": list(SCOPES)}]},
            "engines": {"hr": {"vendor": "camunda7", "url": self._engine_url, "auth": {"kind": "forward"}}},
            "dialects": {"camunda": {"vendor": "camunda7", "prefix": "/engine-rest", "engine": "hr"}},
        }

    async def _start(self) -> None:
        self._running = app.Application(config.parse(self._tree(), app.VENDORS))
        await self._running.start()
        self.port, _ = self._running.ports

    async def _stop(self) -> None:
        if self._running is not None:
            await self._running.stop()


class BothVendors(LiveGateway):
    """Runs the gateway before the live engine and a fake of IBM's server, with doors of both languages before both.

    A door has the prefix of its vendor, below the name of its engine where that is of the other vendor.
    """

    def __init__(self, engine_url: str) -> None:
        super().__init__(engine_url)
        self.ibm = ibm_bpm.VENDOR.fake()
        self._served = Served(self.ibm)

    @property
    def root(self) -> str:
        """`http://127.0.0.1:PORT`."""
        return f"http://127.0.0.1:{self.port}"

    def _tree(self) -> dict[str, Any]:
        tree = super()._tree()
        tree["auth"] = {"open": True}
        tree["engines"] = {
            "hr": {"vendor": "camunda7", "url": self._engine_url},
            "claims": {"vendor": "ibm_bpm", "url": self._served.url},
        }
        tree["routing"] = {"start": [{"definition": "userTask", "engine": "hr"}]}
        own = {"camunda7": "hr", "ibm_bpm": "claims"}
        prefixes = {vendor: app.VENDORS[vendor].fake.base_path for vendor in own}
        tree["dialects"] = {
            f"{vendor}_{engine}": {
                "vendor": vendor,
                "prefix": prefixes[vendor] if own[vendor] == engine else f"/{engine}{prefixes[vendor]}",
                "engine": engine,
            }
            for vendor in own
            for engine in own.values()
        }
        return tree

    async def _start(self) -> None:
        await self._served.start()
        await super()._start()

    async def _stop(self) -> None:
        await super()._stop()
        await self._served.stop()
