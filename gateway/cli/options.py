"""Options that several commands take, each declared once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import click

_OFTEN = "May be given often."
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
