"""Changes through a running gateway: made, or with ``--dry-run`` shown as the engine requests that they would be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click
import msgspec

from gateway.cli import output
from gateway.cli.client import Connection

dry_run_option = click.option("--dry-run", is_flag=True, help="Change nothing; show the engine requests instead.")
if_match_option = click.option(
    "--if-match", metavar="TAG", help="Change only if the variable still has this tag; `vars list --json` shows tags."
)


def if_match_header(tag: str | None) -> dict[str, str]:
    """Return the header of a condition; a tag may be written without its quotes."""
    if tag is None:
        return {}
    bare = tag != "*" and '"' not in tag
    return {"If-Match": f'"{tag}"' if bare else tag}


def send_change(
    connection: Connection,
    method: str,
    *path: str,
    dry_run: bool,
    as_json: bool,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    with_engine: bool = True,
) -> None:
    """Make a change and print its answer, or print what a dry run would send."""
    query = {"dryRun": "true"} if dry_run else {}
    answer = connection.ask(method, *path, query=query, body=body, headers=headers, with_engine=with_engine)
    if dry_run:
        _print_dry_run(answer, as_json=as_json)
    elif answer is None:
        output.print_line('{"done": true}' if as_json else "done")
    else:
        output.print_json(answer)


def _print_dry_run(answer: Any, *, as_json: bool) -> None:
    requests = output.rows_of(answer, "requests")
    if as_json:
        output.print_json(answer)
        return
    for request in requests:
        _print_request(request)
    for rule in output.rows_of(answer, "rules"):
        output.print_line(f"rule {rule['id']}: {rule['name']}")
    for item in answer.get("items", ()):
        if problem := item.get("problem"):
            output.print_line(f"would fail: {item['instance']}: {problem['code']}: {problem['detail']}")
    if "total" in answer:
        _print_total(answer)
    if not requests:
        output.print_line("nothing would be sent")


def _print_request(request: Mapping[str, Any]) -> None:
    sent = "not sent" if request.get("writes", True) else "sent, reads only"
    output.print_line(f"{request['method']} {request['path']}")
    output.print_line(f"  engine: {request['engine']} ({sent})")
    for name, value in request["headers"].items():
        output.print_line(f"  {name}: {value}")
    body = request.get("body")
    if isinstance(body, str):
        output.print_line(body)
    elif body is not None:
        output.print_json(body)
    output.print_line()


def _print_total(answer: Mapping[str, Any]) -> None:
    counted = f"{'more than ' if answer.get('more') else ''}{answer['total']} instances would be changed"
    first = len(answer.get("items", ()))
    output.print_line(counted + (f"; the first {first} are shown" if first < answer["total"] else ""))


def json_object(members: Mapping[str, Any]) -> bytes:
    """Return a body with the members that were given, those that are None left out."""
    return msgspec.json.encode({name: content for name, content in members.items() if content is not None})
