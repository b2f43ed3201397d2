"""The circuit breaker of an engine: while it fails, nothing is sent for some seconds, then a few probes.

What counts as a failure: no connection, no answer in a fair time, an answer that is no HTTP, and 502, 503 and 504,
which proxies answer for a server that does not. An engine's own errors are answers, 500 among them: Camunda has it for
an instance that is not there. Plans, front doors, polls and log-ins of an engine share its breaker.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

from gateway.errors import (
    CircuitOpen,
    EngineMisbehaved,
    EngineTimeout,
    EngineUnavailable,
    OutcomeUnknown,
    VarbridgeError,
)
from gateway.wire.settings import BreakerSettings
from gateway.wire.window import Window

State = Literal["closed", "open", "half-open"]
GATEWAY_ERRORS = frozenset({502, 503, 504})
_FAILURES = (EngineUnavailable, EngineTimeout, EngineMisbehaved, OutcomeUnknown)
"""Failures of the road; other errors of an exchange are refusals of the gate."""
NO_PASS = -1
"""Stands for the pass of an exchange that was not let through."""
_FAIR_S = 1.0
"""A time-out counts against an engine that had so long, or all of its own time: hasty callers say nothing about it."""


class Breaker:
    """One engine's breaker. Without I/O and without a clock: ``now`` is given.

    Args:
        engine: its name, for errors.
        settings: when it opens and closes.
        timeout_s: the engine's own time for an answer.
        changed: told each new state.
    """

    def __init__(
        self,
        engine: str,
        settings: BreakerSettings,
        timeout_s: float = math.inf,
        changed: Callable[[State], None] = lambda _state: None,
    ) -> None:
        self._engine, self._settings, self._changed = engine, settings, changed
        self._fair_s = min(_FAIR_S, timeout_s)
        self.window = Window(settings.window_s)
        self._until = 0.0
        self.epoch = 0
        """The pass of exchanges that begin while the breaker is closed."""
        self._free_probes = 0
        self._good_probes = 0
        self.state: State = "closed"
        self.late_s = settings.slow_s or math.inf
        """An answer that took longer counts as a failure; another good one is only counted while it is closed."""

    def admit(self, now: float) -> int:
        """Let an exchange through; return the pass with which its end is reported.

        Raises:
            CircuitOpen: the breaker is open, or all probes are under way; with ``Retry-After``.
        """
        if self.state == "closed":
            return self.epoch
        if self.state == "open" and now >= self._until:
            self._change("half-open")
            self._free_probes, self._good_probes = self._settings.probes, 0
        if self.state == "half-open" and self._free_probes:
            self._free_probes -= 1
            return self.epoch
        wait = max(1, math.ceil(self._until - now))
        raise CircuitOpen(engine=self._engine, headers=(("Retry-After", str(wait)),))

    def report(self, admitted: int, now: float, *, failed: bool) -> None:
        """Count the end of an exchange; one that was let through in an earlier state no longer counts."""
        if admitted != self.epoch:
            return
        if self.state == "half-open":
            self._report_probe(now, failed=failed)
            return
        window, settings = self.window, self._settings
        window.count(now, marked=failed)
        counts = failed and settings.failures > 0 and window.all >= settings.least_calls
        if counts and window.marked >= settings.failures * window.all:
            self._open(now)

    def abandon(self, admitted: int) -> None:
        """Report the end of an exchange that says nothing of the engine: its caller went away, or it was not sent."""
        if admitted == self.epoch and self.state == "half-open":
            self._free_probes += 1

    def settle(
        self, admitted: int, now: float, status: int | None, failure: type[VarbridgeError] | None, spent_s: float
    ) -> None:
        """Count the end of an exchange that was not simply a good answer to a closed breaker.

        Args:
            admitted: its pass.
            now: the time.
            status: of its answer, if there is one.
            failure: the error that it ended with, if it did; with neither, its caller has gone.
            spent_s: how long it took.
        """
        if status is not None:
            late = spent_s > self.late_s
            self.report(admitted, now, failed=late or status in GATEWAY_ERRORS)
        elif failure is not None and issubclass(failure, _FAILURES) and not self._is_hasty(failure, spent_s):
            self.report(admitted, now, failed=True)
        else:
            self.abandon(admitted)

    def _is_hasty(self, failure: type[VarbridgeError], spent_s: float) -> bool:
        return issubclass(failure, EngineTimeout) and spent_s < self._fair_s

    def _report_probe(self, now: float, *, failed: bool) -> None:
        if failed:
            self._open(now)
            return
        self._good_probes += 1
        if self._good_probes >= self._settings.probes:
            self._change("closed")
            self.window.clear()

    def _open(self, now: float) -> None:
        self._until = now + self._settings.open_s
        self._change("open")

    def _change(self, state: State) -> None:
        self.epoch += 1
        self.state = state
        self._changed(state)
