"""Wrong usage is told before anything is sent: nobody listens where these commands would ask."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
from click.testing import CliRunner, Result

from gateway.cli import main
from gateway.cli.conditions import OPERATORS
from gateway.model.condition import Operator

WRONG, UNREACHABLE = 2, 4
DROPPED = (
    ("query", "--file", "{file}", "--name", "x"),
    ("query", "--file", "{file}", "--where", "x eq 1"),
    ("query", "--file", "{file}", "--limit", "0"),
    ("query", "--file", "{file}", "--engine", "hr"),
    ("operations", "start", "--file", "{file}", "--engine", "hr"),
    ("operations", "start", "--file", "{file}", "--set", "x=1"),
    ("batch", "{file}", "--engine", "hr"),
    ("modify", "hr:1", "--file", "{file}", "--set", "x=1"),
    ("modify", "hr:1", "--file", "{file}", "--annotation", "why"),
    ("vars", "patch", "hr:1", "--file", "{file}", "--delete", "x"),
    ("instances", "find", "--engine", "hr", "--engines", "claims"),
)
"""Where one of the options would be left out without a word."""


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "body.json"
    path.write_text("{}")
    return str(path)


def ran(*arguments: str) -> Result:
    return CliRunner().invoke(main, [*arguments, "--url", "http://127.0.0.1:1"])


@pytest.mark.parametrize("arguments", DROPPED, ids=" ".join)
def test_option_that_would_be_left_out_is_wrong_usage(arguments: tuple[str, ...], file: str) -> None:
    assert ran(*(each.format(file=file) for each in arguments)).exit_code == WRONG


@pytest.mark.parametrize("alone", [("batch", "{file}"), ("operations", "start", "--file", "{file}")], ids=" ".join)
def test_body_from_a_file_is_sent(alone: tuple[str, ...], file: str) -> None:
    assert ran(*(each.format(file=file) for each in alone)).exit_code == UNREACHABLE


def test_name_that_is_set_twice_is_wrong_usage() -> None:
    done = ran("vars", "patch", "hr:1", "--set", "x=1", "--set", "x=2")
    assert (done.exit_code, "'x' is given twice" in done.output) == (WRONG, True)


def test_message_of_a_wrong_correlation_names_its_option() -> None:
    done = ran("messages", "send", "paid", "--correlate", "x")
    assert (done.exit_code, "--correlate takes NAME=JSON" in done.output) == (WRONG, True)


@pytest.mark.parametrize(
    ("operator", "meant"),
    [
        pytest.param(">=", "gteq", id="sign"),
        pytest.param("gte", "gteq", id="other-word"),
        pytest.param("EQ", "eq", id="upper-case"),
        pytest.param("lik", "like", id="letter-missing"),
    ],
)
@pytest.mark.parametrize("command", [("query",), ("operations", "start")], ids=" ".join)
def test_unknown_operator_is_wrong_usage_with_the_one_that_is_meant(
    operator: str, meant: str, command: tuple[str, ...]
) -> None:
    done = ran(*command, "--where", f"amount {operator} 1")
    assert (done.exit_code, f"Did you mean `{meant}`?" in done.output) == (WRONG, True)


def test_operators_are_those_of_the_gateway() -> None:
    assert get_args(Operator) == OPERATORS


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        pytest.param("integer", "abc", "'abc' is no value of the type integer; one is 42.", id="integer"),
        pytest.param("Boolean", "yes", "'yes' is no value of the type Boolean; one is true.", id="vendors-boolean"),
        pytest.param("json", "{a: 1}", "'{a: 1}' is no value of the type json; one is '{\"a\": 1}'.", id="json"),
        pytest.param(None, "text", "'text' is not JSON; quote it ('\"text\"') or give --type string.", id="no-type"),
    ],
)
def test_value_that_is_not_json_is_wrong_usage_with_one_that_would_be_taken(
    kind: str | None, value: str, message: str
) -> None:
    done = ran("vars", "set", "hr:1", "x", value, *(("--type", kind) if kind else ()))
    assert (done.exit_code, message in done.output) == (WRONG, True)


def test_unknown_command_is_wrong_usage_with_the_one_that_is_meant() -> None:
    done = CliRunner().invoke(main, ["querry"])
    assert (done.exit_code, "No such command 'querry'. Did you mean `query`?" in done.output) == (WRONG, True)


def test_patch_of_nothing_is_wrong_usage() -> None:
    assert ran("vars", "patch", "hr:1").exit_code == WRONG


@pytest.mark.parametrize("number", ["-5", "-0.5", "-1e3"])
def test_negative_number_is_a_value_and_no_option(number: str) -> None:
    assert ran("vars", "set", "hr:1", "amount", number, "--dry-run").exit_code == UNREACHABLE
    assert ran("vars", "set", "hr:1", "amount", number, "--bogus").exit_code == WRONG
    assert ran("vars", "set", "hr:1", "amount", "--bogus").exit_code == WRONG
