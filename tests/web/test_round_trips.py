"""Values written at one door and read at the others and at `/v1`: the same, or refused with nothing applied."""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.model import jsontext
from gateway.model.values import Value
from tests.conformance.subjects import NAMES
from tests.conformance.values import EXAMPLES, kept_name, raw, string, trees, typed, values
from tests.web.across import Across, Answer, across
from tests.web.spellings import (
    BLOBS,
    OPAQUE,
    UNREADABLE,
    camunda_body,
    camunda_meaning,
    ibm_body,
    ibm_meaning,
    names_metadata,
    parsed,
    v1_body,
    v1_meaning,
)

NATIVE = {"hr": "camunda", "claims": "ibm"}
"""Which door hands writes on to the engine as they are: what becomes of them there is the engine's."""
FOREIGN = {"hr": "ibm", "claims": "camunda"}
IBM_KEEPS = {
    "binary": "envelope",
    "types": {NAMES["number/double"]: "number", NAMES["number/decimal"]: "number", NAMES["date-time"]: "date-time"},
}
FEW = settings(
    max_examples=20, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
PICKED = [each for found in EXAMPLES.values() for each in found]
TYPED = st.sampled_from(PICKED) | values.filter(lambda value: (value.filename or "x").isprintable())
"""Names of files go into headers of the fakes, which take no control characters."""

EDGES = {
    "longest text": string("x" * 4000),
    "text that is too long": string("x" * 3999 + "\U0001f600"),
    "object of a class": typed("object", '{"a":{"b":[1,{}]}}', class_name="com.acme.Customer"),
    "object in another form": typed("object", '"<a/>"', class_name="C", serialization="application/xml"),
    "list in another class": typed("object", "[1]", class_name="java.util.LinkedList"),
    "members with the names of a list's": typed("json", '{"selected":[0],"items":[1,2]}'),
    "member with the vendor's own name": typed("json", '{"@metadata":{"className":"C"},"a":1}'),
    "member with the name of an envelope's": typed("json", '{"@type":"varbridge.file","data":"AAEC","filename":"a"}'),
    "deep": typed("json", '{"a":[' * 25 + "1.50" + "]}" * 25),
    "too deep": typed("json", "[" * 65 + "]" * 65),
    "text that holds JSON": string('{"a":1}'),
    "JSON that is true": typed("json", "true"),
    **{f"null of type {kind}": typed(kind, "null") for kind in EXAMPLES},
    "date to the millisecond": typed("date-time", '"2026-03-01T10:30:00.165+01:00"'),
    "date to the microsecond": typed("date-time", '"2026-03-01T10:30:00.165001+01:00"'),
}


@pytest.fixture
async def site() -> AsyncIterator[Across]:
    async with across(engines={"claims": IBM_KEEPS}) as made:
        made.hr = made.fakes["hr"].start("userTask", {})
        made.claims = made.fakes["claims"].start("userTask", dict.fromkeys(("v", *NAMES.values())))
        yield made


class Doors:
    """One variable of one instance, at all doors."""

    def __init__(self, site: Across, owner: str, name: str) -> None:
        self.site, self.owner, self.name = site, owner, name
        self.instance = getattr(site, owner)
        self.fake = site.fakes[owner]

    async def write(self, door: str, body: bytes) -> Answer:
        """Set the variable at a door, by its one call."""
        match door:
            case "camunda":
                return await self.site.camunda(
                    "PUT", f"/process-instance/{self.instance}/variables/{self.name}", raw=body
                )
            case "ibm":
                return await self.site.ibm("PUT", f"/process/{self.instance}/variables", raw=body)
            case _:
                return await self.site.v1("PUT", f"/instances/{self.instance}/variables/{self.name}", raw=body)

    async def shown_by_camunda(self) -> bytes:
        """Return the variable as Camunda's door shows it."""
        path = f"/process-instance/{self.instance}/variables/{self.name}?deserializeValue=false"
        return (await self.site.camunda("GET", path)).body

    async def shown_by_ibm(self) -> bytes | None:
        """Return the variable, by its name, as IBM's door lists it; None if it does not."""
        answer = await self.site.ibm("GET", f"/process/{self.instance}?parts=data")
        variables = parsed(answer.body)["data"]["variables"]
        return jsontext.write({self.name: variables[self.name]}) if self.name in variables else None

    async def read(self) -> dict[str, Any]:
        """Read the variable at `/v1`, and check that the other doors show the same.

        Bytes and files are in no list of IBM's, nor is what cannot be read, nor what has members of the vendor's name.
        """
        answer = await self.site.v1("GET", f"/instances/{self.instance}/variables/{self.name}")
        assert answer.status == 200, answer.body
        shown = parsed(answer.body)
        meaning = v1_meaning(shown)
        assert camunda_meaning(parsed(await self.shown_by_camunda())) == meaning
        listed = await self.shown_by_ibm()
        if meaning not in (UNREADABLE, OPAQUE) and meaning[0] not in BLOBS:
            if listed is None:
                assert names_metadata(shown["value"])
                return dict(shown)
            assert ibm_meaning(parsed(listed)[self.name], meaning) == meaning
        return dict(shown)

    async def outcome(self, door: str, body: bytes) -> dict[str, Any] | None:
        """Write and read; None if the write was refused: then nothing is sent that writes, and nothing has changed.

        Afterwards all is as it was before.
        """
        before = copy.deepcopy(self.fake.instances)
        self.site.forget()
        answer = await self.write(door, body)
        assert answer.status < 500 or door == "camunda", answer.body  # 500 is what Camunda answers to some values
        if answer.status < 300:
            found: dict[str, Any] | None = await self.read()
        else:
            found = None
            assert self.fake.instances[self.instance].variables == before[self.instance].variables
            assert not any(each.writes for _, each in self.site.planned)
        self.fake.instances = before
        return found


def said(name: str, value: Value, *, typed: bool) -> dict[str, bytes]:
    """Return the bodies by which a value is set, by door; without those that cannot say it."""
    bodies = {"v1": v1_body(value, typed=typed), "camunda": camunda_body(value, typed=typed)}
    if not typed:
        bodies["ibm"] = ibm_body(name, value)
    return {door: body for door, body in bodies.items() if body is not None}


async def check(doors: Doors, value: Value, *, typed: bool) -> None:
    outcomes = {door: await doors.outcome(door, body) for door, body in said(doors.name, value, typed=typed).items()}
    relayed = NATIVE[doors.owner]
    assert {door: found for door, found in outcomes.items() if door != relayed and found != outcomes["v1"]} == {}


@pytest.mark.parametrize("owner", ["hr", "claims"])
@FEW
@given(value=TYPED)
async def test_typed_value_is_the_same_at_all_doors_or_refused(site: Across, owner: str, value: Value) -> None:
    await check(Doors(site, owner, kept_name(value, NAMES)), value, typed=True)


@pytest.mark.parametrize("typed", [True, False], ids=["typed", "untyped"])
@pytest.mark.parametrize("owner", ["hr", "claims"])
@pytest.mark.parametrize("value", EDGES.values(), ids=list(EDGES))
async def test_edge_is_the_same_at_all_doors_or_refused(site: Across, owner: str, value: Value, typed: bool) -> None:
    await check(Doors(site, owner, kept_name(value, NAMES)), value, typed=typed)


@pytest.mark.parametrize("owner", ["hr", "claims"])
@FEW
@given(tree=trees, stored=st.none() | st.sampled_from(PICKED))
async def test_value_without_a_type_is_the_same_at_all_doors_whatever_was_there(
    site: Across, owner: str, tree: Any, stored: Value | None
) -> None:
    doors = Doors(site, owner, "v" if stored is None else kept_name(stored, NAMES))
    before = copy.deepcopy(doors.fake.instances)
    if stored is not None:
        _ = await doors.write("v1", v1_body(stored, typed=True))
    await check(doors, Value(value=raw(jsontext.write(tree))), typed=False)
    doors.fake.instances = before


@pytest.mark.parametrize("owner", ["hr", "claims"])
@FEW
@given(value=TYPED)
async def test_what_a_foreign_door_shows_can_be_written_back_there_and_changes_nothing(
    site: Across, owner: str, value: Value
) -> None:
    doors = Doors(site, owner, kept_name(value, NAMES))
    before = copy.deepcopy(doors.fake.instances)
    if (await doors.write("v1", v1_body(value, typed=True))).status == 204:
        stored = copy.deepcopy(doors.fake.instances[doors.instance].variables)
        shown = await doors.read()
        back = await doors.shown_by_ibm() if owner == "hr" else await doors.shown_by_camunda()
        if back is not None:
            answer = await doors.write(FOREIGN[owner], back)
            if answer.status >= 300:
                assert shown.get("format") == "decimal" or shown["type"] == "file"
                assert doors.fake.instances[doors.instance].variables == stored
            elif shown.get("value") is None or (owner == "hr" and isinstance(shown["value"], bool)):
                assert (await doors.read()).get("value") == shown.get("value")
            else:
                assert await doors.read() == shown
    doors.fake.instances = before
