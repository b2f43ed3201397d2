"""The wheel in an empty virtual environment, with the dependencies of the lock (those of the image): what is installed works."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import urllib.request
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.programs import LONGEST_S, ROOT, free_port, ready, wait_until
from tests.deploy import dockerfile
from tests.house.required import give_up

INSTALL_S = 300


def pip(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pip", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=INSTALL_S, check=False)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built by the backend of the lock without asking an index, from what the Dockerfile copies."""
    folder, context = tmp_path_factory.mktemp("wheel"), tmp_path_factory.mktemp("context")
    for source in dockerfile.copied():
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, context / source, ignore=shutil.ignore_patterns("__pycache__"))
        elif "/" not in source:
            shutil.copy(ROOT / source, context)
    built = pip("wheel", "--no-index", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, context)
    assert built.returncode == 0, built.stderr
    (found,) = folder.iterdir()
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path) -> Iterator[Path]:
    """The folder of programs of a virtual environment in which the wheel is installed."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=False, symlinks=True)
        there = ("--python", Path(folder) / "bin" / "python")
        locked = ("--no-compile", "--require-hashes", "--only-binary", ":all:", "-r", "deploy/requirements.txt")
        if (done := pip(*there, "install", *locked)).returncode != 0:
            give_up(f"no dependencies to install: {done.stderr.strip()[-300:]}")
        done = pip(*there, "install", "--no-index", "--no-deps", wheel)
        assert done.returncode == 0, done.stderr
        assert pip(*there, "check").stdout == "No broken requirements found.\n"
        yield Path(folder) / "bin"


def varbridge(installed: Path, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [str(installed / "varbridge"), *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=LONGEST_S, check=False)


def tracked() -> set[str]:
    """Files of the two packages, as the repository holds them."""
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "gateway", "adapters"]
    listed = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True, text=True)
    return {name for name in listed.stdout.splitlines() if (ROOT / name).exists()}


def test_wheel_holds_every_file_of_both_packages_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert held == tracked()
    assert {"gateway/web/docs/assets/index.html", "gateway/store/migrations/r0001_secrets.py"} <= held


def test_installed_command_says_its_version_and_completes(installed: Path, tmp_path: Path) -> None:
    said = varbridge(installed, "--version", cwd=tmp_path)
    assert (said.returncode, said.stdout) == (0, f"varbridge, version {dockerfile.VERSION}\n")
    assert "complete -o nosort" in varbridge(installed, "completion", "bash", cwd=tmp_path).stdout


def test_installed_command_checks_the_documented_configuration(installed: Path, tmp_path: Path) -> None:
    checked = varbridge(installed, "check", str(ROOT / "config" / "gateway.toml"), cwd=tmp_path)
    assert (checked.returncode, "can be used; engines: claims, hr" in checked.stdout) == (0, True), checked


def test_installed_command_has_what_traces_need(installed: Path, tmp_path: Path) -> None:
    text = '[engines.hr]\nvendor = "camunda7"\nurl = "http://hr"\n[tracing]\nendpoint = "http://collector:4318"\n'
    (tmp_path / "gateway.toml").write_text(text, encoding="utf-8")
    checked = varbridge(installed, "check", "gateway.toml", cwd=tmp_path)
    assert (checked.returncode, "can be used; engines: hr" in checked.stdout) == (0, True), checked


@pytest.fixture
def without_otel(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a command that finds no OpenTelemetry, as where the extra is not installed."""
    shadow = tmp_path_factory.mktemp("shadow")
    (shadow / "opentelemetry.py").write_text('raise ModuleNotFoundError("not installed")\n', encoding="utf-8")
    return {**os.environ, "PYTHONPATH": str(shadow), "PYTHONDONTWRITEBYTECODE": "1"}


def test_installed_demo_serves_api_and_pages_without_extras_and_ends_when_told(
    installed: Path, tmp_path: Path, without_otel: dict[str, str]
) -> None:
    admin = free_port()
    command = [str(installed / "varbridge"), "demo", "--port", "0", "--admin-port", str(admin)]
    with subprocess.Popen(
        command, cwd=tmp_path, env=without_otel, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            lines: list[str] = []
            reader = threading.Thread(target=lambda: lines.extend(process.stdout or ()), daemon=True)
            reader.start()
            wait_until(lambda: "Serving until" in "".join(lines) or process.poll() is not None)
            (base,) = set(re.findall(r"browse and try: (http://127.0.0.1:\d+)/docs", "".join(lines)))
            assert ready(admin)
            for path in ("/docs", "/docs/swagger-ui.css", "/openapi.json", "/v1/engines"):
                with urllib.request.urlopen(base + path, timeout=LONGEST_S) as answer:
                    assert answer.status == 200
            process.send_signal(signal.SIGTERM)
            assert process.wait(LONGEST_S) == 0
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
    assert list(tmp_path.iterdir()) == [], "a demo leaves nothing behind"
