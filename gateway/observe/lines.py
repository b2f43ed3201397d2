"""Where log lines go: those of one turn of the event loop in one write, which costs as much as making a line."""

from __future__ import annotations

import asyncio
import contextlib
from typing import BinaryIO


class Lines:
    """A logger of structlog's that takes finished lines as bytes.

    Within an event loop they are written at the end of the loop's turn, so before anything is waited for; elsewhere (at
    start, in threads) at once. Lines that cannot be written (no space, nobody reads the pipe) are lost: no request
    fails for them, and there is nowhere to tell.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._waiting: asyncio.AbstractEventLoop | None = None

    def msg(self, line: bytes) -> None:
        """Take a line, without its end."""
        try:
            _ = self._file.write(line + b"\n")
        except OSError:
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._write()
            return
        if loop is not self._waiting:
            self._waiting = loop
            loop.call_soon(self._write)

    def _write(self) -> None:
        self._waiting = None
        with contextlib.suppress(OSError):
            self._file.flush()

    debug = info = warning = error = critical = msg
