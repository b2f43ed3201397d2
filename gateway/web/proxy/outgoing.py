"""A caller's request as it is sent to the engine: target and body as they came, headers without those that end here."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

from aiohttp import hdrs

from gateway.errors import InvalidRequest
from gateway.operations.destinations import Destination
from gateway.port import RequestFacts
from gateway.raw import RawRequest
from gateway.web.http import body
from gateway.web.proxy import headers
from gateway.web.proxy.body_copy import BodyCopy
from gateway.web.proxy.incoming import respell_id
from gateway.web.proxy.request import ProxiedRequest
from gateway.web.proxy.respelling import respell_json, respell_query

_POLL_MARGIN_S = 10.0
"""Seconds that an engine may take beyond the time that a poll asks to wait; engines answer a little after it."""


async def build_request(proxied: ProxiedRequest, facts: RequestFacts, destination: Destination) -> RawRequest:
    """Return the request for the engine.

    Raises:
        InvalidRequest: the target has a fragment. PayloadTooLarge: the body of a poll is too long.
    """
    target = proxied.raw_target
    named = facts.task if facts.task is not None else facts.named
    if destination.spelled is not None and named is not None:
        target = respell_id(target, named, destination.spelled)
    if "#" in target:
        raise InvalidRequest("A request target has no fragment.")
    content, idle_s = (None, proxied.upstream.idle_s) if destination.moved else await _read_body(proxied, facts)
    if content is not None and not destination.is_certain:
        content = _copied(proxied, content)
    shown = headers.for_engine(proxied)
    if destination.moved:
        path, mark, query = target.partition("?")
        target = path + mark + respell_query(query, proxied.door.dialect.id_names, destination.moved)
        content = await _respelled(proxied, destination.moved)
        shown = [(name, value) for name, value in shown if name.lower() != "content-length"]
    return RawRequest(
        method=proxied.request.method,
        target=target,
        headers=shown,
        body=content,
        idle_s=idle_s,
        writes=facts.writes,
        polls=facts.polls,
        gone=proxied.is_gone,
    )


async def _read_body(proxied: ProxiedRequest, facts: RequestFacts) -> tuple[bytes | AsyncIterator[bytes] | None, float]:
    """Return the body, and how long the engine may be silent; the body of a poll says so and is read in full."""
    request, limits, idle_s = proxied.request, proxied.services.limits, proxied.upstream.idle_s
    if proxied.body is not None:  # another engine was asked first
        return await proxied.body.whole(), idle_s
    if facts.polls:
        content = await body.receive(request, limits)
        return content, max(idle_s, proxied.door.dialect.poll_s(content) + _POLL_MARGIN_S)
    return (await body.pass_on(request, limits) if request.body_exists else None), idle_s


async def _respelled(proxied: ProxiedRequest, ids: Mapping[str, str]) -> bytes | None:
    """Return the body with other ids of instances.

    Raises:
        PayloadTooLarge: it is over the limit of a JSON body.
    """
    if not proxied.request.body_exists:
        return None
    if proxied.body is None:
        proxied.body = BodyCopy(proxied.request, proxied.services.limits)
    content, names = await proxied.body.whole(), proxied.door.dialect.id_names
    kind = proxied.request.headers.get(hdrs.CONTENT_TYPE, "").partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        return respell_query(content.decode("latin-1"), names, ids).encode("latin-1")
    return respell_json(content, names, ids)


def _copied(proxied: ProxiedRequest, content: bytes | AsyncIterator[bytes]) -> bytes | AsyncIterator[bytes]:
    """Return a body of which a copy is kept while it is relayed."""
    request, limits = proxied.request, proxied.services.limits
    if isinstance(content, bytes):
        proxied.body = BodyCopy(request, limits, content)
        return content
    proxied.body = BodyCopy(request, limits)
    return proxied.body.copying(content)
