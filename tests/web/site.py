"""A whole gateway in this process, whose configuration can be swapped."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp

from gateway import app, config
from gateway.cli.served import Served


class Site:
    """A gateway whose configuration can be swapped."""

    def __init__(self, application: app.Application, tree: dict[str, Any], session: aiohttp.ClientSession) -> None:
        self.application, self.tree, self.session = application, tree, session

    async def get(self, path: str, **headers: str) -> tuple[int, Any]:
        return await self.ask("GET", path, **headers)

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        url = f"http://127.0.0.1:{self.application.ports[0]}{path}"
        async with self.session.request(method, url, json=body, headers=headers) as answer:
            return answer.status, json.loads(await answer.read() or b"null")

    async def ask_admin(self, path: str, **headers: str) -> tuple[int, str]:
        url = f"http://127.0.0.1:{self.application.ports[1]}{path}"
        async with self.session.get(url, headers=headers) as answer:
            return answer.status, await answer.text()

    async def replace(self, **tables: Any) -> None:
        await self.application.replace(parsed({**self.tree, **tables}))


def parsed(tree: dict[str, Any]) -> config.Config:
    return config.resolve(config.parse(tree, app.VENDORS), {})


@contextlib.asynccontextmanager
async def site_of(engines: dict[str, Any], each: dict[str, Any] | None = None, **tables: Any) -> AsyncIterator[Site]:
    """A gateway before some engines, by URL or table; ``each`` is what their tables have beside their URLs."""
    tree = {
        "server": {"port": 0, "admin_port": 0},
        "auth": {"open": True},
        "store": {"url": "sqlite:///:memory:"},
        "engines": {
            name: {"vendor": "camunda7", "url": of, **(each or {})} if isinstance(of, str) else of
            for name, of in engines.items()
        },
        **tables,
    }
    application = app.Application(parsed(tree))
    await application.start()
    try:
        async with aiohttp.ClientSession() as session:
            yield Site(application, tree, session)
    finally:
        await application.stop()


@contextlib.asynccontextmanager
async def site_of_fakes(*names: str, **tables: Any) -> AsyncIterator[tuple[Site, dict[str, Any]]]:
    """A gateway before Camunda fakes, each served on loopback, and the fakes by name."""
    fakes = {name: app.VENDORS["camunda7"].fake() for name in names}
    async with contextlib.AsyncExitStack() as stack:
        urls: dict[str, Any] = {}
        for name, fake in fakes.items():
            served = Served(fake)
            await served.start()
            stack.push_async_callback(served.stop)
            urls[name] = served.url
        yield await stack.enter_async_context(site_of(urls, **tables)), fakes
