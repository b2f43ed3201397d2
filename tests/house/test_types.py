"""``adapters/TYPES.md`` shows what happens, and what happens is exact, named by a rule, or refused."""

from __future__ import annotations

import pytest

from gateway.model.values import SYNONYMS, TYPES, Value
from tests.conformance.values import same, shown
from tests.house import matrix, types

CELLS = [
    pytest.param(vendor, settings, example.value, id=f"{vendor}-{shown(example.value)}-{number}")
    for example in types.EXAMPLES
    for vendor in types.VENDORS
    for number, settings in enumerate(getattr(example, vendor))
]


def test_page_is_what_the_adapters_do() -> None:
    text = types.PAGE.read_text(encoding="utf-8")
    assert matrix.shown(text, "types") == types.table(), "run: python -m tests.house.types"


def test_page_that_is_out_of_date_is_seen() -> None:
    old = "<!-- types -->\n| old |\n<!-- /types -->"
    assert matrix.shown(old, "types") == "| old |" != types.table()
    assert matrix.shown(matrix.replaced(old, "types", types.table()), "types") == types.table()


def test_page_has_every_type_and_format() -> None:
    named = {(example.value.type, example.value.format) for example in types.EXAMPLES}
    assert {kind for kind, _ in named} == set(TYPES)
    assert {each for each in SYNONYMS.values() if each[1] is not None} <= named


@pytest.mark.parametrize(("vendor", "settings", "value"), CELLS)
def test_value_of_a_cell_comes_back_or_names_its_rule_or_is_refused(
    vendor: str, settings: types.Settings, value: Value
) -> None:
    found = types.outcome(vendor, settings, value)
    if found.refused or found.rules or settings.get("date_format") == "SSSXX" or value.transient:
        return
    assert (found.found or value).is_null() == value.is_null()
    assert value.is_null() or (found.found is not None and same(value, found.found, exactly=vendor == "camunda7"))
