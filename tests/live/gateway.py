"""The gateway before a live engine, in a thread of its own, so that programs which block can ask it."""

from __future__ import annotations

import asyncio
import threading
from typing import Self

from gateway import app, config
from gateway.access.callers import SCOPES

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
        tree = {
            "server": {"port": 0, "admin_port": 0},
            "auth": {"open": True, "callers": [{"name": "engine", "forward": True, "scopes": list(SCOPES)}]},
            "engines": {"hr": {"vendor": "camunda7", "url": self._engine_url, "auth": {"kind": "forward"}}},
            "dialects": {"camunda": {"vendor": "camunda7", "prefix": "/engine-rest", "engine": "hr"}},
        }
        self._running = app.Application(config.parse(tree, app.VENDORS))
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._running.start(), self._loop).result(START_TIMEOUT_S)
        self.port, _ = self._running.ports
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self._running is not None:
            asyncio.run_coroutine_threadsafe(self._running.stop(), self._loop).result(START_TIMEOUT_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(START_TIMEOUT_S)
        self._loop.close()
