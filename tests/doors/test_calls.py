"""Every call of the vendors' own APIs is known to its dialect as what it is: whatever it names can be looked for."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from gateway.app import VENDORS
from gateway.port import RequestFacts
from tests import recordings
from tests.doors import page
from tests.doors.calls import ALL, CALLS, LISTS, NAMED, Call, is_listed, nested, parse
from tests.doors.self_description import lines
from tests.house import matrix

RECORDED = sorted(Path(recordings.__path__[0]).glob("*.jsonl"))


def shown(call: Call) -> str:
    return f"{call.vendor} {call.text}"


def facts_of(call: Call) -> RequestFacts:
    return VENDORS[call.vendor].dialect().facts(call.request())


def test_lists_have_every_call_once() -> None:
    for vendor in LISTS:
        assert len({call.text for call in CALLS[vendor]}) == len(CALLS[vendor]) > 150


@pytest.mark.parametrize("path", RECORDED, ids=[path.stem for path in RECORDED])
def test_calls_that_recorded_servers_carried_out_are_listed(path: Path) -> None:
    recorded = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    asked = [each["request"] for each in recorded if each["response"]["status"] < 400]
    assert asked
    assert {f"{each['method']} {each['path']}" for each in asked if not _is_listed_here(each)} == set()


def _is_listed_here(request: dict[str, str]) -> bool:
    segments = tuple(request["path"].partition("?")[0].removeprefix("/engine-rest").strip("/").split("/"))
    segments = segments[2:] if segments[:1] == ("engine",) and len(segments) > 2 else segments
    method = request["method"]
    return method == "OPTIONS" or is_listed("camunda7", method.replace("HEAD", "GET"), segments)


def test_call_that_no_list_has_is_seen() -> None:
    assert is_listed("camunda7", "GET", ("task", "aTask", "variables"))
    assert not is_listed("camunda7", "GET", ("task", "aTask", "secrets"))
    assert is_listed("ibm_bpm", "PUT", ("task", "7"), "setData")
    assert not is_listed("ibm_bpm", "PUT", ("task", "7"), "setSecrets")


def test_calls_that_the_readme_shows_are_listed() -> None:
    shown_there = [(vendor, method, *target.partition("?")[::2]) for vendor, method, target, _ in matrix.CALLS]
    unlisted = [
        (vendor, method, path)
        for vendor, method, path, query in shown_there
        if not is_listed(vendor, method, tuple(path.split("/")), parse_qs(query).get("action", [""])[0])
    ]
    assert unlisted == []


@pytest.mark.parametrize("call", [pytest.param(call, id=shown(call)) for call in ALL if call.kind in NAMED])
def test_call_on_one_thing_names_it_so_that_its_owner_is_found(call: Call) -> None:
    facts = facts_of(call)
    assert (facts.named, facts.task) == ((None, "x") if call.kind == "task" else ("x", None))


@pytest.mark.parametrize("call", [pytest.param(call, id=shown(call)) for call in ALL if call.kind is None])
def test_call_on_nothing_that_runs_names_nothing_in_its_path(call: Call) -> None:
    assert not facts_of(call).names_one


def test_line_of_a_list_is_read() -> None:
    assert parse("ibm_bpm", "GET /process?action=getdetails variables query=instanceIds") == Call(
        vendor="ibm_bpm", method="GET", path="/process", action="getdetails", variables=True, query=("instanceIds",)
    )
    many = parse("camunda7", "PUT /task/{id} body=a.processInstanceIds,taskId")
    assert [nested(member, 1) for member in many.body] == [{"a": {"processInstanceIds": [1]}}, {"taskId": 1}]


def test_self_description_of_servers_is_read_the_newest_last() -> None:
    old = {"path": "/rest/bpm/wle/v1/task/<id>?action=setData", "method": ["PUT"], "options": []}
    new = old | {"path": "/rest/bpm/wle/v1/task/<taskId>?action=setData", "options": [{"parameter": "params"}]}
    many = {"path": "/rest/bpm/wle/v1/process/actions?", "method": ["GET"], "options": [{"parameter": "instanceIds"}]}
    documents = [{"categories": [{"calls": [old]}]}, {"categories": [{"calls": [new, many]}]}]
    assert lines(documents) == ["GET /process/actions query=instanceIds", "PUT /task/{taskId}?action=setData variables"]


@pytest.mark.parametrize("vendor", LISTS)
def test_page_says_what_becomes_of_each_call(vendor: str) -> None:
    text = page.PAGES[vendor].read_text(encoding="utf-8")
    assert page.written(vendor, text) == text, "run: python -m tests.doors.page"


def test_page_that_is_out_of_date_is_seen() -> None:
    old = "The other 1 calls\n<!-- calls -->\n| old |\n<!-- /calls -->"
    assert page.written("camunda7", old) != old


@pytest.mark.parametrize("call", [pytest.param(call, id=shown(call)) for call in ALL if page.concerns(call)])
def test_call_that_names_something_is_translated_or_refused_at_another_owner(call: Call) -> None:
    names = call.kind is not None or call.query or call.body
    assert page.outcome(call) != page.NATIVE or not names
