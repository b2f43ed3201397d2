"""Uploads at a front door that are carried out as commands: the form is read as it comes, its content is not held.

What streams can be sent once only. So the owner is asked for before an upload is sent, unless the whole body is short
enough for a copy of it to be kept. What must not live here: which parts a form has (the dialects).
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import msgspec
from aiohttp import hdrs

from gateway.operations.destinations import Destination
from gateway.plan import Stream
from gateway.port import Dialect, FormShape, UploadedForm
from gateway.raw import read_up_to
from gateway.web.http import body
from gateway.web.http.form import Form, reader_of
from gateway.web.proxy.request import ProxiedRequest

_CONTENT, _KIND = "upload", "kind"


def is_sent_once(proxied: ProxiedRequest, destination: Destination) -> bool:
    """Return whether an upload could not be sent to another engine once this destination has had it."""
    if destination.is_certain or proxied.facts is None or proxied.facts.uploads is None:
        return False
    length = proxied.request.content_length
    return destination.is_translated or length is None or length > proxied.services.limits.max_body_bytes


async def receive_form(proxied: ProxiedRequest, shape: FormShape) -> UploadedForm | None:
    """Return a form as far as it is read before its content, whose streams are in the call's then.

    Returns:
        The form; None where the body is something else, which is not read then.

    Raises:
        InvalidRequest: the form cannot be read, or has other parts. PayloadTooLarge: its content is too long.
    """
    request, limits = proxied.request, proxied.services.limits
    body.refuse_encoded(request)
    if not request.headers.get(hdrs.CONTENT_TYPE, "").lower().startswith("multipart/form-data"):
        return None
    source = await _source(proxied)
    form = Form(request.headers, source, limits, content=shape.content, fields=shape.fields)
    head = await form.head()
    content = form.content()
    if shape.held in (head.content_type or "").lower():
        first, rest = await read_up_to(content, limits.max_body_bytes)
        if rest is None:
            await form.finish()
            return UploadedForm(
                fields=form.fields, content=first, filename=head.filename, content_type=head.content_type
            )
        content = _joined(first, rest)
    found = UploadedForm(
        fields=dict(form.fields),
        content=Stream(_CONTENT),
        filename=head.filename,
        content_type=head.content_type,
        kind=Stream(_KIND),
        is_complete=False,
    )
    own = {_CONTENT: content, _KIND: _kind(proxied.door.dialect, form, found)}
    proxied.call.streams = {**proxied.call.streams, **own}
    return found


async def _source(proxied: ProxiedRequest) -> aiohttp.StreamReader:
    """Return the body as it comes, or the copy of one that another engine was asked about first."""
    if proxied.body is not None:
        return reader_of(await proxied.body.whole(), proxied.request)
    await body.invite(proxied.request)
    return proxied.request.content


async def _joined(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in rest:
        yield piece


async def _kind(dialect: Dialect, form: Form, found: UploadedForm) -> AsyncIterator[bytes]:
    """Yield what the content is, once the fields behind it are there, too."""
    await form.finish()
    yield dialect.upload_kind(msgspec.structs.replace(found, fields=form.fields, is_complete=True))
