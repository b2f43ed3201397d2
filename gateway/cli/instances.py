"""``varbridge instances | tasks | messages``: found, shown, started and brought on through a running gateway."""

from __future__ import annotations

from typing import Any

import click
import msgspec

from gateway.cli import options, output
from gateway.cli.changes import changed, rehearsable
from gateway.cli.client import Connection, connected, ended
from gateway.cli.variables import settings_of

_COLUMNS = ("instance", "definition", "businessKey", "state", "tenant")
_ACTIVITIES = ("id", "activity", "name", "type", "parent")


@click.group()
def instances() -> None:
    """Process instances: find, show, start, and where their tokens are."""


@instances.command()
@click.option("--business-key", help="Exactly.")
@click.option("--definition", help="Key, name or id.")
@click.option("--engines", help="Only these, separated by commas.")
@click.option("--limit", type=click.IntRange(1, 1000), default=100, show_default=True, help="At most so many.")
@click.option("--variables", is_flag=True, help="With their variables.")
@ended
@connected
def find(
    business_key: str | None,
    definition: str | None,
    engines: str | None,
    limit: int,
    connection: Connection,
    *,
    variables: bool,
    any_state: dict[str, str],
    as_json: bool,
) -> None:
    """Find instances on all engines: all of them, or by key and definition."""
    if engines and connection.engine:
        raise click.UsageError("Give either --engine or --engines.")
    asked = {"businessKey": business_key, "definition": definition, "engines": engines or connection.engine}
    query = {key: value for key, value in asked.items() if value is not None} | {"limit": str(limit)} | any_state
    query |= {"include": "variables"} if variables else {}
    found = connection.ask("GET", "v1", "instances", query=query, with_engine=False)
    columns = (*_COLUMNS, "variables") if variables else _COLUMNS
    items = output.member(found, "items")
    output.shown(items if as_json else [_short(item) for item in items], columns, as_json=as_json)
    output.failures(found)
    if found.get("next") is not None:
        click.echo("there are more: --limit shows them", err=True)


def _short(item: dict[str, Any]) -> dict[str, Any]:
    """Give an instance with its variables as names and values."""
    known = item.get("variables")
    if known is None:
        return item
    return item | {"variables": {each["name"]: each.get("value") for each in known}}


@instances.command()
@click.argument("instance")
@ended
@connected
def show(instance: str, connection: Connection, *, any_state: dict[str, str], as_json: bool) -> None:
    """Show one instance."""
    found = connection.ask("GET", "v1", "instances", instance, query=any_state)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(found), indent=2))
    else:
        output.shown([found], _COLUMNS, as_json=False)


@instances.command()
@click.argument("instance")
@connected
def activities(instance: str, connection: Connection, *, as_json: bool) -> None:
    """Show where the tokens of an instance are."""
    found = connection.ask("GET", "v1", "instances", instance, "activities")
    output.shown(output.member(found, "activities"), _ACTIVITIES, as_json=as_json)


@instances.command()
@click.argument("definition")
@click.option("--business-key", help="Of the new instance.")
@click.option("--tenant", help="Whose definition.")
@options.settings()
@rehearsable
@connected
def start(
    definition: str,
    business_key: str | None,
    tenant: str | None,
    settings: tuple[str, ...],
    connection: Connection,
    *,
    as_json: bool,
    dry_run: bool,
) -> None:
    """Start an instance; --engine says where, if no rule of the gateway does."""
    asked = {"definition": definition, "businessKey": business_key, "tenant": tenant}
    body = _body(asked, settings)
    changed(connection, "POST", "v1", "instances", body=body, dry_run=dry_run, as_json=as_json)


@click.group()
def tasks() -> None:
    """User tasks."""


@tasks.command()
@click.argument("task")
@options.settings()
@rehearsable
@connected
def complete(task: str, settings: tuple[str, ...], connection: Connection, *, as_json: bool, dry_run: bool) -> None:
    """Complete a task. TASK is `engine:id`, or a bare id with --engine."""
    body = _body({}, settings)
    changed(connection, "POST", "v1", "tasks", task, "complete", body=body, dry_run=dry_run, as_json=as_json)


@click.group()
def messages() -> None:
    """Messages to instances."""


@messages.command()
@click.argument("name")
@click.option("--instance", help="The instance that waits.")
@click.option("--business-key", help="Of the instance that waits.")
@click.option("--correlate", "keys", multiple=True, metavar="NAME=JSON", help="A variable by which it is told.")
@options.settings()
@click.option("--all", "everybody", is_flag=True, help="To all who match; otherwise several are an error.")
@rehearsable
@connected
def send(
    name: str,
    instance: str | None,
    business_key: str | None,
    keys: tuple[str, ...],
    settings: tuple[str, ...],
    connection: Connection,
    *,
    everybody: bool,
    as_json: bool,
    dry_run: bool,
) -> None:
    """Correlate a message; --engine says where, if --instance does not."""
    asked: dict[str, Any] = {"name": name, "instance": instance, "businessKey": business_key, "all": everybody or None}
    asked["correlationKeys"] = settings_of(keys, "--correlate") or None
    body = _body(asked, settings)
    changed(connection, "POST", "v1", "messages", body=body, dry_run=dry_run, as_json=as_json)


def _body(asked: dict[str, Any], settings: tuple[str, ...]) -> bytes:
    given = {key: value for key, value in asked.items() if value is not None}
    return msgspec.json.encode(given | {"variables": settings_of(settings)})
