"""The Dockerfile, read and tried out as far as that goes without a container: its steps are those of tests/package."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tests.cli.programs import ROOT, free_port
from tests.deploy.dockerfile import STEPS, arguments, copied, loose
from tests.deploy.served import gateway
from tests.house.test_help import parsed


def sent(path: str) -> bool:
    """Whether `.dockerignore` sends a path to the builder: its last line that fits decides."""
    decided = True
    for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        pattern = line.lstrip("!")
        if any(fnmatch(part, pattern) for part in (path, *map(str, Path(path).parents))):
            decided = line.startswith("!")
    return decided


def test_what_is_copied_exists_and_is_sent_to_the_builder() -> None:
    assert {"gateway", "adapters", "pyproject.toml", "deploy/requirements.txt"} <= set(copied())
    for source in copied():
        assert (ROOT / source).exists(), source
        assert sent(source), source


@pytest.mark.parametrize("path", ["tests", ".git", "deploy/compose", "varbridge.db"], ids=str)
def test_what_is_not_copied_stays_here(path: str) -> None:
    assert not sent(path)


@pytest.mark.parametrize("image", ["python", "python:latest", "registry:5000/python", "camunda/x:run-latest"], ids=str)
def test_image_without_a_version_is_seen(image: str) -> None:
    assert loose(image)


def test_images_have_a_version() -> None:
    defaults = dict(rest.split("=", 1) for rest in arguments("ARG"))
    images = [re.sub(r"\$\{(\w+)\}", lambda found: defaults[found[1]], rest.split()[0]) for rest in arguments("FROM")]
    assert [image for image in images if loose(image)] == []
    assert len(set(images)) == 1, "what is built for one version does not run on another"


def test_nothing_runs_as_root_and_nothing_is_installed_without_a_hash() -> None:
    last = max(index for index, (word, _) in enumerate(STEPS) if word == "FROM")
    (user,) = [rest for word, rest in STEPS[last:] if word == "USER"]
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", user)
    installs = [
        each for rest in arguments("RUN") for each in rest.split("&&") if " install " in f" {each} " and "pip" in each
    ]
    assert len(installs) == 3
    assert all("--require-hashes" in each or "--no-index" in each for each in installs)


def test_command_of_the_image_is_right_usage() -> None:
    (entry,), (command,) = arguments("ENTRYPOINT"), arguments("CMD")
    assert json.loads(entry) == ["varbridge"]
    assert parsed(json.loads(command)) == "serve"


async def checked(port: int) -> int | None:
    """Exit code of the health check, run as it stands."""
    (rest,) = arguments("HEALTHCHECK")
    program, *words = json.loads(rest.partition("CMD ")[2])
    assert program == "python"
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *words,
        env={**os.environ, "VARBRIDGE__SERVER__ADMIN_PORT": str(port)},
        stderr=asyncio.subprocess.DEVNULL,
    )
    return await process.wait()


async def test_health_check_succeeds_where_a_gateway_is_ready_and_fails_where_none_is() -> None:
    async with gateway() as (callers, operators, _):
        assert await checked(int(operators.rpartition(":")[2])) == 0
        assert await checked(int(callers.rpartition(":")[2])) == 1
    assert await checked(free_port()) == 1
