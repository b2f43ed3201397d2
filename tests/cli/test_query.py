"""``varbridge query`` as a process, asking a demonstration of both vendors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.programs import free_port, running, varbridge


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    port = free_port()
    with running("demo", "--port", str(port), "--admin-port", str(free_port())) as program:
        program.wait_for("Serving until Ctrl-C.")
        yield f"http://127.0.0.1:{port}"


def test_question_to_all_engines_is_shown_as_a_table_and_as_json(url: str) -> None:
    there = {"VARBRIDGE_URL": url}
    table = varbridge("query", "--where", "amount gt 1", "--sort", "name:desc", **there)
    assert (table.returncode, table.stderr) == (0, "")
    assert "claims:" in table.stdout
    assert "hr:" in table.stdout
    asked = varbridge("query", "--name", "amount", "--json", **there)
    assert [row["engine"] for row in json.loads(asked.stdout)] == ["claims", "hr"]
    one = varbridge("query", "--name-like", "am%", "--engine", "hr", "--json", **there)
    assert [row["engine"] for row in json.loads(one.stdout)] == ["hr"]


def test_pages_are_followed_and_counted(url: str, tmp_path: Path) -> None:
    there = {"VARBRIDGE_URL": url}
    first = varbridge("query", "--limit", "2", "--json", **there)
    assert len(json.loads(first.stdout)) == 2
    assert "there are more rows" in first.stderr
    everything = json.loads(varbridge("query", "--limit", "5", "--all", "--json", **there).stdout)
    counted = json.loads(varbridge("query", "--count", "--json", **there).stdout)
    assert counted["count"] == len(everything) > 10
    body = tmp_path / "query.json"
    body.write_text('\ufeff{"variableName": "amount", "limit": 1}', encoding="utf-8")  # as PowerShell writes it
    assert len(json.loads(varbridge("query", "--file", str(body), "--all", "--json", **there).stdout)) == 2


def test_refusal_and_failure_are_told_on_the_error_stream(url: str) -> None:
    there = {"VARBRIDGE_URL": url}
    assert varbridge("query", "--where", "amount", **there).returncode == 2
    refused = varbridge("query", "--where", "amount gt true", **there)
    assert (refused.returncode, refused.stderr.splitlines()[0][:20]) == (1, "error: value-invalid")
    assert varbridge("query", "--sort", "value", **there).returncode == 1
    lenient = varbridge("query", "--where", "note eq null", "--lenient", **there)
    assert lenient.returncode == 0
