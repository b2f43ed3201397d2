"""The report of a bridge job as one page of HTML: no scripts, nothing from elsewhere, everything escaped, no values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape

from gateway.operations.bridge.reporting import Report

CONTENT_TYPE = "text/html; charset=utf-8"
SECURITY = (
    ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
    ("X-Content-Type-Options", "nosniff"),
)
"""Headers: even a name that got through unescaped could run nothing and load nothing."""
_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem;color:#1a1a1a;background:#fff}
h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2rem}
table{border-collapse:collapse;width:100%}caption{text-align:left;color:#555;padding:.2rem 0}
th,td{border-bottom:1px solid #ddd;padding:.3rem .6rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}
td.n{text-align:right;font-variant-numeric:tabular-nums}
@media(prefers-color-scheme:dark){body{color:#eee;background:#111}th,td{border-color:#444}caption{color:#aaa}}
"""


def render_report(report: Report) -> bytes:
    """Return a report as HTML."""
    job = report.job
    title = f"Bridge job {job.id}: {job.kind} of plan {job.plan}"
    parts = [
        "<!doctype html>",
        f'<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>',
        '<meta name="viewport" content="width=device-width">',
        f"<style>{_STYLE}</style></head><body><h1>{escape(title)}</h1>",
        _pairs("Job", _job_rows(report)),
        _pairs("Instances by outcome", job.outcomes),
        _pairs("Reasons of what was skipped or failed", job.codes),
        _pairs("Variables by verdict", report.verdicts),
        _pairs("Variables", _variable_rows(report)),
        _pairs("Twins by state", report.twins),
        _table(
            f"Differences (the first {len(report.differences)} of {report.different})",
            ("instance", "variable", "difference", "where", "source type", "target type"),
            (
                (each.instance, each.name, each.outcome, " ".join(each.pointers), each.source_type, each.target_type)
                for each in report.differences
            ),
        ),
        _table(
            f"Instances that did not end well (the first {len(report.instances)})",
            ("instance", "outcome", "code", "why"),
            ((each.instance, each.outcome, each.code, each.reason) for each in report.instances),
        ),
        "</body></html>\n",
    ]
    return "\n".join(part for part in parts if part).encode()


def _job_rows(report: Report) -> Mapping[str, object]:
    job, head = report.job, report.audit
    return {
        "state": job.state,
        "by": job.caller,
        "instances": job.total,
        "ended": job.finished,
        "running, seconds": None if job.running_s is None else round(job.running_s, 1),
        "estimated time of a copy, seconds": report.estimated_s,
        "head of the audit trail": None if head is None else f"{head.sequence} {head.hash}",
    }


def _variable_rows(report: Report) -> Mapping[str, object]:
    names = ("written", "deleted", "skipped", "different", "raced")
    counted = {name: getattr(report, name) for name in names}
    return {"bytes": report.size, **counted, "equal by a rule": report.by_rule}


def _pairs(title: str, rows: Mapping[str, object]) -> str:
    shown = [
        f'<tr><th scope="row">{escape(name)}</th><td class="n">{escape(str(value))}</td></tr>'
        for name, value in rows.items()
        if value is not None
    ]
    return f"<h2>{escape(title)}</h2><table>{''.join(shown)}</table>" if shown else ""


def _table(title: str, heads: Iterable[str], rows: Iterable[Iterable[str | None]]) -> str:
    body = ["<tr>" + "".join(f"<td>{escape(cell or '')}</td>" for cell in row) + "</tr>" for row in rows]
    if not body:
        return ""
    head = "".join(f'<th scope="col">{escape(each)}</th>' for each in heads)
    return f"<h2>{escape(title)}</h2><table><tr>{head}</tr>{''.join(body)}</table>"
