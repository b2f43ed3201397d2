"""The table of failures: what our own sender meets; aiohttp's side is in ``test_exceptions``."""

from __future__ import annotations

import pytest

from gateway.errors import EngineMisbehaved, EngineTimeout, EngineUnavailable, OutcomeUnknown
from gateway.wire import failures
from gateway.wire.failures import name_failure

ROWS = [
    (failures.NotConnected(), EngineUnavailable, EngineUnavailable),
    (failures.NotSentInTime(), EngineTimeout, EngineTimeout),
    (failures.AnswerTooLarge(9), EngineMisbehaved, EngineMisbehaved),
    (failures.ConnectionLost(headless=True), EngineUnavailable, OutcomeUnknown),
    (failures.ConnectionLost(headless=False), EngineUnavailable, OutcomeUnknown),
    (failures.UnreadableAnswer(), EngineMisbehaved, OutcomeUnknown),
    (TimeoutError(), EngineTimeout, OutcomeUnknown),
    (ConnectionResetError(), EngineUnavailable, OutcomeUnknown),
]


@pytest.mark.parametrize(("error", "read", "write"), ROWS, ids=lambda each: getattr(each, "__name__", repr(each)))
def test_failure_of_a_read_and_of_a_write(error: Exception, read: type, write: type) -> None:
    found = [name_failure(error, "hr", writes=writes) for writes in (False, True)]
    assert [(type(each), each.engine) for each in found] == [(read, "hr"), (write, "hr")]


@pytest.mark.parametrize(("error", "read", "write"), ROWS, ids=lambda each: getattr(each, "__name__", repr(each)))
def test_write_is_said_to_be_undone_only_if_nothing_was_sent(error: Exception, read: type, write: type) -> None:
    sent = not isinstance(error, failures.NotConnected | failures.NotSentInTime)
    assert name_failure(error, "hr", writes=True).outcome == ("unknown" if sent else "not_applied")


def test_too_large_answer_names_the_limit() -> None:
    assert name_failure(failures.AnswerTooLarge(9), "hr", writes=False).detail == "The answer is larger than 9 bytes."


def hidden(table) -> list[str]:
    """Rows that never count, because a row above takes their errors."""
    kinds = [kind for kind, _ in table]
    return [kind.__name__ for place, kind in enumerate(kinds) if any(issubclass(kind, each) for each in kinds[:place])]


def test_no_row_of_the_table_hides_another() -> None:
    assert hidden(failures.TABLE) == []
    assert failures.TABLE[-1][0] is Exception


def test_hidden_row_is_seen() -> None:
    assert hidden([(OSError, None), (ConnectionResetError, None)]) == ["ConnectionResetError"]
