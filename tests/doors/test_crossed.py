"""At a front door before the other vendor's engine no call of the door's language is relayed to that engine."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.doors.calls import CALLS
from tests.doors.test_foreign import BASES
from tests.web.across import CLAIMS, HR, VENDOR, Across, Answer, across

CROSSED: dict[str, dict[str, Any]] = {HR: {"engine": CLAIMS}, CLAIMS: {"engine": HR}}


def sent(requests: list[tuple[str, Any]], engine: str) -> Counter[tuple[str, tuple[str, ...]]]:
    return Counter((each.method, each.path) for name, each in requests if name == engine)


def relayed(site: Across, engine: str) -> Counter[tuple[str, tuple[str, ...]]]:
    """What reached an engine without being made by a command."""
    return sent(site.heard, engine) - sent(site.planned, engine)


def is_in_shape(door: str, method: str, answer: Answer) -> bool:
    """Return whether an answer is a success, or an error as the door's vendor spells it."""
    if answer.status < 400:
        return True
    if answer.status >= 500 and (door, answer.status) != (HR, 500):  # Camunda's own, for what is not there
        return False
    if method == "HEAD":
        return answer.body == b""
    return set(answer.json) == ({"type", "message", "code"} if door == HR else {"status", "Data"})


@pytest.mark.parametrize("known", [True, False], ids=["of the door's engine", "unknown"])
@pytest.mark.parametrize("door", BASES)
async def test_no_call_is_relayed_to_an_engine_that_does_not_speak_it(door: str, known: bool) -> None:
    behind = {HR: CLAIMS, CLAIMS: HR}[door]
    found: list[str] = []
    async with across(doors=CROSSED) as site:
        for call in CALLS[VENDOR[door]]:
            site.forget()
            content = {} if call.method in {"POST", "PUT"} else None
            target = call.target(site.claims if behind == CLAIMS else site.hr) if known else call.target("77")
            answer = await site.ask(call.method, BASES[door] + target, content)
            if relayed(site, behind) or not is_in_shape(door, call.method, answer):
                found.append(f"{call.text}: {answer.status} {answer.body!r}")
    assert found == []


async def test_call_that_is_relayed_is_seen() -> None:
    async with across() as site:
        assert (await site.camunda("GET", f"/process-instance/{site.hr}")).status == 200
        assert relayed(site, HR) == {("GET", ("process-instance", site.hr)): 1}
