"""Ids that requests in IBM's language name beside their path."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from adapters.ibm_bpm.dialect import IbmBpmDialect
from adapters.ibm_bpm.dialect.ids import instances_in, tasks_in
from gateway.port import DialectRequest


@pytest.mark.parametrize(
    ("query", "instances", "tasks"),
    [
        pytest.param({"instanceIds": "1, 2,"}, ("1", "2"), (), id="a list"),
        pytest.param({"taskIDs": "1,a:2", "targetId": "3"}, ("3",), ("1", "a:2"), id="tasks"),
        pytest.param({"condition": "instanceId|Equals|1,name|Equals|2"}, ("1",), (), id="conditions"),
        pytest.param({"condition": "instanceId|Equals|a:1,instanceId|Equals|2"}, ("a:1", "2"), (), id="two conditions"),
        pytest.param({"parts": "1", "searchFilter": "2"}, (), (), id="nothing that is named"),
    ],
)
def test_ids_are_found_in_a_query(query: dict[str, str], instances: tuple[str, ...], tasks: tuple[str, ...]) -> None:
    assert (instances_in(query), tasks_in(query)) == (instances, tasks)


BASE = "/rest/bpm/wle/v1"


@pytest.mark.parametrize(
    ("commands", "instances", "tasks"),
    [
        pytest.param([f"PUT:{BASE}/process/a:1?action=suspend"], ("a:1",), (), id="an instance"),
        pytest.param([f"GET:{BASE}/systems", f"PUT:{BASE}/process/1/variables"], ("1",), (), id="the second call"),
        pytest.param(
            [f"GET:http://bpm:9081{BASE}/process?action=getdetails&instanceIds=1,2"], ("1", "2"), (), id="a list"
        ),
        pytest.param(
            [f"PUT:{BASE}/task/7?action=finish", f"PUT:{BASE}/task?action=claim&taskIDs=8"], (), ("7", "8"), id="tasks"
        ),
        pytest.param(
            [f"POST:{BASE}/bulk?command={quote(f'PUT:{BASE}/process/1', safe='')}"], ("1",), (), id="bulk in bulk"
        ),
        pytest.param(["nonsense", "PUT:/elsewhere/process/1"], (), (), id="no calls"),
    ],
)
def test_calls_of_a_bulk_call_are_looked_into(
    commands: list[str], instances: tuple[str, ...], tasks: tuple[str, ...]
) -> None:
    request = DialectRequest(method="POST", segments=("bulk",), query={"command": ",".join(commands)})
    known = IbmBpmDialect().facts(request)
    assert (known.ids, known.tasks) == (instances, tasks)
