"""``varbridge bridge explain``: why a copy of one instance is as it is."""

from __future__ import annotations

from typing import Any

import click

from gateway.cli import output
from gateway.cli.bridge.asking import ask, print_pairs
from gateway.cli.client import Connection, with_gateway

_COLUMNS = ("name", "type", "verdict", "why", "becomes", "handling", "now", "needs")
_HEAD = ("source", "target", "link", "state", "stale", "plan", "result", "stoppedBy")


@click.command()
@click.argument("instance")
@click.option("--plan", help="Where an instance without a link would go.")
@output.wide_option
@with_gateway
def explain(instance: str, plan: str | None, connection: Connection, *, as_json: bool, wide: bool) -> None:
    """Say of each variable of INSTANCE what a copy makes of it, why, and how the twin differs now."""
    query = {"instance": instance} | ({"plan": plan} if plan else {})
    found = ask(connection, "GET", "explain", query=query)
    if as_json:
        output.print_json(found)
        return
    print_pairs("instance", {name: found.get(name) for name in _HEAD}, wide=wide)
    output.print_rows([_row(each) for each in output.rows_of(found, "variables")], _COLUMNS, as_json=False, wide=wide)
    if found["extra"]:
        output.print_line(f"only the twin has: {', '.join(found['extra'])}")


def _row(each: dict[str, Any]) -> dict[str, Any]:
    """Return a variable as a row; ``why`` is the refusal, or the rules of a loss."""
    difference = each.get("difference") or {}
    why = f"{each['code']}: {each['detail']}" if each.get("code") else ", ".join(each["rules"])
    row = {"why": why, "now": difference.get("outcome"), "needs": _needs(each["needs"])}
    row |= {name: each.get(name) for name in ("name", "type", "verdict", "becomes", "handling")}
    return {name: content for name, content in row.items() if content not in (None, "")}


def _needs(needs: list[dict[str, Any]]) -> str:
    return "; ".join(" ".join(f"{name}={content}" for name, content in each.items()) for each in needs)
