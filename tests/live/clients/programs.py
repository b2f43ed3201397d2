"""Workers that nobody here wrote the client of: how each is built or installed, and run. Nothing here knows pytest."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.live import maven

HERE = Path(__file__).parent
JAVA, NODE = HERE / "java", HERE / "node"
LONGEST_S = 70.0


class WorkerFailed(Exception):
    """A worker ended badly; the message has what it said."""


def java() -> tuple[str, ...]:
    """Return the command of the Java worker, built."""
    jar = maven.build(JAVA, JAVA / "target" / "java-client.jar")
    return (
        "java",
        "-XX:TieredStopAtLevel=1",
        "-XX:+UseSerialGC",
        "-Xmx200m",
        "-Dfile.encoding=UTF-8",
        "-jar",
        str(jar),
    )


def node() -> tuple[str, ...]:
    """Return the command of the JavaScript worker, its packages installed from the lock file."""
    maven.demand("node")
    installed = NODE / "node_modules" / ".package-lock.json"
    with maven.alone(NODE / ".install.lock"):
        if not installed.is_file() or installed.stat().st_mtime < (NODE / "package-lock.json").stat().st_mtime:
            maven.demand("npm")
            maven.run(("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"), NODE)
    return ("node", str(NODE / "worker.mjs"))


def python() -> tuple[str, ...]:
    """Return the command of the Python worker, whose client is in the lock file of the tests."""
    return (sys.executable, str(HERE / "worker.py"))


WORKERS: dict[str, Callable[[], tuple[str, ...]]] = {"java": java, "node": node, "python": python}


def run(command: tuple[str, ...], told: Mapping[str, object]) -> Any:
    """Return what the worker says in its last line.

    Raises:
        WorkerFailed: It ended badly or took too long.
    """
    try:
        done = subprocess.run(
            command, input=json.dumps(told), capture_output=True, text=True, timeout=LONGEST_S, encoding="utf-8"
        )
    except subprocess.TimeoutExpired as late:
        raise WorkerFailed(f"no result after {LONGEST_S} s: {late.stdout!r} {late.stderr!r}") from late
    if done.returncode != 0:
        raise WorkerFailed(f"ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])
