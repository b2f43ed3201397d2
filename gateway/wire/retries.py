"""Requests of plans that are sent again: those that read, and writes that come to the same when they are repeated.

Never sent again are streams, whose bodies are gone, and whatever the gate itself refused. The engine's ``Retry-After``
goes before our own wait, and the caller's deadline before both: where no time is left, the first outcome stands. The
budget keeps repetitions from becoming the load under which an engine cannot recover.
"""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections.abc import Awaitable, Callable
from email.utils import parsedate_to_datetime

from gateway.errors import CircuitOpen, EngineTimeout, EngineUnavailable, OutcomeUnknown
from gateway.plan import Call, VendorRequest, VendorResponse
from gateway.wire.exchange import HeldExchange
from gateway.wire.settings import RetrySettings
from gateway.wire.streams import has_stream
from gateway.wire.window import Window

_WINDOW_S = 10.0
"""How far back the requests count of which repetitions may be a share."""
_AT_LEAST = 3
"""Repetitions in that time that are always allowed: with little traffic a share of it is nothing."""
_AGAIN = frozenset({429, 502, 503, 504})
"""Answers of a server that could not do it now, or of a proxy for a server that did not answer."""
_RETRYABLE = (EngineUnavailable, EngineTimeout, OutcomeUnknown)
_SECONDS = re.compile(r"\d{1,9}\Z")


class RetryBudget:
    """How many repetitions an engine may get: a share of the requests of the last seconds, or a few.

    Args:
        settings: the share.
        clock: returns the time.
    """

    def __init__(self, settings: RetrySettings, clock: Callable[[], float]) -> None:
        self._share, self._clock = settings.budget, clock
        self._window = Window(_WINDOW_S)

    def count_request(self) -> None:
        """Count a request, which is sent for the first time: in line, since it is on the way of every one."""
        window, now = self._window, self._clock()
        if now >= window.edge:
            window.move(now)
        window.fresh += 1

    def take(self) -> bool:
        """Return whether a repetition is allowed, and count it if so."""
        window, now = self._window, self._clock()
        if now >= window.edge:
            window.move(now)
        if window.marked >= max(_AT_LEAST, self._share * window.all):
            return False
        window.marked_fresh += 1
        return True


def retry(
    inner: HeldExchange,
    settings: RetrySettings,
    repeated: Callable[[], None] = lambda: None,
    draw: Callable[[], float] = random.random,
    clock: Callable[[], float] = time.perf_counter,
) -> HeldExchange:
    """Send a request again where that is safe, some time later, and within the budget.

    Args:
        inner: sends it once.
        settings: how often, and how soon.
        repeated: called for each repetition.
        draw: returns a number between 0 and 1, for the jitter.
        clock: returns the time by which the budget goes.
    """
    if settings.attempts == 1:
        return inner
    return _repeating(inner, settings, RetryBudget(settings, clock), repeated, draw)


def _repeating(
    inner: HeldExchange,
    settings: RetrySettings,
    budget: RetryBudget,
    repeated: Callable[[], None],
    draw: Callable[[], float],
) -> HeldExchange:
    waits = tuple(settings.backoff_s * 2.0**attempt for attempt in range(settings.attempts - 1))

    def send(request: VendorRequest, call: Call) -> Awaitable[VendorResponse]:
        budget.count_request()
        return repeat(request, call) if is_repeatable(request) else inner(request, call)

    async def repeat(request: VendorRequest, call: Call) -> VendorResponse:
        for longest_s in waits:
            try:
                answer = await inner(request, call)
                if answer.status not in _AGAIN:
                    return answer
            except _RETRYABLE as error:
                if isinstance(error, CircuitOpen) or not await _wait(draw() * longest_s, call, budget):
                    raise
            else:
                if not await _wait(max(asked_s(answer), draw() * longest_s), call, budget):
                    return answer
            repeated()
        return await inner(request, call)

    return send


async def _wait(wait_s: float, call: Call, budget: RetryBudget) -> bool:
    """Return, after a wait, whether a request may be sent again; at once where it may not."""
    now = asyncio.get_running_loop().time()
    if now + wait_s >= call.deadline or not budget.take():
        return False
    await asyncio.sleep(wait_s)
    return True


def is_repeatable(request: VendorRequest) -> bool:
    """Return whether sending a request twice comes to the same as sending it once, and is possible."""
    if request.writes and not request.idempotent:
        return False
    return isinstance(request.body, bytes) or not has_stream(request)


def asked_s(answer: VendorResponse) -> float:
    """Return how long an engine asks to wait, seconds; 0 where it does not ask, or says what nobody can read."""
    text = answer.header("retry-after").strip()
    if _SECONDS.match(text):
        return float(text)
    try:
        at = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return 0.0
    return max(0.0, at.timestamp() - time.time())
