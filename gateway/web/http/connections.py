"""Callers' connections: how many there may be, and how long each may be silent.

Where there are too many, those that have been idle longest make room; a request that runs is never cut off for another.
What must not live here: how bytes become requests (``server``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import msgspec

_SHARE = 100
"""One in so many connections is closed when there are too many, so that they are looked through rarely."""


class ConnectionLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Limits on callers' connections to one process.

    Args:
        most: of all callers.
        per_address: of one source address; 0 = any number, since behind a proxy all callers share one.
        keepalive_s: how long one may be idle.
        header_s: time for the head of a request to arrive, from its first byte on.
        send_s: time for a caller to take what is sent.
    """

    most: int = 10_000
    per_address: int = 0
    keepalive_s: float = 75.0
    header_s: float = 10.0
    send_s: float = 60.0


class Connection(Protocol):
    """One connection."""

    @property
    def idle_since(self) -> float | None:
        """Return when its last request ended, on the loop's clock; None while one runs."""
        ...

    def drop(self) -> None:
        """Close it without an answer."""


class Connections:
    """All connections of callers to this process.

    Args:
        limits: returns those in use.
        shed: told why a connection is refused or closed.
    """

    def __init__(self, limits: Callable[[], ConnectionLimits], shed: Callable[[str], None]) -> None:
        self._limits, self.shed = limits, shed
        self._open: dict[Connection, str] = {}
        self._addresses: dict[str, int] = {}

    @property
    def limits(self) -> ConnectionLimits:
        """Return the limits in use."""
        return self._limits()

    def add(self, connection: Connection, address: str) -> bool:
        """Count a new connection; return whether it may stay."""
        limits, of_address = self.limits, self._addresses.get(address, 0)
        if 0 < limits.per_address <= of_address:
            self.shed("connections-per-address")
            return False
        if len(self._open) >= limits.most and not self._make_room(limits.most):
            self.shed("connections")
            return False
        self._open[connection] = address
        self._addresses[address] = self._addresses.get(address, 0) + 1
        return True

    def remove(self, connection: Connection) -> None:
        """Forget a connection that has ended; one that was refused is not known."""
        address = self._open.pop(connection, None)
        if address is None:
            return
        left = self._addresses[address] - 1
        if left:
            self._addresses[address] = left
        else:
            del self._addresses[address]

    def _make_room(self, most: int) -> bool:
        """Close the connections that have been idle longest; return whether there were any."""
        idle = [
            (since, number, each) for number, each in enumerate(self._open) if (since := each.idle_since) is not None
        ]
        idle.sort(key=lambda each: each[:2])
        for _, _, connection in idle[: len(self._open) - most + max(1, most // _SHARE)]:
            self.shed("idle")
            self.remove(connection)
            connection.drop()
        return len(self._open) < most
