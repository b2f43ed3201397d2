"""The response that carries an engine's answer: its head as it came, to the byte.

What must not live here: what becomes of the body (``returning``).
"""

from __future__ import annotations

import re
from typing import Any

from aiohttp import hdrs, web

_SURROGATE = re.compile("[\udc80-\udcff]")


class ProxiedResponse(web.StreamResponse):
    """A response with the engine's headers and no others: no content type is made up, no byte is lost."""

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
            # bytes that are no UTF-8, as in a file name in Latin-1, which aiohttp would drop
            lines = [f"HTTP/1.1 {self.status} {self.reason}", *(f"{name}: {of}" for name, of in self.headers.items())]
            writer._headers_buf = ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape")  # noqa: SLF001

    def send_head(self) -> None:
        """Send the head before anything of the body is there."""
        if self._payload_writer is not None:
            self._payload_writer.send_headers()
