"""The response that carries an engine's answer: its head as it came, to the byte.

What must not live here: what becomes of the body (``returning``).
"""

from __future__ import annotations

import re
from typing import Any

from aiohttp import HttpVersion10, hdrs, web
from aiohttp.helpers import rfc822_formatted_time

from gateway.web.http.buffered import write_out

_NO_CONTENT, _NOT_MODIFIED = 204, 304
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

    async def send_whole(self, request: web.BaseRequest, body: bytes) -> None:
        """Send head and body as one piece; the stages of a stream cost a small request a tenth.

        Raises:
            ConnectionError: the caller has gone.
            ValueError: a header has a line break or NUL in it.
        """
        self._eof_sent = True
        if self._keep_alive is None:
            self._keep_alive = request.keep_alive
        is_empty = self.status in {_NO_CONTENT, _NOT_MODIFIED}
        if is_empty or hdrs.CONTENT_LENGTH in self.headers or request.version == HttpVersion10:
            content = b"" if is_empty else body
            await write_out(request, self._whole_head(request, len(content)) + content)
        else:  # the engine told no length, so none is made up
            self.headers[hdrs.TRANSFER_ENCODING] = "chunked"
            await write_out(request, self._whole_head(request, None) + _chunks(body))

    def _whole_head(self, request: web.BaseRequest, length: int | None) -> bytes:
        headers, old = self.headers, request.version == HttpVersion10
        _ = headers.setdefault(hdrs.DATE, rfc822_formatted_time())
        if self.status == _NO_CONTENT:
            _ = headers.pop(hdrs.CONTENT_LENGTH, None)
        elif length is not None and self.status != _NOT_MODIFIED:  # whose length is that of what the caller has
            headers[hdrs.CONTENT_LENGTH] = str(length)
        if self._keep_alive == old:  # what is not the default of the version
            headers[hdrs.CONNECTION] = "keep-alive" if old else "close"
        lines = [f"HTTP/1.{0 if old else 1} {self.status} {self.reason}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        text = "\n".join(lines)
        if text.count("\n") >= len(lines) or "\r" in text or "\0" in text:
            msg = "A header has a line break or NUL in it."
            raise ValueError(msg)
        return (text.replace("\n", "\r\n") + "\r\n\r\n").encode("utf-8", "surrogateescape")


def _chunks(body: bytes) -> bytes:
    """Return a body in one chunk (RFC 9112, section 7.1)."""
    return b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body) if body else b"0\r\n\r\n"
