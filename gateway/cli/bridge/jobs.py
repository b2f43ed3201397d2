"""``varbridge bridge assess | copy | verify``, and the jobs that they are in the background of the gateway."""

from __future__ import annotations

from typing import Any, get_args

import click

from gateway.cli import output
from gateway.cli.bridge.asking import ask, counted, print_one
from gateway.cli.bridge.watching import ENDED, watch
from gateway.cli.client import Connection, with_gateway
from gateway.model.bridge_jobs import AT_ONCE, BridgeJobKind

COLUMNS = ("id", "plan", "kind", "state", "total", "outcomes")
_MEMBERS = ("id", "plan", "kind", "state", "caller", "created", "finished", "total", "outcomes", "codes", "etaSeconds")
_LISTED = ("id", "plan", "kind", "state", "created", "caller")
"""Columns of a list, whose jobs come without their progress."""
_FINE = frozenset({"ready", "assessed", "copied", "equal"})
"""Outcomes of instances with which nobody has to do anything."""
_TEXTS = {
    "assess": "Say what a copy of PLAN's instances would make of each variable; nothing is written.",
    "copy": "Copy the variables of PLAN's instances to their twins.",
    "verify": "Compare PLAN's instances with their twins; nothing is written.",
}


def _starter(kind: str) -> click.Command:
    """Return the command that begins jobs of a kind."""

    @click.command(kind, help=f"{_TEXTS[kind]}\n\nThe exit code is 1 if any instance did not end well.")
    @click.argument("plan")
    @click.option("--at-once", type=click.IntRange(1, 1000), default=AT_ONCE, show_default=True, help="Instances.")
    @click.option("--per-second", type=float, help="Instances begun in a second; as fast as possible if not given.")
    @click.option("--wait/--no-wait", default=True, show_default=True, help="Watch it until it has ended.")
    @click.option("--cancel", is_flag=True, help="Instead of beginning one, cancel those of this kind that run.")
    @output.wide_option
    @with_gateway
    def start(
        plan: str,
        at_once: int,
        per_second: float | None,
        wait: bool,  # noqa: FBT001 - click gives it by name
        connection: Connection,
        *,
        cancel: bool,
        as_json: bool,
        wide: bool,
    ) -> None:
        if cancel:
            _cancel_running(connection, plan, kind, as_json=as_json, wide=wide)
            return
        body = {"plan": plan, "kind": kind, "atOnce": at_once, "perSecond": per_second}
        begun = ask(connection, "POST", "jobs", body=body)
        if wait:
            _watch(connection, str(begun["id"]), as_json=as_json, wide=wide)
        else:
            print_job(begun, as_json=as_json, wide=wide)

    return start


STARTERS = tuple(_starter(kind) for kind in get_args(BridgeJobKind))


@click.group()
def job() -> None:
    """Jobs: assessments, copies and comparisons in the background."""


@job.command("list")
@click.option("--plan", help="Only jobs of this plan.")
@output.wide_option
@with_gateway
def list_jobs(plan: str | None, connection: Connection, *, as_json: bool, wide: bool) -> None:
    """List the latest jobs, the newest first."""
    output.print_rows(latest(connection, plan), _LISTED, as_json=as_json, wide=wide)


@job.command()
@click.argument("job", metavar="JOB")
@output.wide_option
@with_gateway
def show(job: str, connection: Connection, *, as_json: bool, wide: bool) -> None:
    """Show how far a job is."""
    print_job(ask(connection, "GET", "jobs", job), as_json=as_json, wide=wide)


@job.command()
@click.argument("job", metavar="JOB")
@output.wide_option
@with_gateway
def wait(job: str, connection: Connection, *, as_json: bool, wide: bool) -> None:
    """Watch a job until it has ended; the exit code is 1 if any instance did not end well."""
    _watch(connection, job, as_json=as_json, wide=wide)


@job.command()
@click.argument("job", metavar="JOB")
@output.wide_option
@with_gateway
def cancel(job: str, connection: Connection, *, as_json: bool, wide: bool) -> None:
    """Begin no further instance; what is copied stays copied."""
    ask(connection, "DELETE", "jobs", job)
    print_job(ask(connection, "GET", "jobs", job), as_json=as_json, wide=wide)


@job.command()
@click.argument("job", metavar="JOB")
@output.wide_option
@with_gateway
def results(job: str, connection: Connection, *, as_json: bool, wide: bool) -> None:
    """List how each instance of a job ended."""
    lines = connection.ask_lines("v1", "bridge", "jobs", job, "results")
    output.print_rows(lines, ("instance", "link", "outcome", "code", "evidence"), as_json=as_json, wide=wide)


def latest(connection: Connection, plan: str | None) -> Any:
    """Return the latest jobs, the newest first, without their progress."""
    return output.rows_of(ask(connection, "GET", "jobs", query={"plan": plan} if plan else {}), "items")


def _cancel_running(connection: Connection, plan: str, kind: str, *, as_json: bool, wide: bool) -> None:
    running = [each for each in latest(connection, plan) if each["kind"] == kind and each["state"] not in ENDED]
    for each in running:
        ask(connection, "DELETE", "jobs", each["id"])
    rows = [ask(connection, "GET", "jobs", each["id"]) for each in running]
    output.print_rows(rows if as_json else [row(each) for each in rows], COLUMNS, as_json=as_json, wide=wide)


def _watch(connection: Connection, job: str, *, as_json: bool, wide: bool) -> None:
    ended = watch(connection, job)
    print_job(ended, as_json=as_json, wide=wide)
    if ended["state"] != "completed" or not _FINE.issuperset(ended["outcomes"]):
        output.print_error(f"`varbridge bridge report {job}` says what did not end well, and why")
        raise SystemExit(output.FAILED)


def print_job(found: Any, *, as_json: bool, wide: bool) -> None:
    """Print one job, and why it failed as a whole."""
    print_one("job", found if as_json else row(found), _MEMBERS, as_json=as_json, wide=wide)
    problem = found.get("problem")
    if problem:
        output.print_error(f"the job failed: {problem.get('code')}: {problem.get('detail')}")


def row(found: dict[str, Any]) -> dict[str, Any]:
    """Return a job as a row of a table."""
    shown = {name: content for name, content in found.items() if content not in (None, {})}
    return shown | {name: counted(found[name]) for name in ("outcomes", "codes") if found[name]}
