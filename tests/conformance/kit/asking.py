"""What the tests of the kit have in common."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import HealthCheck, settings

from gateway.errors import (
    Refusal,
    VarbridgeError,
)
from gateway.model.values import Value
from tests.conformance.subjects import Subject

drawn = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.differing_executors],
)


@contextlib.contextmanager
def instance_of(subject: Subject, *names: str) -> Iterator[str]:
    """An instance that may have variables of these names, gone afterwards."""
    instance = subject.begin(names)
    try:
        yield instance
    finally:
        if subject.lives(instance):
            subject.end(instance)


def can_hold(subject: Subject, value: Value) -> bool:
    kind = f"{value.type}/{value.format}" if value.format else value.type
    return kind in subject.engine.capabilities.types


def exactly(subject: Subject) -> bool:
    return subject.has("variables.stored_types")


def refused_before_writing(subject: Subject, instance: str, error: type[VarbridgeError], **patch: object) -> Refusal:
    """A patch is refused, says so by its outcome, and has sent nothing that writes."""
    with pytest.raises(error) as caught:
        subject.patch(instance, **patch)
    assert not subject.wrote
    assert caught.value.outcome == "not_applied"
    return caught.value


def both(value: Value, found: Value | None) -> str:
    def told(each: Value | None) -> str:
        return repr(each and msgspec.json.encode(each))

    return f"{told(value)} came back as {told(found)}"


def unsent(subject: Subject, error: VarbridgeError) -> bool:
    """Whether an error is a value's own, and nothing that writes was sent."""
    return (error.status, error.outcome, subject.wrote) == (422, "not_applied", False)
