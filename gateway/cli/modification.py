"""``varbridge modify``: cancel and start activities of an instance through a running gateway."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import msgspec

from gateway.cli import options
from gateway.cli.changes import changed, rehearsable
from gateway.cli.client import Connection, connected
from gateway.cli.variables import settings_of

_FLAGS = {
    "cancel": ("cancel", "activityId"),
    "cancel_instance": ("cancel", "activityInstanceId"),
    "start_before": ("startBeforeActivity", "activityId"),
    "start_after": ("startAfterActivity", "activityId"),
    "start_transition": ("startTransition", "transitionId"),
}


@click.command()
@click.argument("instance")
@click.option("--cancel", metavar="ACTIVITY", help="Cancel all that is in an activity.")
@click.option("--cancel-instance", metavar="ID", help="Cancel one activity instance, or token.")
@click.option("--start-before", metavar="ACTIVITY", help="Start before an activity.")
@click.option("--start-after", metavar="ACTIVITY", help="Start after an activity.")
@click.option("--start-transition", metavar="FLOW", help="Start a sequence flow.")
@options.settings("A variable where it starts; may be given often.")
@click.option("--annotation", help="Why, for the engine's audit.")
@options.body("A whole body, as JSON: several instructions, in order.")
@rehearsable
@connected
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
    """Cancel, then start. The ids are those of `GET /v1/instances/INSTANCE/activities` and of the diagram."""
    chosen = {flag: value for flag, value in steps.items() if value is not None}
    options.alone(path, *chosen.values(), settings, annotation)
    if path is None and not chosen:
        raise click.UsageError("Give either --file, or what to cancel and start.")
    body = path.read_bytes() if path is not None else msgspec.json.encode(_body(chosen, settings, annotation))
    where = ("v1", "instances", instance, "modification")
    changed(connection, "POST", *where, body=body, dry_run=dry_run, as_json=as_json)


def _body(chosen: dict[str, str], settings: tuple[str, ...], annotation: str | None) -> dict[str, Any]:
    instructions: list[dict[str, Any]] = []
    for flag, (kind, key) in _FLAGS.items():
        if flag in chosen:
            instructions.append({"type": kind, key: chosen[flag]})
    if settings:
        if instructions[-1]["type"] == "cancel":
            raise click.UsageError("--set needs something that starts.")
        instructions[-1]["variables"] = settings_of(settings)
    return {"instructions": instructions} | ({"annotation": annotation} if annotation else {})
