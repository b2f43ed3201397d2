"""``adapters/MOVES.md`` shows what verdicts say."""

from __future__ import annotations

import pytest

from tests.house import matrix, moves

TABLES = [
    pytest.param(f"{source} to {target}", (source, target), id=f"{source}-to-{target}")
    for source, target in moves.PAIRS
]


@pytest.mark.parametrize(("name", "pair"), TABLES)
def test_table_of_a_pair_is_what_verdicts_say(name: str, pair: tuple[str, str]) -> None:
    text = moves.PAGE.read_text(encoding="utf-8")
    assert matrix.shown(text, name) == moves.table(*pair), "run: python -m tests.house.moves"


def test_rules_of_the_page_are_those_of_comparisons() -> None:
    assert matrix.shown(moves.PAGE.read_text(encoding="utf-8"), "rules") == moves.rules()


def test_camunda_keeps_all_that_camunda_stores() -> None:
    lines = [line for line in moves.table("camunda7", "camunda7").splitlines() if line.startswith("| `{")]
    cells = [line.split(" | ")[-1].removesuffix(" |").split("<br>")[0] for line in lines]
    assert set(cells) == {"kept"}


def test_page_that_is_out_of_date_is_seen() -> None:
    old = "<!-- rules -->\n| old |\n<!-- /rules -->"
    assert matrix.shown(moves.written(old), "rules") == moves.rules() != matrix.shown(old, "rules")
