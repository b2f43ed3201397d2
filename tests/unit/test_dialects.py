"""Dialects: no request is a command so far, whatever its facts are, and no result is spelled in a vendor's words."""

from __future__ import annotations

import pytest

from adapters import camunda7, ibm_bpm
from gateway.errors import Unsupported
from gateway.model.results import VariablesListed
from gateway.port import Dialect, DialectRequest, Passed, RequestFacts

CAMUNDA, IBM = camunda7.VENDOR.dialect(), ibm_bpm.VENDOR.dialect()


def request(method: str, path: str, body: bytes = b"", **query: str) -> DialectRequest:
    return DialectRequest(method=method, segments=tuple(path.split("/")), query=query, body=body)


REQUESTS = [
    pytest.param(
        CAMUNDA,
        request("POST", "process-instance/1/variables", b'{"deletions": ["a"]}'),
        RequestFacts(scope="variables:write", writes=True, instance="1"),
        id="camunda patch",
    ),
    pytest.param(
        CAMUNDA,
        request("GET", "engine/default/process-instance/1/variables/a"),
        RequestFacts(scope="variables:read", writes=False, instance="1"),
        id="camunda read below an engine's name",
    ),
    pytest.param(
        CAMUNDA,
        request("PUT", "task/1/localVariables/a"),
        RequestFacts(scope="variables:write", writes=True),
        id="camunda write whose instance is not certain",
    ),
    pytest.param(
        CAMUNDA,
        request("POST", "external-task/fetchAndLock"),
        RequestFacts(scope="passthrough:write", writes=True, polls=True),
        id="camunda poll",
    ),
    pytest.param(
        IBM,
        request("PUT", "process/1/variable/a", b"1"),
        RequestFacts(scope="variables:write", writes=True, instance="1"),
        id="ibm write",
    ),
    pytest.param(
        IBM,
        request("POST", "process/1", action="moveToken"),
        RequestFacts(scope="modification", writes=True, instance="1"),
        id="ibm modification",
    ),
    pytest.param(
        IBM,
        request("POST", "process", action="start", bpdId="25.a"),
        RequestFacts(scope="instances:start", writes=True, definition="25.a"),
        id="ibm start",
    ),
    pytest.param(
        IBM, request("GET", "systems"), RequestFacts(scope="passthrough:read", writes=False), id="ibm other call"
    ),
]


@pytest.mark.parametrize(("dialect", "asked", "facts"), REQUESTS)
def test_request_is_known_by_its_facts_and_only_passes(
    dialect: Dialect, asked: DialectRequest, facts: RequestFacts
) -> None:
    assert dialect.facts(asked) == facts
    assert dialect.decode(asked) == Passed(facts)


@pytest.mark.parametrize(
    ("scope", "is_known"), [("variables:read", True), ("admin", True), ("passthrough:read", False)]
)
def test_request_is_known_unless_it_only_passes_through(scope: str, is_known: bool) -> None:
    assert RequestFacts(scope=scope, writes=False).is_known is is_known


@pytest.mark.parametrize("dialect", [CAMUNDA, IBM], ids=lambda dialect: dialect.vendor)
def test_result_is_not_encoded(dialect: Dialect) -> None:
    with pytest.raises(Unsupported, match=f"The {dialect.vendor} dialect has no answer for VariablesListed."):
        dialect.encode(request("GET", "process-instance/1/variables"), VariablesListed(()))
