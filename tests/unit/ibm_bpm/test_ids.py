"""Ids that requests in IBM's language name beside their path."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from adapters.ibm_bpm.dialect import IbmBpmDialect
from adapters.ibm_bpm.dialect.ids import ids_in_query
from gateway.port import DialectRequest


@pytest.mark.parametrize(
    ("query", "found"),
    [
        pytest.param({"instanceIds": "1, 2,"}, ("1", "2"), id="a list"),
        pytest.param({"taskIDs": "1,a:2", "targetId": "3"}, ("a:2", "3"), id="tasks"),
        pytest.param({"condition": "instanceId|Equals|1,name|Equals|2"}, ("1",), id="conditions"),
        pytest.param({"condition": "instanceId|Equals|a:1,instanceId|Equals|2"}, ("a:1", "2"), id="several conditions"),
        pytest.param({"parts": "1", "searchFilter": "2"}, (), id="nothing that is named"),
    ],
)
def test_ids_are_found_in_a_query(query: dict[str, str], found: tuple[str, ...]) -> None:
    assert ids_in_query(query) == found


BASE = "/rest/bpm/wle/v1"


@pytest.mark.parametrize(
    ("commands", "found"),
    [
        pytest.param([f"PUT:{BASE}/process/a:1?action=suspend"], ("a:1",), id="an instance"),
        pytest.param([f"GET:{BASE}/systems", f"PUT:{BASE}/process/1/variables"], ("1",), id="the second call"),
        pytest.param([f"GET:http://bpm:9081{BASE}/process?action=getdetails&instanceIds=1,2"], ("1", "2"), id="a list"),
        pytest.param([f"PUT:{BASE}/task/a:7?action=finish", f"PUT:{BASE}/task/8"], ("a:7",), id="tasks"),
        pytest.param(
            [f"POST:{BASE}/bulk?command={quote(f'PUT:{BASE}/process/1', safe='')}"], ("1",), id="bulk in bulk"
        ),
        pytest.param(["nonsense", "PUT:/elsewhere/process/1"], (), id="no calls"),
    ],
)
def test_calls_of_a_bulk_call_are_looked_into(commands: list[str], found: tuple[str, ...]) -> None:
    request = DialectRequest(method="POST", segments=("bulk",), query={"command": ",".join(commands)})
    assert IbmBpmDialect().facts(request).ids == found
