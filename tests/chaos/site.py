"""A gateway process before two engines, one of which is made to fail, and callers of both."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from tests.chaos.caller import Caller
from tests.chaos.engine import Gateways
from tests.chaos.troubled import Troubled
from tests.cli.programs import LONGEST_S


class Site:
    """The engines are ``ill`` and ``well``; ``pid`` is the gateway's."""

    def __init__(self, session: aiohttp.ClientSession, port: int, pid: int, ill: Troubled, well: Troubled) -> None:
        self.session, self.port, self.pid, self.ill, self.well = session, port, pid, ill, well
        self.base = f"http://127.0.0.1:{port}"
        self.instances = {"ill": ill.fake.showcase(), "well": well.fake.showcase()}

    def callers(self, engine: str, count: int, bearer: str | None = None) -> list[Caller]:
        """Return callers of an engine, each with a variable of its own; ``bearer`` is a key or a token to show."""
        instance = f"{engine}:{self.instances[engine]}"
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        return [Caller(self.session, self.base, instance, f"v{number}", headers) for number in range(count)]

    def lost(self, *callers: Caller) -> list[str]:
        """Return the variables whose value can be none that their caller's writes have left."""
        engines = {"ill": self.ill, "well": self.well}
        return [
            f"{caller.engine} {caller.name}"
            for caller in callers
            if engines[caller.engine].stored(self.instances[caller.engine], caller.name) not in caller.possible
        ]


@asynccontextmanager
async def site_of(
    tmp_path: Path,
    engine: Troubled | None = None,
    *,
    ill: Mapping[str, Any] = {},
    more: Mapping[str, Any] = {},
    server: Mapping[str, Any] = {},
    changes: Mapping[str, Any] = {},
    environ: Mapping[str, str] = {},
) -> AsyncIterator[Site]:
    """Start all of it.

    Args:
        engine: the one that is made to fail.
        ill: keys of its table.
        more: further engines.
        server: further keys of the table.
        changes: further tables of the configuration.
        environ: of the gateway.
    """
    async with AsyncExitStack() as stack:
        engines = (engine or Troubled(), Troubled())
        for each in engines:
            await each.start()
            stack.push_async_callback(each.stop)
        session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=LONGEST_S))
        _ = await stack.enter_async_context(session)
        store = {"url": f"sqlite:///{tmp_path}/store.db"}
        gateways = await stack.enter_async_context(Gateways(tmp_path, "", store, **environ))
        config = gateways.config() | {
            "engines": {
                "ill": {"vendor": "camunda7", "url": engines[0].url, **ill},
                "well": {"vendor": "camunda7", "url": engines[1].url},
                **more,
            },
            **changes,
        }
        config["server"] |= server
        pid = await gateways.start(config)
        yield Site(session, config["server"]["port"], pid, *engines)
