"""Routes of the bridge's jobs."""

from __future__ import annotations

from gateway.web.v1 import bridge_explain, bridge_jobs
from gateway.web.v1.bridge_explain import ExplanationShape
from gateway.web.v1.bridge_jobs import JobBody, JobItemShape, JobShape, ReportShape
from gateway.web.v1.route import Answers, Body, Parameter, Route
from gateway.web.v1.routes.common import NO_CONTENT

_SCOPE = "bridge:admin"
_JOBS, _JOB = "/v1/bridge/jobs", "/v1/bridge/jobs/{job}"
_LIST = {
    "type": "object",
    "required": ["items"],
    "properties": {"items": {"type": "array", "items": JobShape}},
}
ROUTES = (
    Route(
        method="GET",
        template=_JOBS,
        handler=bridge_jobs.list_bridge_jobs,
        summary="Bridge jobs, the newest first, without their progress",
        scope=_SCOPE,
        query=(Parameter("plan", "Only jobs of this plan."),),
        answers=Answers(content=_LIST),
    ),
    Route(
        method="POST",
        template=_JOBS,
        handler=bridge_jobs.create_bridge_job,
        summary="Assess, copy or compare the instances of a plan, in the background",
        scope=_SCOPE,
        body=Body({"application/json": JobBody}),
        answers=Answers(content=JobShape, status=202),
    ),
    Route(
        method="GET",
        template=_JOB,
        handler=bridge_jobs.describe_bridge_job,
        summary="How far a bridge job is",
        scope=_SCOPE,
        answers=Answers(content=JobShape),
    ),
    Route(
        method="DELETE",
        template=_JOB,
        handler=bridge_jobs.cancel_bridge_job,
        summary="Begin no further instance of a bridge job",
        scope=_SCOPE,
        answers=NO_CONTENT,
    ),
    Route(
        method="GET",
        template="/v1/bridge/explain",
        handler=bridge_explain.explain_copy,
        summary="Why a copy of an instance is as it is: each variable, its verdict, and what would allow it",
        scope=_SCOPE,
        query=(
            Parameter(
                "instance", "Canonical id (`engine:id`) of either side of a link, or of an instance without one."
            ),
            Parameter("plan", "Plan that says where an instance without a link would go."),
        ),
        answers=Answers(content=ExplanationShape),
    ),
    Route(
        method="GET",
        template=f"{_JOB}/report",
        handler=bridge_jobs.report_bridge_job,
        summary="What a bridge job has found: counts, verdicts, the first differences",
        scope=_SCOPE,
        answers=Answers(content=ReportShape, also="text/html"),
    ),
    Route(
        method="GET",
        template=f"{_JOB}/results",
        handler=bridge_jobs.bridge_job_results,
        summary="How each instance of a bridge job ended, one line of JSON each",
        scope=_SCOPE,
        answers=Answers(content=JobItemShape, media_type="application/x-ndjson", description="A line an instance."),
    ),
)
