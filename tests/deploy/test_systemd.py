"""The units: right by systemd's own tool, with little left to be hardened, and time to stop."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gateway import config
from gateway.app import VENDORS
from tests.cli.programs import ROOT
from tests.house.test_help import parsed

FOLDER = ROOT / "deploy" / "systemd"
COMMANDS = {"varbridge.service": "serve", "varbridge-worker.service": "worker"}
"""The command that each unit starts."""
MOST_EXPOSED = 15
"""Tenths of what systemd counts from 0 to 10: a service without hardening has 96; the network is what is left."""


@pytest.fixture(params=COMMANDS, ids=COMMANDS)
def original(request: pytest.FixtureRequest) -> Path:
    return FOLDER / request.param


def settings(unit: Path) -> dict[str, str]:
    lines = [line for line in unit.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines if "=" in line)


def analyze(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd here")
    return subprocess.run(
        ["systemd-analyze", *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False
    )


def said_of(unit: Path) -> list[str]:
    """What systemd finds in a unit; it speaks of the machine's other units as well."""
    return [line for line in analyze("verify", unit).stderr.splitlines() if unit.name in line]


def test_systemd_takes_the_unit(tmp_path: Path, original: Path) -> None:
    program = settings(original)["ExecStart"].split()[0]
    unit = tmp_path / original.name
    unit.write_text(original.read_text(encoding="utf-8").replace(program, sys.executable), encoding="utf-8")
    assert said_of(unit) == []
    unit.write_text(unit.read_text(encoding="utf-8") + "Colour=red\n", encoding="utf-8")
    assert len(said_of(unit)) == 1


def test_little_is_left_to_be_hardened(original: Path) -> None:
    done = analyze("security", "--offline=true", f"--threshold={MOST_EXPOSED}", original)
    assert done.returncode == 0, done.stdout


def test_unit_starts_reloads_and_stops_as_the_gateway_does(original: Path) -> None:
    found = settings(original)
    program, *words = shlex.split(found["ExecStart"])
    assert (Path(program).name, parsed(words)) == ("varbridge", COMMANDS[original.name])
    assert (found["Type"], found["ExecReload"], found["KillMode"]) == ("exec", "/bin/kill -HUP $MAINPID", "mixed")
    server = config.parse({}, VENDORS).server
    assert float(found["TimeoutStopSec"]) > server.grace_s + server.drain_wait_s
    assert "User" in found
