"""Changes of links, shown to the other processes of this machine without a query: a number in the lock file.

The number is odd while a change is under way, and even otherwise. Who changes links holds a kernel lock meanwhile, so
one process changes them at a time, and the lock of a process that dies is free at once, while its number stays odd: in
doubt. Then every write reads the store first, until somebody who gets the lock makes the number even. ``kill -9`` may
come at any point: before the number is odd nothing is changed, and from there on nobody trusts what it knew.
"""

from __future__ import annotations

import asyncio

from gateway.errors import StoreUnavailable
from gateway.store.lock_file import LockFile

_KEY = ("", "links")
"""Engines have names, so no instance has this key."""
_PAUSE_S = 0.002
_PATIENCE_S = 5.0
"""How long another process may take for a change; a change is one transaction."""


class LinkCounter:
    """The number, as one process reads and changes it; it is the ``ChangeSignal`` of ``gateway.bridge.routes``."""

    def __init__(self, file: LockFile) -> None:
        self._file = file
        self._is_ours = False

    def mark(self) -> int | None:
        """Return the number; None while it is odd."""
        number = self._file.read_number()
        return None if number % 2 else number

    def is_current(self, mark: int | None, number: int) -> bool:
        """Return whether the number is what it was, and even; reading it takes a microsecond."""
        del number
        return mark is not None and self._file.read_number() == mark

    async def begin(self) -> int | None:
        """Make the number odd, once no other process changes links; return what it was, None where it was odd already.

        Raises:
            StoreUnavailable: another process took too long, or the lock file cannot be used.
        """
        until = asyncio.get_running_loop().time() + _PATIENCE_S
        while not self._file.take(_KEY):
            if asyncio.get_running_loop().time() >= until:
                raise StoreUnavailable("Another process was changing links for too long.")
            await asyncio.sleep(_PAUSE_S)
        try:
            before = self.mark()
            self._file.write_number(self._file.read_number() | 1)
        except StoreUnavailable:
            self._file.release(_KEY)
            raise
        self._is_ours = True
        return before

    async def end(self) -> int | None:
        """Make the number even, and another one than before; return it."""
        if self._is_ours:
            self._make_even()
        return self.mark()

    async def mend(self) -> None:
        """Make the number even where it is odd and nobody is changing links."""
        if self._file.read_number() % 2 and not self._is_ours and self._file.take(_KEY):
            self._make_even()

    def _make_even(self) -> None:
        self._is_ours = False
        try:
            number = self._file.read_number()
            self._file.write_number(number + number % 2)
        finally:
            self._file.release(_KEY)

    def close(self) -> None:
        """Let go of the lock file."""
        self._file.close()
