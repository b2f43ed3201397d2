"""``varbridge bridge status``: how far the links of each plan are, and what is being done."""

from __future__ import annotations

from typing import Any

import click

from gateway.cli import output
from gateway.cli.bridge import jobs
from gateway.cli.bridge.asking import ask, counted
from gateway.cli.bridge.watching import ENDED
from gateway.cli.client import Connection, with_gateway

_COLUMNS = ("plan", "source", "target", "stage", "links", "stale")
_LATEST = 5
"""Jobs that are shown beside those that run."""


@click.command()
@click.argument("plan", required=False)
@output.wide_option
@with_gateway
def status(plan: str | None, connection: Connection, *, as_json: bool, wide: bool) -> None:
    """Show links by state, how many are stale, and the jobs; of PLAN, or of all plans."""
    names = [plan] if plan else [each["name"] for each in output.rows_of(ask(connection, "GET", "plans"), "items")]
    plans = [ask(connection, "GET", "plans", name) for name in names]
    found = _with_progress(connection, jobs.latest(connection, plan))
    if as_json:
        output.print_json({"plans": plans, "jobs": found})
        return
    output.print_rows([_row(each) for each in plans], _COLUMNS, as_json=False, wide=wide)
    if found:
        output.print_rows([jobs.row(each) for each in found], jobs.COLUMNS, as_json=False, wide=wide)


def _with_progress(connection: Connection, listed: list[dict[str, Any]]) -> list[Any]:
    """Return the jobs that run, and the latest others, each as far as it is."""
    shown = [each for number, each in enumerate(listed) if number < _LATEST or each["state"] not in ENDED]
    return [ask(connection, "GET", "jobs", each["id"]) for each in shown]


def _row(plan: dict[str, Any]) -> dict[str, Any]:
    return plan | {"plan": plan["name"], "links": counted(plan["links"])}
