"""`/openapi.json` as callers get it: valid, and true of what the gateway takes and gives."""

from __future__ import annotations

import copy
from typing import Any

import aiohttp
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from gateway.web.v1.routes import ROUTES
from tests.web.conftest import Site


async def document(site: Site) -> dict[str, Any]:

    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{site.port}/openapi.json") as answer,
    ):
        assert answer.headers["Content-Type"] == "application/json"
        found: dict[str, Any] = await answer.json()
        return found


async def test_document_is_valid_openapi_3_1(site: Site) -> None:
    found = await document(site)
    assert found["openapi"].startswith("3.1.")
    assert [error.message for error in OpenAPIV31SpecValidator(found).iter_errors()] == []


async def test_document_that_is_wrong_is_seen(site: Site) -> None:
    found = await document(site)
    for spoil in (lambda d: d.pop("info"), lambda d: d["paths"]["/v1/engines"]["get"].update(operationId=5)):
        wrong = copy.deepcopy(found)
        spoil(wrong)
        assert list(OpenAPIV31SpecValidator(wrong).iter_errors()) != []


async def test_every_reference_leads_somewhere_and_every_operation_has_a_name_of_its_own(site: Site) -> None:
    found = await document(site)
    for reference in references(found):
        inner: Any = found
        for part in reference.removeprefix("#/").split("/"):
            inner = inner[part.replace("~1", "/").replace("~0", "~")]
    names = [each.get("operationId") for path in found["paths"].values() for each in path.values()]
    assert None not in names
    assert len(set(names)) == len(names)


def references(tree: Any) -> list[str]:
    if isinstance(tree, list):
        return [each for inner in tree for each in references(inner)]
    if isinstance(tree, dict):
        own = [tree["$ref"]] if isinstance(tree.get("$ref"), str) else []
        return own + [each for inner in tree.values() for each in references(inner)]
    return []


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.template}")
async def test_route_that_takes_a_body_says_so_and_path_parameters_are_declared(site: Site, route: Any) -> None:
    found = (await document(site))["paths"][route.template][route.method.lower()]
    declared = {each["name"] for each in found.get("parameters", ()) if each.get("in") == "path"}
    assert declared == {part[1:-1] for part in route.template.split("/") if part.startswith("{")}
    assert {"400", "default"} & set(found["responses"]) or route.template == "/openapi.json"
