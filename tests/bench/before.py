"""The gateway as it was at an earlier commit, taken from the history, to be measured beside today's."""

from __future__ import annotations

import contextlib
import io
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

NAME = "before"
COMMIT = "53d37fd"
"""The last one whose write locks were rows for every store, and whose plans parsed IBM's answers several times."""
WORKS = ("patch", "read", "native read", "native patch", "patch of 1000", "IBM patch", "IBM read")
"""What it is measured at."""
_ROOT = Path(__file__).resolve().parents[2]


@contextlib.contextmanager
def checked_out(commit: str = COMMIT) -> Iterator[Path | None]:
    """Return a folder with the gateway of a commit; None where the history is not there (a shallow clone, a tarball)."""
    command = ["git", "-C", str(_ROOT), "archive", commit, "gateway", "adapters", "tests/bench"]
    try:
        archive = subprocess.run(command, capture_output=True, check=True, timeout=60).stdout
    except (OSError, subprocess.SubprocessError):
        yield None
        return
    with tempfile.TemporaryDirectory() as folder, tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(folder, filter="data")
        yield Path(folder)
