"""What README says about operating the gateway, tried: its configurations load, its commands are right, its examples come true."""

from __future__ import annotations

import asyncio
import re
import shlex
import textwrap
import tomllib
from pathlib import Path
from typing import Any

import pytest

from gateway import config
from gateway.app import VENDORS
from tests.cli.programs import varbridge
from tests.house.test_help import parsed as usage
from tests.readme import PORT, README
from tests.web.conftest import SECRET
from tests.web.site import site_of

OPERATING = README.read_text(encoding="utf-8").partition("## Operating it\n")[2].partition("\n## ")[0]
ADMIN = "http://127.0.0.1:9090"
HR: dict[str, Any] = {"vendor": "camunda7", "url": "http://127.0.0.1:8081/engine-rest"}


def listings(language: str) -> list[str]:
    found = re.findall(rf"^ *```{language}\n(.*?)```", OPERATING, re.DOTALL | re.MULTILINE)
    return [textwrap.dedent(each) for each in found]


def told(text: str) -> tuple[str, list[str]]:
    """The command of a listing of a console, and what it answers."""
    command, *shown = text.splitlines()
    return command.removeprefix("$ "), shown


@pytest.mark.parametrize("text", listings("toml"), ids=lambda text: text.splitlines()[0].strip("[]"))
def test_configuration_can_be_used(text: str) -> None:
    tree = tomllib.loads(text)
    read = config.parse({**tree, "engines": tree.get("engines", {"hr": HR})}, VENDORS, "README.md")
    assert config.warnings(read) == ()


def test_commands_are_right_usage() -> None:
    spans = re.findall(r"`varbridge ([^`]+)`", OPERATING)
    lines = [line for text in listings("sh") for line in text.splitlines() if line.startswith("varbridge ")]
    lines += [told(text)[0] for text in listings("console") if told(text)[0].startswith("varbridge ")]
    written = [line.removeprefix("varbridge ").partition(" > ")[0] for line in (*spans, *lines)]
    commands = [re.sub(r"\[(.*?)\]", r"\1", each).replace(" N", " 2") for each in written]
    assert {each.split()[0] for each in commands} >= {"serve", "check", "reload"}
    for each in commands:
        assert usage(shlex.split(each)), each


def test_contradiction_is_warned_of_as_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (example,) = [each for each in map(told, listings("console")) if each[0].startswith("varbridge check")]
    path = tmp_path / "gateway.toml"
    path.write_text(f'[engines.hr]\nvendor = "camunda7"\nurl = "{HR["url"]}"\ntimeout_s = 60.0\n', encoding="utf-8")
    done = varbridge("check", str(path))
    assert (done.stderr + done.stdout).replace(str(path), "gateway.toml").splitlines() == example[1]


async def run(line: str) -> list[str]:
    process = await asyncio.create_subprocess_exec("bash", "-c", line, stdout=asyncio.subprocess.PIPE)
    said, _ = await process.communicate()
    return [each.strip() for each in said.decode().splitlines()]


async def test_engine_that_keeps_failing_is_answered_for_as_it_says() -> None:
    (example,) = [each for each in map(told, listings("console")) if "Retry-After" in each[0]]
    (text,) = [each for each in listings("toml") if "[engines.hr.breaker]" in each]
    more = {name: each for name, each in tomllib.loads(text)["engines"]["hr"].items() if name not in HR}
    async with site_of({"hr": "http://127.0.0.1:1/engine-rest"}, more) as site:
        for _ in range(20):  # as many exchanges as decide, at least
            assert (await site.get("/v1/instances/hr:4711/variables"))[0] == 503
        said = await run(example[0].replace(PORT, f"http://127.0.0.1:{site.application.ports[0]}"))
    assert [re.sub(r"[1-5]$", "5", each) for each in said] == example[1]  # seconds that are left; some may be over


async def test_configuration_in_use_is_shown_to_who_may_see_it_as_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    line = re.search(r"`(curl [^`]* http://127.0.0.1:9090/config)`", OPERATING)
    assert line is not None
    monkeypatch.setenv("KEY", "secret")
    caller = {"name": "operator", "key_sha256": SECRET, "scopes": ["admin"]}
    async with site_of({"hr": HR["url"]}, auth={"callers": [caller]}) as site:
        said = "\n".join(await run(f"{line[1]} -s".replace(ADMIN, f"http://127.0.0.1:{site.application.ports[1]}")))
    assert '"hr"' in said
    assert (SECRET in said, "***" in said) == (False, True)
