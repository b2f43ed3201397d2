"""What plans have on top of the gate, as one list read top to bottom.

Each layer is a closure made once at start around the next one; what varies by call comes with ``Call``. Relayed
requests have credentials only (``client``): nobody may change what they say, or repeat it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from gateway.plan import Call, VendorRequest, VendorResponse
from gateway.port import Engine
from gateway.wire.credentials import authenticate
from gateway.wire.exchange import HeldExchange, RawExchange
from gateway.wire.retries import retry
from gateway.wire.sessions import Sessions
from gateway.wire.settings import ClientSettings
from gateway.wire.streams import route_streams

Tap: TypeAlias = Callable[[str, VendorRequest, VendorResponse], None]
"""Shown each exchange of an engine, unsigned: for demonstrations and dry runs, never for logs."""


def stack(  # noqa: PLR0913, PLR0917 - what the layers need, once
    engine: Engine,
    settings: ClientSettings,
    held: HeldExchange,
    raw: RawExchange,
    sessions: Sessions,
    tap: Tap | None = None,
    repeated: Callable[[], None] = lambda: None,
) -> HeldExchange:
    """Return what carries out a plan's requests on one engine.

    Args:
        engine: signs requests, and knows when its session is over.
        settings: how the engine is reached.
        held: behind the gate; sends what is in memory.
        raw: behind the gate; sends what flows.
        sessions: the engine's.
        tap: is shown each exchange.
        repeated: is called for each request that is sent again.
    """
    layers: list[Callable[[HeldExchange], HeldExchange]] = [
        # a request passes these from top to bottom:
        lambda inner: show_to_tap(inner, engine.name, tap),  # what was asked, before anything secret is added
        lambda inner: retry(inner, settings.retry, repeated),  # within the budget; each attempt is signed anew
        lambda inner: authenticate(inner, engine, settings.auth_kind, sessions),  # credentials, session, one re-login
        lambda inner: route_streams(  # which of the gate's two kinds of exchange
            inner, raw, engine.name, settings.timeout_s, settings.max_answer_bytes
        ),
    ]
    send = held
    for layer in reversed(layers):
        send = layer(send)
    return send


def show_to_tap(inner: HeldExchange, engine: str, tap: Tap | None) -> HeldExchange:
    """Show each exchange to the tap, if there is one."""
    if tap is None:
        return inner

    async def send(request: VendorRequest, call: Call) -> VendorResponse:
        answer = await inner(request, call)
        tap(engine, request, answer)
        return answer

    return send
