"""``varbridge modify``: cancel and start activities of an instance through a running gateway."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from gateway.cli import options
from gateway.cli.changes import dry_run_option, json_object, send_change
from gateway.cli.client import Connection, with_connection
from gateway.cli.typed import parse_settings

_FLAGS = {
    "cancel": ("cancel", "activityId"),
    "cancel_instance": ("cancel", "activityInstanceId"),
    "start_before": ("startBeforeActivity", "activityId"),
    "start_after": ("startAfterActivity", "activityId"),
    "start_transition": ("startTransition", "transitionId"),
}


@click.command()
@click.argument("instance")
@click.option("--cancel", metavar="ACTIVITY", help="Cancel everything in an activity.")
@click.option("--cancel-instance", metavar="ID", help="Cancel one activity instance, or one token.")
@click.option("--start-before", metavar="ACTIVITY", help="Start before an activity.")
@click.option("--start-after", metavar="ACTIVITY", help="Start after an activity.")
@click.option("--start-transition", metavar="FLOW", help="Start a sequence flow.")
@options.set_option("A variable where it starts. May be given several times.")
@click.option("--annotation", help="The reason, for the engine's audit.")
@options.file_option("A whole body, as JSON: several instructions, in order.")
@dry_run_option
@with_connection
def modify(
    instance: str,
    settings: tuple[str, ...],
    annotation: str | None,
    path: Path | None,
    connection: Connection,
    *,
    as_json: bool,
    dry_run: bool,
    **steps: str | None,
) -> None:
    """Cancel, then start. `varbridge instances activities` and the diagram show the ids."""
    chosen = {flag: value for flag, value in steps.items() if value is not None}
    options.refuse_beside_file(path, *chosen.values(), settings, annotation)
    if path is None and not chosen:
        raise click.UsageError("Give either --file, or what to cancel and start.")
    body = path.read_bytes() if path is not None else json_object(_body(chosen, settings, annotation))
    where = ("v1", "instances", instance, "modification")
    send_change(connection, "POST", *where, body=body, dry_run=dry_run, as_json=as_json)


def _body(chosen: dict[str, str], settings: tuple[str, ...], annotation: str | None) -> dict[str, Any]:
    instructions: list[dict[str, Any]] = []
    for flag, (kind, key) in _FLAGS.items():
        if flag in chosen:
            instructions.append({"type": kind, key: chosen[flag]})
    if settings:
        if instructions[-1]["type"] == "cancel":
            raise click.UsageError("--set needs something that starts.")
        instructions[-1]["variables"] = parse_settings(settings)
    return {"instructions": instructions} | {"annotation": annotation or None}
