"""Tables for people: cut at the terminal's width, and nothing in a cell acts on the terminal or looks like another."""

from __future__ import annotations

import json
from typing import Any

import pytest
from rich.console import Console

from gateway.cli import cells, output

LONG = "x" * 3000
ROW = {"name": "note", "type": "string", "value": LONG}
COLUMNS = ("name", "type", "value", "error")


def table(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], columns: str | None, **more: Any) -> str:
    monkeypatch.delenv("COLUMNS", raising=False)
    if columns is not None:
        monkeypatch.setenv("COLUMNS", columns)
    output.print_rows([ROW], COLUMNS, as_json=False, **more)
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("columns", "width"), [pytest.param("60", 60, id="narrow"), pytest.param(None, 200, id="pipe")]
)
def test_cells_are_cut_at_the_width_on_one_line(
    columns: str | None, width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = table(monkeypatch, capsys, columns).splitlines()
    assert len(lines) == 5
    assert {len(line) for line in lines} == {width}
    assert "xx…" in lines[3]


def test_wide_table_has_every_cell_whole(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    shown = table(monkeypatch, capsys, "60", wide=True)
    assert (LONG in shown, "…" in shown, len(shown.splitlines())) == (True, False, 5)


def test_json_has_every_value_whole(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    output.print_rows([ROW], COLUMNS, as_json=True)
    assert json.loads(capsys.readouterr().out) == [ROW]


def test_id_is_whole_as_long_as_another_column_can_be_narrowed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    instance = "hr:4227064d-5d8b-4dee-b7e1-1db8fa2f8911"
    output.print_rows([{"instance": instance, "name": "n" * 255}], ("instance", "name"), as_json=False)
    assert instance in capsys.readouterr().out


CELLS = {
    "null": ({"type": "integer", "value": None}, "null", "dim"),
    "null-of-a-file": ({"type": "file", "value": None}, "null", "dim"),
    "empty-text": ({"type": "string", "value": ""}, '""', ""),
    "text-null": ({"type": "string", "value": "null"}, '"null"', ""),
    "text-of-two-quotes": ({"type": "string", "value": '""'}, '"\\"\\""', ""),
    "text": ({"type": "string", "value": "checked"}, "checked", ""),
    "number": ({"type": "integer", "value": 42}, "42", ""),
    "false": ({"type": "boolean", "value": False}, "false", ""),
    "json": ({"type": "json", "value": {"a": [1, None]}}, '{"a":[1,null]}', ""),
    "masked": ({"type": "string", "redacted": True}, "redacted", "dim"),
    "broken": ({"type": "json", "error": "not JSON"}, "", ""),
    "broken-file": ({"type": "file", "error": "gone"}, "", ""),
    "file": (
        {"type": "file", "filename": "a.pdf", "mediaType": "application/pdf", "size": 1234},
        "a.pdf, application/pdf, 1234 bytes",
        "",
    ),
    "file-without-size": ({"type": "file", "filename": "a.pdf"}, "a.pdf", ""),
    "file-without-anything": ({"type": "file"}, "not shown", "dim"),
    "file-that-is-inlined": ({"type": "file", "filename": "a", "value": "aGVsbG8="}, "a, 5 bytes", ""),
    "bytes": ({"type": "bytes", "size": 0}, "0 bytes", ""),
    "bytes-that-are-inlined": ({"type": "bytes", "value": "aGVsbG8h"}, "6 bytes", ""),
    "no-bytes-inlined": ({"type": "bytes", "value": ""}, "0 bytes", ""),
    "text-that-acts": ({"type": "string", "value": "\x1b[2J\u202e\n"}, "\\u001b[2J\\u202e\\n", ""),
    "json-that-acts": ({"type": "json", "value": ["\x9b"]}, '["\\u009b"]', ""),
    "file-name-that-acts": ({"type": "file", "filename": "a\u202efdp.exe"}, "a\\u202efdp.exe", ""),
}


@pytest.mark.parametrize(("row", "text", "style"), CELLS.values(), ids=CELLS)
def test_value_is_shown_as_what_it_is(row: dict[str, Any], text: str, style: str) -> None:
    shown = cells.cell(row, "value")
    assert (shown.plain, shown.style) == (text, style)


@pytest.mark.parametrize(
    ("row", "text"),
    [
        pytest.param({}, "", id="absent"),
        pytest.param({"tenant": None}, "null", id="null"),
        pytest.param({"tenant": ""}, '""', id="empty"),
        pytest.param({"tenant": "null"}, "null", id="text-null"),
        pytest.param({"tenant": 3}, "3", id="number"),
        pytest.param({"tenant": "\x07"}, "\\u0007", id="acts"),
    ],
)
def test_cell_of_another_column_is_shown_as_what_it_is(row: dict[str, Any], text: str) -> None:
    assert cells.cell(row, "tenant").plain == text


def test_null_is_dimmed_on_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    terminal = Console(force_terminal=True, color_system="standard", width=80)
    monkeypatch.setattr(output, "_console", lambda *, wide: terminal)
    output.print_rows([{"value": None}], ("value",), as_json=False)
    assert "\x1b[2mnull" in capsys.readouterr().out


def problem(capsys: pytest.CaptureFixture[str], **members: Any) -> str:
    with pytest.raises(SystemExit) as end:
        output.decode_answer(400, json.dumps(members).encode())
    assert end.value.code == output.FAILED
    return capsys.readouterr().err


def test_problem_acts_on_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    said = problem(
        capsys,
        code="a\x1b",
        detail="b\x9b",
        errors=[{"pointer": "/c\u202e", "detail": "d\x7f"}],
        outcome="partial",
        applied=["e\r"],
    )
    assert said == "error: a\\u001b: b\\u009b\n  /c\\u202e: d\\u007f\n  outcome: partial; applied: e\\r\n"
