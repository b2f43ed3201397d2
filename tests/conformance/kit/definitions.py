"""What instances can be started of."""

from __future__ import annotations

import pytest

from gateway.errors import Unsupported
from gateway.model.commands import DescribeInstance, ListDefinitions
from gateway.model.lifecycle import StartInstance
from gateway.model.results import Definition
from tests.conformance.kit.asking import instance_of
from tests.conformance.subjects import DEFINITION, Subject


def listed(subject: Subject) -> list[Definition]:
    return list(subject.ask("list_definitions", ListDefinitions()).definitions)


class TestDefinitions:
    @pytest.fixture(autouse=True)
    def able(self, subject: Subject) -> None:
        if not subject.has("definitions.list"):
            pytest.skip("lists no definitions")

    def test_definition_of_an_instance_is_listed_once_and_nothing_is_written(self, subject: Subject) -> None:
        with instance_of(subject) as instance:
            shown = listed(subject)
            assert not subject.wrote
            known = subject.ask("describe_instance", DescribeInstance(instance=instance)).instance
            mine = [each for each in shown if each.key == DEFINITION]
            assert [(each.key, each.tenant) for each in mine] == [(known.definition, None)]
            assert mine[0].id == known.definition_id
            assert shown == sorted(shown, key=lambda each: (each.key, each.tenant or "", each.id))

    def test_listed_definition_starts_by_its_key_and_by_its_id(self, subject: Subject) -> None:
        with instance_of(subject):
            mine = next(each for each in listed(subject) if each.key == DEFINITION)
            for definition in (mine.key, mine.id):
                new = subject.ask("start_instance", StartInstance(definition=definition)).instance
                assert (new.definition, new.definition_id) == (mine.key, mine.id)
                subject.end(new.id)

    def test_more_definitions_than_the_limit_are_refused(self, subject: Subject) -> None:
        with instance_of(subject):
            most = len(listed(subject))
            assert len(subject.ask("list_definitions", ListDefinitions(limit=most)).definitions) == most
            with pytest.raises(Unsupported):
                subject.ask("list_definitions", ListDefinitions(limit=most - 1))
