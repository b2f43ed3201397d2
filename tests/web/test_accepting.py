"""``Accept`` over HTTP: a caller that takes no JSON is told so, and nobody else is bothered."""

from __future__ import annotations

import pytest

from tests.web.conftest import Site

TAKEN = [
    "*/*", "application/json", "application/*", "text/html,application/xhtml+xml,*/*;q=0.8", "",
    "text/xml, application/json;q=0.1", "APPLICATION/JSON", "application/json;charset=utf-8", "*/*;q=0, application/json",
]  # fmt: skip
REFUSED = ["text/html", "application/xml", "application/json;q=0", "application/json;q=0.000, */*", "*/*;q=0", "text/*"]


@pytest.mark.parametrize("accept", TAKEN)
async def test_caller_that_takes_json_gets_it(site: Site, accept: str) -> None:
    assert (await site.ask("GET", "instances", site.hr, "variables", "note", Accept=accept))[0] == 200


@pytest.mark.parametrize("accept", REFUSED)
async def test_caller_that_takes_no_json_is_told_so_and_no_engine_is_asked(site: Site, accept: str) -> None:
    for method, path, body in (
        ("GET", ("instances", site.hr, "variables", "note"), None),
        ("GET", ("engines",), None),
        ("POST", ("variables", "query"), {"variableName": "note"}),
    ):
        status, problem, headers = await site.ask(method, *path, body=body, Accept=accept)
        assert (status, problem["code"], problem["outcome"]) == (406, "not-acceptable", "not_applied")
        assert headers["Content-Type"] == "application/problem+json"
    assert site.sent == []


async def test_write_and_content_are_not_about_json(site: Site) -> None:
    one = ("instances", site.hr, "variables", "note")
    assert (await site.ask("PUT", *one, body={"type": "string", "value": "x"}, Accept="text/html"))[0] == 204
    assert (await site.ask("GET", *one, "data", Accept="application/pdf"))[0] == 422
