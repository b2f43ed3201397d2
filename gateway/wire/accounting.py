"""The account of an engine: each exchange is counted and timed, and its breaker is asked first and told how it ended.

Also counted is an exchange that the gate itself refuses; a raw one counts up to the head of its answer.
"""

from __future__ import annotations

import asyncio
from time import perf_counter, time
from typing import Protocol

from gateway.errors import CircuitOpen, EngineFailure, VarbridgeError
from gateway.plan import Call
from gateway.wire.breaker import GATEWAY_ERRORS, NO_PASS, Breaker
from gateway.wire.exchange import A, Exchange, Q

_ABANDONED = "abandoned"
"""The result, in the metrics, of an exchange that neither the engine nor the road ended: its caller went away."""


class LastAnswer:
    """What an engine said last, or with what the last exchange failed that was not refused here.

    Attributes:
        at: on the event loop's clock, seconds; 0 = there was none yet.
        status: of its answer; None = there was none.
        code: of the error that came instead.
    """

    __slots__ = ("at", "code", "status")

    def __init__(self) -> None:
        self.at = 0.0
        self.status: int | None = None
        self.code: str | None = None

    def describe(self) -> dict[str, object] | None:
        """Return it with its time in seconds since 1970; None = there was none yet."""
        if not self.at:
            return None
        code = self.code if self.status is None else None
        return {"at": time() - asyncio.get_running_loop().time() + self.at, "status": self.status, "code": code}


class Observer(Protocol):
    """Who counts exchanges with engines."""

    def exchange(self, engine: str, method: str, status: int | None, error_code: str | None, duration_s: float) -> None:
        """Count one exchange: with the status of its answer, or the code of its error."""

    def repeated(self, engine: str) -> None:
        """Count one request that is sent again."""

    def refused(self, engine: str, reason: str) -> None:
        """Count one exchange that was not sent: ``breaker``, ``queue-full``, ``waited`` or ``rate``."""

    def breaker(self, engine: str, state: str) -> None:
        """Note that an engine's breaker has come to a state."""


def account(
    inner: Exchange[Q, A], engine: str, observer: Observer, breaker: Breaker, last: LastAnswer
) -> Exchange[Q, A]:
    """Count and time each exchange, note what came of it, and send nothing while the breaker is open.

    Raises:
        CircuitOpen: when awaited; nothing was sent.
    """
    window = breaker.window

    async def send(request: Q, call: Call) -> A:
        started = perf_counter()
        status: int | None = None
        code: str | None = _ABANDONED
        failure: type[VarbridgeError] | None = None  # not the error itself, which would hold this frame
        admitted = NO_PASS
        try:
            admitted = breaker.epoch if breaker.state == "closed" else breaker.admit(asyncio.get_running_loop().time())
            answer = await inner(request, call)
            status, code = answer.status, None
        except VarbridgeError as error:
            code, failure = error.code, type(error)
            raise
        else:
            return answer
        finally:
            spent = perf_counter() - started
            call.engine_calls += 1
            call.engine_s += spent
            observer.exchange(engine, request.method, status, code, spent)
            now = asyncio.get_running_loop().time()
            if status is not None:
                last.at, last.status = now, status
            elif failure is CircuitOpen:
                observer.refused(engine, "breaker")
            elif failure is not None and issubclass(failure, EngineFailure):
                last.at, last.status, last.code = now, None, code
            if status is None or status in GATEWAY_ERRORS or spent > breaker.late_s or breaker.state != "closed":
                breaker.settle(admitted, now, status, failure, 0.0 if getattr(request, "polls", False) else spent)
            else:
                if now >= window.edge:
                    window.move(now)
                window.fresh += 1

    return send
