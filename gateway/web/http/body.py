"""Receives callers' bodies within limits of time and size, and decodes JSON strictly."""

from __future__ import annotations

import asyncio
import codecs
import re
from collections.abc import AsyncIterator, Callable
from functools import lru_cache
from typing import TypeVar

import msgspec
from aiohttp import web

from gateway.errors import InvalidJson, InvalidRequest, PayloadTooLarge, UnsupportedMediaType
from gateway.model import jsontext
from gateway.model.jsontext import Tree
from gateway.web.http import json_faults
from gateway.web.http.deadline import BodyDeadline
from gateway.web.http.json_faults import Hints
from gateway.web.http.limits import RequestLimits

T = TypeVar("T")
_KEPT = web.RequestKey("varbridge.body", bytes)
_CLOSE = (("Connection", "close"),)
_NO_HINTS = Hints()


def media_type(request: web.BaseRequest, *allowed: str) -> str:
    """Return the body's media type.

    Raises:
        UnsupportedMediaType: another one, another charset, or a content encoding.
    """
    headers = request.headers
    refuse_encoded(request)
    kind, charset = _media_type(headers.get("Content-Type", ""))
    if kind not in allowed:
        raise UnsupportedMediaType(f"Give the body as {' or '.join(allowed)}.")
    if charset not in {"", "utf-8", "utf8"}:
        raise UnsupportedMediaType("The body is taken in UTF-8 only.")
    return kind


def refuse_encoded(request: web.BaseRequest) -> None:
    """Refuse a body with a content encoding.

    Raises:
        UnsupportedMediaType: it has one.
    """
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise UnsupportedMediaType("Bodies with a content encoding are not taken.")


@lru_cache(maxsize=64)  # callers send the same few
def _media_type(raw: str) -> tuple[str, str]:
    """Return media type and charset of a ``Content-Type``, in lower case."""
    kind, _, parameters = raw.partition(";")
    charset = re.search(r"charset=\"?([^\";\s]+)", parameters, re.IGNORECASE)
    return kind.strip().lower(), charset.group(1).lower() if charset else ""


async def buffered_body(request: web.BaseRequest, limits: RequestLimits) -> bytes:
    """Receive the whole body and buffer it for the next reader.

    Raises:
        PayloadTooLarge, InvalidRequest: as for ``receive``.
    """
    request[_KEPT] = content = await receive(request, limits)
    return content


def _held(request: web.BaseRequest) -> bytes | None:
    """Return the buffered body, if any; a look into a request that holds nothing would raise, and catch, a KeyError."""
    return request[_KEPT] if len(request) and _KEPT in request else None


async def receive(request: web.BaseRequest, limits: RequestLimits) -> bytes:
    """Receive the whole body.

    Raises:
        PayloadTooLarge: over the limit, by its announced or its real length.
        InvalidRequest: it did not arrive in time.
    """
    if (held := _held(request)) is not None:
        return held
    if (request.content_length or 0) > limits.max_body_bytes:
        raise _too_large(limits)
    content = request.content
    if "Expect" in request.headers:
        await invite(request)
    if content.is_eof():
        body = content.read_nowait(-1)
        if len(body) > limits.max_body_bytes:
            raise _too_large(limits)
        return body
    try:
        async with asyncio.timeout(limits.body_read_timeout_s):
            return await _collected(request, limits)
    except TimeoutError as error:
        raise InvalidRequest("The body did not arrive in time.", headers=(("Connection", "close"),)) from error


async def pass_on(request: web.BaseRequest, limits: RequestLimits) -> bytes | AsyncIterator[bytes]:
    """Return a body to forward: as bytes if all of it has arrived, else as a stream."""
    if (held := _held(request)) is not None:
        return held
    await invite(request)
    content = request.content
    return content.read_nowait(-1) if content.is_eof() else _arriving(request, limits)


async def _arriving(request: web.BaseRequest, limits: RequestLimits) -> AsyncIterator[bytes]:
    pace = BodyDeadline(limits)
    while piece := await pace.waited(request.content.readany()):
        pace.came(len(piece))
        yield piece


async def stream(request: web.BaseRequest, limits: RequestLimits) -> AsyncIterator[bytes]:
    """Yield a binary body as it arrives.

    Raises:
        PayloadTooLarge: over the limit of binary content; InvalidRequest: it stopped coming.
    """
    if (request.content_length or 0) > limits.max_binary_bytes:
        raise PayloadTooLarge(f"Binary content has at most {limits.max_binary_bytes} bytes.", headers=_CLOSE)
    await invite(request)
    size = 0
    async for piece in _arriving(request, limits):
        size += len(piece)
        if size > limits.max_binary_bytes:
            raise PayloadTooLarge(f"Binary content has at most {limits.max_binary_bytes} bytes.", headers=_CLOSE)
        yield piece


async def invite(request: web.BaseRequest) -> None:
    """Ask a caller that waits for ``100 Continue`` to send the body."""
    expected = request.headers.get("Expect")
    if expected is not None and request.version.minor >= 1 and not request.content.is_eof():
        if expected.lower() != "100-continue":
            raise InvalidRequest("Only 100-continue can be expected.")
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0


async def _collected(request: web.BaseRequest, limits: RequestLimits) -> bytes:
    pieces: list[bytes] = []
    size = 0
    while piece := await request.content.readany():
        size += len(piece)
        if size > limits.max_body_bytes:
            raise _too_large(limits)
        pieces.append(piece)
    return b"".join(pieces)


def _too_large(limits: RequestLimits) -> PayloadTooLarge:
    return PayloadTooLarge(f"A body has at most {limits.max_body_bytes} bytes.", headers=(("Connection", "close"),))


def decode(
    decoder: msgspec.json.Decoder[T],
    content: bytes,
    limits: RequestLimits,
    hints: Hints = _NO_HINTS,
    mend: Callable[[Tree], bool] | None = None,
) -> T:
    """Return a decoded JSON body, strictly.

    Args:
        decoder: says what is expected.
        content: the body in UTF-8.
        limits: of its depth.
        hints: what a refusal may tell beside what is wrong.
        mend: tried on the tree of a body that is not as expected; it returns whether it changed anything.

    Raises:
        InvalidJson, InvalidRequest, PayloadTooLarge: with the pointer of what is wrong.
    """
    check_strict(content, limits)
    try:
        return decoder.decode(content)
    except msgspec.ValidationError as error:
        tree = jsontext.parse(content, depth=limits.max_depth)
        if mend is not None and mend(tree):
            return decode(decoder, jsontext.write(tree), limits, hints)
        raise json_faults.refusal(error, decoder.type, tree, hints) from error
    except msgspec.DecodeError as error:
        raise InvalidJson(str(error)) from error


def check_strict(content: bytes, limits: RequestLimits) -> None:
    """Refuse a body that is not JSON without doubt, or too deep.

    Raises:
        InvalidJson, PayloadTooLarge: as for ``jsontext.parse``.
    """
    if not jsontext.is_strict(content, limits.max_depth):
        _ = jsontext.parse(content, depth=limits.max_depth)


def utf8(content: bytes) -> bytes:
    """Return a JSON body without the byte order mark that some clients begin it with.

    Raises:
        InvalidJson: it is in UTF-16 or UTF-32 (JSON begins with an ASCII character, which has a null byte beside it).
    """
    if content[:1] == b"{" and content[1:2] != b"\0":
        return content
    if content.startswith(codecs.BOM_UTF8):
        return content[len(codecs.BOM_UTF8) :]
    if b"\0" in content[:2] or content[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        raise InvalidJson("The body is in UTF-16 or UTF-32; JSON is taken in UTF-8 only.")
    return content


def refuse_oddities(request: web.BaseRequest) -> None:
    """Refuse what aiohttp lets through: other HTTP versions, absolute targets, upgrades, no ``Host`` or two of them.

    An offer to upgrade to HTTP/2 is ignored, as RFC 9110 (7.8) allows; Java's client sends it with its first request.
    """
    version, headers = request.version, request.headers
    if version.major != 1:
        raise InvalidRequest("This is an HTTP/1.1 server.", headers=_CLOSE)
    if not request.raw_path.startswith("/"):
        raise InvalidRequest("The request target must be a path.", headers=_CLOSE)
    if len(headers.getall("Host", ())) != 1 and (version.minor or "Host" in headers):
        raise InvalidRequest("A request has one Host.", headers=_CLOSE)
    if not version.minor and "Transfer-Encoding" in headers:
        raise InvalidRequest("HTTP/1.0 has no transfer encodings.", headers=_CLOSE)
    if "Upgrade" in headers and any(offer.strip().lower() != "h2c" for offer in headers.getall("Upgrade")):
        raise InvalidRequest("Nothing is upgraded here.", headers=_CLOSE)
