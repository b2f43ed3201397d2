"""The audit trail outside requests: reading it, and recording which configuration comes into use.

Every reload is recorded, and a start with another configuration than the last one recorded. These entries are written
in the background, and again where the store is away: a store must not hold up a reload, with which somebody may be
switching the bridge off. What must not live here: acts that change something in the store, which are
recorded in its transaction.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import platform
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol, TypeVar

import msgspec
import structlog

from gateway import assembly
from gateway.bridge.records import AuditStore
from gateway.config import Config, StoreConfig, differing_keys, show
from gateway.errors import StoreUnavailable
from gateway.model.audit import SYSTEM, AuditAct, AuditEntry, AuditFilter
from gateway.store import AuditRecords, Store, require_there

R = TypeVar("R")
_SUBJECT = "config"
_PAUSE_S = 5.0
"""Between two tries to write what waits."""
_MAX_KEYS = 100
"""Keys that an entry names at most; how many differ it says in any case."""
_log = structlog.get_logger("varbridge")


class Trail(Protocol):
    """The audit trail (``gateway.store.AuditRecords``)."""

    async def append(self, acts: Sequence[AuditAct]) -> None:
        """Add entries in a transaction of their own."""
        ...

    async def list_latest(self, wanted: AuditFilter, limit: int) -> list[AuditEntry]:
        """Return entries, the latest first."""
        ...


class ConfigAudit:
    """Records the configurations of this process."""

    def __init__(self, trail: Trail) -> None:
        self._trail = trail
        self._waiting: list[AuditAct] = []
        self._wanted = asyncio.Event()

    def note_reload(self, before: Config, after: Config, loaded_at: float) -> None:
        """Record that a configuration has replaced another one. With equal keys it was a secret or a certificate."""
        keys = differing_keys(before, after)
        self._waiting.append(
            _act("config.reload", after, loaded_at, {"differing": len(keys), "keys": keys[:_MAX_KEYS]})
        )
        self._wanted.set()

    async def run(self, config: Config, loaded_at: float) -> None:
        """Record that this configuration is in use if it is not the last one recorded; write what is noted later.

        Cancel it to end it; what it could not write so far is left to ``flush``.
        """
        start, is_checked = _act("config.load", config, loaded_at, {}), False
        while True:
            is_checked = is_checked or await self._succeeds(self._check_start(start))
            is_done = is_checked and await self._succeeds(self._write())
            _ = await (self._wanted.wait() if is_done else asyncio.sleep(_PAUSE_S))
            self._wanted.clear()

    async def flush(self) -> None:
        """Try once to write what waits."""
        _ = await self._succeeds(self._write())

    async def _check_start(self, start: AuditAct) -> None:
        last = await self._trail.list_latest(AuditFilter(subject=_SUBJECT), 1)
        if not last or _digest_in(last[0]) != start.evidence["sha256"]:
            self._waiting.insert(0, start)

    async def _write(self) -> None:
        if waiting := tuple(self._waiting):
            await self._trail.append(waiting)
            del self._waiting[: len(waiting)]

    async def _succeeds(self, work: Any) -> bool:
        """Return whether the store has done some work; log why not."""
        try:
            await work
        except StoreUnavailable as error:
            _log.warning("audit_waits", reason=error.detail, entries=len(self._waiting))
            return False
        except Exception as error:  # noqa: BLE001 - a trail that was tampered with must not end what else runs here
            _log.error("audit_failed", exc_info=error)
            return False
        return True


async def read_trail(entry: StoreConfig, read: Callable[[AuditStore], Awaitable[R]]) -> R:
    """Return what is read of a store's audit trail; no gateway need run.

    Raises:
        StoreUnavailable: the store is not there, or cannot be reached.
    """
    require_there(entry.url)
    store = Store(assembly.store_settings(entry))
    try:
        return await read(AuditRecords(store))
    finally:
        await store.close()


def _act(action: str, config: Config, loaded_at: float, evidence: dict[str, Any]) -> AuditAct:
    """Return the act.

    Args:
        action: a start or a reload.
        config: the one that is in use now; the digest is that of how ``GET /config`` shows it, without secrets.
        loaded_at: when it came into use, seconds since 1970; the entry may be written later.
        evidence: what differs.
    """
    digest = hashlib.sha256(msgspec.json.encode(show(config), order="sorted")).hexdigest()
    known = {"sha256": digest, "file": config.source, "process": _process(), "loaded_at": round(loaded_at, 3)}
    return AuditAct(caller=SYSTEM, action=action, subject=_SUBJECT, evidence=known | evidence)


def _process() -> str:
    return f"{platform.node()}:{os.getpid()}"


def _digest_in(entry: AuditEntry) -> Any:
    try:
        return msgspec.json.decode(entry.evidence, type=dict[str, Any]).get("sha256")
    except msgspec.DecodeError:  # tampered with
        return None
