"""``POST /message`` at front doors: whose instance it is for, what is refused, and who got one."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from adapters import camunda7, ibm_bpm
from gateway.model.results import Correlated, Instance, MessageCorrelated
from gateway.port import DialectRequest
from tests.web.across import SCOPES, VENDOR, Across, Answer, across

CAMUNDA, IBM = camunda7.VENDOR.fake, ibm_bpm.VENDOR.fake
KEY = {"X_Api_Key": "secret"}
MISMATCH = "MismatchingMessageCorrelationException"


@pytest.fixture
async def site() -> AsyncIterator[Across]:
    async with across() as made:
        yield made


@pytest.fixture
async def twice(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Across]:
    """Two engines of Camunda's, ``hr`` behind the door."""
    monkeypatch.setitem(VENDOR, "ops", "camunda7")
    async with across(fakes={"hr": CAMUNDA(), "claims": IBM(), "ops": CAMUNDA()}) as made:
        yield made


def waiting(site: Across, engine: str = "hr", variables: dict[str, Any] | None = None) -> str:
    instance: str = site.fakes[engine].start("messageWait", variables or {}, "order-7")
    return instance


async def say(site: Across, body: Any, **more: Any) -> Answer:
    return await site.camunda("POST", "/message", {"messageName": "Paid"} | body, **more)


def stored(site: Across, engine: str, instance: str, name: str) -> Any:
    return site.fakes[engine].instances[instance].variables[name].value


async def test_message_of_the_doors_engine_is_relayed_and_nobody_else_is_asked(site: Across) -> None:
    for body in ({"processInstanceId": waiting(site)}, {"businessKey": "order-7"}):
        _ = waiting(site) if "businessKey" in body else None
        answer = await say(site, body | {"resultEnabled": True, "variablesInResultEnabled": True})
        assert (answer.status, answer.json[0]["resultType"]) == (200, "Execution")
    nobody = await say(site, {"businessKey": "nope"})
    assert (nobody.status, MISMATCH in nobody.json["message"]) == (400, True)
    assert (site.engines, site.planned) == (["hr"] * 3, [])


async def test_message_for_an_instance_of_ibms_is_refused_in_camundas_shape(site: Across) -> None:
    for written in (f"claims:{site.claims}", site.claims):
        site.forget()
        answer = await say(site, {"processInstanceId": written})
        assert (answer.status, answer.json["type"], answer.json["code"]) == (400, "InvalidRequestException", None)
        assert "does not say who got a message" in answer.json["message"]
        assert not any(each.writes for name, each in site.heard if name == "claims")
        assert not any(name == "hr" and b"claims" in bytes(each.body) for name, each in site.heard)


@pytest.mark.parametrize("spelled", ["{}", "ops:{}"], ids=["bare", "with its engine"])
async def test_message_finds_the_instance_on_another_engine_of_camundas(twice: Across, spelled: str) -> None:
    instance = waiting(twice, "ops", {"a": {"type": "Integer", "value": 42}})
    body = {
        "processInstanceId": spelled.format(instance),
        "correlationKeys": {"a": {"value": 42, "type": "Integer"}},
        "processVariables": {"paid": {"value": True}},
        "resultEnabled": True,
    }
    answer = await say(twice, body)
    assert (answer.status, answer.json[0]["resultType"]) == (200, "Execution")
    shown = answer.json[0]["execution"]["processInstanceId"]
    assert shown == spelled.format(instance)
    assert stored(twice, "ops", instance, "paid") is True


@pytest.mark.parametrize("engine", ["hr", "ops"])
async def test_engine_in_front_of_an_id_is_taken_off(twice: Across, engine: str) -> None:
    instance = waiting(twice, engine)
    written = f"{engine}:{instance}"
    body = {
        "processInstanceId": written,
        "processVariables": {"paid": {"value": 5, "type": "Long"}},
        "resultEnabled": True,
    }
    answer = await say(twice, body | {"variablesInResultEnabled": True})
    assert answer.status == 200
    execution = answer.json[0]["execution"]
    assert (execution["processInstanceId"], execution["ended"], execution["tenantId"]) == (written, True, None)
    assert answer.json == [
        {
            "resultType": "Execution",
            "execution": execution,
            "processInstance": None,
            "variables": {"paid": {"type": "Long", "value": 5, "valueInfo": {}}},
        }
    ]
    assert twice.engines == [engine, engine]
    silent = waiting(twice, engine)
    answer = await say(twice, {"processInstanceId": f"{engine}:{silent}"})
    assert (answer.status, answer.body) == (204, b"")
    again = await say(twice, {"processInstanceId": f"{engine}:{silent}"})
    assert (again.status, again.json) == (
        400,
        {
            "type": "RestException",
            "message": f"org.camunda.bpm.engine.{MISMATCH}: Nobody waits for this message now.",
            "code": 0,
        },
    )
    gone = await say(twice, {"processInstanceId": f"{engine}:nope"})
    assert (gone.status, gone.json["type"], MISMATCH in gone.json["message"]) == (400, "RestException", True)


async def test_own_instance_that_does_not_wait_is_answered_by_its_engine_whatever_others_do() -> None:
    async with across(down=("claims",)) as site:
        instance = site.fakes["hr"].start("invoice", {})
        answer = await say(site, {"processInstanceId": instance})
        assert (answer.status, MISMATCH in answer.json["message"]) == (400, True)
        unknown = await say(site, {"processInstanceId": "7"})
        assert (unknown.status, unknown.json["type"]) == (503, "EngineUnavailable")
        no_ibm = await say(site, {"processInstanceId": "0000-gone"})
        assert (no_ibm.status, MISMATCH in no_ibm.json["message"]) == (400, True)


BAD: list[tuple[str, Any, int, str]] = [
    ("no name", {"messageName": None}, 400, "No message name supplied"),
    ("empty name", {"messageName": ""}, 400, "name"),
    ("long name", {"messageName": "x" * 256}, 400, "name"),
    ("long key", {"businessKey": "x" * 256}, 400, "businessKey"),
    ("unknown member", {"variables": {}}, 400, "variables"),
    ("variable that is no object", {"processVariables": {"a": 5}}, 400, ""),
    ("variable of an unknown type", {"processVariablesLocal": {"a": {"value": 1, "type": "Colour"}}}, 400, "Colour"),
    ("value beyond its type", {"processVariablesLocal": {"a": {"value": 5e9, "type": "Integer"}}}, 400, "variable a"),
    ("tenants left out", {"withoutTenantId": True}, 400, "withoutTenantId"),
    ("variables of the triggered scope", {"processVariablesToTriggeredScope": {"a": {}}}, 400, "ToTriggeredScope"),
    ("variables without a result", {"variablesInResultEnabled": True}, 400, "without 'resultEnabled'"),
    ("number for a flag", {"all": 1}, 400, "all"),
]


@pytest.mark.parametrize(("more", "status", "said"), [each[1:] for each in BAD], ids=[each[0] for each in BAD])
async def test_bad_message_that_is_carried_out_sends_nothing(site: Across, more: Any, status: int, said: str) -> None:
    answer = await say(site, {"processInstanceId": f"hr:{waiting(site)}"} | more)
    assert (answer.status, list(answer.json)) == (status, ["type", "message", "code"])
    assert said in answer.json["message"]
    assert site.engines == []


async def test_other_method_and_instances_that_stand_twice_are_refused(site: Across) -> None:
    first, second = waiting(site), waiting(site)
    twice = f'{{"messageName":"Paid","processInstanceId":"{first}","processInstanceId":"claims:{second}"}}'.encode()
    answer = await site.camunda("POST", "/message", raw=twice)
    assert (answer.status, answer.json["type"], site.engines) == (400, "InvalidRequestException", [])
    put = f'{{"messageName":"Paid","processInstanceId":"hr:{first}"}}'.encode()
    answer = await site.camunda("PUT", "/message", raw=put)
    assert (answer.status, site.engines) == (405, [])


# Callers with limits, and scopes


LIMITED = {"masked": ["secret"], "variables": ["a", "paid", "secret"], "scopes": [*SCOPES, "modification"]}


async def test_limited_caller_correlates_within_its_names() -> None:
    async with across(LIMITED) as site:
        for key, status in (("a", 204), ("b", 403), ("secret", 403)):
            instance = waiting(site, "hr", {key: {"type": "Integer", "value": 42}})
            keys = {"correlationKeys": {key: {"value": 42}}, "processVariables": {"paid": {"value": True}}}
            answer = await say(site, {"businessKey": "order-7"} | keys, **KEY)
            assert (answer.status, "paid" in site.fakes["hr"].instances[instance].variables) == (status, status == 204)
            site.fakes["hr"].end(instance)
        instance = waiting(site)
        site.fakes["hr"].instances[instance].variables |= site.fakes["hr"].instances[site.hr].variables
        body = {"processInstanceId": instance, "resultEnabled": True, "variablesInResultEnabled": True}
        answer = await say(site, body, **KEY)
        assert (answer.status, answer.json[0]["variables"]) == (200, {})
        everybody = await say(site, {"resultEnabled": True, "variablesInResultEnabled": True}, **KEY)
        assert (everybody.status, "processInstanceId" in everybody.json["message"]) == (400, True)


async def test_scopes_for_variables_are_needed_where_there_are_some() -> None:
    async with across({"scopes": ["modification"]}) as site:
        instance = waiting(site)
        for more in (
            {"processVariables": {"a": {"value": 1}}},
            {"processVariablesLocal": {"a": {"value": 1}}},
            {"correlationKeys": {"a": {"value": 1}}},
            {"localCorrelationKeys": {"a": {"value": 1}}},
            {"resultEnabled": True, "variablesInResultEnabled": True},
        ):
            refused = await say(site, {"processInstanceId": instance} | more, **KEY)
            assert (refused.status, refused.json["type"]) == (403, "Forbidden")
        assert site.engines == []
        assert (await say(site, {"processInstanceId": instance}, **KEY)).status == 204
    async with across({"scopes": SCOPES[:3]}) as site:
        assert (await say(site, {}, **KEY)).status == 403


async def test_instance_in_a_body_counts_where_there_is_no_other_engine() -> None:
    async with across({"scopes": ["modification"]}, fakes={"hr": CAMUNDA(), "claims": IBM()}) as site:
        both = [waiting(site) for _ in range(2)]
        assert (await say(site, {"processInstanceId": both[1]}, **KEY)).status == 204
        assert [site.fakes["hr"].instances[each].awaits for each in both] == ["Paid", None]


# The answer


def test_message_that_started_an_instance_shows_it() -> None:
    body = json.dumps({"messageName": "New", "resultEnabled": True}).encode()
    request = DialectRequest(
        method="POST", segments=("message",), headers={"Content-Type": "application/json"}, body=body
    )
    begun = Instance(id="7", definition="order", definition_id="order:1:1", business_key="k", state="active")
    receivers = (Correlated(instance="ops:7", started=True, begun=begun), Correlated(instance="8", started=True))
    answer = camunda7.VENDOR.dialect().encode(request, (MessageCorrelated(receivers=receivers),))
    shown = {
        "links": [], "id": "ops:7", "definitionId": "order:1:1", "definitionKey": "order", "businessKey": "k",
        "caseInstanceId": None, "ended": False, "suspended": False, "tenantId": None,
    }  # fmt: skip
    rows = json.loads(answer.content())
    assert rows[0] == {"resultType": "ProcessDefinition", "execution": None, "processInstance": shown}
    assert rows[1]["processInstance"]["id"] == "8"
