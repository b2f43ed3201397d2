"""Headless Chromium, as Debian packages it: what a page has become after its scripts have run."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

_TIMEOUT_S = 90
_BUDGET_MS = 15_000
"""Of the page's own clock, which runs as fast as the page does."""
_FLAGS = (
    "--headless",
    "--no-sandbox",  # as root in a container there is no other way
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # whatever a page wants of other hosts fails at once
    f"--virtual-time-budget={_BUDGET_MS}",
    "--enable-logging=stderr",
    "--v=0",
    "--window-size=1280,1600",
)


class CannotRun(Exception):
    """There is no browser here; the message says so."""


def program() -> str:
    """Return the browser's path.

    Raises:
        CannotRun: there is none.
    """
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        raise CannotRun("chromium is not installed (Debian: apt-get install chromium)")
    return found


def opened(url: str, profile: Path, *, screenshot: Path | None = None) -> tuple[str, list[str]]:
    """Return the page's document as its scripts have left it, and what the page complained about."""
    more = [f"--screenshot={screenshot}"] if screenshot else ["--dump-dom"]
    done = subprocess.run(
        [program(), *_FLAGS, f"--user-data-dir={profile}", *more, url],
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        check=True,
    )
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]
