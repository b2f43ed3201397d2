"""What a route says of itself is what the gateway keeps to: parameters, conditions, bodies, and the document."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from gateway.web.v1 import openapi
from gateway.web.v1.route import CONDITIONS, Answers, Body, Component, Parameter, Route
from gateway.web.v1.routes import ROUTES
from tests.web.conftest import Site

WRITING = {"variables:write", "modification", "instances:start"}
V1 = [route for route in ROUTES if route.scope]


def name(route: Route) -> str:
    return f"{route.method} {route.template}"


def path(site: Site, route: Route) -> tuple[str, ...]:
    known = {"{instance}": site.hr, "{engine}": "hr", "{name}": "aString", "{task}": "hr:1", "{operation}": "1"}
    return tuple(known.get(part, part) for part in route.template.split("/")[2:])


async def detail(site: Site, route: Route, query: str = "", **headers: str) -> tuple[int, str]:
    status, problem, _ = await site.ask(route.method, *path(site, route), query=query, **headers)
    return status, problem["detail"]


@pytest.mark.parametrize("route", V1, ids=name)
async def test_parameter_that_the_route_does_not_declare_is_refused_before_any_engine_is_asked(
    site: Site, route: Route
) -> None:
    assert await detail(site, route, "qqqqqq=1") == (400, "Unknown query parameter qqqqqq.")
    assert site.sent == []


@pytest.mark.parametrize("route", [route for route in V1 if route.query_names], ids=name)
async def test_parameter_that_is_misspelt_is_refused_with_the_one_that_is_meant(site: Site, route: Route) -> None:
    for meant in sorted(route.query_names):
        wrong = f"{meant.upper()}_"
        expected = 400, f"Unknown query parameter {wrong}. Did you mean `{meant}`?"
        assert await detail(site, route, f"{wrong}=1") == expected


@pytest.mark.parametrize(
    ("route", "vendors", "meant"),
    [
        ("list_variables", "variableNames", "names"),
        ("find_instances", "processInstanceBusinessKey", "businessKey"),
        ("find_instances", "maxResults", "limit"),
        ("find_instances", "firstResult", "cursor"),
    ],
    ids=lambda each: each,
)
async def test_vendors_word_for_a_parameter_is_refused_with_ours(
    site: Site, route: str, vendors: str, meant: str
) -> None:
    row = next(each for each in ROUTES if each.operation == route)
    expected = 400, f"Unknown query parameter {vendors}. Did you mean `{meant}`?"
    assert await detail(site, row, f"{vendors}=1") == expected


@pytest.mark.parametrize(
    ("route", "header"),
    [(route, header) for route in V1 for header in route.refused_headers],
    ids=lambda each: name(each) if isinstance(each, Route) else each,
)
async def test_condition_that_the_route_does_not_declare_is_refused(site: Site, route: Route, header: str) -> None:
    status, said = await detail(site, route, **{header: "*"})
    assert (status, said) == (422, f"This gateway does not offer {header} here.")
    assert site.sent == []


@pytest.mark.parametrize("route", [route for route in V1 if route.media_types], ids=name)
async def test_body_of_a_type_that_the_route_does_not_declare_is_refused(site: Site, route: Route) -> None:
    said = await detail(site, route, Content_Type="text/plain")
    assert said == (415, f"Give the body as {' or '.join(route.media_types)}.")
    assert site.sent == []


def test_routes_that_need_a_scope_for_writing_are_those_that_say_they_write() -> None:
    assert [name(route) for route in ROUTES if route.writes] == [
        name(route) for route in ROUTES if route.scope in WRITING
    ]


def test_gets_refuse_no_condition_and_writes_refuse_those_they_do_not_take() -> None:
    refused = {route.operation: route.refused_headers for route in V1 if route.writes}
    taking = {"patch_variables", "patch_value", "put_variable", "delete_variable", "write_data", "post_data"}
    assert {each for each, headers in refused.items() if headers == ()} == taking | {"modify_instance"}
    assert {headers for each, headers in refused.items() if headers} == {CONDITIONS}
    assert {route.refused_headers for route in V1 if route.method == "GET"} == {()}


class Thing(msgspec.Struct):
    size: int


async def _make_thing(_context: Any) -> Any: ...


MADE_UP = Route(
    method="POST",
    template="/v1/things/{thing}",
    handler=_make_thing,
    summary="Make a thing",
    scope="instances:start",
    writes=True,
    query=(Parameter("colour", "Its colour.", {"enum": ["red"]}),),
    headers=(Parameter("If-Match", "A tag."),),
    body=Body({"application/json": Thing}),
    answers=Answers(content={"type": "array", "items": Component("Word", {"type": "string"})}, status=201, empty=True),
)


def test_document_of_a_route_says_all_that_its_row_says() -> None:
    found = openapi.document((MADE_UP,))
    operation = found["paths"]["/v1/things/{thing}"]["post"]
    assert [(each["name"], each["in"]) for each in operation["parameters"]] == [
        ("thing", "path"),
        ("colour", "query"),
        ("dryRun", "query"),
        ("Idempotency-Key", "header"),
        ("If-Match", "header"),
    ]
    assert operation["parameters"][1] == {
        "name": "colour", "in": "query", "description": "Its colour.", "schema": {"enum": ["red"]},
    }  # fmt: skip
    assert (operation["operationId"], operation["summary"], operation["tags"]) == (
        "_make_thing", "Make a thing", ["things"],
    )  # fmt: skip
    assert operation["description"] == "Needs the scope `instances:start`."
    assert operation["requestBody"] == {
        "required": True,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}},
    }
    assert set(operation["responses"]) == {"200", "201", "204", "412", "default"}
    assert operation["responses"]["201"]["content"] == {
        "application/json": {"schema": {"type": "array", "items": {"$ref": "#/components/schemas/Word"}}}
    }
    assert {"Thing", "Word", "Problem", "DryRun"} <= set(found["components"]["schemas"])
