"""Bridge jobs: an assessment, a copy or a comparison of all instances of a plan, carried out in the background.

What must not live here: how jobs are stored (``gateway.store.bridge_jobs``) and carried out
(``gateway.operations.bridge``).
"""

from __future__ import annotations

from typing import Literal

import msgspec

BridgeJobKind = Literal["assess", "copy", "verify"]
TWIN_MISSING, TWIN_AMBIGUOUS, TWIN_ENDED = "twin-missing", "twin-ambiguous", "twin-ended"
"""Codes of items without a link: no instance is the twin, several may be, or the one that was started has ended."""
BridgeJobState = Literal["selecting", "running", "cancelling", "cancelled", "completed", "failed"]
ENDED: tuple[BridgeJobState, ...] = ("cancelled", "completed", "failed")
AT_ONCE = 8
"""Instances of one job that are worked on at the same time, unless it says otherwise."""


class Throttle(msgspec.Struct, frozen=True, kw_only=True):
    """How much a job may ask of the two engines of its plan.

    Args:
        at_once: instances that are worked on at the same time.
        per_second: instances that are begun in a second; None = as many as there is time for.
    """

    at_once: int = AT_ONCE
    per_second: float | None = None


class BridgeJob(msgspec.Struct, frozen=True, kw_only=True):
    """One job.

    Args:
        id: 32 hexadecimal digits.
        plan: its name.
        caller: who created it.
        cursor: up to where instances have been selected; None = not begun.
        total: instances selected so far; all of them once the job is running.
        outcomes: how items ended (``copied``, ``equal``, ``skipped``, …) to their number.
        codes: why items were skipped or failed, to their number.
        running_s: seconds from the first item to now, or to the end.
        problem: why the whole job failed, as JSON.
    """

    id: str
    plan: str
    kind: BridgeJobKind
    caller: str
    state: BridgeJobState = "selecting"
    throttle: Throttle = Throttle()
    cursor: str | None = None
    created: float = 0.0
    ended: float | None = None
    total: int = 0
    outcomes: dict[str, int] = {}
    codes: dict[str, int] = {}
    running_s: float | None = None
    problem: bytes | None = None

    @property
    def finished(self) -> int:
        """Return the number of items that have ended, however."""
        return sum(self.outcomes.values())

    @property
    def eta_s(self) -> float | None:
        """Return how many seconds are left at the speed so far; None before the first item has ended."""
        if self.state in ENDED:
            return 0.0
        if self.state != "running" or not self.finished or self.running_s is None:
            return None
        return round((self.total - self.finished) * self.running_s / self.finished, 1)


class NewItem(msgspec.Struct, frozen=True, kw_only=True):
    """An instance to be worked on: its id on the source engine, and its link where it has one.

    Args:
        outcome, code: where it is known already that nothing can be done.
    """

    instance: str
    link: str | None = None
    outcome: str | None = None
    code: str | None = None


class BridgeItem(msgspec.Struct, frozen=True, kw_only=True):
    """One instance of a job.

    Args:
        starting_s: how long ago the start of a twin for it was begun, seconds; None = it was not.
    """

    number: int
    instance: str
    link: str | None = None
    starting_s: float | None = None


class BridgeItemOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """How an item ended. Without an outcome it is to be worked on again.

    Args:
        outcome: ``copied``, ``skipped``, ``failed``; of a comparison ``equal``, ``different``; of an assessment
            ``ready``; ``failed`` of any.
        code: why it was skipped or failed.
        evidence: what was found, as JSON.
        verdicts: number of its variables by code, for the metrics; not stored apart from the evidence.
    """

    number: int
    instance: str
    link: str | None = None
    outcome: str | None = None
    code: str | None = None
    evidence: bytes | None = None
    verdicts: dict[str, int] = {}


def pending_item(item: BridgeItem) -> BridgeItemOutcome:
    """Return that an item is to be worked on again."""
    return BridgeItemOutcome(number=item.number, instance=item.instance)


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """Items that were taken, and how long to wait before they begin, so that the job keeps to its rate."""

    items: list[BridgeItem]
    wait_s: float = 0.0
