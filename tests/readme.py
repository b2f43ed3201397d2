"""The shell lines and configurations of README.md, as tests run them: at a gateway's own port, and on an instance of one's own."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"
PORT = "http://127.0.0.1:8080"
INSTANCE = "hr:THE-ID"
_STRICT = f"""set -e
curl() {{ command curl --fail-with-body "$@"; }}
varbridge() {{ {sys.executable} -m gateway "$@"; }}
"""
TIMEOUT_S = 30


def blocks(after: str) -> list[str]:
    """Return the blocks of the first shell listing after a text, which are parted by empty lines."""
    text = README.read_text(encoding="utf-8").partition(after)[2]
    found = re.search(r"```sh\n(.*?)```", text, re.DOTALL)
    assert found is not None, after
    return [each.strip() for each in found[1].split("\n\n")]


def toml(after: str) -> str:
    """Return the first configuration after a text."""
    text = README.read_text(encoding="utf-8").partition(after)[2]
    found = re.search(r"```toml\n(.*?)```", text, re.DOTALL)
    assert found is not None, after
    return found[1]


def said(block: str, url: str, instance: str) -> str:
    """Return what a block prints that is run at a gateway of this URL, on this instance; every request must succeed."""
    ran = done(block.replace(PORT, url).replace(INSTANCE, instance))
    assert ran.returncode == 0, block + ran.stdout + ran.stderr
    return ran.stdout


def done(lines: str) -> subprocess.CompletedProcess[str]:
    """Return how lines of a shell end; the first that fails is the last."""
    return subprocess.run(
        ["bash", "-c", _STRICT + lines], capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )
