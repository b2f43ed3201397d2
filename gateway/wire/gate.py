"""The gate: what every exchange with an engine passes, whoever asks for it.

A plan's request, a streamed body, a relayed front-door request, a long poll, a probe and a log-in all go through here,
and nothing else reaches a sender (``tests/house/test_roads.py``). There are two kinds of exchange, which differ only in
what the deadline bounds (``bounds``): *held* ones, whose request and answer are in memory, and *raw* ones, whose bodies
flow. Decision 0015 tells why. What must not live here: credentials and retries (``stack``), which cause exchanges;
sockets (``http1``, ``aiohttp_sender``).
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Protocol

from gateway.errors import VarbridgeError
from gateway.observe.spans import Span, Spans
from gateway.plan import Call
from gateway.wire.bounds import bound_held, bound_raw
from gateway.wire.breaker import Breaker
from gateway.wire.exchange import A, Exchange, HeldExchange, Q, RawExchange
from gateway.wire.leases import require_lease
from gateway.wire.places import Places
from gateway.wire.protection import break_circuit, limit_held, limit_raw
from gateway.wire.settings import ClientSettings
from gateway.wire.traced import hand_on_held, hand_on_raw, trace_exchanges

_ABANDONED = "abandoned"
"""The result, in the metrics, of an exchange that neither the engine nor the road ended: its caller went away."""


class Observer(Protocol):
    """Who counts exchanges with engines."""

    def exchange(self, engine: str, method: str, status: int | None, error_code: str | None, duration_s: float) -> None:
        """Count one exchange: with the status of its answer, or the code of its error."""

    def repeated(self, engine: str) -> None:
        """Count one request that is sent again."""

    def breaker(self, engine: str, state: str) -> None:
        """Note that an engine's breaker has come to a state."""


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
        self.breaker = self._breaker() if settings.breaker.failures else None
        self.places = Places(engine, settings.limits)

    def _breaker(self) -> Breaker:
        settings = self._settings
        return Breaker(
            self._engine,
            settings.breaker,
            settings.timeout_s,
            lambda state: self._observer.breaker(self._engine, state),
        )

    def guard_held(self, send: HeldExchange) -> HeldExchange:
        """Return a sender of requests and answers held in full, behind the gate."""
        return self._guard(
            send,
            lambda inner: bound_held(inner, self._engine, self._settings.timeout_s),
            lambda inner: limit_held(inner, self.places),
            hand_on_held,
        )

    def guard_raw(self, send: RawExchange) -> RawExchange:
        """Return a sender of requests and answers that flow, behind the gate."""
        return self._guard(
            send,
            lambda inner: bound_raw(inner, self._engine),
            lambda inner: limit_raw(inner, self.places),
            hand_on_raw,
        )

    def _guard(
        self,
        send: Exchange[Q, A],
        bound: Callable[[Exchange[Q, A]], Exchange[Q, A]],
        limit: Callable[[Exchange[Q, A]], Exchange[Q, A]],
        hand_on: Callable[[Q, Call, Span], tuple[Q, Call]],
    ) -> Exchange[Q, A]:
        breaker, spans, url = self.breaker, self._spans, self._settings.url
        layers: list[Callable[[Exchange[Q, A]], Exchange[Q, A]]] = [
            # An exchange passes these from top to bottom:
            lambda inner: count_exchanges(inner, self._engine, self._observer),
            lambda inner: inner if spans is None else trace_exchanges(inner, spans, self._engine, url, hand_on),
            lambda inner: inner if breaker is None else break_circuit(inner, breaker),  # does not wait
            bound,  # the deadline
            limit,  # the wait for a place, which the deadline bounds
            lambda inner: require_lease(inner, self._engine),  # after every wait
        ]
        for layer in reversed(layers):
            send = layer(send)
        return send


def count_exchanges(inner: Exchange[Q, A], engine: str, observer: Observer) -> Exchange[Q, A]:
    """Count and time each exchange, also one that the gate itself refuses; a raw one up to the head of its answer."""

    async def send(request: Q, call: Call) -> A:
        started = perf_counter()
        status: int | None = None
        code: str | None = _ABANDONED
        try:
            answer = await inner(request, call)
            status, code = answer.status, None
        except VarbridgeError as error:
            code = error.code
            raise
        else:
            return answer
        finally:
            spent = perf_counter() - started
            call.engine_calls += 1
            call.engine_s += spent
            observer.exchange(engine, request.method, status, code, spent)

    return send
