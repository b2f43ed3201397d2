"""How many requests a caller may send: a token bucket for each of them, and the headers that tell of it.

The bucket is kept as one number, the time at which it is full again (GCRA). What must not live here: how processes
learn of one another's requests (``gateway.rate_sharing``). Decision 0025 tells why no library does this.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from time import monotonic

import msgspec

_FADING = 0.9
"""Part of the number of other processes that is left a second later: one that pauses is not forgotten at once."""
Headers = tuple[tuple[str, str], ...]
_ROUNDING = 1e-6
"""Tokens; floating-point sums of thousands of intervals are off by less."""


class Rate(msgspec.Struct, frozen=True, kw_only=True):
    """How many requests are allowed.

    Args:
        requests: tokens that come back within ``per_s``.
        per_s: seconds.
        burst: tokens that a full bucket holds.
    """

    requests: int
    per_s: float
    burst: int

    @property
    def interval_s(self) -> float:
        """Return the seconds between two tokens."""
        return self.per_s / self.requests

    @property
    def policy(self) -> str:
        """Return ``RateLimit-Policy`` (draft-ietf-httpapi-ratelimit-headers-10): a window is whole seconds there."""
        window = max(1, math.ceil(self.per_s))
        quota = math.floor(window / self.interval_s + _ROUNDING)
        return f'"caller";q={quota};w={window};varbridge-burst={self.burst}'


class Bucket:
    """The tokens of one caller in this process.

    Args:
        rate: of the tokens.
        before: the bucket in whose place this one comes; what was taken from it stays taken.
        clock: seconds, never going back.
    """

    __slots__ = (
        "_clock",
        "_expected",
        "_interval",
        "_others",
        "_policy",
        "_span",
        "_used",
        "_weight",
        "full_at",
        "rate",
    )

    def __init__(self, rate: Rate, before: Bucket | None = None, clock: Callable[[], float] = monotonic) -> None:
        self.rate, self._clock = rate, clock
        self._interval = rate.interval_s
        self._span = rate.interval_s * rate.burst
        self._policy = ("RateLimit-Policy", rate.policy)
        self.full_at: float = -math.inf if before is None else min(before.full_at, clock() + self._span)
        """When it is full again; the past where it is."""
        self._used = 0
        self._others = 0.0
        self._weight = self._expected = 1.0

    def take(self) -> float:
        """Take a token; return 0, or the seconds until there is one if there is none now."""
        now = self._clock()
        full_at = self.full_at
        full_at = max(full_at, now)
        missing = full_at + self._interval - now - self._span
        if missing > self._interval * _ROUNDING:
            return missing
        self._used += 1
        self.full_at = full_at + self._interval * self._weight
        return 0.0

    def headers(self) -> Headers:
        """Return ``RateLimit-Policy`` and ``RateLimit``: tokens left, and whole seconds until one more is there."""
        to_full = self.full_at - self._clock()
        if to_full <= 0:
            return (self._policy, ("RateLimit", f'"caller";r={self.rate.burst};t=0'))
        left = math.floor((self._span - to_full) / self._interval + _ROUNDING)
        wait = to_full - self._span + (max(0, left) + 1) * self._interval
        return (self._policy, ("RateLimit", f'"caller";r={max(0, left)};t={math.ceil(wait - _ROUNDING)}'))

    @property
    def used(self) -> int:
        """Return how many tokens were taken since the last ``settle``."""
        return self._used

    def settle(self, own: int, others: int, processes: int) -> None:
        """Take what other processes have let through, too, less what was taken for them in advance.

        While less than half of the tokens are there, a request takes some more in advance, for those that other
        processes are expected to let through meanwhile. The share of this process is half by what each did since the
        last time, half the same for all; what was taken in vain comes back. What cannot be taken is owed, up to one
        full bucket.

        Args:
            own: tokens that were told to the others, as ``used`` was.
            others: tokens that the others told since the last time.
            processes: how many others those are.
        """
        now = self._clock()
        owed = others - (self._weight - 1.0) * own
        self.full_at = min(max(self.full_at, now) + owed * self._interval, now + 2 * self._span)
        self._used -= own
        self._others = max(processes, self._others * _FADING)
        if own or others:
            self._expected = 2.0 / (own / (own + others) + 1.0 / (self._others + 1.0))
        self._weight = self._expected if self.full_at - now > self._span / 2 else 1.0

    def settle_alone(self) -> None:
        """Go on with the share of the tokens that this process had at last, since nothing can be learned of others."""
        self._weight = self._expected


def buckets(rates: Mapping[str, Rate], before: Mapping[str, Bucket]) -> dict[str, Bucket]:
    """Return a bucket for each caller with a rate; those whose rate is the same are taken over.

    Args:
        rates: by the callers' names.
        before: the buckets of the configuration that is replaced.
    """
    return {
        name: before[name] if name in before and before[name].rate == rate else Bucket(rate, before.get(name))
        for name, rate in rates.items()
    }
