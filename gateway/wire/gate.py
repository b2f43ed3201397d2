"""The gate: what every exchange with an engine passes, whoever asks for it.

A plan's request, a streamed body, a relayed front-door request, a long poll, a probe and a log-in all go through here,
and nothing else reaches a sender (``tests/house/test_roads.py``). There are two kinds of exchange, which differ only in
what the deadline bounds (``bounds``): *held* ones, whose request and answer are in memory, and *raw* ones, whose bodies
flow. Decision 0015 tells why. What must not live here: credentials and retries (``stack``), which cause exchanges;
sockets (``http1``, ``aiohttp_sender``).
"""

from __future__ import annotations

from collections.abc import Callable

from gateway.observe.spans import Span, Spans
from gateway.plan import Call
from gateway.wire.accounting import LastAnswer, Observer, account
from gateway.wire.bounds import bound_held, bound_raw
from gateway.wire.breaker import Breaker
from gateway.wire.exchange import A, Exchange, HeldExchange, Q, RawExchange
from gateway.wire.leases import require_lease
from gateway.wire.places import Places
from gateway.wire.settings import ClientSettings
from gateway.wire.traced import hand_on_held, hand_on_raw, trace_exchanges

__all__ = ["Gate", "Observer"]


class Gate:
    """One engine's gate.

    Args:
        engine: its name, for errors and metrics.
        settings: longest wait for an answer that is held in full; breaker and limits.
        observer: counts exchanges.
        spans: traces exchanges; None = nothing is traced.
    """

    def __init__(self, engine: str, settings: ClientSettings, observer: Observer, spans: Spans | None = None) -> None:
        self._engine, self._settings, self._observer, self._spans = engine, settings, observer, spans
        self.breaker = Breaker(
            engine, settings.breaker, settings.timeout_s, lambda state: observer.breaker(engine, state)
        )
        self.places = Places(engine, settings.limits, lambda reason: observer.refused(engine, reason))
        self._last = LastAnswer()

    def describe(self) -> dict[str, object]:
        """Return how the engine is protected now, and what it said last; nobody is asked."""
        return {
            "breaker": self.breaker.state if self._settings.breaker.failures else "off",
            "in_flight": self.places.taken,
            "queued": self.places.queued,
            "last_answer": self._last.describe(),
        }

    def guard_held(self, send: HeldExchange) -> HeldExchange:
        """Return a sender of requests and answers held in full, behind the gate."""
        timeout_s = self._settings.timeout_s
        return self._guard(send, lambda inner: bound_held(inner, self._engine, timeout_s, self.places), hand_on_held)

    def guard_raw(self, send: RawExchange) -> RawExchange:
        """Return a sender of requests and answers that flow, behind the gate."""
        return self._guard(send, lambda inner: bound_raw(inner, self._engine, self.places), hand_on_raw)

    def _guard(
        self,
        send: Exchange[Q, A],
        bound: Callable[[Exchange[Q, A]], Exchange[Q, A]],
        hand_on: Callable[[Q, Call, Span | None], tuple[Q, Call]],
    ) -> Exchange[Q, A]:
        spans, url = self._spans, self._settings.url
        layers: list[Callable[[Exchange[Q, A]], Exchange[Q, A]]] = [
            # An exchange passes these from top to bottom:
            lambda inner: account(inner, self._engine, self._observer, self.breaker, self._last),  # counted; no wait
            lambda inner: inner if spans is None else trace_exchanges(inner, spans, self._engine, url, hand_on),
            bound,  # the deadline, and the wait for a place within it
            lambda inner: require_lease(inner, self._engine),  # after every wait
        ]
        for layer in reversed(layers):
            send = layer(send)
        return send
