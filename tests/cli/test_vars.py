"""``varbridge vars`` as a process: whatever is in a variable, a terminal shows it and is left alone."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.cli.programs import free_port, running, varbridge

EVIL = "\x1b[2J\x9b31m\u202egnp\x7f"
SHOWN = "\\u001b[2J\\u009b31m\\u202egnp\\u007f"
ACTING = ("\x1b", "\x9b", "\u202e", "\x7f")


@pytest.fixture(scope="module")
def there() -> Iterator[dict[str, str]]:
    port = free_port()
    with running("demo", "--port", str(port), "--admin-port", str(free_port())) as program:
        program.wait_for("Serving until Ctrl-C.")
        yield {"VARBRIDGE_URL": f"http://127.0.0.1:{port}", "COLUMNS": "100"}


@pytest.fixture(scope="module")
def instance(there: dict[str, str]) -> str:
    found = varbridge("query", "--name", "amount", "--engine", "hr", "--json", **there)
    name: str = json.loads(found.stdout)[0]["instance"]
    for variable, value in {"evil": EVIL, "long": "x" * 3000, "empty": "", "gone": None}.items():
        assert varbridge("vars", "set", name, variable, json.dumps(value), **there).returncode == 0
    return name


def test_list_is_cut_and_tells_nothing_from_null_and_from_an_empty_text(instance: str, there: dict[str, str]) -> None:
    listed = varbridge("vars", "list", instance, "--names", "empty,evil,gone,long,scan", **there).stdout
    assert {len(line) for line in listed.splitlines()} == {100}
    cells = {line.split("│")[1].strip(): line.split("│")[4].strip() for line in listed.splitlines() if "│" in line}
    assert cells.pop("long").endswith("x…")
    assert cells == {"empty": '""', "evil": SHOWN, "gone": "null", "scan": "invoice.pdf, application/pdf"}


@pytest.mark.parametrize("flag", ["--wide", "--json"])
def test_list_is_whole_on_demand(flag: str, instance: str, there: dict[str, str]) -> None:
    assert "x" * 3000 in varbridge("vars", "list", instance, flag, **there).stdout


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(("vars", "list", "{instance}"), id="list"),
        pytest.param(("vars", "list", "{instance}", "--wide"), id="list-wide"),
        pytest.param(("vars", "list", "{instance}", "--json"), id="list-json"),
        pytest.param(("vars", "get", "{instance}", "evil"), id="get"),
        pytest.param(("vars", "set", "{instance}", "evil", '"{evil}"', "--dry-run"), id="dry-run"),
        pytest.param(("vars", "merge", "{instance}", "evil", '"{evil}"'), id="merge"),
        pytest.param(("query", "--name", "evil"), id="query"),
        pytest.param(("instances", "find", "--variables", "--engine", "hr"), id="find"),
        pytest.param(("vars", "get", "{instance}", "{evil}"), id="unknown-variable"),
        pytest.param(("vars", "list", "hr:{evil}"), id="unknown-instance"),
        pytest.param(("vars", "patch", "{instance}", "--set", "{evil}"), id="wrong-usage"),
        pytest.param(("vars", "list", "hr:1", "--url", "http://{evil}"), id="unreachable"),
        pytest.param(("{evil}",), id="unknown-command"),
        pytest.param(("check", "/nowhere/{evil}"), id="unreadable-configuration"),
    ],
)
def test_output_acts_on_no_terminal(command: tuple[str, ...], instance: str, there: dict[str, str]) -> None:
    done = varbridge(*(word.replace("{instance}", instance).replace("{evil}", EVIL) for word in command), **there)
    shown = done.stdout + done.stderr
    assert shown
    assert [character for character in ACTING if character in shown] == []


def test_instance_shows_its_variables_by_name_and_value(instance: str, there: dict[str, str]) -> None:
    found = varbridge("instances", "find", "--variables", "--engine", "hr", "--wide", **there).stdout
    for each in ('empty=""', "gone=null", f"evil={SHOWN}", "scan=invoice.pdf, application/pdf"):
        assert each in found
