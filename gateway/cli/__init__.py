"""The command line: serve, check, demo, and a client of a running gateway.

Exit codes: 0 done; 1 the gateway (or an engine) said no; 2 wrong usage; 3 the configuration cannot be used; 4 the
gateway cannot be reached.
"""

from __future__ import annotations

from importlib import import_module

import click

_COMMANDS = {
    "serve": ("gateway.cli.serve", "serve"),
    "check": ("gateway.cli.serve", "check"),
    "demo": ("gateway.cli.demo", "demo"),
    "engines": ("gateway.cli.client", "engines"),
    "instances": ("gateway.cli.instances", "instances"),
    "vars": ("gateway.cli.variables", "variables"),
    "modify": ("gateway.cli.modification", "modify"),
    "tasks": ("gateway.cli.instances", "tasks"),
    "messages": ("gateway.cli.instances", "messages"),
    "batch": ("gateway.cli.batch", "batch"),
    "operations": ("gateway.cli.operations", "operations"),
    "query": ("gateway.cli.query", "query"),
    "openapi": ("gateway.cli.document", "openapi"),
}
"""Module and name of each; imported when asked for, so that `vars list` need not wait for the whole gateway."""


class Commands(click.Group):
    """The commands of the table."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's own
        """Give their names, in the order of the table."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's own
        """Give one, None where there is none of the name."""
        if cmd_name not in _COMMANDS:
            return None
        module, name = _COMMANDS[cmd_name]
        command: click.Command = getattr(import_module(module), name)
        return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="varbridge")
def main() -> None:
    """One process-variable API in front of Camunda 7-family engines and IBM BPM / BAW.

    Exit codes: 0 done; 1 refused or failed; 2 wrong usage; 3 configuration cannot be used; 4 gateway not reachable.
    """
