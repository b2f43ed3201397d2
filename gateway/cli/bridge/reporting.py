"""``varbridge bridge report``: what a job has found, as tables, JSON or a page of HTML."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from gateway.cli import output
from gateway.cli.bridge import jobs
from gateway.cli.bridge.asking import ask, print_pairs
from gateway.cli.client import Connection, with_gateway

_NUMBERS = {
    "size": "bytes of values",
    "written": "variables written",
    "deleted": "variables deleted",
    "skipped": "variables skipped",
    "different": "variables that differ",
    "raced": "variables that changed meanwhile",
    "byRule": "equal by a rule",
    "estimatedSeconds": "estimated seconds of a copy",
}
_DIFFERENCES = ("instance", "name", "outcome", "pointers", "sourceType", "targetType")
_INSTANCES = ("instance", "outcome", "code", "reason")


@click.command()
@click.argument("job", required=False)
@click.option("--plan", help="The latest job of this plan, instead of JOB.")
@click.option(
    "--html", "page", type=click.Path(dir_okay=False, path_type=Path), help="Write it to this file, as one page."
)
@output.wide_option
@with_gateway
def report(
    job: str | None, plan: str | None, page: Path | None, connection: Connection, *, as_json: bool, wide: bool
) -> None:
    """Show what JOB has found: counts, verdicts, differences; never a value."""
    if (job is None) == (plan is None):
        raise click.UsageError("Give either a JOB or --plan.")
    if page is not None and as_json:
        raise click.UsageError("Give either --json or --html.")
    job = job or _latest(connection, str(plan))
    if page is not None:
        _write(page, connection.ask_page("v1", "bridge", "jobs", job, "report"))
        return
    found = ask(connection, "GET", "jobs", job, "report")
    if as_json:
        output.print_json(found)
    else:
        _print(found, wide=wide)


def _latest(connection: Connection, plan: str) -> str:
    found = jobs.latest(connection, plan)
    if not found:
        output.print_error(f"error: the plan {plan} has no jobs")
        raise SystemExit(output.FAILED)
    return str(found[0]["id"])


def _write(page: Path, content: bytes) -> None:
    try:
        page.write_bytes(content)
    except OSError as error:
        raise click.UsageError(f"{page} cannot be written: {error.strerror}.") from error
    output.print_line(f"written to {page}")


def _print(found: Any, *, wide: bool) -> None:
    jobs.print_job(found["job"], as_json=False, wide=wide)
    print_pairs("variables by verdict", found["verdicts"], wide=wide)
    print_pairs("twins by state", found["twins"], wide=wide)
    print_pairs("counted", {title: found.get(name) or None for name, title in _NUMBERS.items()}, wide=wide)
    for member, columns in (("instances", _INSTANCES), ("differences", _DIFFERENCES)):
        if rows := [_without_nulls(each) for each in output.rows_of(found, member)]:
            output.print_rows(rows, columns, as_json=False, wide=wide)
    if head := found.get("audit"):
        output.print_line(f"audit head: {head['sequence']}:{head['hash']}")


def _without_nulls(row: dict[str, Any]) -> dict[str, Any]:
    return {name: content for name, content in row.items() if content not in (None, [])}
