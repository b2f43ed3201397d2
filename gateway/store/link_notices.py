"""Changes of links on PostgreSQL: by their number with each write lock, and by a notice as soon as they are made.

Notices need a session of their own. Behind a pooler that lends sessions for one transaction none arrives: then what is
known is as old as the last look (``LinkRoutes.follow``), and writes are right all the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from sqlalchemy.engine import make_url

from gateway.store.leases import Leases

_CHANNEL = "varbridge_links"
_AGAIN_S = 5.0
"""Between two tries to listen: until then, the look each half second must do."""


class LeaseNumbers:
    """The number of the last change, as it comes with each write lock; a ``ChangeSignal`` of ``gateway.bridge``.

    A change is visible with its number, in one commit, so nothing needs to be shown while it is under way.
    """

    def __init__(self, leases: Leases) -> None:
        self._leases = leases

    def mark(self) -> int | None:
        """Return the last number that came with a lock."""
        return self._leases.last_link_change

    def is_current(self, mark: int | None, number: int) -> bool:
        """Return whether no lock has come with a greater number than what was read."""
        return self._leases.last_link_change <= max(mark or 0, number)

    async def begin(self) -> int | None:
        """Do nothing: the number is part of the change."""
        return None

    async def end(self) -> int | None:
        """Do nothing."""
        return None

    async def mend(self) -> None:
        """Do nothing."""


async def listen(url: str, wake: Callable[[], None]) -> None:
    """Call ``wake`` for every change of a link, and whenever some may have been missed, until cancelled."""
    import psycopg  # noqa: PLC0415 - a gateway on SQLite needs none of it

    conninfo = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    while True:
        try:
            async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as connection:
                _ = await connection.execute(f"LISTEN {_CHANNEL}")
                wake()
                async for _ in connection.notifies():
                    wake()
        except (psycopg.Error, OSError):
            wake()
        await asyncio.sleep(_AGAIN_S)
