"""Options that several commands take, each declared once."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import click
import msgspec

_OFTEN = "May be given several times."
_NEGATIVE = re.compile(r"-\d")
Option: TypeAlias = Callable[[Any], Any]

delete_option: Option = click.option("--delete", "deletions", multiple=True, metavar="NAME", help=_OFTEN)
ended_option: Option = click.option(
    "--ended",
    "any_state",
    is_flag=True,
    callback=lambda _context, _option, given: {"state": "any"} if given else {},
    help="Include instances that have ended.",
)
"""The command is given the query parameter as ``any_state``."""


def set_option(text: str = _OFTEN) -> Option:
    """Return ``--set NAME=JSON``."""
    return click.option("--set", "settings", multiple=True, metavar="NAME=JSON", help=text)


def where_option(text: str) -> Option:
    """Return ``--where 'NAME OPERATOR VALUE'``."""
    return click.option("--where", "conditions", multiple=True, metavar="'NAME OPERATOR VALUE'", help=text)


def file_option(text: str) -> Option:
    """Return ``--file``, a body as the gateway takes it."""
    kind = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)
    return click.option("--file", "path", type=kind, help=text)


def refuse_beside_file(path: Path | None, *others: object) -> None:
    """Refuse options beside a file that is the whole body: they would be left out silently.

    Raises:
        UsageError: one of them is given.
    """
    if path is not None and any(others):
        raise click.UsageError("The file is the whole body; nothing that belongs into it goes beside it.")


def json_object_of(path: Path) -> dict[str, Any]:
    """Return the members of a file that is a JSON object, each as it is written.

    Raises:
        UsageError: it is none.
    """
    try:
        text = path.read_bytes().removeprefix(codecs.BOM_UTF8)
        content: dict[str, Any] = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    except msgspec.DecodeError as error:
        raise click.UsageError(f"{path} is not a JSON object.") from error
    return content


class ValueCommand(click.Command):
    """A command with a value among its arguments: a negative number is that value, not an unknown option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take negative numbers as arguments, unless there is an option that is really unknown."""
        known = {flag for each in self.get_params(ctx) for flag in (*each.opts, *each.secondary_opts)}
        dashed = {arg.partition("=")[0] for arg in args if arg.startswith("-") and not _NEGATIVE.match(arg)}
        ctx.ignore_unknown_options = dashed <= known
        return super().parse_args(ctx, args)
