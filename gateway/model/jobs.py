"""Jobs: what is done in the background. A job only says "carry X out"; rows of our own say what X is and how far it is.

What must not live here: who carries jobs out (``gateway.operations.jobs``) and where they wait (a ``JobQueue``).
"""

from __future__ import annotations

from typing import Literal

import msgspec

JobOutcome = Literal["done", "again", "busy", "failed"]
"""``again``: paused, with more to do. ``busy``: somebody else carries it out. ``failed``: a fault, or no store."""


class Job(msgspec.Struct, frozen=True):
    """One job.

    Args:
        kind: what is to be done, e.g. ``bulk``.
        subject: to what: an id of our own, never a value.
    """

    kind: str
    subject: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.subject}"


class JobCounts(msgspec.Struct, frozen=True, kw_only=True):
    """How many jobs there are, by kind, and how long the oldest one has waited, seconds."""

    waiting: dict[str, int] = {}
    running: dict[str, int] = {}
    oldest_s: float = 0.0
