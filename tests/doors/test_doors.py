"""A caller with masks or name limits reaches a variable by no side door of a vendor's dialect."""

from __future__ import annotations

import re

import pytest

from adapters.camunda7.dialect import Camunda7Dialect
from gateway.access import Access, CallerEntry
from gateway.access.callers import SCOPES
from gateway.operations.destinations import LaneFacts, lane
from gateway.port import DialectRequest, Passed, RequestFacts, UploadedForm
from tests.doors.calls import CALLS
from tests.doors.openapi import lines

DOORS = [call.text for call in CALLS["camunda7"] if call.variables]
DIALECT = Camunda7Dialect()


def segments(path: str) -> tuple[str, ...]:
    return tuple(re.sub(r"\{[^}]+\}", "x", path)[1:].split("/"))


def facts_of(door: str) -> RequestFacts:
    method, path = door.split()
    return DIALECT.facts(DialectRequest(method=method, segments=segments(path)))


def lane_of(door: str, *, limited: bool) -> str:
    return lane(LaneFacts(about_variables=facts_of(door).is_known, same_vendor=True, limited=limited))


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("prefix", ["", "/engine/default"], ids=["below the root", "below an engine's name"])
def test_limited_caller_is_handed_on_by_no_door(door: str, prefix: str) -> None:
    method, path = door.split()
    assert lane_of(f"{method} {prefix}{path}", limited=True) in {"translated", "refused"}
    assert lane_of(f"{method} {prefix}{path}", limited=False) in {"native", "passed_through"}


ON_ONE = [door for door in DOORS if door.split()[1].startswith(("/process-instance/{", "/execution/{"))]


def test_most_doors_on_one_instance_are_known() -> None:
    assert len(ON_ONE) > 10


@pytest.mark.parametrize("door", ON_ONE)
def test_door_on_one_instance_names_it_so_that_its_owner_is_found(door: str) -> None:
    assert facts_of(door).named == "x"


@pytest.mark.parametrize("door", ON_ONE)
def test_door_on_another_vendors_instance_means_commands_or_nothing(door: str) -> None:
    method, path = door.split()
    body = b'{"instructions":[{"type":"cancel","activityId":"a"}]}' if path.endswith("/modification") else b"{}"
    request = DialectRequest(
        method=method,
        segments=segments(path),
        headers={"Content-Type": "application/json"},
        body=body,
        form=UploadedForm(fields={}, content=b""),
    )
    decoded = DIALECT.decode(request)
    if isinstance(decoded, Passed):
        assert not re.search(r"/(variables|localVariables)(/\{[^}]+\}(/data)?)?$", path)
    else:
        assert facts_of(door).is_known


@pytest.mark.parametrize("door", DOORS)
def test_door_that_changes_something_is_known_to_write(door: str) -> None:
    method, path = door.split()
    resources = (
        "task",
        "execution",
        "external-task",
        "process-instance",
        "variable-instance",
        "case-instance",
        "case-execution",
    )
    reads = {f"/{base}{name}{count}" for base in ("", "history/") for name in resources for count in ("", "/count")}
    evaluates = path.endswith("/evaluate") or path in {"/migration/generate", "/migration/validate"}
    if method == "GET" or path in reads:
        assert not facts_of(door).writes
    elif not evaluates:
        assert facts_of(door).writes


@pytest.mark.parametrize("entry", [{"masked": ("salary",)}, {"variables": ("public-*",)}], ids=["masks", "name limits"])
def test_masks_and_name_limits_make_a_caller_limited(entry: dict[str, tuple[str, ...]]) -> None:
    digest = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"  # sha256 of "secret"
    access = Access((CallerEntry(name="a", key_sha256=digest, scopes=SCOPES, **entry),))
    assert access.identify({"X-Api-Key": "secret"}).limited


def test_reader_finds_variables_and_ids_behind_references() -> None:
    query = {"processInstanceId": {"type": "string"}, "orQueries": {"items": {"$ref": "#/components/schemas/Query"}}}
    many = {"processInstanceIds": {"type": "array", "items": {"type": "string"}}}
    document = {
        "paths": {
            "/a": {"post": {"requestBody": {"x": {"$ref": "#/components/schemas/A"}}}},
            "/b": {"get": {"parameters": [{"in": "query", "name": "taskId"}, {"in": "query", "name": "sortBy"}]}},
            "/variable": {"get": {}, "options": {}},
        },
        "components": {
            "schemas": {
                "A": {"properties": {"p": [{"$ref": "#/components/schemas/VariableValueDto"}], **many, "q": QUERY}},
                "Query": {"properties": query},
            }
        },
    }
    assert lines(document) == [
        "POST /a variables body=processInstanceIds,q.processInstanceId",
        "GET /b query=taskId",
        "GET /variable variables",
    ]


QUERY = {"$ref": "#/components/schemas/Query"}
