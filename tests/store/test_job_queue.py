"""The queue that processes share on PostgreSQL: jobs are carried out once, and again where a worker has died."""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import text

from gateway.model.jobs import Job, JobCounts
from gateway.operations.jobs import JobKind, JobKinds, JobRun, JobWorker
from gateway.operations.locks import LeaseLocks
from gateway.store import Leases, Settings, Store
from gateway.store.job_queue import SharedJobQueue, schema
from tests.until import until

LIFE_S = 0.5


@pytest.fixture
def url(postgres) -> str:
    return str(postgres.database(f"jobs_{secrets.token_hex(8)}"))


class Process:
    """A worker on the shared store; all of them do the work that is left of each subject."""

    def __init__(self, url: str, left: Counter[str], **more: Any) -> None:
        self.store = Store(Settings(url=url))
        self.locks = LeaseLocks(Leases(self.store, LIFE_S))
        self.queue = SharedJobQueue(self.store, LIFE_S, at_once=2, listens=more.get("listens", True))
        self.outcomes: Counter[str] = Counter()
        self.faults: list[str] = []
        self.left, self.steps = left, Counter[str]()
        self.going = asyncio.Event()
        self.going.set()
        self.worker = JobWorker(
            self.queue,
            locks=self.locks,
            report=lambda _job, fault: self.faults.append(repr(fault)),
            count=lambda _kind, outcome: self.outcomes.update([outcome]),
        )

        async def carry_out(subject: str, run: JobRun) -> bool:
            while self.left[subject] and not run.should_pause:
                self.steps[subject] += 1
                await self.going.wait()
                self.left[subject] -= 1
            return bool(self.left[subject])

        async def list_due() -> list[str]:
            return [subject for subject, count in left.items() if count]

        self.worker.use(JobKinds([JobKind(name="copy", carry_out=carry_out, list_due=list_due)]))

    async def close(self) -> None:
        self.going.set()
        await self.worker.close()
        await self.locks.close()
        await self.store.close()


@pytest.fixture
async def processes(url: str) -> AsyncIterator[Any]:
    made: list[Process] = []
    left: Counter[str] = Counter()

    def make(**more: Any) -> Process:
        made.append(Process(url, left, **more))
        return made[-1]

    yield make
    await asyncio.gather(*(each.close() for each in made))
    assert [each.faults for each in made] == [[]] * len(made)


@pytest.mark.parametrize("listens", [True, False], ids=["with notices", "by polling"])
async def test_deferred_job_is_carried_out_and_leaves_nothing_in_the_queue(processes, listens: bool) -> None:
    one = processes(listens=listens)
    one.worker.start()
    one.left["a"] = 3
    await one.worker.defer("copy", "a")
    await until(lambda: not one.left["a"])
    await until(lambda: one.outcomes == {"done": 1})

    async def is_empty() -> bool:
        return await one.queue.count() == JobCounts()

    await until(is_empty)


async def test_processes_share_the_jobs_and_none_is_carried_out_twice_at_once(processes) -> None:
    three = [processes() for _ in range(3)]
    three[0].left.update({f"s{number}": 1 for number in range(60)})
    for each in three:
        each.worker.start()
    await three[0].worker.defer("copy", *(f"s{number}" for number in range(60)))
    await until(lambda: not +three[0].left)
    assert sum((each.steps for each in three), Counter()) == {f"s{number}": 1 for number in range(60)}
    assert all(each.steps for each in three)


async def test_job_that_waits_already_is_put_once_and_the_others_beside_it_too(processes) -> None:
    one = processes()
    await one.queue.put([Job("copy", "a")])
    await one.queue.put([Job("copy", "b"), Job("copy", "a"), Job("bulk", "a")])
    counts = await one.queue.count()
    assert (counts.waiting, counts.running) == ({"copy": 2, "bulk": 1}, {})
    assert 0.0 <= counts.oldest_s < 60.0


async def fetched_by_a_worker_that_dies(one: Process, subject: str) -> None:
    manager = one.queue._manager
    await one.queue.put([Job("copy", subject)])
    worker = await manager.register_worker()
    assert (await manager.fetch_job(None, worker)).task_kwargs["subject"] == subject
    silent = "UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 minute' WHERE id = :id"
    await one.store.run(lambda connection: connection.execute(text(silent), {"id": worker}))


async def test_what_a_dead_worker_was_given_waits_again(processes) -> None:
    one = processes()
    await fetched_by_a_worker_that_dies(one, "a")
    assert (await one.queue.count()).running == {"copy": 1}
    await one.queue.restore([Job("copy", "a")])
    counts = await one.queue.count()
    assert (counts.waiting, counts.running) == ({"copy": 1}, {})


async def test_what_a_dead_worker_was_given_is_dropped_where_it_waits_anew(processes) -> None:
    one = processes()
    await fetched_by_a_worker_that_dies(one, "a")
    await one.queue.put([Job("copy", "a")])
    await one.queue.restore([])
    counts = await one.queue.count()
    assert (counts.waiting, counts.running) == ({"copy": 1}, {})


async def test_lost_job_is_put_again_and_one_that_waits_or_runs_is_not(processes) -> None:
    one = processes()
    manager = one.queue._manager
    await one.queue.put([Job("copy", "runs")])
    assert await manager.fetch_job(None, await manager.register_worker()) is not None
    await one.queue.put([Job("copy", "waits")])
    await one.queue.restore([Job("copy", subject) for subject in ("runs", "waits", "lost")])
    counts = await one.queue.count()
    assert (counts.waiting, counts.running) == ({"copy": 2}, {"copy": 1})


async def test_job_that_another_process_holds_is_tried_again_soon(processes) -> None:
    one, other = processes(), processes()
    one.left["a"] = 1
    one.going.clear()
    one.worker.start()
    await one.worker.defer("copy", "a")
    await until(lambda: one.steps)
    other.worker.start()
    await other.worker.defer("copy", "a")
    await until(lambda: other.outcomes["busy"])
    one.left["a"] += 1
    one.going.set()
    await until(lambda: not one.left["a"])
    assert other.faults == one.faults == []


async def test_running_jobs_pause_when_their_process_stops_and_others_go_on(processes) -> None:
    one, other = processes(), processes()
    one.left["a"] = 3
    one.going.clear()
    one.worker.start()
    await one.worker.defer("copy", "a")
    await until(lambda: one.steps)
    one.going.set()
    one.worker._kinds.retire()
    await one.worker.close()
    left = one.left["a"]
    other.worker.start()
    await until(lambda: not one.left["a"])
    assert other.steps == ({"a": left} if left else {})


async def test_database_that_goes_and_comes_back_loses_no_job(processes, postgres) -> None:
    one, other = processes(), processes()
    names = [f"s{number}" for number in range(20)]
    one.left.update(dict.fromkeys(names, 2))
    one.going.clear()
    for each in (one, other):
        each.worker.start()
    await one.worker.defer("copy", *names)
    await until(lambda: one.steps)
    postgres.stop()
    try:
        one.going.set()
        await one.worker.defer("copy", "nobody hears")
    finally:
        postgres.start()
    one.left["nobody hears"] = 1
    await until(lambda: not +one.left, most_s=60)


async def test_job_of_a_kind_that_only_a_later_version_knows_is_left_in_the_queue(processes) -> None:
    one = processes()
    one.worker.start()
    await one.worker.defer("later", "a")
    await one.worker.defer("copy", "b")
    await until(lambda: one.outcomes)

    async def is_alone() -> bool:  # the other one is deleted a moment after its end
        counts = await one.queue.count()
        return {**counts.waiting, **counts.running} == {"later": 1}

    await until(is_alone)
    assert one.outcomes == {"done": 1}


DROP = """
DO $$ DECLARE each text; BEGIN
FOR each IN SELECT 'TABLE ' || tablename FROM pg_tables WHERE tablename LIKE 'procrastinate%'
UNION ALL SELECT 'FUNCTION ' || oid::regprocedure FROM pg_proc WHERE proname LIKE 'procrastinate%'
UNION ALL SELECT 'TYPE ' || typname FROM pg_type WHERE typname LIKE 'procrastinate%' AND typtype IN ('e', 'c')
    AND NOT EXISTS (SELECT 1 FROM pg_tables WHERE tablename = typname)
LOOP BEGIN EXECUTE 'DROP ' || each || ' CASCADE'; EXCEPTION WHEN undefined_object OR undefined_function THEN NULL; END; END LOOP; END $$
"""


@pytest.mark.parametrize("version", ["03.00.00", "03.02.00", "03.03.00"])
async def test_queue_made_by_an_earlier_version_is_brought_up_to_date(processes, version: str) -> None:
    steps = schema.list_steps()
    early = [step for step in steps if step.name < version]
    before = processes()
    for script in (
        DROP,
        *(step.read_text(encoding="utf-8") for step in early),
        f"UPDATE job_schema SET step = '{early[-1].name}'",
    ):
        await before.store.run(lambda connection, script=script: connection.connection.cursor().execute(script))
    one = processes()
    one.worker.start()
    one.left["a"] = 1
    await one.worker.defer("copy", "a")
    await until(lambda: not one.left["a"])
    last = await one.store.run(lambda connection: connection.execute(text("SELECT step FROM job_schema")).scalar_one())
    assert last == steps[-1].name


async def test_queue_that_a_later_version_has_made_is_left_as_it_is(processes) -> None:
    await processes().store.run(lambda connection: connection.execute(text("UPDATE job_schema SET step = '99.sql'")))
    other = processes()
    assert await other.store.open() is None
    found = await other.store.run(
        lambda connection: connection.execute(text("SELECT step FROM job_schema")).scalar_one()
    )
    assert found == "99.sql"
