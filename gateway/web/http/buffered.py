"""Responses that are held in full and sent in one piece.

aiohttp's own ``Response`` builds a header map, adds to it and serialises it; of a small answer that is a tenth of all
that the gateway does. What must not live here: what an answer says (``boundary``), answers that stream.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable

from aiohttp import HttpVersion10, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.helpers import rfc822_formatted_time

_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_NO_BODY = frozenset((204, 304))


def write_out(request: web.BaseRequest, text: bytes) -> Awaitable[None]:
    """Send an answer as bytes; what is returned waits until there is room for the next.

    Raises:
        ConnectionError: the caller has gone.
    """
    transport = request.transport
    if transport is None or transport.is_closing():
        msg = "The caller has gone."
        raise ConnectionResetError(msg)
    transport.write(text)
    return request.writer.drain()


class BufferedResponse(web.StreamResponse):
    """An answer: status line, headers and body, written at once; HEAD, 204 and 304 go without the body.

    A caller that does not read gets no further: its next request is looked at when there is room for its answer.

    Args:
        status: of 200 to 599.
        fields: the headers, without those of framing, and without ``Date``.
        body: all of it.
    """

    def __init__(self, status: int, fields: dict[str, str], body: bytes = b"") -> None:
        super().__init__(status=status)
        self._fields, self._content = fields, body

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Send the response.

        Raises:
            ConnectionError: the caller has gone.
            ValueError: a header has a line break or another control character in it.
        """
        if not self._eof_sent:
            self._eof_sent = True
            if self._keep_alive is None:
                self._keep_alive = request.keep_alive
            await write_out(request, self._head(request) + (b"" if request.method == "HEAD" else self._content))
        return None

    def _head(self, request: web.BaseRequest) -> bytes:
        status, old = self.status, request.version == HttpVersion10
        text = f"HTTP/1.{0 if old else 1} {status} {self.reason}\r\nDate: {rfc822_formatted_time()}\r\n"
        if status not in _NO_BODY:
            text += f"Content-Length: {len(self._content)}\r\n"
        if not self._keep_alive:
            text += "Connection: close\r\n"
        elif old:
            text += "Connection: keep-alive\r\n"
        fields = self._fields
        if not "".join(fields.values()).isprintable():
            _refuse_controls(fields)
        return (text + "".join([f"{name}: {value}\r\n" for name, value in fields.items()]) + "\r\n").encode()


def _refuse_controls(fields: dict[str, str]) -> None:
    for name, value in fields.items():
        if _CONTROL.search(value):
            msg = f"The header {name} has a control character in it."
            raise ValueError(msg)
