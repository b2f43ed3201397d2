"""The circuit breaker of an engine: while it fails, nothing is sent for some seconds, then a few probes.

What counts as a failure: no connection, no answer in a fair time, an answer that is no HTTP, and 502, 503 and 504,
which proxies answer for a server that does not. An engine's own errors are answers, 500 among them: Camunda has it for
an instance that is not there. Plans, front doors, polls and log-ins of an engine share its breaker.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

from gateway.errors import CircuitOpen, EngineFailure, EngineTimeout
from gateway.wire.settings import BreakerSettings
from gateway.wire.window import Window

State = Literal["closed", "open", "half-open"]
_GATEWAY_ERRORS = frozenset({502, 503, 504})
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
        self._window = Window(settings.window_s)
        self._until = 0.0
        self._epoch = 0
        self._free_probes = 0
        self._good_probes = 0
        self.state: State = "closed"

    def admit(self, now: float) -> int:
        """Let an exchange through; return the pass with which its end is reported.

        Raises:
            CircuitOpen: the breaker is open, or all probes are under way; with ``Retry-After``.
        """
        if self.state == "closed":
            return self._epoch
        if self.state == "open" and now >= self._until:
            self._change("half-open")
            self._free_probes, self._good_probes = self._settings.probes, 0
        if self.state == "half-open" and self._free_probes:
            self._free_probes -= 1
            return self._epoch
        wait = max(1, math.ceil(self._until - now))
        raise CircuitOpen(engine=self._engine, headers=(("Retry-After", str(wait)),))

    def report(self, admitted: int, now: float, *, failed: bool) -> None:
        """Count the end of an exchange; one that was let through in an earlier state no longer counts."""
        if admitted != self._epoch:
            return
        if self.state == "half-open":
            self._report_probe(now, failed=failed)
            return
        window, settings = self._window, self._settings
        window.count(now, some=failed)
        if failed and window.all >= settings.least_calls and window.some >= settings.failures * window.all:
            self._open(now)

    def abandon(self, admitted: int) -> None:
        """Report the end of an exchange that says nothing of the engine: its caller went away, or it was not sent."""
        if admitted == self._epoch and self.state == "half-open":
            self._free_probes += 1

    def is_failure(self, error: EngineFailure, spent_s: float) -> bool:
        """Return whether an error of an exchange counts against the engine."""
        return not isinstance(error, EngineTimeout) or spent_s >= self._fair_s

    def is_bad(self, status: int, spent_s: float) -> bool:
        """Return whether an answer counts against the engine: by its status, or because it came late."""
        return status in _GATEWAY_ERRORS or 0 < self._settings.slow_s < spent_s

    def _report_probe(self, now: float, *, failed: bool) -> None:
        if failed:
            self._open(now)
            return
        self._good_probes += 1
        if self._good_probes >= self._settings.probes:
            self._change("closed")
            self._window.clear()

    def _open(self, now: float) -> None:
        self._until = now + self._settings.open_s
        self._change("open")

    def _change(self, state: State) -> None:
        self._epoch += 1
        self.state = state
        self._changed(state)
