"""Routes of the audit trail."""

from __future__ import annotations

from gateway.web.v1 import audit
from gateway.web.v1.audit import EntryShape
from gateway.web.v1.route import Answers, Parameter, Route

ROUTES = (
    Route(
        method="GET",
        template="/v1/bridge/audit",
        handler=audit.list_audit_entries,
        summary="The audit trail, latest entries first: who did what, when, on what evidence",
        scope="bridge:admin",
        query=(
            Parameter("subject", "Only entries about this plan, link or job, such as `plan:hr-move`."),
            Parameter("caller", "Only acts of this caller."),
            Parameter("since", "Only entries made at this date or time (ISO 8601; UTC without an offset) or later."),
            Parameter("limit", "Entries of one page; 1 to 1000, default 100."),
            Parameter("cursor", "`next` of the page before, with the same filter."),
        ),
        answers=Answers(
            content={
                "type": "object",
                "required": ["items", "next"],
                "properties": {
                    "items": {"type": "array", "items": EntryShape},
                    "next": {"type": ["string", "null"]},
                },
            }
        ),
    ),
)
