"""``varbridge completion``: the script that makes a shell complete commands and options; click writes it."""

from __future__ import annotations

import click
from click.shell_completion import BashComplete, FishComplete, ShellComplete, ZshComplete

_SHELLS: dict[str, type[ShellComplete]] = {"bash": BashComplete, "zsh": ZshComplete, "fish": FishComplete}
_PROGRAM = "varbridge"
_VARIABLE = "_VARBRIDGE_COMPLETE"
"""click's own name for it, by which the program knows that a shell asks."""


@click.command()
@click.argument("shell", type=click.Choice(tuple(_SHELLS)))
def completion(shell: str) -> None:
    """Print the script that completes commands and options in SHELL: bash, zsh or fish.

    Load it where your shell starts (bash: ~/.bashrc, zsh: ~/.zshrc after compinit), or save it where the shell looks.
    """
    program = click.get_current_context().find_root().command
    click.echo(_SHELLS[shell](program, {}, _PROGRAM, _VARIABLE).source())
