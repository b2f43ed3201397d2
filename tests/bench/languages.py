"""The vendors' languages on the other vendor's instance, beside the same thing said on ``/v1``."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import median, stdev

import msgspec

from tests.bench.load import Block

GATEWAY = "varbridge"
ON_V1 = {
    "IBM read, Camunda's language": "IBM read",
    "IBM patch, Camunda's language": "IBM patch",
    "list, IBM's language": "list",
    "patch, IBM's language": "patch, stored types",
}
"""Works in a vendor's language, and what they are on ``/v1``. IBM's has no read of one variable, and no types."""
GOAL = 0.8
"""Least capacity of a translated work relative to the same on ``/v1``."""


class Said(msgspec.Struct, kw_only=True):
    """One work in a vendor's language.

    Args:
        capacity: requests per CPU second relative to the same on ``/v1``; median of the rounds.
        error: its standard error.
    """

    work: str
    capacity: float
    error: float

    @property
    def missed(self) -> bool:
        """Return whether it is less than the goal."""
        return self.capacity < GOAL


def said(blocks: Mapping[str, Sequence[Block]]) -> list[Said]:
    """Return what the works in vendors' languages came to, of those that were measured in one run with their like."""
    pairs = {work: (blocks.get(f"{work} {GATEWAY}"), blocks.get(f"{like} {GATEWAY}")) for work, like in ON_V1.items()}
    return [_said(work, own, like) for work, (own, like) in pairs.items() if own and like]


def _said(work: str, own: Sequence[Block], like: Sequence[Block]) -> Said:
    ratios = [theirs.cpu_us / ours.cpu_us for ours, theirs in zip(own, like, strict=True)]
    error = stdev(ratios) / math.sqrt(len(ratios)) if len(ratios) > 1 else 0.0
    return Said(work=work, capacity=median(ratios), error=error)
