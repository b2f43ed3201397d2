"""Serving: the two listening servers of a gateway, and how its process learns that it must stop.

What must not live here: what is served (``gateway.app`` composes it, ``gateway.web`` answers).
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import ssl

from aiohttp import web

from gateway.config import ServerConfig
from gateway.web import Server
from gateway.web.http.tls import RenewableContext, server_context

_KEEPALIVE_S = 75.0
"""Seconds that an idle connection of operators stays open. aiohttp's runner would keep it for an hour."""
_ADMIN_GRACE_S = 1.0
"""Seconds that a request on the admin port may still take while the gateway stops; none is worth a longer wait."""
_GARBAGE_THRESHOLD = 20_000
"""Objects between two searches for reference cycles. Requests leave none; at Python's 700 every few requests pay."""


class Listeners:
    """The callers' server and the admin server, from the moment they listen until they are closed."""

    def __init__(self, config: ServerConfig) -> None:
        self._config = config
        self.grace_s = config.grace_s
        """Seconds that requests of callers may take until they are cut off; may change while they are served."""
        self._callers: Server | None = None
        self._tls: RenewableContext | None = None
        self._runners: list[web.BaseRunner] = []

    def read_certificates(self, config: ServerConfig) -> ssl.SSLContext | None:
        """Return what handshakes go by with another configuration; None where the port speaks no TLS.

        Raises:
            OSError: a file cannot be read or used.
        """
        tls = config.tls
        return None if tls is None else server_context(tls.certificate, tls.key, tls.client_ca)

    def change(self, config: ServerConfig, certificates: ssl.SSLContext | None) -> None:
        """Go by another configuration: the grace period from now on, certificates for new connections."""
        self.grace_s = config.grace_s
        if self._tls is not None and certificates is not None:
            self._tls.current = certificates

    async def open(self, callers: Server | None, admin: web.Application, *, reuse_port: bool) -> None:
        """Listen on both ports; on the admin port alone, where there is no server for callers.

        Raises:
            OSError: a port is in use, and the message names host and port; or a file of TLS cannot be used.
        """
        config = self._config
        if callers is not None:
            await self._open_callers(callers, reuse_port=reuse_port)
        operators = web.AppRunner(
            admin, access_log=None, keepalive_timeout=_KEEPALIVE_S, shutdown_timeout=_ADMIN_GRACE_S
        )
        await self._listen(operators, config.admin_host, config.admin_port, reuse_port=reuse_port)

    async def _open_callers(self, callers: Server, *, reuse_port: bool) -> None:
        config = self._config
        self._callers = callers
        certificates = self.read_certificates(config)
        self._tls = None if certificates is None else RenewableContext(certificates)
        public = web.ServerRunner(callers, shutdown_timeout=config.grace_s)
        await self._listen(public, config.host, config.port, reuse_port=reuse_port, tls=self._tls)

    async def _listen(
        self, runner: web.BaseRunner, host: str, port: int, *, reuse_port: bool, tls: ssl.SSLContext | None = None
    ) -> None:
        await runner.setup()
        self._runners.append(runner)
        try:
            await web.TCPSite(runner, host, port, reuse_port=reuse_port, ssl_context=tls).start()
        except OSError as error:
            raise OSError(error.errno, f"{host}:{port}: {error.strerror}") from error

    @property
    def ports(self) -> tuple[int, int]:
        """Return the port of callers and the admin port; where 0 is configured, those that the system has picked.

        The first is 0 where no callers are served.
        """
        *callers, operators = (runner.addresses[0][1] for runner in self._runners)
        return (callers[0] if callers else 0), operators

    def announce_stop(self) -> None:
        """Let every answer from now on close its connection, so that few connections are open when the ports close."""
        if self._callers is not None:
            self._callers.leaving = True

    async def close(self) -> None:
        """Close both ports and let running requests end within the grace period."""
        if self._callers is not None:
            self._callers.grace_s = self.grace_s
        for runner in self._runners:
            await runner.cleanup()


def stop_event(lifeline: int | None = None) -> asyncio.Event:
    """Return an event that SIGTERM and SIGINT set; a second signal ends the process at once.

    Args:
        lifeline: a pipe whose other end the parent process holds; when the parent is gone, the event is set as well.
    """
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stop() -> None:
        if stopping.is_set():
            os._exit(1)
        stopping.set()

    def stop_as_orphan(pipe: int) -> None:
        loop.remove_reader(pipe)
        stopping.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    if lifeline is not None:
        loop.add_reader(lifeline, stop_as_orphan, lifeline)
    return stopping


def collect_garbage_rarely() -> None:
    """Leave everything made so far out of the search for cycles: looking through it takes 30 ms, again and again."""
    gc.freeze()
    gc.set_threshold(_GARBAGE_THRESHOLD)
