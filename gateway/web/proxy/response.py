"""An engine's answer on its way to a caller: its head as it came, and what is done to a body that must be looked at.

What must not live here: which answers are looked at, and what is cut out of them (``native``, the dialects).
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

from aiohttp import hdrs, web

from gateway.errors import EngineMisbehaved

_SURROGATE = re.compile("[\udc80-\udcff]")


class ProxiedResponse(web.StreamResponse):
    """An answer with the engine's headers and no others: no content type is made up, no byte of them is lost."""

    _send_headers_immediately = False  # the head travels with the first bytes of the body, if some are there

    async def _prepare_headers(self) -> None:
        had = hdrs.CONTENT_TYPE in self.headers
        await super()._prepare_headers()
        if not had:
            _ = self.headers.pop(hdrs.CONTENT_TYPE, None)

    async def _write_headers(self) -> None:
        await super()._write_headers()
        writer: Any = self._payload_writer
        if writer is not None and any(_SURROGATE.search(value) for value in self.headers.values()):
            # bytes that are no UTF-8, a file name in Latin-1 say, which aiohttp would drop
            lines = [f"HTTP/1.1 {self.status} {self.reason}", *(f"{name}: {of}" for name, of in self.headers.items())]
            writer._headers_buf = ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape")  # noqa: SLF001

    def head_now(self) -> None:
        """Send the head, though nothing of the body is there yet."""
        if self._payload_writer is not None:
            self._payload_writer.send_headers()


async def watched(first: bytes, pieces: AsyncIterator[bytes], hidden: bytes) -> AsyncIterator[bytes]:
    """Hand a long answer on; what must not be seen is not cut out of it, but breaks it off.

    Raises:
        EngineMisbehaved: here it is.
    """
    before = b""
    piece = first
    while piece:
        if hidden in before + piece:
            raise EngineMisbehaved("A long answer has details that no caller may see.")
        yield piece
        before = (before + piece)[-len(hidden) :]
        piece = await anext(pieces, b"")
