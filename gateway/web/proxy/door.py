"""Where a vendor's dialect is spoken, and what must be known of the engines that its requests are relayed to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from gateway.port import Dialect, Engine


class Upstream(msgspec.Struct, frozen=True, kw_only=True):
    """How requests are relayed to one engine.

    Args:
        url: the engine's base URL; ``Location`` headers below it lead back to the front door.
        idle_s: longest silence of the engine, in seconds.
        forwards: whether the engine sees the caller's own credentials and cookies.
    """

    url: str
    idle_s: float = 30.0
    forwards: bool = False


class Door(msgspec.Struct, frozen=True, kw_only=True):
    """One front door in a vendor's dialect.

    Args:
        prefix: path below which the dialect is spoken, without a trailing slash.
        default: the engine of whatever names no other.
        upstreams: how requests are relayed to each engine, by its name.
        caller_host: whether engines are told the caller's ``Host``, so that their links lead back here.
        gateway_headers: whether answers say which engine they come from, and how long it took.
        debug: whether details are shown that may hold scripts and SQL.
    """

    prefix: str
    dialect: Dialect
    default: Engine
    upstreams: Mapping[str, Upstream]
    caller_host: bool = True
    debug: bool = False
    gateway_headers: bool = False

    is_foreign: bool = False
    """Whether the door's own engine speaks another language; found out when the door is made."""
    scrubs: bool = False
    """Whether answers must be looked at before callers see them; likewise."""

    def __post_init__(self) -> None:
        """Find out what every request would ask."""
        msgspec.structs.force_setattr(self, "is_foreign", self.default.vendor != self.dialect.vendor)
        msgspec.structs.force_setattr(self, "scrubs", self.dialect.scrubs and not self.debug)


def door_at(doors: Sequence[Door], raw_path: str) -> Door | None:
    """Return the front door of a raw request target, None for the gateway's own paths; the first prefix wins."""
    for door in doors:
        if raw_path.startswith(door.prefix) and raw_path[len(door.prefix) : len(door.prefix) + 1] in {"", "/", "?"}:
            return door
    return None
