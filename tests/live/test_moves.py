"""An instance of a real Camunda is moved, to a second one and to an IBM fake, and back: the source is as before."""

from __future__ import annotations

import base64
import json
import urllib.parse
import urllib.request
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from adapters import ibm_bpm
from gateway.cli.served import Served
from tests.live.server import LiveEngine, delete_instance, start_instance
from tests.until import until
from tests.web.site import Site, site_of

CONTENT = base64.b64encode(bytes(range(256)) * 4096).decode()
HELD: dict[str, Any] = {
    "text": {"type": "String", "value": "ä\u2028\U0001f600 <b>"},
    "long text": {"type": "String", "value": "x" * 4000},
    "flag": {"type": "Boolean", "value": True},
    "short": {"type": "Short", "value": -32768},
    "small": {"type": "Integer", "value": 2147483647},
    "large": {"type": "Long", "value": 9007199254740993},
    "number": {"type": "Double", "value": 0.1},
    "early": {"type": "Date", "value": "0001-01-01T00:00:00.000+0000"},
    "late": {"type": "Date", "value": "9999-12-31T23:59:59.999+0000"},
    "nothing": {"type": "Null", "value": None},
    "doc": {"type": "Json", "value": '{"a":[1,123456789012345678901234567890.5,null]}'},
    "broken": {"type": "Json", "value": "{never"},
    "markup": {"type": "Xml", "value": "<a>1</a>"},
    "list": {
        "type": "Object",
        "value": '["a","b"]',
        "valueInfo": {"objectTypeName": "java.util.ArrayList", "serializationDataFormat": "application/json"},
    },
    "bytes": {"type": "Bytes", "value": CONTENT},
    "file": {"type": "File", "value": CONTENT, "valueInfo": {"filename": "ä.pdf", "mimeType": "application/pdf"}},
}
DECLARED = {"text": "", "flag": False, "small": 0, "number": 0.5, "doc": {"a": []}, "nothing": "", "short": 0}
PLAN = {"name": "move", "source": "hr", "policy": {"*": "skip-variable"}, "stage": "final"}


@pytest.fixture(scope="module")
def second() -> Iterator[str]:
    with LiveEngine() as engine:
        yield engine.url


@pytest.fixture
async def fake() -> AsyncIterator[tuple[Any, str]]:
    made = ibm_bpm.VENDOR.fake()
    served = Served(made)
    await served.start()
    yield made, served.url
    await served.stop()


def held_by(url: str, instance: str) -> dict[str, Any]:
    """What the engine's own API says of an instance: its variables, the content of the blobs, and its state."""
    of = f"{url}/process-instance/{instance}"
    with urllib.request.urlopen(f"{of}/variables?deserializeValues=false") as answer:
        found: dict[str, Any] = json.load(answer)
    for name in ("bytes", "file"):
        with urllib.request.urlopen(f"{of}/variables/{urllib.parse.quote(name)}/data") as answer:
            found[name]["content"] = answer.read()
    with urllib.request.urlopen(of) as answer:
        found["its state"] = json.load(answer)["suspended"]
    return found


async def said(site: Site, method: str, path: str, body: Any = None) -> Any:
    status, shown = await site.ask(method, f"/v1/bridge/{path}", body)
    assert status < 300, (path, shown)
    return shown


async def job(site: Site, kind: str) -> dict[str, Any]:
    made = await said(site, "POST", "jobs", {"plan": "move", "kind": kind})

    async def has_ended() -> bool:
        return (await said(site, "GET", f"jobs/{made['id']}"))["state"] in {"completed", "failed"}

    await until(has_ended, most_s=120)
    path = f"jobs/{made['id']}"
    return {**await said(site, "GET", f"{path}/report"), **await said(site, "GET", path)}


@pytest.mark.parametrize("away", ["second engine", "other vendor"])
async def test_source_is_as_before_after_a_move_there_and_back(
    live_camunda: str, second: str, fake: tuple[Any, str], away: str
) -> None:
    source = start_instance(live_camunda, HELD)
    before = held_by(live_camunda, source)
    if away == "second engine":
        to: Any = second
        twin = start_instance(second, {"extra": {"value": 1}})
    else:
        to = {"vendor": "ibm_bpm", "url": fake[1]}
        twin = fake[0].start("claim", DECLARED)
    try:
        async with site_of({"hr": live_camunda, "to": to}) as site:
            _ = await said(site, "POST", "plans", PLAN | {"target": "to"})
            link = await said(site, "POST", "links", {"plan": "move", "source": f"hr:{source}", "target": f"to:{twin}"})
            copied = await job(site, "copy")
            assert (copied["outcomes"], copied["codes"]) == ({"copied": 1}, {}), copied
            verified = await job(site, "verify")
            assert (verified["outcomes"], verified["different"]) == ({"equal": 1}, 0), verified
            moved = await said(site, "POST", f"links/{link['id']}/cut-over", {"activeTarget": True})
            assert moved["link"]["authority"] == "target"
            skipped = set(moved["report"]["copied"]["skipped"])
            assert "broken" in skipped or away == "second engine"
            status, shown = await site.get(f"/v1/instances/hr:{source}/variables")
            assert status == 200
            names = {each["name"] for each in shown["variables"]}
            assert names >= HELD.keys() - skipped
            back = await said(site, "POST", f"links/{link['id']}/roll-back", {"activeTarget": True})
            assert back["link"]["authority"] == "source"
            trail = await said(site, "GET", "audit")
            assert "link.roll-back" in {each["action"] for each in trail["items"]}
        assert held_by(live_camunda, source) == before
    finally:
        delete_instance(live_camunda, source)
