"""Reloading: read the configuration again on SIGHUP and when its files change, and swap it in whole or not at all.

Requests to reload that come while one is under way are one more reload after it. What must not live here: what a
configuration becomes (``gateway.generation``).
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import time
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

import msgspec
import structlog
import watchfiles

from gateway.config import Config, ConfigError
from gateway.observe.metrics import Metrics

_FIXED_SERVER = ("host", "port", "admin_host", "admin_port", "workers")
_DEBOUNCE_MS = 300
"""Editors and Kubernetes write a file in several steps; a reload waits until they are done."""
_log = structlog.get_logger("varbridge")


class ReloadState(msgspec.Struct, kw_only=True):
    """Which configuration is in use, and what became of the last attempt to replace it.

    Args:
        number: 1 for the configuration of the start, one more for each that replaced it.
        loaded_at: when it came into use, seconds since 1970.
        error: why the last attempt changed nothing; None = it did what it should.
        failed_at: when that was.
    """

    number: int = 1
    loaded_at: float = 0.0
    error: str | None = None
    failed_at: float | None = None


def check_fixed(now: Config, wanted: Config) -> None:
    """Check that a configuration differs in nothing that cannot change while the gateway runs.

    Raises:
        ConfigError: naming what needs a restart.
    """
    for name in _FIXED_SERVER:
        if getattr(now.server, name) != getattr(wanted.server, name):
            raise ConfigError(f"{wanted.source}: server.{name}: a change needs a restart")
    if (now.server.tls is None) != (wanted.server.tls is None):
        raise ConfigError(f"{wanted.source}: server.tls: switching TLS on or off needs a restart")
    if now.store != wanted.store:
        raise ConfigError(f"{wanted.source}: store: a change needs a restart")


class Reloader:
    """Replaces the configuration when it is asked to.

    Args:
        read: reads the configuration anew, secrets included.
        current: returns the one in use.
        replace: swaps another one in.
        metrics: counts what became of it.
        note: is given the configuration before, the one that has replaced it, and when that was.
    """

    def __init__(
        self,
        read: Callable[[], Config],
        current: Callable[[], Config],
        replace: Callable[[Config], Awaitable[None]],
        metrics: Metrics,
        note: Callable[[Config, Config, float], None] = lambda _before, _after, _loaded_at: None,
    ) -> None:
        self._read, self._current, self._replace, self._metrics = read, current, replace, metrics
        self._note = note
        self._wanted = asyncio.Event()
        self.state = ReloadState(loaded_at=time.time())

    def ask(self) -> None:
        """Reload soon; asking again before that changes nothing."""
        self._wanted.set()

    async def run(self) -> None:
        """Reload each time that it is wanted, until cancelled."""
        while True:
            _ = await self._wanted.wait()
            self._wanted.clear()
            await self._reload()

    async def _reload(self) -> None:
        try:
            wanted = await asyncio.to_thread(self._read)
            before = self._current()
            check_fixed(before, wanted)
            await self._replace(wanted)
        except ConfigError as error:
            self._note_failure(str(error))
        except OSError as error:
            self._note_failure(f"the configuration cannot be used: {error.strerror or type(error).__name__}")
        else:
            state = self.state
            state.number, state.loaded_at, state.error, state.failed_at = state.number + 1, time.time(), None, None
            self._metrics.reloaded(applied=True)
            self._note(before, wanted, state.loaded_at)
            _log.info("reloaded", number=state.number, engines=sorted(wanted.engines))

    def _note_failure(self, reason: str) -> None:
        self.state.error, self.state.failed_at = reason, time.time()
        self._metrics.reloaded(applied=False)
        _log.error("reload_failed", reason=reason)


async def watch(files: Callable[[], Iterable[Path]], changed: Callable[[], None]) -> None:
    """Call ``changed`` whenever the content of one of some files does, until cancelled.

    Folders are watched rather than files: editors and Kubernetes put another file in the place of the old one.

    Args:
        files: returns the files that count; asked anew after each change, since a configuration names others.
        changed: called from the event loop.
    """
    seen = digest(files())
    while True:
        folders = sorted({path.parent for path in files() if path.parent.is_dir()})
        if not folders:
            return
        stop = asyncio.Event()
        async for _ in watchfiles.awatch(
            *folders, debounce=_DEBOUNCE_MS, recursive=False, stop_event=stop, ignore_permission_denied=True
        ):
            now = digest(files())
            if now != seen:
                seen = now
                changed()
            if sorted({path.parent for path in files() if path.parent.is_dir()}) != folders:
                stop.set()


def digest(files: Iterable[Path]) -> bytes:
    """Return a digest of the files' contents; a file that cannot be read counts as one without content."""
    running = hashlib.sha256()
    for path in sorted(files):
        content = b""
        with contextlib.suppress(OSError):
            content = path.read_bytes()
        running.update(str(path).encode() + b"\0" + hashlib.sha256(content).digest())
    return running.digest()
