"""Deadlines: tasks cancelled in time, and only those, by one timer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest

from gateway.wire.deadlines import Deadline, Deadlines


class Timer:
    def __init__(self, at: float, fire: Callable[[], None]) -> None:
        self.at, self.fire, self.cancelled = at, fire, False

    def cancel(self) -> None:
        self.cancelled = True


class Clock:
    """An event loop as far as deadlines need one; time passes when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0
        self.timers: list[Timer] = []

    def time(self) -> float:
        return self.now

    def call_at(self, at: float, fire: Callable[..., None], *given: Any) -> Timer:
        self.timers.append(Timer(at, lambda: fire(*given)))
        return self.timers[-1]

    @property
    def armed(self) -> list[float]:
        return [timer.at for timer in self.timers if not timer.cancelled]

    def passes(self, to: float) -> None:
        while due := [timer for timer in self.timers if not timer.cancelled and timer.at <= to]:
            first = min(due, key=lambda timer: timer.at)
            self.timers.remove(first)
            self.now = max(self.now, first.at)
            first.fire()
        self.now = to


class Work:
    def __init__(self) -> None:
        self.cancels = 0

    def cancelling(self) -> int:
        return self.cancels

    def cancel(self) -> bool:
        self.cancels += 1
        return True


@pytest.fixture
def clock() -> Any:
    return Clock()


def begun(deadlines: Deadlines, clock: Any, *ats: float) -> list[Deadline]:
    made = [Deadline(cast("Any", Work()), at, 0) for at in ats]
    for each in made:
        deadlines.begin(each, clock)
    return made


def fired(made: list[Deadline]) -> list[bool]:
    return [each.fired for each in made]


def test_each_task_is_cancelled_once_when_its_time_is_over(clock: Any) -> None:
    made = begun(Deadlines(), clock, 130.0, 110.0, 120.0)
    for at, wanted in ((109.9, [0, 0, 0]), (110.0, [0, 1, 0]), (125.0, [0, 1, 1]), (200.0, [1, 1, 1])):
        clock.passes(at)
        assert [each.task.cancelling() for each in made] == wanted
    assert fired(made) == [True, True, True]


def test_task_that_has_ended_is_left_alone(clock: Any) -> None:
    deadlines = Deadlines()
    made = begun(deadlines, clock, 110.0, 120.0)
    deadlines.end(made[0])
    clock.passes(115.0)
    deadlines.end(made[1])
    clock.passes(200.0)
    assert fired(made) == [False, False]
    assert clock.armed == []


def test_thousand_deadlines_in_order_have_one_timer(clock: Any) -> None:
    deadlines = Deadlines()
    for number in range(1000):
        (each,) = begun(deadlines, clock, 130.0 + number / 100)
        deadlines.end(each)
    assert (clock.armed, len(clock.timers)) == ([130.0], 1)
    clock.passes(130.0)
    assert clock.armed == []


def test_nearer_deadline_takes_the_timer_over(clock: Any) -> None:
    made = begun(Deadlines(), clock, 130.0, 105.0)
    assert clock.armed == [105.0]
    clock.passes(105.0)
    assert (fired(made), clock.armed) == ([False, True], [130.0])


def test_timer_of_another_loop_is_not_relied_on(clock: Any) -> None:
    deadlines = Deadlines()
    begun(deadlines, clock, 105.0)
    later: Any = Clock()
    made = begun(deadlines, later, 140.0)
    later.passes(140.0)
    assert fired(made) == [True]
