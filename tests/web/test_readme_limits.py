"""What README says of callers' rates is what a gateway with these settings answers."""

from __future__ import annotations

import asyncio
import re
import tomllib

from tests.readme import PORT, README
from tests.web.conftest import SECRET
from tests.web.site import site_of


async def test_example_of_a_rate_is_answered_as_it_says() -> None:
    text = README.read_text(encoding="utf-8").partition("**When callers send too much**")[2]
    rate = tomllib.loads(re.search(r"`(rate = \{.*?\})`", text)[1])["rate"]
    command, *shown = [line.strip() for line in re.search(r"```console\n(.*?)```", text, re.DOTALL)[1].splitlines()][:3]
    caller = {"name": "portal", "key_sha256": SECRET, "scopes": ["instances:read"], "rate": rate}
    async with site_of({}, auth={"callers": [caller]}) as site:
        line = command.removeprefix("$ ").replace(PORT, f"http://127.0.0.1:{site.application.ports[0]}")
        curl = await asyncio.create_subprocess_exec("bash", "-c", line, stdout=asyncio.subprocess.PIPE)
        said, _ = await curl.communicate()
    assert said.decode().splitlines() == shown
