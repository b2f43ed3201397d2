"""The gateway as it was before conditions, keys and shared lanes, taken from the history, to be measured beside today's."""

from __future__ import annotations

import contextlib
import io
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

NAME = "before"
COMMIT = "3719dceaed916334a63655e12414dca7d9a6dec4"
"""The last one without a store."""
WORKS = ("patch", "read")
"""What it is measured at."""
_ROOT = Path(__file__).resolve().parents[2]


@contextlib.contextmanager
def checked_out(commit: str = COMMIT) -> Iterator[Path | None]:
    """Give a folder with the gateway of a commit; None where the history is not there (a shallow clone, a tarball)."""
    command = ["git", "-C", str(_ROOT), "archive", commit, "gateway", "adapters", "tests/bench"]
    try:
        archive = subprocess.run(command, capture_output=True, check=True, timeout=60).stdout
    except (OSError, subprocess.SubprocessError):
        yield None
        return
    with tempfile.TemporaryDirectory() as folder, tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(folder, filter="data")
        yield Path(folder)
