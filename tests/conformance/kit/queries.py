"""What every engine must answer to a query over all instances, or refuse before it asks."""

from __future__ import annotations

import json
from collections.abc import Iterator

import msgspec
import pytest

from gateway.errors import Unsupported
from gateway.model.condition import Condition
from gateway.model.query import CountVariables, Filter, QueryVariables, Row, Sort, VariablesFound
from gateway.model.results import Scope
from gateway.model.values import Value
from tests.conformance.subjects import DEFINITION, Subject
from tests.conformance.values import raw, whole

NAMES = ("amount", "Note", "note")


def text(content: str) -> Value:
    return Value(type="string", value=raw(json.dumps(content)))


def condition(name: str, operator: str, value: object) -> Condition:
    return Condition(name=name, operator=operator, value=raw(json.dumps(value)))  # type: ignore[arg-type]


def asked(subject: Subject, wanted: Filter, *, sorting: tuple[Sort, ...] = (), limit: int = 1000) -> list[Row]:
    """All rows, piece by piece; the count agrees."""
    rows: list[Row] = []
    after = None
    while True:
        offset = 0 if subject.engine.seeks else len(rows)
        command = QueryVariables(filter=wanted, sorting=sorting, limit=limit, offset=offset, after=after)
        found: VariablesFound = subject.ask("query_variables", command)
        assert not subject.wrote
        assert len(found.rows) <= limit
        rows += found.rows
        after = found.position
        if not found.more:
            break
    assert subject.ask("count_variables", CountVariables(filter=wanted)).count == len(rows)
    assert len({row.id for row in rows}) == len(rows)
    return rows


def places(rows: list[Row]) -> set[tuple[str | None, str]]:
    return {(row.instance, row.variable.name) for row in rows}


class TestQueries:
    @pytest.fixture
    def two(self, subject: Subject) -> Iterator[tuple[str, str]]:
        """Two instances with the same names and other values."""
        if not subject.has("query"):
            pytest.skip("not offered")
        instances = (subject.begin(NAMES), subject.begin(NAMES))
        for number, instance in enumerate(instances):
            values = {"amount": whole(10 * number + 5), "Note": text("A_b"), "note": text(f"50% of {number}")}
            subject.patch(instance, values)
        yield instances
        for instance in instances:
            subject.end(instance)

    def test_rows_say_what_they_are_and_where(self, subject: Subject, two: tuple[str, str]) -> None:
        wanted = Filter(instance_id_in=two, variable_name="amount")
        rows = {row.instance: row for row in asked(subject, wanted)}
        assert {each: row.variable.value for each, row in rows.items()} == {two[0]: whole(5), two[1]: whole(15)}
        for instance, row in rows.items():
            scope = row.variable.scope
            assert scope is not None
            assert (row.definition, scope.kind, scope.id) == (DEFINITION, "instance", instance)
            assert scope == Scope(kind="instance", id=instance, activity=scope.activity)

    def test_piece_after_piece_gives_each_row_once(self, subject: Subject, two: tuple[str, str]) -> None:
        wanted = Filter(instance_id_in=two)
        whole_ = asked(subject, wanted)
        assert places(whole_) == {(instance, name) for instance in two for name in NAMES}
        assert asked(subject, wanted, limit=1) == whole_

    @pytest.mark.parametrize("descending", [False, True])
    @pytest.mark.parametrize("key", ["name", "type", "scope"])
    def test_sorted_rows_are_the_same_rows(
        self, subject: Subject, two: tuple[str, str], key: str, descending: bool
    ) -> None:
        sorting = (Sort(key=key, descending=descending),)  # type: ignore[arg-type]
        wanted = Filter(instance_id_in=two)
        rows = asked(subject, wanted, sorting=sorting)
        assert places(rows) == {(instance, name) for instance in two for name in NAMES}
        assert places(asked(subject, wanted, sorting=sorting, limit=2)) == places(rows)
        if key == "name":
            names = [row.variable.name for row in rows]
            assert names == sorted(names, reverse=descending)

    @pytest.mark.parametrize(
        ("conditions", "names"),
        [
            ((condition("amount", "eq", 5),), {(0, "amount")}),
            ((condition("amount", "eq", 5.0),), {(0, "amount")}),
            ((condition("amount", "eq", "5"),), set()),
            ((condition("amount", "neq", 5),), {(1, "amount")}),
            ((condition("amount", "neq", "5"),), {(0, "amount"), (1, "amount")}),
            ((condition("amount", "neq", None),), {(0, "amount"), (1, "amount")}),
            ((condition("amount", "eq", None),), set()),
            ((condition("amount", "gt", 4), condition("amount", "lteq", 15)), {(0, "amount"), (1, "amount")}),
            ((condition("amount", "gteq", 6), condition("amount", "lt", 16)), {(1, "amount")}),
            ((condition("amount", "eq", 5), condition("note", "like", "%")), set()),
            ((condition("note", "like", "%"),), {(0, "note"), (1, "note")}),
            ((condition("note", "like", "50\\% of _"),), {(0, "note"), (1, "note")}),
            ((condition("note", "like", "%1"),), {(1, "note")}),
            ((condition("Note", "like", "A\\_b"),), {(0, "Note"), (1, "Note")}),
            ((condition("Note", "like", "A__"),), {(0, "Note"), (1, "Note")}),
            ((condition("Note", "eq", "a_B"),), set()),
            ((condition("note", "eq", ".*"),), set()),
        ],
    )
    def test_conditions_are_all_about_one_row(self, subject: Subject, two, conditions, names) -> None:
        rows = asked(subject, Filter(instance_id_in=two, variable_values=conditions))
        assert places(rows) == {(two[number], name) for number, name in names}

    def test_case_is_ignored_where_asked(self, subject: Subject, two: tuple[str, str]) -> None:
        wanted = Filter(
            instance_id_in=two,
            variable_values=(condition("NOTE", "like", "a\\_B"),),
            variable_names_ignore_case=True,
            variable_values_ignore_case=True,
        )
        assert places(asked(subject, wanted)) == {(instance, "Note") for instance in two}
        exact = msgspec.structs.replace(wanted, variable_names_ignore_case=False)
        assert asked(subject, exact) == []

    def test_pattern_of_names(self, subject: Subject, two: tuple[str, str]) -> None:
        for pattern, names in (("%ote", {"Note", "note"}), ("%", set(NAMES)), ("a%t", {"amount"}), ("not", set())):
            rows = asked(subject, Filter(instance_id_in=two, variable_name_like=pattern))
            assert places(rows) == {(instance, name) for instance in two for name in names}

    def test_instance_that_is_not_there_has_no_rows(self, subject: Subject, two: tuple[str, str]) -> None:
        assert asked(subject, Filter(instance_id_in=(subject.missing,))) == []
        assert places(asked(subject, Filter(instance_id_in=(subject.missing, two[0]), variable_name="amount"))) == {
            (two[0], "amount")
        }

    def test_every_instance_is_looked_at_where_none_is_named(self, subject: Subject, two: tuple[str, str]) -> None:
        rows = asked(subject, Filter(variable_values=(condition("note", "like", "50\\% of _"),)))
        assert places(rows) >= {(instance, "note") for instance in two}

    def test_query_not_offered_is_refused_unsent(self, subject: Subject) -> None:
        if subject.has("query"):
            pytest.skip("offered")
        with pytest.raises(Unsupported):
            subject.ask("query_variables", QueryVariables(filter=Filter()))
        assert subject.sent == []
