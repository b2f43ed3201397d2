"""The report of a bridge job: what became of its instances, counted, with the first differences. It holds no values."""

from __future__ import annotations

from collections import Counter

import msgspec

from gateway.model.audit import Head
from gateway.model.bridge_jobs import BridgeItemOutcome, BridgeJob
from gateway.model.difference import Difference
from gateway.operations.bridge.evidence import read_evidence
from gateway.operations.bridge.job_store import BridgeJobStore

_PAGE = 500
_SHOWN_INSTANCES = 500
_SHOWN_DIFFERENCES = 500
_CALLS_PER_COPY = 5
"""Engine requests of one copy of scalars: both sides are read, one is written, both are read again."""
_FINE = frozenset(("ready", "copied", "equal"))


class ReportedInstance(msgspec.Struct, frozen=True, kw_only=True):
    """One instance that did not end well: its id on the source engine, how it ended, and why."""

    instance: str
    outcome: str
    code: str | None = None
    reason: str | None = None


class ReportedDifference(msgspec.Struct, frozen=True, kw_only=True):
    """One variable that differs: names, places and types, never values."""

    instance: str
    name: str
    outcome: str
    pointers: tuple[str, ...] = ()
    source_type: str | None = None
    target_type: str | None = None


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a job has found.

    Args:
        verdicts: number of variables by code: ``lossless``, the rule of a loss, or why one is not copied.
        twins: number of instances by the state of their twin, where that was asked for.
        size: bytes of the values.
        estimated_s: how long a copy of what is ready will take, by the answers of the engines so far; of assessments.
        instances: those that did not end well, the first of them.
        differences: the first of them; ``different`` counts all.
        audit: head of the audit trail when the report was made.
    """

    job: BridgeJob
    verdicts: dict[str, int]
    twins: dict[str, int]
    size: int
    written: int
    deleted: int
    different: int
    raced: int
    by_rule: int
    skipped: int
    estimated_s: float | None
    instances: tuple[ReportedInstance, ...]
    differences: tuple[ReportedDifference, ...]
    audit: Head | None = None


async def make_report(records: BridgeJobStore, job: BridgeJob, audit: Head | None) -> Report:
    """Return the report of a job as far as it is; its items are read page by page."""
    totals = _Totals()
    after = 0
    while page := await records.list_outcomes(job.id, after, _PAGE):
        for each in page:
            totals.add(each)
        after = page[-1].number
    return totals.report(job, audit)


class _Totals:
    """What has been counted so far."""

    def __init__(self) -> None:
        self._verdicts, self._twins, self._numbers = Counter[str](), Counter[str](), Counter[str]()
        self._call_ms, self._timed = 0.0, 0
        self._instances: list[ReportedInstance] = []
        self._differences: list[ReportedDifference] = []

    def add(self, item: BridgeItemOutcome) -> None:
        """Count one item."""
        found = None if item.evidence is None else read_evidence(item.evidence)
        if item.outcome not in _FINE and len(self._instances) < _SHOWN_INSTANCES:
            self._instances.append(
                ReportedInstance(
                    instance=item.instance,
                    outcome=str(item.outcome),
                    code=item.code,
                    reason=None if found is None else found.reason,
                )
            )
        if found is None:
            return
        self._verdicts.update(found.verdicts)
        if found.twin is not None:
            self._twins[found.twin] += 1
        for name in ("size", "written", "deleted", "different", "raced", "by_rule"):
            self._numbers[name] += getattr(found, name)
        self._numbers["skipped"] += len(found.skipped)
        if found.call_ms:
            self._call_ms += found.call_ms
            self._timed += 1
        left = _SHOWN_DIFFERENCES - len(self._differences)
        self._differences += [_shown(item.instance, each) for each in found.differences[:left]]

    def report(self, job: BridgeJob, audit: Head | None) -> Report:
        """Return what was counted."""
        names = ("size", "written", "deleted", "different", "raced", "by_rule", "skipped")
        return Report(
            job=job,
            verdicts=dict(self._verdicts),
            twins=dict(self._twins),
            estimated_s=self._estimate(job),
            instances=tuple(self._instances),
            differences=tuple(self._differences),
            audit=audit,
            **{name: self._numbers[name] for name in names},
        )

    def _estimate(self, job: BridgeJob) -> float | None:
        ready = job.outcomes.get("ready", 0)
        if job.kind != "assess" or not self._timed:
            return None
        one_s = _CALLS_PER_COPY * self._call_ms / self._timed / 1000
        by_rate = 0.0 if job.throttle.per_second is None else ready / job.throttle.per_second
        return round(max(ready * one_s / job.throttle.at_once, by_rate), 1)


def _shown(instance: str, difference: Difference) -> ReportedDifference:
    return ReportedDifference(
        instance=instance,
        name=difference.name,
        outcome=difference.outcome,
        pointers=difference.pointers,
        source_type=None if difference.source is None else difference.source.type,
        target_type=None if difference.target is None else difference.target.type,
    )
