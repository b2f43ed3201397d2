"""Callers of a real Camunda, while another engine of the same gateway fails in every way: they notice nothing and lose nothing."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path

from tests.chaos.caller import Caller, calling, told_of, until_served, until_told
from tests.chaos.site import site_of
from tests.chaos.test_engines import PROTECTED, TOLD
from tests.chaos.troubled import MOODS


def stored(url: str, instance: str, name: str) -> int:
    """The value of a variable, as the engine itself tells it."""
    with urllib.request.urlopen(f"{url}/process-instance/{instance}/variables/{name}", timeout=30) as answer:
        value: int = json.load(answer)["value"]
    return value


async def test_callers_of_a_real_engine_are_served_while_another_one_fails(
    live_camunda: str, live_instance: str, tmp_path: Path
) -> None:
    real = {"vendor": "camunda7", "url": live_camunda}
    async with site_of(tmp_path, ill=PROTECTED, more={"real": real}) as site:
        well = [Caller(site.session, site.base, f"real:{live_instance}", f"v{number}") for number in range(4)]
        ill = site.callers("ill", 6)
        async with calling(*well, *ill):
            for mood in MOODS:
                await site.ill.become(mood)
                await until_told(well, 25)
                await site.ill.become(None)
                await until_served(site.callers("ill", 1)[0])
    assert told_of(well) == {"ok"}
    assert told_of(ill) - {"ok"} <= TOLD
    assert [stored(live_camunda, live_instance, caller.name) for caller in well] == [
        caller.acknowledged for caller in well
    ]
    assert site.lost(*ill[1:]) == []
