"""Write log lines, all of one turn of the event loop in one write: a write costs as much as making a line."""

from __future__ import annotations

import asyncio
import contextlib
from typing import BinaryIO


class Lines:
    """A logger for structlog that takes finished lines as bytes.

    Within an event loop the lines are written at the end of the loop's turn, before anything is waited for; elsewhere
    (at start, in threads) at once. Lines that cannot be written (no space, nobody reads the pipe) are lost: no request
    fails because of them, and there is no place to report them.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._lines: list[bytes] = []
        self._waiting: asyncio.AbstractEventLoop | None = None

    def msg(self, line: bytes) -> None:
        """Write a line, or store it until the end of the loop's turn; the line has no line end."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._write(line + b"\n")
            return
        self._lines.append(line)
        if loop is not self._waiting:
            self._waiting = loop
            loop.call_soon(self._write_stored)

    def _write_stored(self) -> None:
        self._waiting = None
        text = b"\n".join([*self._lines, b""])
        self._lines.clear()
        self._write(text)

    def _write(self, text: bytes) -> None:
        """Write all of it; a file without a buffer (``PYTHONUNBUFFERED``) may take less at once."""
        with contextlib.suppress(OSError):
            while text:
                text = text[self._file.write(text) or len(text) :]
            self._file.flush()

    debug = info = warning = error = critical = msg
