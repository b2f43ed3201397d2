"""``varbridge bridge``: move instances from one engine to another, through a running gateway."""

from __future__ import annotations

import click

from gateway.cli.bridge import explaining, importing, jobs, links, moves, plans, reporting, status


@click.group()
def bridge() -> None:
    """Move instances between engines: plans, links, copies, cut-overs.

    The order of a move: plan create, assess, link by-rule (or import), copy, verify, cut-over; then roll-back, or
    finish. A key needs the scope bridge:admin.
    """


for _command in (
    plans.plan,
    links.link,
    importing.import_file,
    *jobs.STARTERS,
    jobs.job,
    reporting.report,
    explaining.explain,
    *moves.MOVES,
    status.status,
):
    bridge.add_command(_command)
