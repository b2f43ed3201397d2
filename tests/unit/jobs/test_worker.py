"""Jobs in one process: carried out, paused, handed over, re-created, and kept off where another process is at work."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from gateway.errors import ConcurrentUpdate, StoreUnavailable
from gateway.model.jobs import Job, JobCounts
from gateway.operations.jobs import InProcessQueue, JobKind, JobKinds, JobRun, JobWorker
from gateway.plan import WriteLease
from tests.simulated_clock import let_pass
from tests.until import rounds, until


class Site:
    """A worker with one kind, whose rows are the work left of each subject."""

    def __init__(self, **more: Any) -> None:
        self.left: Counter[str] = Counter()
        self.steps: list[str] = []
        self.outcomes: list[tuple[str, str]] = []
        self.faults: list[tuple[Job | None, str]] = []
        self.queue = InProcessQueue(at_once=more.pop("at_once", 4), sweep_s=more.pop("sweep_s", 1000.0))
        self.worker = JobWorker(
            self.queue,
            report=lambda job, fault: self.faults.append((job, str(fault))),
            count=lambda kind, outcome: self.outcomes.append((kind, outcome)),
            **more,
        )
        self.old = 0
        self.worker.use(self.kinds())

    def kinds(self, name: str = "", step: Callable[[str, JobRun], Awaitable[None]] | None = None) -> JobKinds:
        async def carry_out(subject: str, run: JobRun) -> bool:
            while self.left[subject] and not run.should_pause:
                self.left[subject] -= 1
                self.steps.append(name + subject)
                await (step(subject, run) if step is not None else asyncio.sleep(0))
            return bool(self.left[subject])

        async def list_due() -> list[str]:
            return [subject for subject, count in self.left.items() if count]

        async def delete_old() -> bool:
            self.old = max(self.old - 1, 0)
            return bool(self.old)

        return JobKinds([JobKind(name="copy", carry_out=carry_out, list_due=list_due, delete_old=delete_old)])


@pytest.fixture
async def sites(idle_time) -> AsyncIterator[Callable[..., Site]]:
    made: list[Site] = []

    def make(**more: Any) -> Site:
        made.append(Site(**more))
        return made[-1]

    yield make
    for each in made:
        await each.worker.close()


async def test_deferred_job_is_carried_out_to_its_end(sites) -> None:
    site = sites()
    site.worker.start()
    site.left["a"] = 3
    await site.worker.defer("copy", "a")
    await until(lambda: site.outcomes)
    assert (site.steps, site.outcomes) == (["a"] * 3, [("copy", "done")])


async def test_job_deferred_before_the_start_waits_for_it(sites) -> None:
    site = sites()
    site.left["a"] = 1
    await site.worker.defer("copy", "a", "a")
    assert await site.queue.count() == JobCounts(waiting={"copy": 1}, oldest_s=0.0)
    site.worker.start()
    await until(lambda: site.outcomes)
    assert site.steps == ["a"]


async def test_long_job_pauses_for_those_that_wait(sites) -> None:
    site = sites(at_once=1)

    async def takes_2_s(_subject: str, _run: JobRun) -> None:
        await let_pass(2)

    site.worker.use(site.kinds(step=takes_2_s))
    site.left |= {"long": 6, "short": 1}
    await site.worker.defer("copy", "long", "short")
    site.worker.start()
    await let_pass(30)
    assert not +site.left
    assert site.steps == ["long", "long", "long", "short", "long", "long", "long"]


async def test_no_more_jobs_run_at_once_than_is_set_and_none_twice(sites) -> None:
    site = sites(at_once=2)
    inside: Counter[str] = Counter()
    most: list[int] = []

    async def step(subject: str, _run: JobRun) -> None:
        inside[subject] += 1
        assert inside[subject] == 1
        most.append(inside.total())
        await site.worker.defer("copy", subject)  # while it runs: once more afterwards, not beside it
        await rounds(3)
        inside[subject] -= 1

    site.worker.use(site.kinds(step=step))
    site.left |= {each: 2 for each in "abcd"}
    site.worker.start()
    await site.worker.defer("copy", *"abcd")
    await until(lambda: not +site.left)
    assert max(most) == 2


async def test_lost_job_is_created_again_from_what_the_rows_say(sites) -> None:
    site = sites(sweep_s=5.0)
    site.left |= {"before the start": 1}
    site.worker.start()
    await until(lambda: len(site.outcomes) == 1)
    site.left["never deferred"] = 1
    await let_pass(6)
    assert site.steps == ["before the start", "never deferred"]


async def test_fault_of_one_job_is_reported_and_it_is_tried_again_later_while_others_go_on(sites) -> None:
    site = sites(sweep_s=5.0)
    faults = [ZeroDivisionError("ours"), StoreUnavailable("gone")]

    async def step(subject: str, _run: JobRun) -> None:
        if subject == "bad" and faults:
            site.left["bad"] += 1
            raise faults.pop(0)

    site.worker.use(site.kinds(step=step))
    site.left |= {"bad": 1, "good": 1}
    site.worker.start()
    await let_pass(30)
    assert not +site.left
    assert site.faults == [(Job("copy", "bad"), "ours")]  # the store's absence is no fault of ours
    assert Counter(site.outcomes) == {("copy", "failed"): 2, ("copy", "done"): 2}


async def test_fault_of_a_sweep_is_reported_and_the_next_one_comes(sites) -> None:
    site = sites(sweep_s=5.0)
    broken = [RuntimeError("cannot list"), StoreUnavailable("gone")]

    async def list_due() -> list[str]:
        if broken:
            raise broken.pop(0)
        return ["a"]

    async def carry_out(subject: str, _run: JobRun) -> bool:
        site.steps.append(subject)
        return False

    site.worker.use(JobKinds([JobKind(name="copy", carry_out=carry_out, list_due=list_due)]))
    site.worker.start()
    await let_pass(12)
    assert site.steps == ["a"]
    assert site.faults == [(None, "cannot list")]


async def test_what_is_old_is_deleted_piece_by_piece_and_then_once_an_hour(sites) -> None:
    site = sites(sweep_s=60.0)
    site.old = 3
    site.worker.start()
    await let_pass(170)
    assert site.old == 0
    site.old = 10
    await let_pass(3000)
    assert site.old == 10
    await let_pass(1000)
    assert site.old < 10


async def test_running_job_goes_on_by_another_configuration_after_a_reload(sites) -> None:
    site = sites()
    going = asyncio.Event()

    async def wait(_subject: str, _run: JobRun) -> None:
        await going.wait()

    old = site.kinds("old ", wait)
    site.worker.use(old)
    site.left["a"] = 3
    site.worker.start()
    await site.worker.defer("copy", "a")
    await until(lambda: site.steps)
    site.worker.use(site.kinds("new "))
    await rounds(5)
    assert site.steps == ["old a"]
    going.set()
    await old.wait_for_end(1.0)
    await until(lambda: not +site.left)
    assert site.steps == ["old a", "new a", "new a"]


async def test_job_that_does_not_pause_is_cancelled_after_the_grace_and_goes_on_by_the_other_configuration(
    sites,
) -> None:
    site = sites()

    async def hang(_subject: str, _run: JobRun) -> None:
        await asyncio.Event().wait()

    old = site.kinds("old ", hang)
    site.worker.use(old)
    site.left["a"] = 2
    site.worker.start()
    await site.worker.defer("copy", "a")
    await until(lambda: site.steps)
    site.worker.use(site.kinds("new "))
    await old.wait_for_end(10.0)
    await until(lambda: not +site.left)
    assert (site.steps, site.faults) == (["old a", "new a"], [])


async def test_close_lets_a_job_pause_and_cancels_one_that_does_not(sites) -> None:
    site = sites()

    async def step(subject: str, run: JobRun) -> None:
        if subject == "hangs":
            await asyncio.Event().wait()
        while not run.must_stop:
            await let_pass(0.1)

    site.worker.use(site.kinds(step=step))
    site.left |= {"hangs": 2, "pauses": 2}
    site.worker.start()
    await site.worker.defer("copy", "hangs", "pauses")
    await until(lambda: len(site.steps) == 2)
    await site.worker.close(grace_s=5.0)
    assert (site.left, site.outcomes) == ({"hangs": 1, "pauses": 1}, [("copy", "again")] * 2)


async def test_process_that_only_defers_carries_nothing_out_and_counts(sites) -> None:
    site = sites(carries_out=False, sweep_s=5.0)
    site.left["a"] = 1
    site.worker.start()
    await let_pass(12)
    assert (site.steps, site.worker.counts) == ([], JobCounts(waiting={"copy": 1}, oldest_s=10.0))


class Locks:
    """Locks that others may have, or take away."""

    def __init__(self) -> None:
        self.theirs: set[tuple[str, str]] = set()
        self.held: dict[tuple[str, str], WriteLease] = {}

    async def acquire(self, key, _call):
        if key in self.theirs:
            raise ConcurrentUpdate
        self.held[key] = WriteLease(until=asyncio.get_running_loop().time() + 10)
        return self.held[key]

    def holds(self, key):
        return key in self.held

    async def give_up(self, key):
        self.held.pop(key, None)


async def test_job_that_another_process_carries_out_is_left_to_it_until_it_is_free(sites) -> None:
    locks = Locks()
    site = sites(locks=locks, sweep_s=5.0)
    locks.theirs.add(("", "job copy:a"))
    site.left["a"] = 1
    site.worker.start()
    await until(lambda: site.outcomes)
    assert (site.steps, site.outcomes) == ([], [("copy", "busy")])
    locks.theirs.clear()
    await let_pass(6)
    assert (site.outcomes[1:], locks.held) == ([("copy", "done")], {})


async def test_job_whose_lock_is_lost_must_stop_and_may_write_under_its_lease_only(sites) -> None:
    locks = Locks()
    site = sites(locks=locks)
    seen: list[Any] = []

    async def step(_subject: str, run: JobRun) -> None:
        lease = locks.held["", "job copy:a"]
        call = run.open_call("id", 60.0)
        seen.append((run.must_stop, run.is_lost, call.leases == (lease,), call.deadline - lease.until))
        del locks.held["", "job copy:a"]
        seen.append((run.must_stop, run.is_lost))

    site.worker.use(site.kinds(step=step))
    site.left["a"] = 2
    site.worker.start()
    await site.worker.defer("copy", "a")
    await until(lambda: site.outcomes)
    assert seen[:2] == [(False, False, True, 50.0), (True, True)]
