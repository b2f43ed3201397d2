"""How long refusals of wrong credentials wait, and what is remembered of them."""

from __future__ import annotations

from gateway.access.failures import Failures


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_refusals_wait_twice_as_long_each_time_up_to_some_seconds() -> None:
    failures = Failures(Clock())
    waits = [failures.note("192.0.2.1", "batch") for _ in range(12)]
    assert waits == [0, 0, 0, 0.125, 0.25, 0.5, 1, 2, 4, 4, 4, 4]


def test_other_users_and_other_addresses_have_counts_of_their_own() -> None:
    failures = Failures(Clock())
    for _ in range(20):
        _ = failures.note("192.0.2.1", "batch")
    assert (failures.note("192.0.2.1", "portal"), failures.note("192.0.2.2", "batch")) == (0, 0)


def test_failures_are_forgotten_after_minutes_without_one() -> None:
    clock = Clock()
    failures = Failures(clock)
    for _ in range(20):
        _ = failures.note("192.0.2.1", "batch")
    clock.now += 301
    assert failures.note("192.0.2.1", "batch") == 0


def test_memory_is_bounded_and_the_latest_are_kept() -> None:
    failures = Failures(Clock())
    for number in range(20_000):
        for _ in range(4):
            last = failures.note("192.0.2.1", f"user{number}")
    assert (len(failures), last) == (10_000, 0.125)
    assert failures.note("192.0.2.1", "user19999") == 0.25
    assert failures.note("192.0.2.1", "user1") == 0


def test_wait_stays_what_it_is_after_any_number_of_failures() -> None:
    failures = Failures(Clock())
    assert [failures.note("192.0.2.1", "batch") for _ in range(5000)][-1] == 4
