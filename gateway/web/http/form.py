"""An uploaded form (multipart/form-data): one part with content, which is read as a stream, and short fields around it.

What must not live here: which parts a form has, and what they mean (``v1.binary``, the dialects).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Mapping
from typing import TypeVar

import aiohttp
import msgspec
from aiohttp import hdrs, web
from aiohttp.http_exceptions import HttpProcessingError

from gateway.errors import InvalidRequest, PayloadTooLarge
from gateway.model import jsontext
from gateway.web.http.deadline import BodyDeadline
from gateway.web.http.limits import RequestLimits

T = TypeVar("T")
_CHUNK = 64 * 1024
_MAX_FIELD_BYTES = 1024
"""Of one field: the name of a type, at most that of a class with its parameters."""
_BROKEN = (ValueError, AssertionError, RuntimeError, aiohttp.ClientError, HttpProcessingError)
"""What aiohttp's reader raises for a form that it cannot read."""


class ContentHead(msgspec.Struct, frozen=True, kw_only=True):
    """What a form says of its content: name of the file, media type with its parameters; None where it says nothing."""

    filename: str | None = None
    content_type: str | None = None


class Form:
    """A form on its way in. Read it in this order: ``head``, ``content``, ``finish``.

    Args:
        headers: of the request; they have the form's boundary.
        body: the form as it comes.
        limits: of time and size.
        content: name of the part with the content.
        fields: names of the fields that there may be, each once.

    Raises:
        InvalidRequest: its media type has no boundary.
    """

    def __init__(
        self,
        headers: Mapping[str, str],
        body: aiohttp.StreamReader,
        limits: RequestLimits,
        *,
        content: str,
        fields: frozenset[str],
    ) -> None:
        self._limits, self._pace = limits, BodyDeadline(limits)
        self._content, self._known = content, fields
        self._part: aiohttp.BodyPartReader | None = None
        self.fields: dict[str, bytes] = {}
        """What has been read so far of the fields."""
        try:
            self._reader = aiohttp.MultipartReader(headers, body)
        except _BROKEN as error:
            raise InvalidRequest("The form has no boundary.") from error

    async def head(self) -> ContentHead:
        """Read the fields in front of the content and return its head.

        Raises:
            InvalidRequest: there is no content, or the form cannot be read.
        """
        while (part := await self._next()) is not None:
            if part.name == self._content:
                self._part = part
                return _head(part)
            await self._read_field(part)
        raise InvalidRequest(f"The form has no part `{self._content}`.")

    async def content(self) -> AsyncIterator[bytes]:
        """Yield the content as it arrives.

        Raises:
            PayloadTooLarge: it is over the limit; InvalidRequest: it broke off, or came too slowly.
        """
        limit, size = self._limits.max_binary_bytes, 0
        while self._part is not None and not self._part.at_eof():
            piece = await self._read(self._part, _CHUNK)
            size += len(piece)
            if size > limit:
                raise PayloadTooLarge(f"Binary content has at most {limit} bytes.")
            if piece:
                yield piece

    async def finish(self) -> None:
        """Read the fields behind the content.

        Raises:
            InvalidRequest: one of them is not known or stands twice, or the form cannot be read.
        """
        while (part := await self._next()) is not None:
            await self._read_field(part)

    async def _next(self) -> aiohttp.BodyPartReader | None:
        part = await self._waited(self._reader.next())
        if part is not None and not isinstance(part, aiohttp.BodyPartReader):
            raise InvalidRequest("A form has no forms in it.")
        return part

    async def _read_field(self, part: aiohttp.BodyPartReader) -> None:
        name = part.name or ""
        if name not in self._known:
            parts = ", ".join([self._content, *sorted(self._known)])
            raise InvalidRequest(f"The form has an unknown part, or its content twice; known are {parts}.")
        if name in self.fields:
            raise InvalidRequest(f"The form has the part `{name}` twice.")
        text = b""
        while not part.at_eof():
            text += await self._read(part, _MAX_FIELD_BYTES)
            if len(text) > _MAX_FIELD_BYTES:
                raise InvalidRequest(f"The part `{name}` has at most {_MAX_FIELD_BYTES} bytes.")
        self.fields[name] = text

    async def _read(self, part: aiohttp.BodyPartReader, size: int) -> bytes:
        piece = await self._waited(part.read_chunk(size))
        self._pace.came(len(piece))
        return piece

    async def _waited(self, piece: Awaitable[T]) -> T:
        try:
            return await self._pace.waited(piece)
        except _BROKEN as error:
            raise InvalidRequest("The form cannot be read.") from error


def _head(part: aiohttp.BodyPartReader) -> ContentHead:
    head = ContentHead(filename=part.filename, content_type=part.headers.get(hdrs.CONTENT_TYPE))
    require_utf8("file name", head.filename)
    require_utf8("media type", head.content_type)
    return head


def require_utf8(word: str, text: str | None) -> None:
    """Refuse what a header says in bytes that are not UTF-8: what they stand for would be a guess.

    Raises:
        InvalidRequest: the text has such bytes.
    """
    if text is not None and not jsontext.fits_utf8(text):
        raise InvalidRequest(f"The {word} is not UTF-8; another letter than ASCII goes into `filename*=UTF-8''…`.")


def reader_of(content: bytes, request: web.BaseRequest) -> aiohttp.StreamReader:
    """Return a reader of a request's body that is in memory already."""
    reader = aiohttp.StreamReader(request.protocol, max(1, len(content)), loop=asyncio.get_running_loop())
    reader.feed_data(content)
    reader.feed_eof()
    return reader
