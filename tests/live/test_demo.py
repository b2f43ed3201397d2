"""`make demo ENGINE=live`, and what the README tells somebody with an engine of their own."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import signal
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.cli.programs import ROOT, free_port, ready, running, varbridge, wait_until
from tests.live import demo

README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.fixture
def signals() -> Iterator[None]:
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


def variables(url: str, instance: str) -> dict[str, tuple[str, object]]:
    with urllib.request.urlopen(f"{url}/process-instance/{instance}/variables?deserializeValues=false") as answer:
        return {name: (each["type"], each["value"]) for name, each in json.load(answer).items()}


def test_demo_before_the_real_engine_does_the_main_job_on_both(
    live_camunda: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], signals: None
) -> None:
    started: list[str] = []

    def start(url: str, given: dict[str, object]) -> str:
        started.append(demo_start(url, given))
        return started[0]

    demo_start = demo.start_instance
    monkeypatch.setattr(demo, "LiveEngine", lambda: contextlib.nullcontext(SimpleNamespace(url=live_camunda)))
    monkeypatch.setattr(demo, "start_instance", start)
    monkeypatch.chdir(ROOT)
    ports = ("--port", str(free_port()), "--admin-port", str(free_port()))
    assert demo.main(["--once", *ports]) == 0
    said = capfd.readouterr().out
    assert f"gateway → hr: POST /process-instance/{started[0]}/variables" in said.replace("/engine-rest", "")
    assert said.count("caller  ← 200") == 2
    found = variables(live_camunda, started[0])
    assert "obsolete" not in found
    assert (found["amount"][0], found["due"]) == ("Integer", ("Date", "2026-01-31T12:00:00.000+0000"))


def test_readme_is_enough_to_patch_a_variable_on_an_engine_of_ones_own(
    live_camunda: str, live_instance: str, tmp_path: Path
) -> None:
    (written,) = re.findall(r"<<'TOML'\n(.*?)\nTOML\n", README, re.DOTALL)
    path = tmp_path / "varbridge.toml"
    path.write_text(written.replace("http://127.0.0.1:8081/engine-rest", live_camunda), encoding="utf-8")
    assert live_camunda in path.read_text(encoding="utf-8")
    done = varbridge("check", str(path), "--reach")
    assert done.returncode == 0, done.stdout + done.stderr
    port, admin = free_port(), free_port()
    elsewhere = {"VARBRIDGE__SERVER__PORT": str(port), "VARBRIDGE__SERVER__ADMIN_PORT": str(admin)}
    elsewhere["VARBRIDGE__STORE__URL"] = f"sqlite:///{tmp_path}/store.db"
    lines = [line for line in README.splitlines() if line.startswith(".venv/bin/varbridge vars")]
    assert len(lines) == 3
    with running("serve", "--config", str(path), **elsewhere):
        wait_until(lambda: ready(admin))
        for line in (*lines, lines[-1].replace("--dry-run", "")):  # the last is shown dry, "without it: for real"
            command = shlex.split(line.replace("THE-ID", live_instance), comments=True)[1:]
            done = varbridge(*command, VARBRIDGE_URL=f"http://127.0.0.1:{port}")
            assert done.returncode == 0, (line, done.stdout, done.stderr)
    assert variables(live_camunda, live_instance) == {"amount": ("Integer", 1300), "note": ("String", "checked")}
    assert "VARBRIDGE_URL" not in os.environ
