"""``completion``: the scripts load in their shells, and complete what there is."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.cli import main
from tests.cli.programs import LONGEST_S

BIN = Path(sys.executable).parent
LOADING = {
    "bash": (("--norc", "--noprofile"), 'eval "$SCRIPT"; complete -p varbridge'),
    "zsh": (("-f",), 'autoload -U compinit; compinit -D; eval "$SCRIPT"; print $_comps[varbridge]'),
    "fish": (("--no-config",), "echo $SCRIPT | source; complete --command varbridge"),
}


def script_of(shell: str) -> str:
    done = CliRunner().invoke(main, ["completion", shell])
    assert (done.exit_code, done.stderr) == (0, "")
    return done.stdout


def said(shell: str, lines: str) -> str:
    """What lines print that are run in a shell without anybody's own settings, with our script in `SCRIPT`."""
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell} here")
    environ = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "SCRIPT": script_of(shell)}
    command = [shell, *LOADING[shell][0], "-c", lines]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=LONGEST_S, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


@pytest.mark.parametrize("shell", LOADING, ids=str)
def test_script_loads_in_its_shell_and_stands_for_the_command(shell: str) -> None:
    assert "_varbridge_completion" in said(shell, LOADING[shell][1])


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        pytest.param(("op",), ["operations", "openapi"], id="command"),
        pytest.param(("vars", "me"), ["merge"], id="command-of-a-group"),
        pytest.param(("vars", "list", "--wi"), ["--wide"], id="option"),
        pytest.param(("completion", ""), ["bash", "zsh", "fish"], id="choices"),
        pytest.param(("bogus", "se"), ["serve"], id="after-an-unknown-command"),
    ],
)
def test_bash_is_offered_what_there_is(words: tuple[str, ...], offered: list[str]) -> None:
    lines = (
        f'eval "$SCRIPT"; COMP_WORDS=(varbridge {shlex.join(words)}); COMP_CWORD={len(words)}\n'
        '_varbridge_completion varbridge; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    assert said("bash", lines).split() == offered


@pytest.mark.parametrize("shell", LOADING, ids=str)
def test_script_is_printed_where_the_shell_itself_is_not(shell: str) -> None:
    assert "_VARBRIDGE_COMPLETE" in script_of(shell)


def test_unknown_shell_is_wrong_usage() -> None:
    done = CliRunner().invoke(main, ["completion", "csh"])
    assert (done.exit_code, "'csh' is not one of 'bash', 'zsh', 'fish'" in done.output) == (2, True)
