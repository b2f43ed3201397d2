"""Binary and file variables of ``/v1``: streamed both ways, checked by digest, never held in memory if large.

If an engine cannot stream, the content is sent as a value of type bytes or file, within the limit of a JSON body.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import AsyncIterator
from urllib.parse import quote, unquote

import msgspec
from aiohttp import hdrs, web

from gateway.errors import Fault, InvalidRequest, UnsupportedMediaType, ValueInvalid
from gateway.model import commands
from gateway.model.expect import Expect
from gateway.model.results import BinaryRead
from gateway.operations import Target, binaries
from gateway.plan import Stream
from gateway.web.http import body
from gateway.web.http.answers import Answer
from gateway.web.http.form import Form, require_utf8
from gateway.web.http.rules import rules_header
from gateway.web.v1.context import RequestContext

_ALGORITHMS = {"sha-256": hashlib.sha256, "sha-512": hashlib.sha512}
_DIGEST = re.compile(r"\s*(sha-256|sha-512)\s*=\s*:([A-Za-z0-9+/=]+):\s*\Z")
_FILENAME = re.compile(r"filename\*=UTF-8''([^;]+)|filename=\"((?:[^\"\\]|\\.)*)\"|filename=([^;\s]+)", re.IGNORECASE)
_TYPE_FIELDS = frozenset({"valueType", "variableType"})
"""Fields of a form that say what the content is: the engine's word, and that of the vendor's page."""
_KINDS = {b"bytes": b"Bytes", b"file": b"File"}
_SMALL = 1024 * 1024
"""Bytes up to which an answer is held, so that its digest can be sent in front of it."""


async def read(context: RequestContext, found: Target, command: commands.ReadBinary) -> Answer:
    """Answer ``GET …/data``: the content with its name, media type and, up to a size or on demand, its digest."""
    gateway, call = context.services.gateway, context.call
    wanted = "sha-256" in context.request.headers.get("Want-Content-Digest", "")
    digest = b""
    result = await binaries.read_binary(gateway, found, command, call)
    if wanted and isinstance(result.content, Stream) and (result.size is None or result.size > _SMALL):
        digest = await _digested(context, result.content)
        result = await binaries.read_binary(gateway, found, command, call)
    if isinstance(result.content, bytes):
        return _held(result, result.content)
    content = aiter(call.streams[result.content.token])
    if not digest and result.size is not None and result.size <= _SMALL:
        return _held(result, b"".join([piece async for piece in content]))
    extra = (_digest_header(digest),) if digest else ()
    length = ((hdrs.CONTENT_LENGTH, str(result.size)),) if result.size is not None else ()
    return Answer(
        status=200, stream=content, headers=(*_headers(result), *length, *extra), media_type=_media_type(result)
    )


def _held(result: BinaryRead, content: bytes) -> Answer:
    headers = (*_headers(result), _digest_header(hashlib.sha256(content).digest()))
    return Answer(status=200, body=content, headers=headers, media_type=_media_type(result))


async def _digested(context: RequestContext, content: Stream) -> bytes:
    running = hashlib.sha256()
    async for piece in context.call.streams[content.token]:
        running.update(piece)
    return running.digest()


def _headers(result: BinaryRead) -> tuple[tuple[str, str], ...]:
    if result.filename is None:
        return ((hdrs.CONTENT_DISPOSITION, "attachment"),)
    plain = re.sub(r"[^A-Za-z0-9 ._-]", "_", result.filename)
    encoded = quote(result.filename, safe="")
    return ((hdrs.CONTENT_DISPOSITION, f"attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}"),)


def _media_type(result: BinaryRead) -> str:
    kind = result.media_type or "application/octet-stream"
    return kind if kind.isprintable() and kind.isascii() else "application/octet-stream"


def _digest_header(digest: bytes) -> tuple[str, str]:
    return ("Content-Digest", f"sha-256=:{base64.b64encode(digest).decode('ascii')}:")


class ContentTarget(msgspec.Struct, frozen=True, kw_only=True):
    """Where content goes, and what is expected to be there."""

    target: Target
    name: str
    scope: str
    expect: Expect | None


async def write(context: RequestContext, place: ContentTarget) -> Answer:
    """Answer ``PUT`` and ``POST …/data``: a raw body, or a form with ``data`` and ``valueType``."""
    upload, found = await _upload(context), place.target
    context.call.streams = {**context.call.streams, "upload": upload.content, "kind": upload.kind()}
    command = commands.WriteBinary(
        instance=found.native,
        scope=place.scope,
        name=place.name,
        content=Stream("upload"),
        kind=Stream("kind"),
        filename=upload.filename,
        media_type=upload.media_type,
        encoding=upload.encoding,
        expect=place.expect,
        max_held_bytes=context.services.limits.max_body_bytes,
    )
    done = await binaries.write_binary(context.services.gateway, found, command, context.call)
    return Answer(status=204, headers=rules_header(done.rules))


class _Upload(msgspec.Struct, kw_only=True):
    """Content that is being uploaded. Its ``kind`` may be known only after all of the content has passed."""

    content: AsyncIterator[bytes]
    filename: str | None
    media_type: str | None
    encoding: str | None
    form: Form | None = None

    async def kind(self) -> AsyncIterator[bytes]:
        """Yield what the content is: ``Bytes`` or ``File``."""
        if self.form is not None:
            await self.form.finish()
        word = (self.form and _said(self.form)) or (b"File" if self.filename else b"Bytes")
        if word == b"File" and not self.filename:
            raise ValueInvalid("A file needs a filename.", errors=(Fault("", "no filename"),))
        yield word


def _said(form: Form) -> bytes | None:
    """Return the type that a form says so far, None where it says none.

    Raises:
        InvalidRequest: it is another type, or two of them.
    """
    words = {text.strip().lower() for text in form.fields.values()}
    if not words:
        return None
    if len(words) > 1 or not words <= _KINDS.keys():
        raise InvalidRequest("`valueType` is Bytes or File.")
    return _KINDS[words.pop()]


async def _upload(context: RequestContext) -> _Upload:
    request = context.request
    kind = request.headers.get(hdrs.CONTENT_TYPE, "")
    body.refuse_encoded(request)
    if kind.lower().startswith("multipart/form-data"):
        return await _form(context)
    if kind.lower().startswith("multipart/"):
        raise UnsupportedMediaType("Of multipart bodies only multipart/form-data is taken.")
    name = _filename(request.headers.get(hdrs.CONTENT_DISPOSITION, ""))
    arriving = body.stream(request, context.services.limits)
    content = _verified(arriving, request)
    media_type, encoding = _split(kind)
    for word, text in (("file name", name), ("media type", media_type), ("charset", encoding)):
        require_utf8(word, text)
    return _Upload(content=content, filename=name, media_type=media_type, encoding=encoding)


def _split(kind: str) -> tuple[str | None, str | None]:
    """Return media type and encoding (``charset``, or the vendors' word ``encoding``)."""
    media_type, _, parameters = kind.partition(";")
    found = re.search(r"(?:charset|encoding)=\"?([^\";\s]+)", parameters, re.IGNORECASE)
    return media_type.strip() or None, found.group(1) if found else None


def _filename(disposition: str) -> str | None:
    found = _FILENAME.search(disposition)
    if not found:
        return None
    extended, quoted, token = found.groups()
    if extended is not None:
        return unquote(extended)
    return re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else str(token)


async def _form(context: RequestContext) -> _Upload:
    request = context.request
    await body.invite(request)
    form = Form(request.headers, request.content, context.services.limits, content="data", fields=_TYPE_FIELDS)
    head = await form.head()
    _ = _said(form)
    media_type, encoding = _split(head.content_type or "")
    return _Upload(
        content=_verified(form.content(), request),
        filename=head.filename,
        media_type=media_type,
        encoding=encoding,
        form=form,
    )


async def _verified(pieces: AsyncIterator[bytes], request: web.BaseRequest) -> AsyncIterator[bytes]:
    """Yield the pieces; break the upload off before its end if the promised digest does not fit."""
    promised = [(_ALGORITHMS[name](), digest) for name, digest in _promised(request)]
    async for piece in pieces:
        for running, _ in promised:
            running.update(piece)
        yield piece
    if any(running.digest() != digest for running, digest in promised):
        raise InvalidRequest("The content does not have the digest that Content-Digest promises.")


def _promised(request: web.BaseRequest) -> list[tuple[str, bytes]]:
    header = request.headers.get("Content-Digest")
    if header is None:
        return []
    found = [match for member in header.split(",") if (match := _DIGEST.match(member))]
    if not found:
        raise InvalidRequest("Content-Digest has no digest that is known: sha-256, sha-512.")
    try:
        return [(match.group(1), base64.b64decode(match.group(2), validate=True)) for match in found]
    except ValueError as error:
        raise InvalidRequest("Content-Digest cannot be read.") from error
