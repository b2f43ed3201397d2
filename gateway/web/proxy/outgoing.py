"""A caller's request as it is sent to the engine: target and body as they came, headers without those that end here."""

from __future__ import annotations

from collections.abc import AsyncIterator

from gateway.errors import InvalidRequest
from gateway.operations.relaying import Destination
from gateway.port import RequestFacts
from gateway.raw import RawRequest
from gateway.web.http import body
from gateway.web.proxy import headers
from gateway.web.proxy.body_copy import BodyCopy
from gateway.web.proxy.incoming import respell_id
from gateway.web.proxy.request import ProxiedRequest

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
    content, idle_s = await _read_body(proxied, facts)
    if content is not None and not destination.is_certain:
        content = _copied(proxied, content)
    return RawRequest(
        method=proxied.request.method,
        target=target,
        headers=headers.for_engine(proxied),
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


def _copied(proxied: ProxiedRequest, content: bytes | AsyncIterator[bytes]) -> bytes | AsyncIterator[bytes]:
    """Return a body of which a copy is kept while it is relayed."""
    request, limits = proxied.request, proxied.services.limits
    if isinstance(content, bytes):
        proxied.body = BodyCopy(request, limits, content)
        return content
    proxied.body = BodyCopy(request, limits)
    return proxied.body.copying(content)
