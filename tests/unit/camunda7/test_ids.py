"""Ids that requests in Camunda's language name beside their path, however they are written."""

from __future__ import annotations

import pytest

from adapters.camunda7.dialect.ids import has_ids, instances_of, read_body, read_query, tasks_of
from gateway.errors import InvalidRequest


@pytest.mark.parametrize(
    ("body", "found"),
    [
        pytest.param(b'{"processInstanceIds": ["a", "b"], "x": ["c"]}', ("a", "b"), id="a list"),
        pytest.param(b'{"processInstanceId": "a", "taskId": "1", "jobId": "b:1"}', ("a", "b:1"), id="other things"),
        pytest.param(b'{"processInstanceId": 1355, "taskIdIn": [1]}', ("1355",), id="a number"),
        pytest.param(b'{"processInstanceId": null, "processInstanceIds": [{}, []]}', (), id="no texts"),
        pytest.param(
            b'{"processInstanceId": "a", "processInstanceId": "b"}', ("a", "b"), id="a name that stands twice"
        ),
        pytest.param(b'{"orQueries": [{"processInstanceIdIn": ["a"]}]}', ("a",), id="a query inside"),
        pytest.param(b'{"query": {"orQueries": [{"executionId": "a"}]}}', ("a",), id="the query of a filter"),
        pytest.param(
            b'{"processInstanceQuery": {"processInstanceIds": ["a"]}, "historicProcessInstanceQuery": '
            b'{"processInstanceId": "b"}, "jobQuery": {"executionId": "c"}}',
            ("a", "b", "c"),
            id="queries of other resources",
        ),
        pytest.param(b'{"variables": {"a": {"value": {"processInstanceId": "b"}}}}', (), id="a variable's value"),
        pytest.param(b'{"processInstanceIds": ["a"]', (), id="cut off"),
        pytest.param(b"\xff", (), id="no text"),
        pytest.param(b"", (), id="empty"),
        pytest.param(b'\n{"processInstanceId": "a"} {"x": \xff', ("a",), id="more behind it"),
        pytest.param(
            '{"processInstanceId": "a"}'.encode("utf-16"), ("a",), id="another encoding that the engine reads"
        ),
        pytest.param(b'\xef\xbb\xbf{"processInstanceId": "a"}', ("a",), id="a byte order mark"),
        pytest.param(b'[{"processInstanceId": "a"}]', ("a",), id="no object"),
    ],
)
def test_ids_are_found_in_a_body(body: bytes, found: tuple[str, ...]) -> None:
    assert instances_of(read_body(body)) == found


def test_body_that_is_nested_too_deeply_is_refused() -> None:
    with pytest.raises(InvalidRequest):
        _ = read_body(b'{"a":' * 100_000)


def test_ids_are_found_in_a_query() -> None:
    query = {"processInstanceIdIn": "a, b,", "sortBy": "c:1", "executionId": "d", "taskIdIn": "e:1,2", "jobId": "f"}
    named = read_query(query)
    assert (instances_of(named), tasks_of(named)) == (("a", "b", "d", "e:1"), ("e:1", "2"))


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", ("external-task", "fetchAndLock")),
        ("POST", ("external-task", "1", "complete")),
        ("POST", ("process-instance", "1", "variables")),
        ("PUT", ("process-instance", "1", "variables", "count")),
        ("POST", ("process-definition", "key", "a", "start")),
        ("POST", ("task", "1", "complete")),
        ("GET", ("task",)),
        ("DELETE", ("history", "process-instance", "1")),
    ],
    ids=str,
)
def test_bodies_that_name_nothing_are_not_read(method: str, path: tuple[str, ...]) -> None:
    assert not has_ids(method, path)
