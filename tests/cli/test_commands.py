"""The table of commands: each is there under its name, and a client command brings only what a client needs."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest

from gateway.cli import main
from tests.cli.programs import ROOT, varbridge

HEAVY = ("sqlalchemy", "alembic", "gateway.app", "gateway.web", "adapters")
CONTEXT = click.Context(main)


@pytest.mark.parametrize("name", main.list_commands(CONTEXT))
def test_command_has_the_name_of_its_row(name: str) -> None:
    command = main.get_command(CONTEXT, name)
    assert command is not None
    assert command.name == name
    assert command.help


@pytest.mark.parametrize(("module", "heavy"), [("variables", False), ("client", False), ("serve", True)])
def test_client_command_does_not_wait_for_the_gateway(module: str, heavy: bool) -> None:
    program = f"import sys, gateway.cli.{module}; sys.exit(any(each in sys.modules for each in {HEAVY!r}))"
    assert bool(subprocess.run([sys.executable, "-c", program], cwd=ROOT).returncode) is heavy


def test_unknown_command_is_wrong_usage() -> None:
    done = varbridge("bogus")
    assert (done.returncode, "No such command 'bogus'" in done.stderr) == (2, True)
