"""Programs in Java that tests start: built with Maven, once, and again when their sources are newer. Nothing here knows pytest."""

from __future__ import annotations

import contextlib
import fcntl
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

BUILD_TIMEOUT_S = 600  # the first build downloads about 100 MB
TAIL_LINES = 30


class CannotRun(Exception):
    """A program cannot be built or started here; the message says why."""


def build(project: Path, jar: Path) -> Path:
    """Return the jar of a Maven project, built anew where it is missing or older than its sources.

    Raises:
        CannotRun: java or mvn is missing, or Maven failed (most often: a download).
    """
    demand("java")
    jar.parent.mkdir(exist_ok=True)
    with alone(jar.parent / "build.lock"):
        if _is_stale(project, jar):
            demand("mvn")
            run(("mvn", "-q", "-B", "package"), project)
    return jar


def demand(program: str) -> None:
    """Lets a program that is on the path pass.

    Raises:
        CannotRun: It is not.
    """
    if shutil.which(program) is None:
        raise CannotRun(f"{program} is not on the path")


@contextlib.contextmanager
def alone(path: Path) -> Iterator[None]:
    """Lets one process at a time into the `with` block."""
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def run(command: Sequence[str], folder: Path) -> None:
    """Runs a command that builds.

    Raises:
        CannotRun: It failed or took too long; the message has the end of what it said.
    """
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=BUILD_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        raise CannotRun(f"{' '.join(command)} took more than {BUILD_TIMEOUT_S} s") from late
    if done.returncode != 0:
        tail = "\n".join(done.stdout.splitlines()[-TAIL_LINES:])
        raise CannotRun(f"{' '.join(command)} ended with {done.returncode}:\n{tail}")


def _is_stale(project: Path, jar: Path) -> bool:
    sources = (project / "pom.xml", *(path for path in (project / "src").rglob("*") if path.is_file()))
    return not jar.is_file() or jar.stat().st_mtime < max(path.stat().st_mtime for path in sources)
