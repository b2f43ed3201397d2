"""Options that several commands take, each declared once."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import click

_OFTEN = "May be given often."
_NEGATIVE = re.compile(r"-\d")
Option: TypeAlias = Callable[[Any], Any]

deletions: Option = click.option("--delete", "deletions", multiple=True, metavar="NAME", help=_OFTEN)


def settings(text: str = _OFTEN) -> Option:
    """Give ``--set NAME=JSON``."""
    return click.option("--set", "settings", multiple=True, metavar="NAME=JSON", help=text)


def conditions(text: str) -> Option:
    """Give ``--where 'NAME OPERATOR VALUE'``."""
    return click.option("--where", "conditions", multiple=True, metavar="'NAME OPERATOR VALUE'", help=text)


def body(text: str) -> Option:
    """Give ``--file``, a body as the gateway takes it."""
    kind = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)
    return click.option("--file", "path", type=kind, help=text)


def alone(path: Path | None, *others: object) -> None:
    """Make sure that nothing is given beside a whole body: it would be left out, and be it the engine.

    Raises:
        UsageError: something is.
    """
    if path is not None and any(others):
        raise click.UsageError("The file is the whole body; nothing that belongs into it goes beside it.")


class Valued(click.Command):
    """A command with a value among its arguments: a negative number is one, and no option that is not known."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Let negative numbers be, unless there is another option that is not known."""
        known = {flag for each in self.get_params(ctx) for flag in (*each.opts, *each.secondary_opts)}
        dashed = {arg.partition("=")[0] for arg in args if arg.startswith("-") and not _NEGATIVE.match(arg)}
        ctx.ignore_unknown_options = dashed <= known
        return super().parse_args(ctx, args)
