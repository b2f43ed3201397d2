"""``varbridge instances | tasks | messages``: find, show, start and move on instances through a running gateway."""

from __future__ import annotations

from typing import Any

import click

from gateway.cli import options, output
from gateway.cli.cells import value_of
from gateway.cli.changes import dry_run_option, json_object, send_change
from gateway.cli.client import Connection, with_connection
from gateway.cli.typed import parse_settings

_COLUMNS = ("instance", "definition", "businessKey", "state", "tenant")
_ACTIVITIES = ("id", "activity", "name", "type", "parent")


@click.group()
def instances() -> None:
    """Process instances: find, show, start, and where their tokens are."""


@instances.command()
@click.option("--business-key", help="The whole key.")
@click.option("--definition", help="Key, name or id of the definition.")
@click.option("--engines", help="Only these, separated by commas.")
@click.option("--limit", type=click.IntRange(1, 1000), default=100, show_default=True, help="Most instances to show.")
@click.option("--variables", is_flag=True, help="With their variables.")
@options.ended_option
@output.wide_option
@with_connection
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
    wide: bool,
) -> None:
    """Find instances on all engines: all of them, or by business key and definition."""
    if engines and connection.engine:
        raise click.UsageError("Give either --engine or --engines.")
    given = {"businessKey": business_key, "definition": definition, "engines": engines or connection.engine}
    query = {key: value for key, value in given.items() if value is not None} | {"limit": str(limit)} | any_state
    query |= {"include": "variables"} if variables else {}
    found = connection.ask("GET", "v1", "instances", query=query, with_engine=False)
    columns = (*_COLUMNS, "variables") if variables else _COLUMNS
    items = output.rows_of(found, "items")
    output.print_rows(items if as_json else [_row(item) for item in items], columns, as_json=as_json, wide=wide)
    output.print_failed_engines(found)
    if found.get("next") is not None:
        output.print_error("there are more: --limit shows them")


def _row(item: dict[str, Any]) -> dict[str, Any]:
    """Return an instance with its variables as one text of names and values."""
    known = item.get("variables")
    if known is None:
        return item
    return item | {"variables": ", ".join(f"{each['name']}={value_of(each)[0]}" for each in known)}


@instances.command()
@click.argument("instance")
@options.ended_option
@output.wide_option
@with_connection
def show(instance: str, connection: Connection, *, any_state: dict[str, str], as_json: bool, wide: bool) -> None:
    """Show one instance."""
    found = connection.ask("GET", "v1", "instances", instance, query=any_state)
    if as_json:
        output.print_json(found)
    else:
        output.print_rows([found], _COLUMNS, as_json=False, wide=wide)


@instances.command()
@click.argument("instance")
@output.wide_option
@with_connection
def activities(instance: str, connection: Connection, *, as_json: bool, wide: bool) -> None:
    """Show where the tokens of an instance are."""
    found = connection.ask("GET", "v1", "instances", instance, "activities")
    output.print_rows(output.rows_of(found, "activities"), _ACTIVITIES, as_json=as_json, wide=wide)


@instances.command()
@click.argument("definition")
@click.option("--business-key", help="Business key of the new instance.")
@click.option("--tenant", help="Tenant whose definition is started.")
@options.set_option()
@dry_run_option
@with_connection
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
    """Start an instance; --engine says where, unless a rule of the gateway does."""
    given = {"definition": definition, "businessKey": business_key, "tenant": tenant}
    body = json_object(given | {"variables": parse_settings(settings)})
    send_change(connection, "POST", "v1", "instances", body=body, dry_run=dry_run, as_json=as_json)


@click.group()
def tasks() -> None:
    """User tasks."""


@tasks.command()
@click.argument("task")
@options.set_option()
@dry_run_option
@with_connection
def complete(task: str, settings: tuple[str, ...], connection: Connection, *, as_json: bool, dry_run: bool) -> None:
    """Complete a task. TASK is `engine:id`, or a bare id with --engine."""
    body = json_object({"variables": parse_settings(settings)})
    send_change(connection, "POST", "v1", "tasks", task, "complete", body=body, dry_run=dry_run, as_json=as_json)


@click.group()
def messages() -> None:
    """Messages to instances."""


@messages.command()
@click.argument("name")
@click.option("--instance", help="The instance that waits for the message.")
@click.option("--business-key", help="Business key of the instance that waits.")
@click.option("--correlate", "keys", multiple=True, metavar="NAME=JSON", help="A variable that the instance must have.")
@options.set_option()
@click.option("--all", "everybody", is_flag=True, help="To all instances that match; otherwise several are an error.")
@dry_run_option
@with_connection
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
    """Correlate a message; --engine says where, unless --instance does."""
    given = {"name": name, "instance": instance, "businessKey": business_key, "all": everybody or None}
    correlation = parse_settings(keys, "--correlate") or None
    body = json_object(given | {"correlationKeys": correlation, "variables": parse_settings(settings)})
    send_change(connection, "POST", "v1", "messages", body=body, dry_run=dry_run, as_json=as_json)
