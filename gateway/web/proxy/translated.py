"""A front-door request that is carried out as commands: read in full, decoded, carried out, and its answer encoded."""

from __future__ import annotations

from urllib.parse import unquote_to_bytes

import msgspec
from aiohttp import hdrs, web

from gateway.errors import InvalidRequest, PayloadTooLarge
from gateway.model.commands import Command, ReadEach, WriteBinary
from gateway.model.jsontext import fits_utf8
from gateway.operations.destinations import Destination, DoorRequest, untranslated
from gateway.operations.paging import LinkScope
from gateway.operations.translating import Translation, carry_out, count_names
from gateway.plan import Stream
from gateway.port import DialectRequest, Passed, RequestFacts
from gateway.web.http import body
from gateway.web.http.buffered import BufferedResponse
from gateway.web.http.rules import rules_header
from gateway.web.proxy import headers
from gateway.web.proxy.body_copy import BodyCopy
from gateway.web.proxy.incoming import lenient_pairs
from gateway.web.proxy.request import ProxiedRequest
from gateway.web.proxy.returning import send_stream
from gateway.web.proxy.upload import receive_form


async def answer(
    proxied: ProxiedRequest, read: DialectRequest, request: DoorRequest, destination: Destination
) -> web.StreamResponse:
    """Carry out what a request means, and return the answer in the caller's own dialect.

    Raises:
        Unsupported: the request means no command. InvalidRequest: its path can be read in two ways.
        VarbridgeError: the body, or what was made of it, was refused; or an engine failed.
    """
    commands = decode(proxied, read, request, destination)
    results = await carry_out(_translation(proxied, request, destination), commands)
    encoded = proxied.door.dialect.encode(read, results)
    rules = tuple(rule for result in results for rule in getattr(result, "rules", ()))
    shown = [*encoded.headers, *rules_header(rules)]
    if isinstance(encoded.body, Stream):
        return await send_stream(proxied, encoded.status, shown, aiter(proxied.call.streams[encoded.body.token]))
    return BufferedResponse(encoded.status, headers.own(proxied, shown), encoded.content())


def decode(
    proxied: ProxiedRequest, read: DialectRequest, request: DoorRequest, destination: Destination
) -> tuple[Command, ...]:
    """Return the commands that a request means.

    Raises:
        Unsupported: it means none. InvalidRequest: its path can be read in two ways.
        Refusal: the body, or what was made of it, was refused.
    """
    if not (request.facts.is_known or request.facts.translates):
        raise untranslated(request, destination.engine)
    _check_path(proxied.raw_target.partition("?")[0], read.segments)
    commands = proxied.door.dialect.decode(read)
    if isinstance(commands, Passed):
        raise untranslated(request, destination.engine)
    return tuple(_within_limits(proxied, command) for command in commands)


def _translation(proxied: ProxiedRequest, request: DoorRequest, destination: Destination) -> Translation:
    return Translation(
        gateway=proxied.services.gateway,
        vendor=request.vendor,
        door=request.default,
        engine=destination.engine,
        target=destination.instance,
        task=destination.task,
        engines=destination.engines or (destination.engine.name,),
        linked=LinkScope(behind=request.default.name if destination.behind else None),
        rights=request.rights,
        call=proxied.call,
    )


async def with_content(proxied: ProxiedRequest, read: DialectRequest, facts: RequestFacts) -> DialectRequest:
    """Return a request with what it sends: a form whose content streams, or the whole body.

    Raises:
        InvalidRequest, UnsupportedMediaType, PayloadTooLarge: it cannot be read, or is too long.
    """
    if facts.uploads is None:
        return await with_body(proxied, read)
    return msgspec.structs.replace(read, form=await receive_form(proxied, facts.uploads))


async def with_body(proxied: ProxiedRequest, read: DialectRequest) -> DialectRequest:
    """Return a request with its whole body, which is kept for relaying, its parameters, and what links begin with.

    Raises:
        UnsupportedMediaType: it has a content encoding. PayloadTooLarge: it is over the limit of a JSON body.
    """
    request = proxied.request
    base = f"{request.scheme}://{request.headers.get(hdrs.HOST, '')}{proxied.door.prefix}"
    pairs = lenient_pairs(proxied.raw_target.partition("?")[2])
    return msgspec.structs.replace(read, body=await _whole_body(proxied), pairs=pairs, base=base)


async def _whole_body(proxied: ProxiedRequest) -> bytes:
    if proxied.body is not None:
        return await proxied.body.whole()
    request = proxied.request
    body.refuse_encoded(request)
    content = await body.receive(request, proxied.services.limits) if request.body_exists else b""
    proxied.body = BodyCopy(request, proxied.services.limits, content)
    return content


def _check_path(raw: str, segments: tuple[str, ...]) -> None:
    """Refuse a path that servers read in different ways: with dots, empty segments or parameters, or no text.

    Raises:
        InvalidRequest: it is such a path.
    """
    written = raw.strip("/").split("/")
    is_plain = raw.isascii() and "%" not in raw
    if not is_plain:
        written = [unquote_to_bytes(segment).decode("utf-8", "surrogateescape") for segment in written]
    if ";" in raw or tuple(written) != segments or not (is_plain or all(map(fits_utf8, segments))):
        raise InvalidRequest("The path can be read in two ways; write each segment once, percent-encoded.")


def _within_limits(proxied: ProxiedRequest, command: Command) -> Command:
    """Return a command that holds no more than callers may send; refuse one that names too many variables or instances.

    Raises:
        PayloadTooLarge: it does.
    """
    limits = proxied.services.limits
    most, what = limits.max_names, "variables or ids"
    if isinstance(command, ReadEach):
        most, what = limits.max_batch_items, "instances"
    if count_names(command) > most:
        raise PayloadTooLarge(f"A request names at most {most} {what}.")
    if isinstance(command, WriteBinary):
        return msgspec.structs.replace(command, max_held_bytes=limits.max_body_bytes)
    return command
