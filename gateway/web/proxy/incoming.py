"""A caller's request as its dialect reads it: method, segments, query, headers. Its body is read only if it decides.

A path is read here as a lenient server may read it, to find out what it is about; what is sent to the engine is never
made from that, but is the target as it was written.
"""

from __future__ import annotations

import re
from collections.abc import Container
from urllib.parse import unquote_to_bytes

from aiohttp import hdrs

from gateway.errors import InvalidRequest
from gateway.plan import encode_path
from gateway.port import DialectRequest
from gateway.web.http import body
from gateway.web.proxy.request import ProxiedRequest

_FORM = "application/x-www-form-urlencoded"
_NEEDS_READING = re.compile(r"[%;]|(?:^|/)\.")
"""What makes a path more than its segments as they are written: escapes, parameters, dots at the start of a segment."""
_ENCODED = re.compile("[%+\x80-\U0010ffff]")
"""What makes a parameter more than it is written."""
_COLON = re.compile(":|%3a", re.IGNORECASE)


async def read_request(proxied: ProxiedRequest) -> DialectRequest:
    """Return the request as its dialect reads it.

    Raises:
        InvalidRequest: query and form contradict each other, or a query itself. PayloadTooLarge: the form is too long.
    """
    path, _, text = proxied.raw_target.partition("?")
    _check_said_once(text, proxied.door.dialect.said_once)
    query, form = lenient_query(text, proxied.door.dialect.many), await _read_form(proxied)
    if any(query.get(name, value) != value for name, value in form.items()):
        raise InvalidRequest("Query and form say different things, so nobody knows which of them counts.")
    return DialectRequest(
        method=proxied.request.method,
        segments=lenient_segments(path),
        query=query | form if form else query,
        headers=proxied.request.headers,
    )


def _check_said_once(query: str, names: frozenset[str]) -> None:
    """Refuse a query in which a parameter that decides what is asked has two values.

    Raises:
        InvalidRequest: it is such a query.
    """
    lower = query.lower()
    if not names or ("%" not in query and all(lower.count(name) < 2 for name in names)):  # noqa: PLR2004 - twice
        return
    said: dict[str, str] = {}
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        name = _decode(name.replace("+", " ")).lower()
        if name in names and said.setdefault(name, value) != value:
            raise InvalidRequest(f"{name} has two values, so nobody knows which of them counts.")


async def _read_form(proxied: ProxiedRequest) -> dict[str, str]:
    """Return the parameters of a form that decide what is asked; a body that is no form is not looked at."""
    dialect, request = proxied.door.dialect, proxied.request
    wanted = dialect.forms | dialect.many
    kind = request.headers.get(hdrs.CONTENT_TYPE, "")
    if not wanted or not request.body_exists or not kind.strip().lower().startswith(_FORM):
        return {}
    content = await body.buffered_body(request, proxied.services.limits)
    text = content.decode("utf-8", "surrogateescape")
    _check_said_once(text, dialect.said_once)
    given = lenient_query(text, dialect.many)
    return {name: given[name] for name in wanted if name in given}


def lenient_segments(path: str) -> tuple[str, ...]:
    """Return the segments as a lenient server reads them.

    Parameters after ``;`` are dropped, empty segments and dots are folded, and what cannot be decoded stays as it is.
    """
    if path.isascii() and not _NEEDS_READING.search(path):
        return tuple(filter(None, path.split("/")))
    folded: list[str] = []
    for raw in path.split("/"):
        segment = _decode(raw.partition(";")[0])
        if segment == "..":
            folded = folded[:-1]
        elif segment not in {"", "."}:
            folded.append(segment)
    return tuple(folded)


def lenient_query(query: str, many: Container[str] = ()) -> dict[str, str]:
    """Return the first value of each parameter.

    Args:
        query: the text behind the question mark, or a form.
        many: parameters of which all values are returned, with commas between them.
    """
    if not query:
        return {}
    found: dict[str, str] = {}
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        if _ENCODED.search(pair):
            name, value = _decode(name.replace("+", " ")), _decode(value.replace("+", " "))
        if name not in found:
            found[name] = value
        elif name in many:
            found[name] += f",{value}"
    return found


def lenient_pairs(query: str) -> tuple[tuple[str, str], ...]:
    """Return every parameter of a query, in order, those that stand several times with each of their values."""
    split = (pair.partition("=") for pair in query.split("&") if pair)
    return tuple((_decode(name.replace("+", " ")), _decode(value.replace("+", " "))) for name, _, value in split)


def respell_id(raw: str, written: str, spelled: str) -> str:
    """Return a target whose segment of an id is the id as its engine spells it; all else stays as it came, to the byte.

    Args:
        raw: the target as it came.
        written: the id in it, decoded: bare or ``engine:id``.
        spelled: the id as the engine spells it.
    """
    path, mark, query = raw.partition("?")
    segments = path.split("/")
    for at, segment in enumerate(segments):
        if _decode(segment.partition(";")[0]) == written:
            bare = segment if written == spelled else _COLON.split(segment, maxsplit=1)[-1]
            segments[at] = bare if _decode(bare.partition(";")[0]) == spelled else encode_path((spelled,))[1:]
            break
    return "/".join(segments) + mark + query


def _decode(text: str) -> str:
    return unquote_to_bytes(text.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")
