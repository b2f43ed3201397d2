"""deploy/Dockerfile, taken apart."""

from __future__ import annotations

import re
import tomllib

from tests.cli.programs import ROOT

VERSION: str = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
"""The version that every file of deploy/ names."""
DOCKERFILE = ROOT / "deploy" / "Dockerfile"


def instructions(text: str) -> list[tuple[str, str]]:
    """Instructions with their arguments; lines that go on are joined, comments left out."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in joined.splitlines())]


STEPS = instructions(DOCKERFILE.read_text(encoding="utf-8"))


def arguments(word: str) -> list[str]:
    return [rest for name, rest in STEPS if name == word]


def copied() -> list[str]:
    """What is copied from the repository."""
    return [source for rest in arguments("COPY") if "--from" not in rest for source in rest.split()[:-1]]


def loose(image: str) -> bool:
    """Whether a name of an image says no version."""
    _, _, tag = image.rpartition("/")[2].partition(":")
    return not re.search(r"\d", tag) or "latest" in tag
