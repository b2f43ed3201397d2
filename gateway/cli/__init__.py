"""The command line: serve, reload, check, demo, and a client of a running gateway.

Exit codes: 0 done; 1 the gateway (or an engine) refused or failed, or the audit trail is broken; 2 wrong usage; 3 the
configuration cannot be used; 4 the gateway, or the store that a command reads itself, cannot be reached;
130 Ctrl-C ended the watching of a job, or the moving of links.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import click

from gateway.cli.examples import add_examples
from gateway.nearest import suggestion
from gateway.observe.printable import printable_lines

_COMMANDS = {
    "serve": ("gateway.cli.serve", "serve"),
    "worker": ("gateway.cli.jobs", "worker"),
    "reload": ("gateway.cli.reload", "reload"),
    "check": ("gateway.cli.check", "check"),
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
    "bridge": ("gateway.cli.bridge", "bridge"),
    "audit": ("gateway.cli.audit", "audit"),
    "openapi": ("gateway.cli.document", "openapi"),
    "completion": ("gateway.cli.completion", "completion"),
}
"""Module and name of each command; imported when used, so that `vars list` need not wait for the whole gateway."""


class Commands(click.Group):
    """The commands of the table; what they say of wrong usage acts on no terminal."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's own
        """Return their names, in the order of the table."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return one command.

        Raises:
            UsageError: there is no command of this name.
        """
        if cmd_name.startswith("-"):
            return None
        if cmd_name not in _COMMANDS:
            if ctx.resilient_parsing:
                return None  # a shell is completing: an error would be in its way
            ctx.fail(f"No such command {cmd_name!r}.{suggestion(cmd_name, _COMMANDS)}")
        module, name = _COMMANDS[cmd_name]
        return add_examples(getattr(import_module(module), name), cmd_name)

    def make_context(self, *args: Any, **more: Any) -> click.Context:
        """Read the options that stand before the command."""
        with _printable_errors():
            return super().make_context(*args, **more)

    def invoke(self, ctx: click.Context) -> Any:
        """Carry out the command."""
        with _printable_errors():
            return super().invoke(ctx)


@contextmanager
def _printable_errors() -> Iterator[None]:
    try:
        yield
    except click.ClickException as error:
        message = error.format_message()
        shown = printable_lines(message)
        if shown == message:
            raise
        if isinstance(error, click.UsageError):
            raise click.UsageError(shown, error.ctx) from error
        raise click.ClickException(shown) from error


_PAGE = """\b
Environment:
  VARBRIDGE_URL          the gateway that client commands ask (--url)
  VARBRIDGE_KEY          their API key (--key)
  VARBRIDGE__TABLE__KEY  overrides a key of the configuration file, as in VARBRIDGE__SERVER__PORT=8081

\b
Exit codes:
  0  done
  1  the gateway or an engine refused or failed; `audit verify` found the trail broken
  2  wrong usage
  3  the configuration cannot be used
  4  the gateway, or for `audit` the store, cannot be reached
  130  Ctrl-C: a job that was watched goes on, no further link is moved
"""


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]}, epilog=_PAGE)
@click.version_option(package_name="varbridge")
def main() -> None:
    """One process-variable API in front of Camunda 7-family engines and IBM BPM / BAW.

    `serve` runs the gateway; those from `engines` to `bridge` ask a running one; `audit` reads the
    store. `varbridge COMMAND --help` says more.
    """
