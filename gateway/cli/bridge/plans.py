"""``varbridge bridge plan``: which instances of one engine have their twins where, and how far they may go."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, get_args

import click

from gateway.cli import options, output
from gateway.cli.bridge.asking import ask, print_done, print_one
from gateway.cli.client import Connection, with_gateway
from gateway.cli.typed import parse_settings
from gateway.model.bridge import STAGES, Handling

_COLUMNS = ("name", "source", "target", "selector", "twins", "starts", "policy", "stage")
_HANDLINGS = get_args(Handling)


@click.group()
def plan() -> None:
    """Bridge plans: whose instances have their twins where, and how far they may go."""


def _with_members(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that say what stands in a plan; the command is given its ``members``."""

    @wraps(command)
    def wrapped(
        *,
        definition: str | None,
        tenant: str | None,
        ids: tuple[str, ...],
        twins: str | None,
        twin_definition: str | None,
        start: str | None,
        settings: tuple[str, ...],
        policies: tuple[str, ...],
        stage: str | None,
        path: Path | None,
        **others: Any,
    ) -> None:
        options.refuse_beside_file(
            path, definition, tenant, ids, twins, twin_definition, start, settings, policies, stage
        )
        selector = {"definition": definition, "tenant": tenant, "ids": ids or None}
        members = {
            "selector": {name: content for name, content in selector.items() if content is not None} or None,
            "twins": _twins(twins, twin_definition),
            "starts": _starts(start, settings),
            "policy": dict(_policy(each) for each in policies) or None,
            "stage": stage,
        }
        given = {name: content for name, content in members.items() if content is not None}
        command(members=given if path is None else options.json_object_of(path), **others)

    decorated: Callable[..., None] = wrapped
    for option in reversed(
        (
            click.option("--definition", help="Only instances of this definition."),
            click.option("--tenant", help="Only instances of this tenant."),
            click.option("--id", "ids", multiple=True, help="Only these instances. May be given several times."),
            click.option(
                "--twins", metavar="RULE", help="How twins are found: business-key, or marker:VARIABLE with the id."
            ),
            click.option("--twin-definition", help="Definition of the twins; any, if not given."),
            click.option("--start", metavar="DEFINITION", help="Start missing twins of this definition while copying."),
            options.set_option("A variable that started twins have. May be given several times."),
            click.option(
                "--policy",
                "policies",
                multiple=True,
                metavar="CODE=HANDLING",
                help="skip-variable, skip-instance or fail where a variable is refused with CODE; * is any.",
            ),
            click.option("--stage", type=click.Choice(STAGES), help="The furthest that its links may reach."),
            options.file_option("A whole body, as JSON, instead of all these."),
        )
    ):
        decorated = option(decorated)
    return decorated


@plan.command()
@click.argument("name")
@click.option("--source", help="Engine whose instances are to be moved.")
@click.option("--target", help="Engine of their twins.")
@_with_members
@output.wide_option
@with_gateway
def create(
    name: str,
    source: str | None,
    target: str | None,
    members: dict[str, Any],
    connection: Connection,
    *,
    as_json: bool,
    wide: bool,
) -> None:
    """Make a plan; its links may be copied, and go further only with --stage."""
    given = {member: content for member, content in (("source", source), ("target", target)) if content}
    body = {"name": name} | members | given
    for member in ("source", "target"):
        if member not in body:
            raise click.UsageError(f"Missing option '--{member}'.")
    _print(ask(connection, "POST", "plans", body=body), as_json=as_json, wide=wide)


@plan.command("list")
@output.wide_option
@with_gateway
def list_plans(connection: Connection, *, as_json: bool, wide: bool) -> None:
    """List the plans."""
    found = output.rows_of(ask(connection, "GET", "plans"), "items")
    output.print_rows(found if as_json else [_row(each) for each in found], _COLUMNS, as_json=as_json, wide=wide)


@plan.command()
@click.argument("name", metavar="PLAN")
@output.wide_option
@with_gateway
def show(name: str, connection: Connection, *, as_json: bool, wide: bool) -> None:
    """Show one plan; `bridge status` says how far its links are."""
    _print(ask(connection, "GET", "plans", name), as_json=as_json, wide=wide)


@plan.command()
@click.argument("name", metavar="PLAN")
@_with_members
@click.option("--no-twins", is_flag=True, help="Look for no twins any more.")
@click.option("--no-start", is_flag=True, help="Start no twins any more.")
@output.wide_option
@with_gateway
def change(
    name: str,
    members: dict[str, Any],
    connection: Connection,
    *,
    no_twins: bool,
    no_start: bool,
    as_json: bool,
    wide: bool,
) -> None:
    """Change what is given and leave the rest; selector and policy are replaced as a whole."""
    for flag, member, option in ((no_twins, "twins", "--twins"), (no_start, "starts", "--start")):
        if flag and member in members:
            raise click.UsageError(f"{option} and --no-{option[2:]} contradict one another.")
        members |= {member: None} if flag else {}
    if not members:
        raise click.UsageError("Give what is to be changed, such as --stage live.")
    _print(ask(connection, "PATCH", "plans", name, body=members), as_json=as_json, wide=wide)


@plan.command()
@click.argument("name", metavar="PLAN")
@with_gateway
def remove(name: str, connection: Connection, *, as_json: bool) -> None:
    """Remove a plan that has no links."""
    ask(connection, "DELETE", "plans", name)
    print_done(as_json=as_json)


def _print(found: Any, *, as_json: bool, wide: bool) -> None:
    print_one("plan", found, (*_COLUMNS, "version", "caller", "updated", "links", "stale"), as_json=as_json, wide=wide)


def _row(found: dict[str, Any]) -> dict[str, Any]:
    """Return a plan as a row; what it does not have is left empty."""
    return {name: content for name, content in found.items() if content not in (None, {})}


def _twins(rule: str | None, definition: str | None) -> dict[str, str] | None:
    """Return a rule from its words.

    Raises:
        UsageError: there is no such rule.
    """
    if rule is None:
        if definition is not None:
            raise click.UsageError("--twin-definition goes with --twins.")
        return None
    by, _, variable = rule.partition(":")
    if (by, bool(variable)) not in {("business-key", False), ("marker", True)}:
        raise click.UsageError(f"--twins takes business-key or marker:VARIABLE, not {rule}.")
    found = {"by": by, "variable": variable or None, "definition": definition}
    return {name: content for name, content in found.items() if content is not None}


def _starts(definition: str | None, settings: tuple[str, ...]) -> dict[str, Any] | None:
    if definition is None:
        if settings:
            raise click.UsageError("--set goes with --start.")
        return None
    return {"definition": definition, "variables": parse_settings(settings)}


def _policy(text: str) -> tuple[str, str]:
    code, _, handling = text.rpartition("=")
    if not code or handling not in _HANDLINGS:
        raise click.UsageError(f"--policy takes CODE=HANDLING with {', '.join(_HANDLINGS)}, not {text}.")
    return code, handling
