"""A front-door request that is carried out as commands: read in full, decoded, carried out, and its answer encoded."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

import msgspec
from aiohttp import hdrs, web

from gateway.errors import InvalidRequest, PayloadTooLarge
from gateway.model.commands import Command
from gateway.operations.relaying import Destination, DoorRequest, untranslated
from gateway.operations.translating import Translation, carry_out, count_names
from gateway.port import DialectRequest, Passed
from gateway.web.http import body
from gateway.web.http.rules import rules_header
from gateway.web.proxy import headers
from gateway.web.proxy.body_copy import BodyCopy
from gateway.web.proxy.request import ProxiedRequest

_UNREADABLE = re.compile("[\udc80-\udcff]")
"""Bytes of a path that are no UTF-8."""


async def answer(
    proxied: ProxiedRequest, read: DialectRequest, request: DoorRequest, destination: Destination
) -> web.Response:
    """Carry out what a request means, and return the answer in the caller's own dialect.

    Raises:
        Unsupported: the request means no command. InvalidRequest: its path can be read in two ways.
        VarbridgeError: the body, or what was made of it, was refused; or an engine failed.
    """
    dialect = proxied.door.dialect
    if not request.facts.is_known:
        raise untranslated(request, destination.engine)
    _check_path(proxied.raw_target.partition("?")[0], read.segments)
    commands = dialect.decode(read)
    if isinstance(commands, Passed):
        raise untranslated(request, destination.engine)
    for command in commands:
        _check_count(proxied, command)
    results = await carry_out(_translation(proxied, request, destination), commands)
    encoded = dialect.encode(read, results)
    rules = tuple(rule for result in results for rule in getattr(result, "rules", ()))
    shown = [*encoded.headers, *rules_header(rules)]
    response = web.Response(status=encoded.status, body=encoded.content() or None, headers=shown)
    if encoded.status == 204:  # noqa: PLR2004 - no content has no type either
        _ = response.headers.pop(hdrs.CONTENT_TYPE, None)
    headers.decorate(response, proxied)
    return response


def _translation(proxied: ProxiedRequest, request: DoorRequest, destination: Destination) -> Translation:
    return Translation(
        gateway=proxied.services.gateway,
        door=request.default,
        engine=destination.engine,
        target=destination.instance,
        task=destination.task,
        engines=destination.engines or (destination.engine.name,),
        rights=request.rights,
        call=proxied.call,
    )


async def with_body(proxied: ProxiedRequest, read: DialectRequest) -> DialectRequest:
    """Return a request with its whole body, which is kept for relaying, and with what links begin with.

    Raises:
        InvalidRequest: it has a content encoding. PayloadTooLarge: it is over the limit of a JSON body.
    """
    request = proxied.request
    base = f"{request.scheme}://{request.headers.get(hdrs.HOST, '')}{proxied.door.prefix}"
    return msgspec.structs.replace(read, body=await _whole_body(proxied), base=base)


async def _whole_body(proxied: ProxiedRequest) -> bytes:
    if proxied.body is not None:
        return await proxied.body.whole()
    request = proxied.request
    if request.headers.get(hdrs.CONTENT_ENCODING, "identity").lower() != "identity":
        raise InvalidRequest("Bodies with a content encoding are not taken.")
    content = await body.receive(request, proxied.services.limits) if request.body_exists else b""
    proxied.body = BodyCopy(request, proxied.services.limits, content)
    return content


def _check_path(raw: str, segments: tuple[str, ...]) -> None:
    """Refuse a path that servers read in different ways: with dots, empty segments or parameters, or no text.

    Raises:
        InvalidRequest: it is such a path.
    """
    written = tuple(
        unquote_to_bytes(segment).decode("utf-8", "surrogateescape") for segment in raw.strip("/").split("/")
    )
    if ";" in raw or written != segments or any(map(_UNREADABLE.search, segments)):
        raise InvalidRequest("The path can be read in two ways; write each segment once, percent-encoded.")


def _check_count(proxied: ProxiedRequest, command: Command) -> None:
    most = proxied.services.limits.max_names
    if count_names(command) > most:
        raise PayloadTooLarge(f"A request names at most {most} variables.")
