"""Real tools of other projects, built by `make tools`; where they are not, the tests that need them are skipped."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

CACHE = Path(os.environ.get("VARBRIDGE_TOOLS") or Path.home() / ".cache" / "varbridge" / "tools")
LONGEST_S = 60


def tool(name: str) -> str:
    """Path of a tool, from the folder of `make tools` or from the path."""
    found = shutil.which(name, path=f"{CACHE}{os.pathsep}{os.environ['PATH']}")
    if found is None:
        pytest.skip(f"no {name} here; `make tools` builds it")
    return found


def run(name: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [tool(name), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=LONGEST_S, check=False)
