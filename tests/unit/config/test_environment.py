"""The environment over the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway import config

from .test_load import DOOR, HR, load, refused


def test_number_text_and_truth_of_the_environment_win(tmp_path: Path) -> None:
    read = load(
        tmp_path,
        "[server]\nport = 8080\n" + HR,
        VARBRIDGE__SERVER__PORT="8081",
        VARBRIDGE__SERVER__HOST="localhost",
        VARBRIDGE__AUTH__OPEN="true",
        VARBRIDGE__ENGINES__HR__URL="http://127.0.0.1:1234/x",
        VARBRIDGE__ENGINES__HR__TIMEOUT_S="1.5",
    )

    assert (read.server.port, read.server.host, read.auth.open) == (8081, "localhost", True)
    assert (read.engines["hr"].url, read.engines["hr"].timeout_s) == ("http://127.0.0.1:1234/x", 1.5)


def test_tables_and_arrays_may_come_from_the_environment_alone(tmp_path: Path) -> None:
    read = load(
        tmp_path,
        HR,
        VARBRIDGE__CORS__ORIGINS='["https://a.example"]',
        VARBRIDGE__ENGINES__HR__AUTH__KIND="bearer",
        VARBRIDGE__ENGINES__HR__AUTH__TOKEN="env:HR_TOKEN",
        VARBRIDGE__ENGINES__NEW__VENDOR="ibm_bpm",
        VARBRIDGE__ENGINES__NEW__URL="http://127.0.0.1:9081/rest",
        VARBRIDGE__AUTH__CALLERS='[{name = "x", forward = true}]',
        VARBRIDGE__LOG='{level = "error"}',
    )

    assert read.cors.origins == ["https://a.example"]
    assert (read.engines["hr"].auth.kind, read.engines["hr"].auth.token) == ("bearer", "env:HR_TOKEN")
    assert read.engines["new"].vendor == "ibm_bpm"
    assert read.auth.callers[0].name == "x"
    assert read.log.level == "error"


def test_key_of_the_file_keeps_its_spelling(tmp_path: Path) -> None:
    read = load(
        tmp_path, HR.replace("engines.hr", "engines.HumanResources"), VARBRIDGE__ENGINES__HUMANRESOURCES__TIMEOUT_S="3"
    )

    assert {name: engine.timeout_s for name, engine in read.engines.items()} == {"HumanResources": 3.0}


def test_text_of_digits_only_needs_quotes(tmp_path: Path) -> None:
    table = HR + '[engines.hr.auth]\nkind = "basic"\npassword = "env:P"\n'

    assert load(tmp_path, table, VARBRIDGE__ENGINES__HR__AUTH__USERNAME='"42"').engines["hr"].auth.username == "42"
    assert refused(tmp_path, table, VARBRIDGE__ENGINES__HR__AUTH__USERNAME="42") == (
        "engines.hr.auth.username: Expected `str | null`, got `int` "
        "(set by VARBRIDGE__ENGINES__HR__AUTH__USERNAME in the environment)"
    )


def test_text_with_line_feeds_sets_its_own_key_only(tmp_path: Path) -> None:
    read = load(tmp_path, HR + DOOR, VARBRIDGE__SERVER__PORT="8081\n[auth]\nopen = true")

    assert (read.server.port, read.auth.open) == (8081, False)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("VARBRIDGE__NOPE", "nope"),
        ("VARBRIDGE__NOPE__PORT", "nope"),
        ("VARBRIDGE__SERVER__NOPE", "server.nope"),
        ("VARBRIDGE__ENGINES__HR__AUTH__WRONGLY", "engines.hr.auth.wrongly"),
        ("VARBRIDGE__DIALECTS__ONE__NOPE", "dialects.one.nope"),
    ],
)
def test_unknown_key_of_the_environment_is_refused_and_its_variable_named(tmp_path: Path, name: str, path: str) -> None:
    said = refused(tmp_path, HR + DOOR, **{name: "hunter2"})

    assert said == f"{path}: unknown key (set by {name} in the environment)"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        pytest.param(
            "VARBRIDGE__SERVER__PROT",
            "server.prot: unknown key; did you mean `port`? (set by VARBRIDGE__SERVER__PROT in the environment)",
            id="key",
        ),
        pytest.param(
            "VARBRIDGE__ENGINES__HRR__TIMEOUT_S",
            "engines.hrr.vendor: one of camunda7, ibm_bpm "
            "(set by VARBRIDGE__ENGINES__HRR__TIMEOUT_S in the environment; did you mean `hr`?)",
            id="engine",
        ),
        pytest.param(
            "VARBRIDGE__DIALECTS__ONEE__DEBUG",
            "dialects.onee: Object missing required field `vendor` "
            "(set by VARBRIDGE__DIALECTS__ONEE__DEBUG in the environment; did you mean `one`?)",
            id="front-door",
        ),
        pytest.param(
            "VARBRIDGE__ENGINE__HR__URL",
            "engine: unknown key; did you mean `engines`? (set by VARBRIDGE__ENGINE__HR__URL in the environment)",
            id="table",
        ),
    ],
)
def test_misspelled_name_of_the_environment_is_refused_with_the_one_that_is_meant(
    tmp_path: Path, name: str, message: str
) -> None:
    assert refused(tmp_path, HR + DOOR, **{name: "true"}) == message


def test_value_that_is_nested_too_deeply_is_a_text(tmp_path: Path) -> None:
    said = refused(tmp_path, HR, VARBRIDGE__SERVER__PORT="[" * 5000)

    assert said == "server.port: Expected `int`, got `str` (set by VARBRIDGE__SERVER__PORT in the environment)"


@pytest.mark.parametrize("name", ["VARBRIDGE__SERVER__PORT__X", "VARBRIDGE__AUTH__CALLERS__0__NAME"])
def test_step_that_is_no_table_is_refused(tmp_path: Path, name: str) -> None:
    said = refused(tmp_path, '[server]\nport = 1\n[[auth.callers]]\nname = "x"\nforward = true', **{name: "hunter2"})

    assert "is no table" in said
    assert "hunter2" not in said


def test_variables_of_other_programs_are_left_alone(tmp_path: Path) -> None:
    assert load(tmp_path, "", VARBRIDGE_URL="x", PATH="y", VARBRIDGE="z") == load(tmp_path, "")


def test_environment_gives_a_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VARBRIDGE__SERVER__PORT", "1")

    given = config.environment()
    given["VARBRIDGE__SERVER__PORT"] = "2"

    assert config.environment()["VARBRIDGE__SERVER__PORT"] == "1"
