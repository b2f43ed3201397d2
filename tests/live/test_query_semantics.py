"""Local evaluation, and the fake's, against the real engine: 2,000 filters drawn by a fixed seed over the same data."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from adapters import camunda7
from gateway.errors import ValueInvalid
from gateway.model.commands import PatchVariables
from gateway.model.condition import Condition
from gateway.model.matching import Matcher
from gateway.model.query import CountVariables, Filter, QueryVariables, check_filter
from gateway.model.values import Value
from gateway.plan import Call
from gateway.port import Credentials
from gateway.wire import ClientSettings, EngineClient, drive
from tests.live.server import delete_instance, start_instance
from tests.wire.scripted import Observer

FILTERS = 2000
AT_ONCE = 8
NAMES = ["amount", "Amount", "note", "NOTE", "x_1", "xa1", "50%", "grün"]
TEXTS = ["a", "A", "ab", "Ab", "a%b", "a_b", "a\\b", "ß", "SS", "%", "ä", "Ä", " ", "5", "zz", "😀", "\ufffd"]
WHOLE = [0, 1, 5, -5, 42, 32767, 32768, 2**31 - 1, 2**31, 2**53, 2**53 + 1, 2**63 - 1, -(2**63)]
REAL = ["0.5", "5.0", "-5.0", "42.0", "1e3", "1e20", "0.1", "9007199254740992.0"]
DATES = ["2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00", "2026-06-01T12:00:00.123Z", "1969-12-31T23:59:59Z"]
Row = tuple[int, str]


def raw(value: Any) -> msgspec.Raw:
    return msgspec.Raw(json.dumps(value).encode())


def drawn_value(draw: random.Random) -> Value:
    match draw.randrange(11):
        case 0:
            return Value(type="null", value=raw(None))
        case 1:
            return Value(type="boolean", value=raw(draw.random() < 0.5))
        case 2 | 3:
            form, bits = draw.choice([("int16", 15), ("int32", 31), ("int64", 63)])
            fitting = [each for each in WHOLE if -(1 << bits) <= each < 1 << bits]
            return Value(type="integer", format=form, value=raw(draw.choice(fitting)))
        case 4:
            return Value(type="number", format="double", value=msgspec.Raw(draw.choice(REAL).encode()))
        case 5 | 6:
            return Value(type="string", value=raw(draw.choice([*TEXTS, ""])))
        case 7:
            return Value(type="date-time", value=raw(draw.choice(DATES)))
        case 8:
            kind, form = draw.choice([("integer", "int32"), ("string", None), ("boolean", None), ("date-time", None)])
            return Value(type=kind, format=form, value=raw(None))
        case 9:
            return Value(type="json", value=raw(draw.choice([{}, [1], "a", 5, None])))
        case _:
            return Value(type="bytes", value=raw(draw.choice(["", "YQ=="])))


def drawn_condition(draw: random.Random) -> Condition:
    name, asked = draw.choice(NAMES), draw.choice(["eq", "neq", "gt", "gteq", "lt", "lteq", "like"])
    if asked == "like":
        signs = [*TEXTS[:9], "%", "_", "\\%", "\\_", "\\\\"]
        pattern = "".join(draw.choice(signs) for _ in range(draw.randrange(1, 4)))
        pattern = pattern.replace("a\\b", "a\\\\b")
        return Condition(name=name, operator=asked, value=raw(pattern))
    choices = [draw.choice(WHOLE), draw.choice(TEXTS), "date", "real"]
    value = draw.choice([*choices, None, True] if asked in {"eq", "neq"} else choices)
    if value == "date":
        return Condition(name=name, operator=asked, value=raw(draw.choice(DATES)), type="date-time")
    if value == "real":
        return Condition(name=name, operator=asked, value=msgspec.Raw(draw.choice(REAL).encode()))
    return Condition(name=name, operator=asked, value=raw(value))


def drawn_filter(draw: random.Random, instances: tuple[str, ...]) -> Filter:
    conditions = [drawn_condition(draw) for _ in range(draw.choice([0, 1, 1, 1, 2]))]
    if len(conditions) == 2 and draw.random() < 0.8:
        conditions[1] = msgspec.structs.replace(conditions[1], name=conditions[0].name)
    return Filter(
        instance_id_in=instances,
        variable_name=draw.choice(NAMES) if draw.random() < 0.1 else None,
        variable_name_like=draw.choice(["%", "%a%", "x\\_%", "_ote", "50\\%", "%%", ""])
        if draw.random() < 0.2
        else None,
        variable_values=tuple(conditions) or None,
        variable_names_ignore_case=draw.random() < 0.3,
        variable_values_ignore_case=draw.random() < 0.3,
    )


class Both:
    """The same variables on the real engine, on the fake, and here."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = camunda7.VENDOR.engine("real", camunda7.VENDOR.settings(), Credentials())
        self.client = EngineClient(self.engine, ClientSettings(url=url), Observer())
        self.fake = camunda7.VENDOR.fake()
        draw = random.Random(7)
        self.data = [{name: drawn_value(draw) for name in draw.sample(NAMES, 7)} for _ in range(12)]
        self.real = tuple(start_instance(url) for _ in self.data)
        self.made_up = tuple(self.fake.start("userTask", {}) for _ in self.data)

    async def run(self, plan: Any) -> Any:
        return await self.client.run(plan, Call(deadline=asyncio.get_running_loop().time() + 60, request_id="query"))

    async def on_fake(self, plan: Any) -> Any:
        async def send(request: Any) -> Any:
            return self.fake.answer(request)

        return await drive(plan, send)

    async def store(self) -> None:
        for real, made_up, values in zip(self.real, self.made_up, self.data, strict=True):
            for run, instance in ((self.run, real), (self.on_fake, made_up)):
                await run(self.engine.patch_variables(PatchVariables(instance=instance, modifications=values)))

    async def asked(self, run: Any, instances: tuple[str, ...], wanted: Filter, *, count: bool) -> set[Row]:
        wanted = msgspec.structs.replace(wanted, instance_id_in=instances)
        found = await run(self.engine.query_variables(QueryVariables(filter=wanted, limit=1000)))
        rows = [(instances.index(row.instance), row.variable.name) for row in found.rows]
        assert len(set(rows)) == len(rows)
        if count:
            assert (await run(self.engine.count_variables(CountVariables(filter=wanted)))).count == len(rows)
        return set(rows)

    def here(self, wanted: Filter) -> set[Row]:
        matches = Matcher(wanted)
        return {
            (index, name)
            for index, values in enumerate(self.data)
            for name, value in values.items()
            if matches(name, value)
        }


@pytest.fixture
def both(live_camunda: str) -> Iterator[Both]:
    made = Both(live_camunda)
    yield made
    for instance in made.real:
        delete_instance(live_camunda, instance)


async def test_filters_find_the_same_rows_here_on_the_fake_and_on_the_engine(both: Both) -> None:
    draw = random.Random(42)
    gate = asyncio.Semaphore(AT_ONCE)
    unlike: list[str] = []
    matched = refused = 0
    await both.client.start()
    try:
        await both.store()

        async def compared(number: int, wanted: Filter) -> None:
            nonlocal matched, refused
            async with gate:
                try:
                    real = await both.asked(both.run, both.real, wanted, count=number % 20 == 0)
                except ValueInvalid:
                    refused += 1
                    return
                fake = await both.asked(both.on_fake, both.made_up, wanted, count=number % 20 == 0)
            here = both.here(wanted)
            matched += bool(real)
            if not real == fake == here:
                told = msgspec.json.encode(msgspec.structs.replace(wanted, instance_id_in=None)).decode()
                data = {at: both.data[at[0]][at[1]] for at in real ^ here | real ^ fake}
                unlike.append(f"{told}: here {here ^ real}, fake {fake ^ real}: {data}")

        filters = [check_filter(drawn_filter(draw, both.real)) for _ in range(FILTERS)]
        await asyncio.gather(*(compared(number, each) for number, each in enumerate(filters)))
    finally:
        await both.client.close()
    assert unlike[:20] == []
    assert matched > FILTERS / 4
    assert refused < FILTERS / 10
