"""``varbridge bridge cut-over | roll-back | finish``: of one link, or of all links of a plan, some at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from gateway.cli import output
from gateway.cli.bridge.asking import ask
from gateway.cli.bridge.links import print_link
from gateway.cli.bridge.many import Moved, Step, move_all
from gateway.cli.client import Connection, with_gateway

_TEXTS = {
    "cut-over": "Make the target decide: suspend the source, copy once more, compare, hand over.",
    "roll-back": "Make the source decide again: suspend the target, copy back, compare, hand over.",
    "finish": "Declare a move final: there is no roll-back any more.",
}
_REPORT = {"left": "leftState", "owner": "ownerState"}


def _command(name: str) -> click.Command:
    """Return the command of one of the three."""

    @click.command(name, help=f"{_TEXTS[name]}\n\nThe exit code is 1 if any link was refused; others are moved.")
    @click.argument("link", required=False)
    @click.option("--plan", help="All links of this plan that are not that far yet, instead of one LINK.")
    @click.option("--at-once", type=click.IntRange(1, 64), default=4, show_default=True, help="Links, with --plan.")
    @output.wide_option
    @with_gateway
    def move(
        link: str | None,
        plan: str | None,
        at_once: int,
        connection: Connection,
        *,
        as_json: bool,
        wide: bool,
        active_target: bool = False,
    ) -> None:
        if (link is None) == (plan is None):
            raise click.UsageError("Give either a LINK or --plan.")
        step = _step(name, active_target=active_target)
        if link is not None:
            _move_one(connection, step, link, as_json=as_json, wide=wide)
        else:
            _print_all(move_all(connection, step, str(plan), at_once), step, as_json=as_json, wide=wide)

    return move if name == "finish" else _active_option(move)


def _step(name: str, *, active_target: bool) -> Step:
    if name == "finish":
        return Step(name=name, path="events", authority="target", body={"event": "finish"})
    body = {"activeTarget": True} if active_target else {}
    return Step(name=name, path=name, authority="source" if name == "cut-over" else "target", body=body)


_active_option = click.option(
    "--active-target", is_flag=True, help="It may be running whose turn it is to decide: it waits at a task."
)
MOVES = tuple(_command(name) for name in _TEXTS)


def _move_one(connection: Connection, step: Step, link: str, *, as_json: bool, wide: bool) -> None:
    answer = ask(connection, "POST", "links", link, step.path, body=step.body)
    if as_json:
        output.print_json(answer)
        return
    report = answer.get("report")
    print_link(answer if report is None else answer["link"], as_json=False, wide=wide)
    if report is not None:
        _print_report(report)


def _print_report(report: Mapping[str, Any]) -> None:
    """Print which side is in which state, and what is left for people."""
    for side, state in _REPORT.items():
        output.print_line(f"{side}: {report[side]} ({report[state]})")
    for each in report["todo"]:
        output.print_line(f"to do: {each}")


def _print_all(moved: Moved, step: Step, *, as_json: bool, wide: bool) -> None:
    if as_json:
        output.print_json({"done": moved.done, "before": moved.before, "refused": moved.refused})
    else:
        output.print_line(
            f"{step.name}: {len(moved.done)} done, {moved.before} needed nothing, {len(moved.refused)} refused"
        )
        if moved.refused:
            rows = [{"instance": each["source"], **each} for each in moved.refused]
            output.print_rows(rows, ("instance", "code", "detail"), as_json=False, wide=wide)
    if moved.stopped is not None:
        output.print_error(f"error: {moved.stopped[1]}")
        raise SystemExit(moved.stopped[0])
    if moved.refused:
        raise SystemExit(output.FAILED)
