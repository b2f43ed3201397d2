"""Front doors on the other vendor's instance: the answers of each call, who is asked, and what is refused."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from adapters import camunda7, ibm_bpm
from tests.web.across import SCOPES, Across, across

CAMUNDA, IBM = camunda7.VENDOR.fake, ibm_bpm.VENDOR.fake
DONE = {"status": "200", "data": {"message": "Successfully updated."}}


@pytest.fixture
async def site() -> AsyncIterator[Across]:
    async with across() as made:
        yield made


# Camunda's language, IBM's instance


async def test_camunda_instance_is_shown_with_the_id_as_it_was_written(site: Across) -> None:
    for written in (site.claims, f"claims:{site.claims}", f"2072.{site.claims}"):
        answer = await site.camunda("GET", f"/process-instance/{written}")
        assert (answer.status, answer.json) == (
            200,
            {
                "links": [], "id": written, "definitionId": "25.Claim", "definitionKey": "Claim", "businessKey": None,
                "caseInstanceId": None, "ended": False, "suspended": False, "tenantId": None,
            },
        )  # fmt: skip
        assert answer.headers["content-type"] == "application/json"


async def test_camunda_variables_are_typed_and_structures_are_json_texts(site: Across) -> None:
    answer = await site.camunda("GET", f"/engine/default/process-instance/{site.claims}/variables?deserializeValues=x")
    shown = {name: (each["type"], each["value"]) for name, each in answer.json.items()}
    assert all(
        list(each) == ["type", "value", "valueInfo"] and each["valueInfo"] == {} for each in answer.json.values()
    )
    assert {name: each for name, each in shown.items() if each[0] != "Json"} == {
        "amount": ("Double", 1250.5), "note": ("String", "please check"), "obsolete": ("Boolean", True),
        "approved": ("Boolean", False), "pages": ("Integer", 3), "received": ("String", "2026-03-01T09:30:00Z"),
    }  # fmt: skip
    assert json.loads(shown["customer"][1]) == {
        "name": "Ada", "tier": "gold", "address": {"street": "Main St 1", "city": "Bern"}, "tags": ["new", "vip"],
    }  # fmt: skip
    one = await site.camunda("GET", f"/process-instance/{site.claims}/variables/amount?deserializeValue=false")
    assert (one.status, one.json) == (200, answer.json["amount"])
    local = await site.camunda("GET", f"/execution/{site.claims}/localVariables")
    assert (local.status, local.json) == (200, answer.json)


@pytest.mark.parametrize(
    "engines", [{"claims": {"types": {"received": "date-time"}}}], ids=["a type that the configuration names"]
)
async def test_camunda_date_is_in_the_vendors_pattern(engines: dict[str, Any]) -> None:
    async with across(engines=engines) as site:
        path = f"/process-instance/{site.claims}/variables/received"
        shown = (await site.camunda("GET", path)).json
        assert shown == {"type": "Date", "value": "2026-03-01T09:30:00.000+0000", "valueInfo": {}}
        assert (await site.camunda("PUT", path, shown)).status == 204
        assert (await site.camunda("GET", path)).json == shown


async def test_camunda_writes_answer_nothing_and_are_there_at_every_door(site: Across) -> None:
    path = f"/process-instance/{site.claims}/variables"
    patched = await site.camunda(
        "POST",
        path,
        {
            "modifications": {"amount": {"value": 7, "type": "double"}, "note": {"value": "x"}},
            "deletions": ["obsolete"],
        },
    )
    assert (patched.status, patched.body) == (204, b"")
    assert "content-type" not in patched.headers
    assert patched.headers["gateway-rules"] == 'delete-set-null;name="obsolete"'
    assert (await site.camunda("PUT", f"{path}/pages", {"value": 4, "type": "Integer"})).status == 204
    assert (await site.camunda("DELETE", f"{path}/approved")).status == 204
    local = await site.camunda("PUT", f"/execution/{site.claims}/localVariables/note", {"value": "y"})
    assert local.status == 204
    read = (await site.ibm("GET", f"/process/{site.claims}?parts=data")).json["data"]["variables"]
    names = ("amount", "note", "obsolete", "pages", "approved")
    assert [read[name] for name in names] == [7, "y", None, 4, None]
    shown = (await site.v1("GET", f"/instances/claims:{site.claims}/variables/amount")).json
    assert shown["value"] == 7


async def test_camunda_missing_variable_and_undeclared_name(site: Across) -> None:
    path = f"/process-instance/{site.claims}/variables/nope"
    for method, body in (("GET", None), ("PUT", {"value": 1}), ("DELETE", None)):
        answer = await site.camunda(method, path, body)
        assert (answer.status, answer.json) == (
            404,
            {
                "type": "InvalidRequestException",
                "message": "process instance variable with name nope does not exist",
                "code": None,
            },
        )


# IBM's language, Camunda's instance


async def test_ibm_instance_has_header_and_data(site: Across) -> None:
    both = (await site.ibm("GET", f"/process/{site.hr}?parts=header%7Cdata")).json
    assert both["status"] == "200"
    header = {name: both["data"][name] for name in ("piid", "name", "state", "executionState", "processTemplateName")}
    assert header == {
        "piid": site.hr, "name": "invoice", "state": "STATE_RUNNING", "executionState": "Active",
        "processTemplateName": "invoice",
    }  # fmt: skip
    everything = (await site.ibm("GET", f"/process/{site.hr}")).json["data"]
    assert everything | {"executionTree": None} == both["data"]
    assert (await site.ibm("GET", f"/process/hr:{site.hr}?parts=all")).json["data"]["piid"] == f"hr:{site.hr}"
    only = (await site.ibm("GET", f"/process/{site.hr}?parts=data")).json["data"]
    assert ("piid" in only, only["variables"]) == (False, both["data"]["variables"])
    header_only = (await site.ibm("GET", f"/process/{site.hr}?parts=header")).json["data"]
    assert (header_only["state"], header_only["variables"]) == ("STATE_RUNNING", None)
    nothing = (await site.ibm("GET", f"/process/{site.hr}?parts=none")).json["data"]
    assert ("state" in nothing, nothing["variables"]) == (False, None)


async def test_ibm_variables_are_plain_json_with_what_the_vendor_adds(site: Across) -> None:
    first = (await site.ibm("GET", f"/process/{site.hr}?parts=data")).json["data"]["variables"]
    again = (await site.ibm("GET", f"/process/{site.hr}?parts=data")).json["data"]["variables"]
    assert first == again
    plain = ("amount", "note", "approved", "invoiceNumber", "received", "reviewer", "letter")
    assert [first[name] for name in plain] == [
        1250.5, "please check", False, 9007199254740993, "2026-03-01T09:30:00Z", None, "<letter>hello</letter>",
    ]  # fmt: skip
    metadata = first["address"].pop("@metadata")
    assert first["address"] == {"street": "Main St 1", "city": "Bern"}
    assert (metadata["className"], metadata["dirty"], metadata["shared"]) == ("java.util.LinkedHashMap", False, False)
    tags = first["customer"]["tags"]
    assert (tags["selected"], tags["items"], "className" in tags["@metadata"]) == ([], ["new", "vip"], False)


async def test_ibm_what_was_read_can_be_written_back_and_changes_nothing(site: Across) -> None:
    stored = site.fakes["hr"].instances[site.hr].variables
    before = {name: (each.type, each.value) for name, each in stored.items()}
    read = (await site.ibm("GET", f"/process/{site.hr}?parts=data")).json["data"]["variables"]
    written = await site.ibm("PUT", f"/process/{site.hr}/variables", read)
    assert (written.status, written.json) == (200, DONE)
    after = {name: (each.type, each.value) for name, each in stored.items()}
    changed = {name for name in before if before[name] != after[name]}
    assert all(json.loads(before[name][1]) == json.loads(after[name][1]) for name in changed)
    assert {name: kind for name, (kind, _) in before.items()} == {name: kind for name, (kind, _) in after.items()}


async def test_ibm_nulls_that_are_written_back_beside_other_values_keep_their_types(site: Across) -> None:
    serialized = {"objectTypeName": "java.util.ArrayList", "serializationDataFormat": "application/json"}
    given: dict[str, Any] = {
        "plain": {"type": "Null", "value": None, "valueInfo": {}},
        "text": {"type": "String", "value": None, "valueInfo": {}},
        "number": {"type": "Long", "value": None, "valueInfo": {}},
        "json": {"type": "Json", "value": "null", "valueInfo": {}},
        "list": {"type": "Object", "value": None, "valueInfo": serialized},
        "filled": {"type": "String", "value": "x", "valueInfo": {}},
        "blob": {"type": "Bytes", "value": "eA==", "valueInfo": {}},
    }
    path = f"/process-instance/{site.hr}/variables"
    assert (await site.camunda("POST", path, {"modifications": given})).status == 204
    nulls = dict.fromkeys(given, None) | {"amount": 7}
    assert (await site.ibm("PUT", f"/process/{site.hr}/variables", nulls)).json == DONE
    read = (await site.camunda("GET", f"{path}?deserializeValues=false")).json
    plain = given["plain"]
    assert {name: read[name] for name in given} == given | {"filled": plain, "blob": plain}


async def test_ibm_writes_keep_stored_types_and_replace_whole_objects(site: Across) -> None:
    assert (
        await site.ibm("PUT", f"/process/{site.hr}/variables", {"amount": 7, "note": None, "new": [1]})
    ).json == DONE
    whole = {"name": "Bo", "@metadata": {"className": "Customer", "objectID": "x"}}
    overridden = await site.ibm(
        "POST", f"/process/{site.hr}/variable/customer", whole, X_Method_Override="PUT", Content_Type=""
    )
    assert (overridden.status, overridden.json) == (200, DONE)
    read = (await site.camunda("GET", f"/process-instance/{site.hr}/variables?deserializeValues=false")).json
    assert {name: (read[name]["type"], read[name]["value"]) for name in ("amount", "note", "new", "customer")} == {
        "amount": ("Double", 7), "note": ("Null", None), "new": ("Json", "[1]"), "customer": ("Json", '{"name":"Bo"}'),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("body", "stored"), [(b'"x"', ("String", "x")), (b"[1]", ("Json", "[1]")), (b"7", ("Integer", 7))]
)
async def test_ibm_door_takes_primitives_where_it_is_set_to(body: bytes, stored: tuple[str, Any]) -> None:
    async with across(doors={"claims": {"accept_primitives": True}}) as site:
        answer = await site.ibm("PUT", f"/process/{site.hr}/variable/fresh", raw=body)
        assert (answer.status, answer.json) == (200, DONE)
        path = f"/process-instance/{site.hr}/variables/fresh?deserializeValue=false"
        shown = (await site.camunda("GET", path)).json
        assert (shown["type"], shown["value"]) == stored
        assert (await site.ibm("PUT", f"/process/{site.hr}/variables", raw=body)).status == 400


async def test_camunda_door_shows_business_objects_as_such_where_it_is_set_to() -> None:
    async with across(doors={"hr": {"objects": "object"}}) as site:
        path = f"/process-instance/{site.claims}/variables"
        one = (await site.camunda("GET", f"{path}/customer?deserializeValue=false")).json
        assert (one["type"], one["valueInfo"]) == (
            "Object",
            {"objectTypeName": "Customer", "serializationDataFormat": "application/json"},
        )
        listed = (await site.camunda("GET", f"{path}?deserializeValues=false")).json
        assert (listed["customer"], listed["positions"]["type"]) == (one, "Json")
        assert (await site.camunda("GET", f"{path}/customer")).json["type"] == "Json"
        before = site.fakes["claims"].instances[site.claims].variables["customer"]
        assert (await site.camunda("PUT", f"{path}/customer", one)).status == 204
        assert site.fakes["claims"].instances[site.claims].variables["customer"] == before


# Who is asked


async def test_engine_of_the_door_alone_is_asked_for_what_it_has(site: Across) -> None:
    assert (await site.camunda("GET", f"/process-instance/{site.hr}/variables")).status == 200
    assert (await site.camunda("PUT", f"/process-instance/{site.hr}/variables/note", {"value": "x"})).status == 204
    missing = await site.camunda("GET", f"/process-instance/{site.hr}/variables/nope")
    assert (missing.status, site.engines) == (404, ["hr", "hr", "hr"])
    site.forget()
    assert (await site.ibm("GET", f"/process/{site.claims}?parts=data")).status == 200
    assert (await site.ibm("PUT", f"/process/{site.claims}/variables", {"note": "x"})).status == 200
    assert (await site.ibm("PUT", f"/process/{site.claims}/variables", {"nope": 1})).status == 400
    assert site.engines == ["claims"] * 3
    assert site.planned == []


async def test_owner_is_remembered_and_then_asked_straight(site: Across) -> None:
    assert (await site.camunda("GET", f"/process-instance/{site.claims}/variables")).status == 200
    assert site.engines[0] == "hr"
    site.forget()
    assert (await site.camunda("DELETE", f"/process-instance/{site.claims}/variables/note")).status == 204
    assert set(site.engines) == {"claims"}
    site.forget()
    assert (await site.ibm("PUT", f"/process/{site.hr}/variables", {"note": "x"})).status == 200
    site.forget()
    assert (await site.ibm("PUT", f"/process/{site.hr}?action=retry", Content_Length="0")).status == 400
    assert site.engines == []


async def test_unknown_instance_is_answered_by_the_engine_of_the_door(site: Across) -> None:
    direct = site.fakes["hr"]
    answer = await site.camunda("GET", "/process-instance/99/variables")
    assert (answer.status, answer.json["type"]) == (500, "NullValueException")
    assert "99" not in direct.instances
    answer = await site.ibm("GET", "/process/99?parts=data")
    assert (answer.status, answer.json["Data"]["errorNumber"]) == (404, "CWTBG0059E")
    answer = await site.camunda("PUT", "/process-instance/99/variables/a", {"value": 1})
    assert (answer.status, answer.json["code"]) == (500, 0)


async def test_nobody_is_asked_where_probing_is_off() -> None:
    async with across(routing={"probe": False}) as site:
        assert (await site.camunda("GET", f"/process-instance/{site.claims}")).status == 404
        assert site.engines == ["hr"]
        assert (await site.camunda("GET", f"/process-instance/claims:{site.claims}")).status == 200


async def test_id_that_two_other_engines_have_is_ambiguous() -> None:
    async with across(fakes={"hr": CAMUNDA(), "claims": IBM(), "more": IBM()}) as site:
        assert site.fakes["more"].showcase() == site.claims
        for method, body in (("GET", None), ("PUT", {"value": 1})):
            answer = await site.camunda(method, f"/process-instance/{site.claims}/variables/amount", body)
            assert (answer.status, answer.json["type"]) == (409, "InstanceAmbiguous")
            assert all(f"{name}:{site.claims}" in answer.json["message"] for name in ("claims", "more"))
        assert not any(each.writes for _, each in site.planned)
        # an instance of the door's own engine is that, whoever else has its number
        assert (await site.ibm("GET", f"/process/{site.claims}?parts=data")).status == 200


async def test_instance_of_the_same_vendor_elsewhere_is_relayed_there() -> None:
    async with across(fakes={"hr": CAMUNDA(), "claims": IBM(), "more": IBM()}) as site:
        other = [site.fakes["more"].showcase() for _ in range(2)][-1]
        answer = await site.ibm("PUT", f"/process/{other}/variables", {"note": "there"})
        assert (answer.status, answer.json) == (200, DONE)
        assert site.fakes["more"].instances[other].variables["note"] == "there"
        assert other not in site.fakes["claims"].instances
        site.forget()
        assert (await site.ibm("GET", f"/process/{other}?parts=all")).status == 200
        assert site.engines == ["more"]


async def test_engine_that_is_down_is_noticed_only_where_it_may_be_the_owner() -> None:
    async with across(down=("claims",)) as site:
        assert (await site.camunda("GET", f"/process-instance/{site.hr}/variables")).status == 200
        gone = await site.camunda("GET", "/process-instance/00000000-gone/variables")
        assert (gone.status, gone.json["type"]) == (500, "NullValueException")
        answer = await site.camunda("GET", f"/process-instance/{site.claims}/variables")
        assert (answer.status, answer.json["type"]) == (503, "EngineUnavailable")


async def test_caller_that_may_not_use_the_owner_hears_what_the_engine_of_the_door_says() -> None:
    async with across({"engines": ["hr"]}) as site:
        answer = await site.camunda("GET", f"/process-instance/{site.claims}", X_Api_Key="secret")
        assert (answer.status, site.engines) == (404, ["hr"])


async def test_ended_instances_and_suspended_ones(site: Across) -> None:
    site.fakes["claims"].instances[site.claims].state = "Suspended"
    assert (await site.camunda("GET", f"/process-instance/{site.claims}")).json["suspended"] is True
    path = f"/process-instance/{site.claims}/variables/note"
    assert (await site.camunda("PUT", path, {"value": "x"})).status == 204
    site.fakes["claims"].instances[site.claims].state = "Completed"
    assert (await site.camunda("GET", f"/process-instance/{site.claims}")).status == 404
    ended = await site.camunda("PUT", path, {"value": "y"})
    assert (ended.status, ended.json["type"]) == (500, "RestException")
    assert site.fakes["claims"].instances[site.claims].variables["note"] == "x"
    site.fakes["hr"].instances[site.hr].suspended = True
    assert (await site.ibm("GET", f"/process/{site.hr}")).json["data"]["executionState"] == "Suspended"
    site.fakes["hr"].end(site.hr)
    shown = (await site.ibm("GET", f"/process/{site.hr}")).json["data"]
    assert (shown["executionState"], shown["variables"]["note"]) == ("Terminated", "please check")
    ended = await site.ibm("PUT", f"/process/{site.hr}/variables", {"note": "y"})
    assert (ended.status, ended.json["Data"]["errorNumber"]) == (404, "CWTBG0059E")


# Refused


CAMUNDA_ELSE = [
    ("POST", "/process-instance/{id}/modification-async"),
    ("GET", "/process-instance/{id}/suspended"),
    ("GET", "/process-instance/{id}/comment"),
    ("GET", "/history/process-instance/{id}"),
    ("POST", "/execution/{id}/signal"),
]
IBM_ELSE = [
    ("PUT", "/process/{id}?action=retry"),
    ("DELETE", "/process/{id}?action=delete"),
    ("PUT", "/process/{id}?action=js&script=x"),
    ("PUT", "/process/{id}/allVariables"),
    ("GET", "/process/{id}/actions"),
    ("GET", "/process/{id}?action=x"),
    ("GET", "/process/{id}?parts=diagram"),
]


@pytest.mark.parametrize(("method", "path"), CAMUNDA_ELSE)
async def test_other_call_of_camunda_is_refused_by_its_name(site: Across, method: str, path: str) -> None:
    target = path.format(id=f"claims:{site.claims}")
    answer = await site.camunda(method, target, {} if method in {"POST", "PUT"} else None)
    assert (answer.status, answer.json["type"], answer.json["code"]) == (400, "InvalidRequestException", None)
    assert f"{method} {target}" in answer.json["message"]
    assert site.engines == []


@pytest.mark.parametrize("accept", ["application/json", "application/xml"])
@pytest.mark.parametrize(("method", "path"), IBM_ELSE)
async def test_other_call_of_ibm_is_refused_in_its_envelope(site: Across, method: str, path: str, accept: str) -> None:
    target = path.format(id=f"hr:{site.hr}")
    answer = await site.ibm(method, target, {} if method in {"POST", "PUT"} else None, Accept=accept)
    assert (answer.status, answer.headers["content-type"]) == (400, accept)
    assert b"VBG0002E" in answer.body
    if "parts" not in path:
        assert f"{method} {target.partition('?')[0]}".encode() in answer.body
    assert site.engines == []


LONG = "x" * 300
CAMUNDA_BAD: list[tuple[str, str, bytes, dict[str, str], int]] = [
    ("malformed", "/variables", b'{"modifications":', {}, 400),
    ("array", "/variables", b"[]", {}, 400),
    ("empty", "/variables", b"", {}, 400),
    ("null", "/variables", b"null", {}, 400),
    ("two texts", "/variables", b"{} {}", {}, 400),
    ("no UTF-8", "/variables", b'{"\xff":1}', {}, 400),
    ("unknown member", "/variables", b'{"variables":{"note":{"value":1}}}', {}, 400),
    ("name twice", "/variables", b'{"modifications":{"note":{"value":1},"note":{"value":2}}}', {}, 400),
    ("scalar for a value", "/variables", b'{"modifications":{"note":5}}', {}, 400),
    ("null for a value", "/variables", b'{"modifications":{"note":null}}', {}, 400),
    ("unknown member of a value", "/variables", b'{"modifications":{"note":{"valu":5}}}', {}, 400),
    ("unknown type", "/variables", b'{"modifications":{"note":{"value":5,"type":"STRING"}}}', {}, 400),
    ("number beyond its type", "/variables", b'{"modifications":{"note":{"value":5e9,"type":"Integer"}}}', {}, 400),
    ("text that is no JSON", "/variables", b'{"modifications":{"note":{"value":"{","type":"Json"}}}', {}, 400),
    ("transient", "/variables", b'{"modifications":{"note":{"value":1,"type":"Integer","valueInfo":{"transient":true}}}}', {}, 400),
    ("valueInfo that says two things", "/variables", b'{"modifications":{"note":{"value":"{}","type":"Json","valueInfo":{"serializationDataFormat":"x"}}}}', {}, 400),
    ("content type", "/variables", b"{}", {"Content_Type": "text/plain"}, 415),
    ("no content type", "/variables", b"{}", {"Content_Type": ""}, 415),
    ("long name", "/variables", b'{"deletions":["%s"]}' % LONG.encode(), {}, 400),
    ("number as a deletion", "/variables", b'{"deletions":[1]}', {}, 400),
    ("too many names", "/variables", json.dumps({"deletions": [str(at) for at in range(10_001)]}).encode(), {}, 413),
    ("too long", "/variables", b'{"deletions":["' + b"x" * 11_000_000 + b'"]}', {}, 413),
    ("too deep", "/variables", b'{"modifications":{"note":{"value":' + b"[" * 100 + b"]" * 100 + b"}}}", {}, 413),
]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "body", "headers", "status"), [each[1:] for each in CAMUNDA_BAD], ids=[each[0] for each in CAMUNDA_BAD]
)
async def test_bad_body_in_camundas_language_is_refused_before_any_call(
    site: Across, path: str, body: bytes, headers: dict[str, str], status: int
) -> None:
    answer = await site.camunda("POST", f"/process-instance/claims:{site.claims}{path}", raw=body, **headers)
    assert (answer.status, list(answer.json)) == (status, ["type", "message", "code"])
    if b'"note"' in body and status == 400 and b"note" in body.partition(b"modifications")[2]:
        assert "note" in answer.json["message"]
    assert site.engines == []


IBM_BAD: list[tuple[str, str, bytes, dict[str, str], int]] = [
    ("malformed", "/variables", b'{"note":', {}, 400),
    ("array", "/variables", b"[]", {}, 400),
    ("empty", "/variables", b"", {}, 400),
    ("name twice", "/variables", b'{"note":1,"note":2}', {}, 400),
    ("something is selected", "/variables", b'{"note":{"selected":[0],"items":[1],"@metadata":{}}}', {}, 400),
    ("primitive", "/variable/note", b'"x"', {}, 400),
    ("bare list", "/variable/note", b"[1]", {}, 400),
    ("integer beyond 64 bits", "/variables", b'{"fresh":99999999999999999999}', {}, 400),
    ("content type", "/variables", b"<a/>", {"Content_Type": "application/xml"}, 415),
    ("form", "/variables", b"a=1", {"Content_Type": "application/x-www-form-urlencoded"}, 415),
    ("too many names", "/variables", json.dumps({str(at): at for at in range(10_001)}).encode(), {}, 413),
    ("too long", "/variables", b'{"note":"' + b"x" * 11_000_000 + b'"}', {}, 413),
]


@pytest.mark.parametrize("accept", ["application/json", "application/xml"])
@pytest.mark.parametrize(
    ("path", "body", "headers", "status"), [each[1:] for each in IBM_BAD], ids=[each[0] for each in IBM_BAD]
)
async def test_bad_body_in_ibms_language_is_refused_in_its_envelope(
    site: Across, path: str, body: bytes, headers: dict[str, str], status: int, accept: str
) -> None:
    answer = await site.ibm("PUT", f"/process/hr:{site.hr}{path}", raw=body, Accept=accept, **headers)
    assert (answer.status, answer.headers["content-type"]) == (status, accept)
    assert not any(each.method in {"PUT", "POST"} and each.path[-1] == "variables" for _, each in site.heard)


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("a%2Fb", "a/b"), ("a%3Bb", "a;b"), ("%2e%2e", None), ("..", None), (".", None), ("a;b", None), ("%FF", None),
        ("%C3%A9", "é"), ("a+b", "a+b"), ("a%20b", "a b"), ("a//b", None),
    ],
    ids=["slash", "semicolon", "encoded dots", "dots", "dot", "parameter", "no UTF-8", "letter", "plus", "blank", "empty"],
)  # fmt: skip
async def test_odd_name_in_a_path_is_one_name_or_refused(site: Across, name: str, stored: str | None) -> None:
    answer = await site.ibm("PUT", f"/process/hr:{site.hr}/variable/{name}", {"x": 1})
    variables = site.fakes["hr"].instances[site.hr].variables
    assert answer.status == (200 if stored else answer.status)
    assert (answer.status >= 400) == (stored is None)
    assert {each for each in variables if each in {"a/b", "a;b", "é", "a+b", "a b", "a", "b", "..", "."}} == (
        {stored} if stored else set()
    )
    deleted = await site.camunda("DELETE", f"/process-instance/claims:{site.claims}/variables/{name}")
    assert deleted.status in {400, 404, 405}
    assert site.claims in site.fakes["claims"].instances


@pytest.mark.parametrize("method", ["PATCH", "PUT", "DELETE"])
async def test_method_that_the_set_does_not_take(site: Across, method: str) -> None:
    answer = await site.camunda(method, f"/process-instance/claims:{site.claims}/variables", {})
    assert (answer.status, answer.json["message"]) == (405, "HTTP 405 Method Not Allowed")
    answer = await site.ibm("GET", f"/process/hr:{site.hr}/variables")
    assert (answer.status, answer.json["Data"]["errorNumber"]) == (405, "VBG0008E")
    for said in (method, "BREW"):
        answer = await site.ibm("POST", f"/process/hr:{site.hr}/variables", {}, X_HTTP_Method_Override=said)
        assert answer.status == (200 if said == "PUT" else 405)


async def test_media_that_callers_take(site: Across) -> None:
    path = f"/process-instance/claims:{site.claims}/variables"
    answer = await site.camunda("GET", path, Accept="text/html")
    assert (answer.status, answer.json["type"]) == (406, "NotAcceptableException")
    assert (await site.camunda("GET", path, Accept="text/html, */*;q=0.1")).status == 200
    assert (await site.camunda("DELETE", f"{path}/note", Accept="text/html")).status == 204
    head = await site.camunda("HEAD", path)
    assert (head.status, head.body) == (200, b"")
    assert (await site.ibm("GET", f"/process/hr:{site.hr}?parts=nonsense")).status == 400
    assert (await site.ibm("GET", f"/process/hr:{site.hr}?callback=f")).status == 406
    script = await site.ibm("GET", f"/process/hr:{site.hr}?callback=f&accept=application/xml")
    assert (script.status, script.headers["content-type"]) == (406, "application/xml")


async def test_ibm_answers_are_xml_for_who_asks_for_it(site: Across) -> None:
    path = f"/process/hr:{site.hr}"
    header, by_parameter = {"Accept": "application/xml"}, "?parts=header%7Cdata&accept=application/xml"
    for answer in (await site.ibm("GET", path, **header), await site.ibm("GET", path + by_parameter)):
        assert (answer.status, answer.headers["content-type"]) == (200, "application/xml")
        root = ET.fromstring(answer.body)
        assert [each.tag for each in root] == ["status", "data"]
        assert (root.tag, root.findtext("data/piid")) == ("response", f"hr:{site.hr}")
        shown = root.find("data/variables")
        assert shown is not None
        assert [each.text for each in shown.findall("customer/tags/items")] == ["new", "vip"]
        assert shown.findtext("customer/_x0040_metadata/className") == "Map"
        assert (shown.findtext("invoiceNumber"), shown.findtext("approved")) == ("9007199254740993", "false")
    written = await site.ibm("PUT", f"{path}/variables", {"note": "x"}, Accept="application/xml;q=0.9, text/html")
    assert (written.status, ET.fromstring(written.body).findtext("data/message")) == (200, "Successfully updated.")
    assert site.fakes["hr"].instances[site.hr].variables["note"].value == "x"


async def test_body_that_comes_in_pieces_reaches_the_owner(site: Across) -> None:
    body = json.dumps({"modifications": {"note": {"value": "y" * 200_000}}}).encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    head = f"POST /engine-rest/process-instance/{site.claims}/variables HTTP/1.1\r\nHost: g\r\nConnection: close\r\n"
    writer.write(head.encode() + b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
    for at in range(0, len(body), 50_000):
        piece = body[at : at + 50_000]
        writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        await writer.drain()
    writer.write(b"0\r\n\r\n")
    async with asyncio.timeout(10):
        answer = await reader.read()
    writer.close()
    assert answer.startswith(b"HTTP/1.1 204 ")
    assert site.fakes["claims"].instances[site.claims].variables["note"] == "y" * 200_000


# Masks and name limits


@pytest.mark.parametrize("owner", ["hr", "claims"])
async def test_masked_value_is_seen_at_no_door(owner: str) -> None:
    async with across({"masked": ["note"], "variables": ["note", "amount"]}) as site:
        key, instance = {"X_Api_Key": "secret"}, getattr(site, owner)
        listed = await site.camunda("GET", f"/process-instance/{instance}/variables", **key)
        assert listed.json["note"] == {
            "type": "String", "value": None, "valueInfo": {"error": "The value is hidden from the caller."},
        }  # fmt: skip
        assert set(listed.json) == {"note", "amount"}
        one = await site.camunda("GET", f"/process-instance/{instance}/variables/note", **key)
        assert one.json == listed.json["note"]
        shown = await site.ibm("GET", f"/process/{instance}?parts=data", **key)
        assert set(shown.json["data"]["variables"]) == {"amount"}
        for answer in (listed, one, shown):
            assert b"please check" not in answer.body
        site.forget()
        denied = [
            await site.camunda("GET", f"/process-instance/{instance}/variables/approved", **key),
            await site.camunda("POST", f"/process-instance/{instance}/variables", {"deletions": ["approved"]}, **key),
            await site.ibm("PUT", f"/process/{instance}/variables", {"note": "x", "approved": True}, **key),
        ]
        assert [each.status for each in denied] == [403, 403, 403]
        assert not any(each.writes for _, each in site.planned)
        assert (await site.ibm("PUT", f"/process/{instance}/variables", {"note": "x"}, **key)).json == DONE


async def test_scope_is_needed_at_the_other_vendor_too() -> None:
    async with across({"scopes": [scope for scope in SCOPES if scope != "variables:write"]}) as site:
        path = f"/process-instance/claims:{site.claims}/variables"
        assert (await site.camunda("GET", path, X_Api_Key="secret")).status == 200
        assert (await site.camunda("POST", path, {"deletions": ["note"]}, X_Api_Key="secret")).status == 403


# What a front door can be set to tell


async def test_door_that_is_set_to_says_which_engine_answered_and_how_long_it_took() -> None:
    async with across(doors={"hr": {"gateway_headers": True}}) as site:
        for path, engine in (
            (f"/process-instance/{site.hr}", "hr"),
            (f"/process-instance/claims:{site.claims}", "claims"),
        ):
            shown = (await site.camunda("GET", path)).headers
            assert shown["gateway-engine"] == engine
            assert re.fullmatch(r"gw;dur=\d+\.\d\d, engine;dur=\d+\.\d\d", shown["server-timing"])
        refused = await site.camunda("PUT", f"/process-instance/claims:{site.claims}/variables/x", {"unknown": 1})
        assert (refused.status, refused.headers["gateway-engine"]) == (400, "claims")
        assert (
            not {"gateway-engine", "server-timing"} & (await site.ibm("GET", f"/process/{site.claims}")).headers.keys()
        )
