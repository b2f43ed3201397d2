"""``--help`` of every command: what it does, what each option does, and lines to paste that are right usage."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from gateway.cli import main
from gateway.cli.examples import EXAMPLES

ROOT = click.Context(main, info_name="varbridge")


def commands(command: click.Command, context: click.Context) -> Iterator[tuple[str, click.Command]]:
    """Every command below a group, with its path."""
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            each = command.get_command(context, name)
            assert each is not None
            inner = click.Context(each, context, name)
            yield inner.command_path.removeprefix("varbridge "), each
            yield from commands(each, inner)


COMMANDS = dict(commands(main, ROOT))
LEAVES = [path for path, command in COMMANDS.items() if not isinstance(command, click.Group)]


def silent(command: click.Command) -> list[str]:
    """Options that can be seen and have no text."""
    options = [each for each in command.params if isinstance(each, click.Option)]
    return [each.opts[0] for each in options if not each.hidden and not each.help]


@pytest.mark.parametrize("path", COMMANDS, ids=str)
def test_command_and_each_of_its_options_have_a_text(path: str) -> None:
    command = COMMANDS[path]
    assert (command.help or "").partition("\n")[0].endswith("."), "a sentence that says what it does"
    assert silent(command) == []


def test_option_without_a_text_is_seen() -> None:
    assert silent(click.Command("x", params=[click.Option(["--mute"]), click.Option(["--told"], help="Yes.")])) == [
        "--mute"
    ]


def test_examples_are_those_of_the_commands_that_there_are() -> None:
    assert sorted(EXAMPLES) == sorted(LEAVES), "each command has a row in gateway/cli/examples.py"


def arguments(line: str) -> list[str]:
    """What the program is given by a line, without where the shell sends its output."""
    words = shlex.split(line.removeprefix("source <(").removesuffix(")").partition(" > ")[0])
    assert words[0] == "varbridge"
    return words[1:]


@pytest.mark.parametrize("line", [line for lines in EXAMPLES.values() for line in lines], ids=str)
def test_example_is_right_usage_of_its_command(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "changes.json").touch()
    (path,) = [each for each, lines in EXAMPLES.items() if line in lines]
    assert parsed(arguments(line)) == path


def parsed(words: list[str]) -> str:
    """Path of the command that a line runs; every word of the line must be right usage."""
    context = main.make_context("varbridge", words)
    while isinstance(context.command, click.Group):
        name, command, rest = context.command.resolve_command(context, context._protected_args + context.args)
        assert name is not None
        assert command is not None
        context = command.make_context(name, rest, parent=context)
    return context.command_path.removeprefix("varbridge ")


@pytest.mark.parametrize("line", ["vars set hr:1 x", "vars show hr:1", "demo --ports 1"], ids=str)
def test_example_of_wrong_usage_is_seen(line: str) -> None:
    with pytest.raises(click.UsageError):
        _ = parsed(line.split())


def test_page_shows_options_environment_and_examples() -> None:
    page = CliRunner().invoke(main, ["vars", "set", "--help"], prog_name="varbridge").output
    assert page.startswith("Usage: varbridge vars set [OPTIONS] INSTANCE NAME VALUE\n")
    assert "env var: VARBRIDGE_URL" in page
    assert page.endswith("\n" + "".join(f"    {line}\n" for line in EXAMPLES["vars set"]))
