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

from gateway.errors import Fault, InvalidRequest, PayloadTooLarge, UnsupportedMediaType, ValueInvalid
from gateway.model import commands, jsontext
from gateway.model.expect import Expect
from gateway.model.results import BinaryRead
from gateway.model.values import Value, json_text, text_of
from gateway.operations import Target, binaries, variables
from gateway.plan import Stream
from gateway.web.http import body
from gateway.web.http.answers import Answer
from gateway.web.http.rules import rules_header
from gateway.web.v1.context import RequestContext
from gateway.web.v1.form import Form

_ALGORITHMS = {"sha-256": hashlib.sha256, "sha-512": hashlib.sha512}
_DIGEST = re.compile(r"\s*(sha-256|sha-512)\s*=\s*:([A-Za-z0-9+/=]+):\s*\Z")
_FILENAME = re.compile(r"filename\*=UTF-8''([^;]+)|filename=\"((?:[^\"\\]|\\.)*)\"|filename=([^;\s]+)", re.IGNORECASE)
_SMALL = 1024 * 1024
"""Bytes up to which an answer is held, so that its digest can be sent in front of it."""


async def read(context: RequestContext, found: Target, command: commands.ReadBinary) -> Answer:
    """Answer ``GET …/data``: the content with its name, media type and, up to a size or on demand, its digest."""
    gateway, call = context.services.gateway, context.call
    if not binaries.can_stream(found, "binary.read"):
        whole = commands.GetVariable(
            instance=command.instance, name=command.name, scope=command.scope, ended=command.ended
        )
        return _buffered((await variables.get_variable(gateway, found, whole, call)).value)
    wanted = context.request.headers.get("Want-Content-Digest", "")
    digest = b""
    result = await binaries.read_binary(gateway, found, command, call)
    if "sha-256" in wanted and (result.size is None or result.size > _SMALL):
        digest = await _digested(context, result)
        result = await binaries.read_binary(gateway, found, command, call)
    content = _content(context, result)
    if not digest and result.size is not None and result.size <= _SMALL:
        held = b"".join([piece async for piece in content])
        return Answer(
            status=200, body=held, headers=(*_headers(result), _digest_header(hashlib.sha256(held).digest())),
            media_type=_media_type(result),
        )  # fmt: skip
    extra = (_digest_header(digest),) if digest else ()
    length = ((hdrs.CONTENT_LENGTH, str(result.size)),) if result.size is not None else ()
    return Answer(
        status=200, stream=content, headers=(*_headers(result), *length, *extra), media_type=_media_type(result)
    )


async def _digested(context: RequestContext, result: BinaryRead) -> bytes:
    running = hashlib.sha256()
    async for piece in _content(context, result):
        running.update(piece)
    return running.digest()


async def _content(context: RequestContext, result: BinaryRead) -> AsyncIterator[bytes]:
    if isinstance(result.content, Stream):
        async for piece in context.call.streams[result.content.token]:
            yield piece
    elif result.content:
        yield result.content


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


def _buffered(value: Value) -> Answer:
    if value.type not in {"bytes", "file"}:
        raise ValueInvalid("The variable is neither bytes nor a file.")
    content = base64.b64decode(text_of(value.text))
    kind = value.media_type
    if kind is not None and value.encoding is not None:
        kind += f"; charset={value.encoding}"
    result = BinaryRead(content=content, filename=value.filename, media_type=kind, size=len(content))
    headers = (*_headers(result), _digest_header(hashlib.sha256(content).digest()))
    return Answer(status=200, body=content, headers=headers, media_type=_media_type(result))


class ContentTarget(msgspec.Struct, frozen=True, kw_only=True):
    """Where content goes, and what is expected to be there."""

    target: Target
    name: str
    scope: str
    expect: Expect | None


async def write(context: RequestContext, place: ContentTarget) -> Answer:
    """Answer ``PUT`` and ``POST …/data``: a raw body, or a form with ``data`` and ``valueType``."""
    upload, found = await _upload(context), place.target
    if not binaries.can_stream(found, "binary.write"):
        return await _write_value(context, place, upload)
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
    )
    done = await binaries.write_binary(context.services.gateway, found, command, context.call)
    return Answer(status=204, headers=rules_header(done.rules))


async def _write_value(context: RequestContext, place: ContentTarget, upload: _Upload) -> Answer:
    limit = context.services.limits.max_body_bytes
    collected = bytearray()
    async for piece in upload.content:
        collected += piece
        if len(collected) > limit:
            raise PayloadTooLarge(f"This engine takes binary content of at most {limit} bytes.")
    kind = b"".join([piece async for piece in upload.kind()])
    file = kind == b"File"
    value = Value(
        type="file" if file else "bytes",
        value=json_text(base64.b64encode(bytes(collected)).decode("ascii")),
        filename=upload.filename if file else None,
        media_type=upload.media_type if file else None,
        encoding=upload.encoding if file else None,
    )
    command = commands.PatchVariables(
        instance=place.target.native,
        scope=place.scope,
        modifications={place.name: value},
        pointers={place.name: ""},
        expect=place.expect,
    )
    done = await variables.patch_variables(context.services.gateway, place.target, command, context.call)
    return Answer(status=204, headers=rules_header(done.rules))


class _Upload(msgspec.Struct, kw_only=True):
    """Content that is being uploaded. Its ``kind`` may be known only after all of the content has passed."""

    content: AsyncIterator[bytes]
    filename: str | None
    media_type: str | None
    encoding: str | None
    said: bytes | None = None
    rest: AsyncIterator[bytes] | None = None

    async def kind(self) -> AsyncIterator[bytes]:
        """Yield what the content is: ``Bytes`` or ``File``."""
        if self.rest is not None:
            self.said = b"".join([piece async for piece in self.rest]) or self.said
        word = self.said or (b"File" if self.filename else b"Bytes")
        if word == b"File" and not self.filename:
            raise ValueInvalid("A file needs a filename.", errors=(Fault("", "no filename"),))
        yield word


async def _upload(context: RequestContext) -> _Upload:
    request = context.request
    kind = request.headers.get(hdrs.CONTENT_TYPE, "")
    if request.headers.get(hdrs.CONTENT_ENCODING, "identity").lower() != "identity":
        raise UnsupportedMediaType("Bodies with a content encoding are not taken.")
    if kind.lower().startswith("multipart/form-data"):
        return await _form(context)
    if kind.lower().startswith("multipart/"):
        raise UnsupportedMediaType("Of multipart bodies only multipart/form-data is taken.")
    name = _filename(request.headers.get(hdrs.CONTENT_DISPOSITION, ""))
    arriving = body.stream(request, context.services.limits)
    content = _verified(arriving, request)
    media_type, encoding = _split(kind)
    return _legible(_Upload(content=content, filename=name, media_type=media_type, encoding=encoding))


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
    await body.invite(context.request)
    form = Form(context.request, context.services.limits)
    part = await form.data()
    media_type, encoding = _split(part.headers.get(hdrs.CONTENT_TYPE, ""))
    upload = _Upload(
        content=_verified(form.content(part), context.request),
        filename=part.filename,
        media_type=media_type,
        encoding=encoding,
        said=form.said,
        rest=form.rest(),
    )
    return _legible(upload)


def _legible(upload: _Upload) -> _Upload:
    """Refuse header values that are not UTF-8: what other bytes stand for would be a guess."""
    for word, text in (("file name", upload.filename), ("media type", upload.media_type), ("charset", upload.encoding)):
        if text is not None and not jsontext.fits_utf8(text):
            raise InvalidRequest(f"The {word} is not UTF-8; another letter than ASCII goes into `filename*=UTF-8''…`.")
    return upload


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
