"""The fixture `subject`: every engine of `subjects.SUBJECTS` in turn."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.register_assert_rewrite("tests.conformance.kit")

from tests.conformance.subjects import LIVE, SUBJECTS, Subject, live  # noqa: E402 - after what it must precede


@pytest.fixture(
    scope="session",
    params=[*(pytest.param(name, id=name) for name in SUBJECTS), pytest.param(LIVE, id=LIVE, marks=pytest.mark.live)],
)
def subject(request: pytest.FixtureRequest) -> Iterator[Subject]:
    """An engine and how to speak to it."""
    if request.param != LIVE:
        yield SUBJECTS[request.param]()
        return
    with live(request.getfixturevalue("live_camunda")) as real:
        yield real
