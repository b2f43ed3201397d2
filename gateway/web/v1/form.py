"""An uploaded form (multipart/form-data) with a variable's content, read as a stream, part by part.

What must not live here: what the content is for (``binary``).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from typing import TypeVar

import aiohttp
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from gateway.errors import InvalidRequest, PayloadTooLarge
from gateway.web.http.deadline import BodyDeadline
from gateway.web.http.limits import RequestLimits

T = TypeVar("T")
_CHUNK = 64 * 1024
_KINDS = {b"bytes": b"Bytes", b"file": b"File"}
_MAX_KIND = 64
"""Bytes of a `valueType`; the longest that is known has five."""
_BROKEN = (ValueError, AssertionError, RuntimeError, aiohttp.ClientError, HttpProcessingError)
"""What aiohttp's reader raises for a form that it cannot read."""


class Form:
    """The parts ``data`` and ``valueType``, in either order.

    Args:
        request: its body is the form.
        limits: of time and size.

    Raises:
        InvalidRequest: its media type has no boundary.
    """

    def __init__(self, request: web.BaseRequest, limits: RequestLimits) -> None:
        self._limits, self._pace = limits, BodyDeadline(limits)
        self.said: bytes | None = None
        """``Bytes`` or ``File``, once it has been read."""
        try:
            self._reader = aiohttp.MultipartReader(request.headers, request.content)
        except _BROKEN as error:
            raise InvalidRequest("The form has no boundary.") from error

    async def data(self) -> aiohttp.BodyPartReader:
        """Return the head of the part that has the content.

        Raises:
            InvalidRequest: there is none, or the form cannot be read.
        """
        while (part := await self._next()) is not None:
            if part.name == "data":
                return part
            self.said = await self._word(part)
        raise InvalidRequest("The form has no part `data`.")

    async def content(self, part: aiohttp.BodyPartReader) -> AsyncIterator[bytes]:
        """Yield the content as it arrives.

        Raises:
            PayloadTooLarge: it is over the limit; InvalidRequest: it broke off, or came too slowly.
        """
        limit, size = self._limits.max_binary_bytes, 0
        while not part.at_eof():
            piece = await self._waited(part.read_chunk(_CHUNK))
            self._pace.came(len(piece))
            size += len(piece)
            if size > limit:
                raise PayloadTooLarge(f"Binary content has at most {limit} bytes.")
            if piece:
                yield piece

    async def rest(self) -> AsyncIterator[bytes]:
        """Read the parts behind the content and yield the type that they say; ``said`` is that type then."""
        while (part := await self._next()) is not None:
            self.said = await self._word(part)
            yield self.said

    async def _next(self) -> aiohttp.BodyPartReader | None:
        part = await self._waited(self._reader.next())
        if part is not None and not isinstance(part, aiohttp.BodyPartReader):
            raise InvalidRequest("A form has no forms in it.")
        return part

    async def _word(self, part: aiohttp.BodyPartReader) -> bytes:
        """Read the part ``valueType`` (or ``variableType``, its synonym) and return the type; refuse any other part."""
        if part.name not in {"valueType", "variableType"}:
            raise InvalidRequest("The form has an unknown part; known are data and valueType.")
        text = (await self._waited(part.read_chunk(_MAX_KIND))).strip()
        more = b"" if part.at_eof() else await self._waited(part.read_chunk(1))
        if more or text.lower() not in _KINDS:
            raise InvalidRequest("`valueType` is Bytes or File.")
        return _KINDS[text.lower()]

    async def _waited(self, piece: Awaitable[T]) -> T:
        try:
            return await self._pace.waited(piece)
        except _BROKEN as error:
            raise InvalidRequest("The form cannot be read.") from error
