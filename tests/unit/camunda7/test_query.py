"""What a query asks of the engine, and what is refused because the engine would take it for something else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from adapters.camunda7 import VENDOR
from gateway.errors import InvalidRequest, ValueInvalid
from gateway.model.condition import Condition
from gateway.model.query import Filter, QueryVariables, Sort, check_filter
from gateway.model.values import json_text
from gateway.port import Credentials
from tests.unit.scripts import answer, played

ROWS = [{"id": str(number), "name": "v", "type": "Null", "value": None} for number in range(3)]


def engine(**settings: Any) -> Any:
    return VENDOR.engine("hr", VENDOR.settings(**settings), Credentials())


def text(content: str, kind: Any = None) -> Filter:
    condition = Condition(name="a", operator="eq", value=json_text(content), type=kind)
    return check_filter(Filter(variable_values=(condition,)))


def test_every_filter_is_spelled_as_the_engine_knows_it() -> None:
    lists = {name: (name,) for name in Filter.__struct_fields__ if name.endswith("_in")}
    wanted = Filter(variable_name="a", variable_name_like="b%", variable_names_ignore_case=True, **lists)
    sorting = (Sort(key="type", descending=True),)
    found, sent = played(engine().query_variables(QueryVariables(filter=wanted, sorting=sorting)), answer(200, []))
    assert (found.rows, found.more) == ((), False)
    assert json.loads(sent[0].body) == {
        "variableName": "a",
        "variableNameLike": "b%",
        "variableNamesIgnoreCase": True,
        "processInstanceIdIn": ["instance_id_in"],
        "executionIdIn": ["execution_id_in"],
        "caseInstanceIdIn": ["case_instance_id_in"],
        "caseExecutionIdIn": ["case_execution_id_in"],
        "taskIdIn": ["task_id_in"],
        "batchIdIn": ["batch_id_in"],
        "activityInstanceIdIn": ["activity_instance_id_in"],
        "tenantIdIn": ["tenant_id_in"],
        "variableScopeIdIn": ["variable_scope_id_in"],
        "sorting": [
            {"sortBy": "variableType", "sortOrder": "desc"},
            {"sortBy": "variableName", "sortOrder": "asc"},
            {"sortBy": "activityInstanceId", "sortOrder": "asc"},
        ],
    }
    assert sent[0].query == (("deserializeValues", "false"), ("firstResult", "0"), ("maxResults", "100"))
    assert (sent[0].writes, sent[0].idempotent) == (False, True)


def test_engine_that_allows_fewer_rows_is_asked_for_as_many_as_it_allows() -> None:
    said = {"type": "BadUserRequestException", "message": "Max results limit of 3 exceeded!", "code": 0}
    command = QueryVariables(filter=Filter(), offset=7)
    found, sent = played(engine().query_variables(command), answer(400, said), answer(200, ROWS))
    assert [dict(each.query)["maxResults"] for each in sent] == ["100", "3"]
    assert [dict(each.query)["firstResult"] for each in sent] == ["7", "7"]
    assert ([row.id for row in found.rows], found.more) == (["0", "1", "2"], True)


def test_other_refusals_are_not_asked_again() -> None:
    with pytest.raises(InvalidRequest):
        played(engine().query_variables(QueryVariables(filter=Filter())), answer(400, {"message": "no"}))


@pytest.mark.parametrize(
    "content", ["", " ", "null", " null ", '" x', 'null" x', "2026-01-01T00:00:00.000GMT", "\\u006eull"]
)
def test_text_that_the_engine_would_read_as_null_or_date_is_refused_unsent(content: str) -> None:
    with pytest.raises(ValueInvalid) as refused:
        next(engine().query_variables(QueryVariables(filter=text(content))))
    assert [fault.pointer for fault in refused.value.errors] == ["/variableValues/0/value"]
    assert refused.value.outcome == "not_applied"


@pytest.mark.parametrize("content", ["x", "nullx", "\\d+", "2026-01-01", "2026-01-01T00:00:00.000Z", "a\nb", 'a"b'])
def test_other_texts_go_as_they_are(content: str) -> None:
    request = next(engine().query_variables(QueryVariables(filter=text(content))))
    assert json.loads(request.body)["variableValues"] == [{"name": "a", "operator": "eq", "value": content}]


@pytest.mark.parametrize("content", ["2026-01-01T01:00:00.000+0100", "2026-01-01T01:00:00+01:00"])
def test_vendors_date_is_the_moment_whatever_its_spelling(content: str) -> None:
    request = next(engine().query_variables(QueryVariables(filter=text(content, "Date"))))
    assert json.loads(request.body)["variableValues"][0]["value"] == "2026-01-01T00:00:00.000+0000"
    request = next(engine().query_variables(QueryVariables(filter=text("x", "String"))))
    assert json.loads(request.body)["variableValues"][0]["value"] == "x"
    with pytest.raises(ValueInvalid, match="is written as Camunda does") as refused:
        text("2026-01-01", "Date")
    assert [fault.pointer for fault in refused.value.errors] == ["/variableValues/0/value"]


def test_text_that_an_engine_with_another_pattern_reads_as_a_date_is_refused_there() -> None:
    other = engine(date_format="dd.MM.yyyy", date_zone="Europe/Berlin")
    with pytest.raises(ValueInvalid):
        next(other.query_variables(QueryVariables(filter=text("1.2.2026"))))
    request = next(other.query_variables(QueryVariables(filter=text("2026-01-01", "string"))))
    assert json.loads(request.body)["variableValues"][0]["value"] == "2026-01-01"
    day = next(other.query_variables(QueryVariables(filter=text("2026-01-31T23:00:00Z", "date-time"))))
    assert json.loads(day.body)["variableValues"][0]["value"] == "01.02.2026"


def test_date_goes_in_the_form_of_the_engine() -> None:
    for wanted in (text("2026-01-01T01:00:00+01:00", "date-time"), text("2026-01-01T01:00:00.000+0100")):
        for form, spelled in (("SSSZ", "2026-01-01T00:00:00.000+0000"), ("SSSXX", "2026-01-01T00:00:00.000Z")):
            request = next(engine(date_format=form).query_variables(QueryVariables(filter=wanted)))
            assert json.loads(request.body)["variableValues"][0]["value"] == spelled
    with pytest.raises(ValueInvalid):
        next(engine().query_variables(QueryVariables(filter=text("2026-01-01T00:00:00.0001Z", "date-time"))))
    with pytest.raises(ValueInvalid):
        next(engine(date_format="SSSXX").query_variables(QueryVariables(filter=text("2026-01-01T00:00:00.000Z"))))
