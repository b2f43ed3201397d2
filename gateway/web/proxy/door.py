"""Where a vendor's dialect is spoken, and which engine is behind it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from gateway.port import Dialect, Engine


class Door(msgspec.Struct, frozen=True, kw_only=True):
    """One front door in a vendor's dialect.

    Args:
        prefix: path below which the dialect is spoken, without a trailing slash.
        engine_url: the engine's base URL, whose ``Location`` headers lead back here.
        idle_s: longest silence of the engine, seconds.
        forwards: whether the engine sees the caller's own credentials and cookies.
        caller_host: whether the engine is told the caller's ``Host``, so that its links lead back here.
        debug: whether details are shown that may hold scripts and SQL.
    """

    prefix: str
    dialect: Dialect
    engine: Engine
    engine_url: str
    idle_s: float = 30.0
    forwards: bool = False
    caller_host: bool = True
    debug: bool = False


def door_at(doors: Sequence[Door], raw_path: str) -> Door | None:
    """Return the front door of a raw request target, None for the gateway's own paths; the first prefix wins."""
    for door in doors:
        if raw_path.startswith(door.prefix) and raw_path[len(door.prefix) : len(door.prefix) + 1] in {"", "/", "?"}:
            return door
    return None
