"""The harness speaks to the real thing: a few facts about it that the gateway is built on."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

import pytest

from tests.recordings.replay import MODELS


def test_version_of_the_engine_is_the_recorded_one(live_camunda: str) -> None:
    assert _ask("GET", f"{live_camunda}/version") == {"version": "7.24.0"}


def test_models_of_the_recordings_are_deployed(live_camunda: str) -> None:
    definitions = _ask("GET", f"{live_camunda}/process-definition?latestVersion=true")
    assert {definition["resource"] for definition in definitions} >= {path.name for path in MODELS.glob("*.bpmn")}


def test_new_instance_has_no_variables(live_camunda: str, live_instance: str) -> None:
    assert _ask("GET", _variables(live_camunda, live_instance)) == {}


def test_variable_set_comes_back(live_camunda: str, live_instance: str) -> None:
    url = f"{_variables(live_camunda, live_instance)}/amount"
    assert _ask("PUT", url, {"value": 42, "type": "Long"}) is None
    assert _ask("GET", url) == {"type": "Long", "value": 42, "valueInfo": {}}


def test_patch_sets_and_deletes(live_camunda: str, live_instance: str) -> None:
    url = _variables(live_camunda, live_instance)
    _ask("POST", url, {"modifications": {"a": {"value": 1}, "b": {"value": "x"}}})
    _ask("POST", url, {"modifications": {"b": {"value": "y"}}, "deletions": ["a"]})
    assert _ask("GET", url) == {"b": {"type": "String", "value": "y", "valueInfo": {}}}


@pytest.mark.parametrize(
    ("query", "value"),
    [
        ("?deserializeValue=false", '{ "b": 2 }'),
        # The plural belongs to the endpoint of all variables; here it says nothing, without an error.
        ("?deserializeValues=false", {"object": True, "nodeType": "OBJECT"}),
        ("", {"object": True, "nodeType": "OBJECT"}),
    ],
)
def test_json_is_its_text_only_without_deserializing(
    live_camunda: str, live_instance: str, query: str, value: Any
) -> None:
    url = f"{_variables(live_camunda, live_instance)}/j"
    _ask("PUT", url, {"type": "Json", "value": '{ "b": 2 }'})
    answer = _ask("GET", url + query)["value"]
    assert answer == value if isinstance(value, str) else answer.items() >= value.items()


def test_missing_instance_is_a_server_error_of_the_engine(live_camunda: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        _ask("GET", _variables(live_camunda, "nope"))
    assert refused.value.code == 500


def test_day_that_javas_calendar_leaves_out_comes_back_ten_days_later(live_camunda: str, live_instance: str) -> None:
    url = f"{_variables(live_camunda, live_instance)}/d"
    for written, found in (("04", "04"), ("05", "15"), ("14", "24"), ("15", "15")):
        _ask("PUT", url, {"type": "Date", "value": f"1582-10-{written}T00:00:00.000+0000"})
        assert _ask("GET", url)["value"] == f"1582-10-{found}T00:00:00.000+0000"


def test_options_of_a_variable_name_its_methods(live_camunda: str, live_instance: str) -> None:
    request = urllib.request.Request(f"{_variables(live_camunda, live_instance)}/a", method="OPTIONS")
    with urllib.request.urlopen(request, timeout=30) as answer:
        allowed = answer.headers["Allow"].split(",")
    assert sorted(allowed) == ["DELETE", "GET", "HEAD", "OPTIONS", "PUT"]


def _variables(url: str, instance: str) -> str:
    return f"{url}/process-instance/{instance}/variables"


def _ask(method: str, url: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, method=method, headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        text = answer.read()
    return json.loads(text) if text else None
