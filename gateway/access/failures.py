"""Slows guessing: whoever sends wrong passwords or keys again and again waits for the refusal, longer each time.

Right credentials never wait, whoever else fails beside them: they are compared first. What must not live here: the
wait itself (``gateway.web.dispatch``), during which the request holds nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Literal

_FREE = 3
"""Failures that wait for nothing: people mistype, and a changed password takes a moment to get everywhere."""
_FIRST_S = 0.125
_LONGEST_S = 4.0
"""Seconds; less than clients wait for an answer, and a million guesses still take 46 days."""
_FORGOTTEN_S = 300.0
"""Seconds without a failure after which the count begins anew."""
_MOST = 10_000
"""Pairs of address and user name that are remembered; beyond that the one that failed longest ago is forgotten."""


class WrongCredentials(Exception):
    """A password or key is nobody's, and may have been a guess; the cause of the refusal.

    Args:
        kind: what was wrong.
        user: whose password it was said to be; never shown.
    """

    def __init__(self, kind: Literal["basic", "key"], user: str = "") -> None:
        super().__init__(kind)
        self.kind, self.user = kind, user


class Failures:
    """Counts failures by address and user name; of both only a hash is kept.

    Args:
        clock: seconds, never going back.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._counts: dict[int, tuple[int, float]] = {}

    def __len__(self) -> int:
        return len(self._counts)

    def note(self, address: str, user: str) -> float:
        """Count a failure; return how many seconds its refusal must wait."""
        who, now = hash((address, user)), self._clock()
        count, failed_at = self._counts.pop(who, (0, now))
        count = 1 if now - failed_at > _FORGOTTEN_S else count + 1
        self._counts[who] = (count, now)
        if len(self._counts) > _MOST:
            del self._counts[next(iter(self._counts))]
        return 0.0 if count <= _FREE else min(_LONGEST_S, _FIRST_S * 2.0 ** min(count - _FREE - 1, 30))
