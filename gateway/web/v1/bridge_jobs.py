"""Handlers of ``/v1/bridge/jobs``: create, list, describe, cancel, report. One handler for each route."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from typing import Annotated, Any, ClassVar

import msgspec

from gateway.errors import BridgeTransitionRefused, InstanceStateConflict, OperationNotFound, Unsupported
from gateway.model.bridge_jobs import AT_ONCE, ENDED, BridgeItemOutcome, BridgeJob, BridgeJobKind, Throttle
from gateway.operations.bridge.bridge_jobs import KIND
from gateway.operations.bridge.job_store import BridgeJobStore
from gateway.operations.bridge.reporting import Report, ReportedDifference, ReportedInstance, make_report
from gateway.web.http.answers import Answer, json_answer
from gateway.web.http.negotiation import prefers_html
from gateway.web.v1 import bodies
from gateway.web.v1.bridge_context import check_change, check_engines, find_plan, moment, plans
from gateway.web.v1.bridge_report import CONTENT_TYPE, SECURITY, render_report
from gateway.web.v1.context import RequestContext

_PAGE = 500
"""Outcomes read from the store at a time."""
_LISTED = 100
"""Jobs that a list has at most, the newest first."""


class JobBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Body of ``POST /v1/bridge/jobs``: what is done with the instances of a plan.

    Args:
        at_once: instances that are worked on at the same time.
        per_second: instances that are begun in a second; null = as many as there is time for.
    """

    EXAMPLE: ClassVar[dict[str, Any]] = {"plan": "invoices", "kind": "assess"}

    plan: str
    kind: BridgeJobKind
    at_once: Annotated[int, msgspec.Meta(ge=1, le=1000)] = AT_ONCE
    per_second: Annotated[float, msgspec.Meta(gt=0, le=100_000)] | None = None


class JobShape(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A bridge job in an answer of ``/v1``.

    Args:
        outcomes: number of instances by how they ended.
        codes: number of instances by why they were skipped or failed.
    """

    id: str
    plan: str
    kind: str
    state: str
    caller: str
    at_once: int
    per_second: float | None
    total: int
    finished: int
    outcomes: dict[str, int]
    codes: dict[str, int]
    eta_seconds: float | None
    created: str
    ended: str | None = None
    problem: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class JobItemShape(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the results: how one instance ended, and what was found; never a value."""

    instance: str
    link: str | None
    outcome: str | None
    code: str | None
    evidence: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class ReportShape(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The report of a job: counts, the first differences, the first instances that did not end well; never a value."""

    job: JobShape
    verdicts: dict[str, int]
    twins: dict[str, int]
    size: int
    written: int
    deleted: int
    different: int
    raced: int
    by_rule: int
    skipped: int
    estimated_seconds: float | None
    instances: tuple[ReportedInstance, ...]
    differences: tuple[ReportedDifference, ...]
    audit: dict[str, Any] | None


_decoder = msgspec.json.Decoder(JobBody)


async def create_bridge_job(context: RequestContext) -> Answer:
    """Answer ``POST /v1/bridge/jobs`` with 202; the job runs in the background."""
    check_change(context)
    given = await bodies.decode(context, _decoder)
    plan = await find_plan(context, given.plan)
    if given.kind == "copy" and plan.stage == "linked":
        raise BridgeTransitionRefused("The plan allows its links to go as far as linked; a copy goes further.")
    job = BridgeJob(
        id=os.urandom(16).hex(),
        plan=plan.name,
        kind=given.kind,
        caller=context.caller.name,
        throttle=Throttle(at_once=given.at_once, per_second=given.per_second),
    )
    records = _records(context)
    await records.create(job)
    await _defer(context, job)
    stored = await records.find(job.id)
    location = ("Location", f"/v1/bridge/jobs/{job.id}")
    return json_answer(_shape(stored or job), status=202, headers=(location,))


async def list_bridge_jobs(context: RequestContext) -> Answer:
    """Answer ``GET /v1/bridge/jobs`` with jobs of plans whose engines the caller may use, the newest first."""
    wanted = context.query.get("plan")
    may_use = context.caller.may_use
    known = {
        plan.name: may_use(plan.source) and may_use(plan.target) for plan in await plans(context).records.list_all()
    }
    found = await _records(context).list_some(plan=wanted, limit=_LISTED)
    return json_answer({"items": [_shape(job) for job in found if known.get(job.plan, True)]})


async def describe_bridge_job(context: RequestContext) -> Answer:
    """Answer ``GET /v1/bridge/jobs/{job}``."""
    return json_answer(_shape(await _find(context)))


async def cancel_bridge_job(context: RequestContext) -> Answer:
    """Answer ``DELETE /v1/bridge/jobs/{job}``: no more items begin; what is copied stays copied."""
    job = await _find(context)
    if not await _records(context).cancel(job.id, context.caller.name):
        raise InstanceStateConflict(f"The job has ended: {job.state}.")
    await _defer(context, job)
    return Answer(status=204)


async def bridge_job_results(context: RequestContext) -> Answer:
    """Answer ``GET /v1/bridge/jobs/{job}/results``: one line of JSON for each instance that has ended."""
    job = await _find(context)
    return Answer(status=200, stream=_lines(_records(context), job.id), media_type="application/x-ndjson")


async def report_bridge_job(context: RequestContext) -> Answer:
    """Answer ``GET /v1/bridge/jobs/{job}/report``, as JSON or, where ``Accept`` prefers it, as a page of HTML."""
    as_page = prefers_html(context.request)
    job = await _find(context)
    trail = context.services.audit
    report = await make_report(_records(context), job, None if trail is None else await trail.head())
    if as_page:
        return Answer(status=200, body=render_report(report), media_type=CONTENT_TYPE, headers=SECURITY)
    return json_answer(_report_shape(report))


async def _lines(records: BridgeJobStore, job_id: str) -> AsyncIterator[bytes]:
    after = 0
    while page := await records.list_outcomes(job_id, after, _PAGE):
        yield b"".join(msgspec.json.encode(_line(each)) + b"\n" for each in page)
        after = page[-1].number


def _line(each: BridgeItemOutcome) -> JobItemShape:
    evidence = msgspec.UNSET if each.evidence is None else msgspec.Raw(each.evidence)
    return JobItemShape(instance=each.instance, link=each.link, outcome=each.outcome, code=each.code, evidence=evidence)


async def _find(context: RequestContext) -> BridgeJob:
    job = await _records(context).find(context.params[0])
    if job is None:
        raise OperationNotFound("There is no bridge job of this id.")
    plan = await plans(context).records.find(job.plan)
    if plan is not None:
        check_engines(context, plan.source, plan.target)
    return job


async def _defer(context: RequestContext, job: BridgeJob) -> None:
    if context.services.jobs is not None:
        await context.services.jobs.defer(KIND, job.id)


def _records(context: RequestContext) -> BridgeJobStore:
    records = context.services.bridge_jobs
    if records is None:
        raise Unsupported("This gateway has no store for bridge jobs.")
    return records


def _shape(job: BridgeJob) -> JobShape:
    return JobShape(
        id=job.id,
        plan=job.plan,
        kind=job.kind,
        state=job.state,
        caller=job.caller,
        at_once=job.throttle.at_once,
        per_second=job.throttle.per_second,
        total=job.total,
        finished=job.finished,
        outcomes=job.outcomes,
        codes=job.codes,
        eta_seconds=0.0 if job.state in ENDED else job.eta_s,
        created=moment(job.created),
        ended=None if job.ended is None else moment(job.ended),
        problem=msgspec.UNSET if job.problem is None else msgspec.Raw(job.problem),
    )


def _report_shape(report: Report) -> ReportShape:
    head = report.audit
    same = {name: getattr(report, name) for name in ReportShape.__struct_fields__ if name in Report.__struct_fields__}
    audit = None if head is None else {"sequence": head.sequence, "hash": head.hash}
    return ReportShape(**same | {"job": _shape(report.job), "audit": audit, "estimated_seconds": report.estimated_s})
