"""Callers with masks or name limits on Camunda's executions: what they may, as the engine itself would answer it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.web.across import Across, Answer, across

LIMITED = {"masked": ["hidden"], "variables": ["doc", "big", "hidden", "own", "new"]}
FREE = {"name": "free", "key_sha256": "ad95d5fa651ba86d8923fe1238d24a4f1988a752acfe426ac72ac7c04471bc17"}
"""A caller without limits; the hash is that of its key, ``free``."""


class Nested:
    """A site whose Camunda instance has an execution inside; two callers of it, one of them with limits."""

    def __init__(self, site: Across) -> None:
        self.site = site
        fake = site.fakes["hr"]
        document = {"type": "Json", "value": '{"a":0}'}
        variables = {"doc": document, "big": {"type": "Long", "value": 1}, "secret": {"type": "String", "value": "s"}}
        self.root = fake.start("parallelScope", variables)
        self.places = fake.instances[self.root].places
        self.inner = next(each.id for each in self.places.values() if each.kind == "execution")
        self.path = f"/execution/{self.inner}/localVariables"

    async def limited(self, method: str, path: str, body: Any = None) -> Answer:
        return await self.site.camunda(method, path, body, X_Api_Key="secret")

    async def free(self, method: str, path: str, body: Any = None) -> Answer:
        return await self.site.camunda(method, path, body, X_Api_Key="free")

    async def fill(self) -> None:
        given = {
            "own": {"value": 5, "type": "Integer"},
            "hidden": {"value": "h", "type": "String"},
            "secret": {"value": 1, "type": "Integer"},
        }
        assert (await self.free("POST", self.path, {"modifications": given})).status == 204
        self.site.forget()


@pytest.fixture
async def nested() -> AsyncIterator[Nested]:
    async with across(LIMITED, FREE) as site:
        made = Nested(site)
        await made.fill()
        yield made


async def test_limited_caller_sees_of_an_execution_what_it_may(nested: Nested) -> None:
    for path in (nested.path, f"/execution/hr:{nested.inner}/localVariables"):
        listed = await nested.limited("GET", path)
        assert (listed.status, listed.json) == (
            200,
            {
                "own": {"type": "Integer", "value": 5, "valueInfo": {}},
                "hidden": {
                    "type": "String",
                    "value": None,
                    "valueInfo": {"error": "The value is hidden from the caller."},
                },
            },
        )
    one = await nested.limited("GET", f"{nested.path}/own")
    assert (one.status, one.json) == (200, (await nested.free("GET", f"{nested.path}/own")).json)
    assert (await nested.limited("GET", f"{nested.path}/secret")).status == 403


async def test_limited_callers_writes_stay_in_the_execution(nested: Nested) -> None:
    writes: list[tuple[str, str, Any]] = [
        ("PUT", f"{nested.path}/big", {"value": 7, "type": "Integer"}),
        ("POST", nested.path, {"modifications": {"new": {"value": "x"}}, "deletions": ["own"]}),
        ("DELETE", f"{nested.path}/hidden", None),
    ]
    for method, path, body in writes:
        answer = await nested.limited(method, path, body)
        assert (answer.status, answer.body) == (204, b"")
    names = {name: each["value"] for name, each in (await nested.free("GET", nested.path)).json.items()}
    assert names == {"scopeVar": "from-mapping", "secret": 1, "big": 7, "new": "x"}
    kept = (await nested.free("GET", f"/process-instance/{nested.root}/variables/big")).json
    assert (kept["type"], kept["value"]) == ("Long", 1)


@pytest.mark.parametrize(
    ("method", "below", "body"),
    [
        ("GET", "", None), ("PUT", "/own", {"value": 1}), ("DELETE", "/own", None),
        ("POST", "", {"modifications": {"own": {"value": 1}}}),
    ],
    ids=["list", "put", "delete", "patch"],
)  # fmt: skip
async def test_execution_that_is_not_there_is_answered_as_the_engine_does(
    nested: Nested, method: str, below: str, body: Any
) -> None:
    path = f"/execution/00000000-gone/localVariables{below}"
    answer, native = await nested.limited(method, path, body), await nested.free(method, path, body)
    assert answer.status == native.status == 500
    assert answer.json["message"] == native.json["message"]


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_variable_that_the_execution_has_not_itself_is_not_there(nested: Nested, method: str) -> None:
    answer = await nested.limited(method, f"{nested.path}/doc")
    native = await nested.free(method, f"{nested.path}/doc")
    assert (answer.status, native.status) == ((404, 404) if method == "GET" else (204, 204))
    assert (await nested.free("GET", f"/process-instance/{nested.root}/variables/doc")).status == 200


async def test_names_that_a_limited_caller_may_not_touch_reach_no_engine(nested: Nested) -> None:
    denied = [
        await nested.limited("PUT", f"{nested.path}/secret", {"value": 1}),
        await nested.limited("DELETE", f"{nested.path}/secret"),
        await nested.limited("POST", nested.path, {"deletions": ["own", "secret"]}),
    ]
    assert [each.status for each in denied] == [403, 403, 403]
    assert not any(each.writes for _, each in nested.site.heard)


async def test_other_calls_on_an_execution_are_refused_to_limited_callers(nested: Nested) -> None:
    for method, path in (("GET", f"/execution/{nested.inner}"), ("POST", f"/execution/{nested.inner}/signal")):
        assert (await nested.limited(method, path, {} if method == "POST" else None)).status == 403
    assert nested.site.engines == []


async def test_execution_of_another_vendor_is_its_instance_for_limited_callers_too(nested: Nested) -> None:
    claims = nested.site.claims
    put = await nested.limited("PUT", f"/execution/{claims}/localVariables/hidden", {"value": "x"})
    assert (put.status, put.json["message"]) == (
        404,
        "execution variable with name hidden does not exist",
    )
    assert (await nested.limited("GET", f"/execution/{claims}/localVariables")).json == {}
