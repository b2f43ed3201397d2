"""The store on both databases: tables made once, secrets shared, a database that comes and goes."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest
from sqlalchemy import inspect, select

from gateway.errors import StoreUnavailable
from gateway.store import Settings, Store, tables
from gateway.store.clock import now_s

MISSING = [
    "sqlite:////nowhere/at/all/store.db",
    "postgresql+psycopg://tests:MARKER-SECRET@127.0.0.1:1/store",
]


def shape(inspector) -> dict[str, dict[str, tuple[str, bool]]]:
    return {
        name: {
            each["name"]: (str(each["type"]).split("(")[0], each["nullable"]) for each in inspector.get_columns(name)
        }
        for name in sorted(inspector.get_table_names())
        if name != "alembic_version" and not name.startswith("procrastinate")
    }


def keys(inspector) -> dict[str, list[str]]:
    return {name: inspector.get_pk_constraint(name)["constrained_columns"] for name in tables.metadata.tables}


def indexes(inspector) -> dict[str, list[tuple[str | None, ...]]]:
    return {
        name: sorted(tuple(index["column_names"]) for index in inspector.get_indexes(name))
        for name in tables.metadata.tables
    }


async def test_migrations_make_the_tables_that_statements_use(stores) -> None:
    store = stores()
    made = await store.run(lambda c: (shape(inspect(c)), keys(inspect(c)), indexes(inspect(c))))

    def by_metadata(connection):
        for table in shape(inspect(connection)):
            connection.exec_driver_sql(f"DROP TABLE {table}")
        tables.metadata.create_all(connection)
        inspector = inspect(connection)
        return shape(inspector), keys(inspector), indexes(inspector)

    assert made == await store.run(by_metadata)


async def test_replicas_that_start_together_migrate_once_and_share_their_secrets(stores) -> None:
    replicas = [stores() for _ in range(4)]
    assert await asyncio.gather(*(each.open() for each in replicas)) == [None] * 4
    secrets = await asyncio.gather(*(each.secret("cursor") for each in replicas))
    assert len(set(secrets)) == 1
    assert len(secrets[0]) == 32
    assert await replicas[0].secret("other") != secrets[0]
    assert await stores().secret("cursor") == secrets[0]


async def test_databases_that_are_made_at_the_same_moment_do_not_mix(tmp_path) -> None:
    several = [Store(Settings(url=f"sqlite:///{tmp_path}/{number}.db")) for number in range(12)]
    assert await asyncio.gather(*(each.open() for each in several)) == [None] * 12
    for each in several:
        await each.close()


async def test_new_file_is_opened_by_many_at_the_same_moment(tmp_path) -> None:
    for number in range(8):
        several = [Store(Settings(url=f"sqlite:///{tmp_path}/{number}.db")) for _ in range(8)]
        assert await asyncio.gather(*(each.open() for each in several)) == [None] * 8
        for each in several:
            await each.close()


async def test_work_that_fails_leaves_nothing(stores) -> None:
    store = stores()

    def work(connection) -> None:
        connection.execute(tables.secrets.insert().values(name="x", secret=b""))
        raise ValueError

    with pytest.raises(ValueError):
        await store.run(work)
    assert await store.run(lambda c: c.execute(select(tables.secrets)).all()) == []


async def test_clock_of_the_database_goes_on_within_a_transaction_and_never_back(stores) -> None:
    def twice(connection) -> list[float]:
        return [connection.execute(select(now_s())).scalar_one() for _ in range(2)]

    first, second = await stores().run(twice)
    third = await stores().once(lambda c: c.execute(select(now_s())).scalar_one())
    assert 1.7e9 < first <= second <= third + 0.001


async def test_database_of_a_later_version_is_refused(stores) -> None:
    store = stores()
    await store.run(lambda c: c.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'"))
    missing = await stores().open()
    assert missing is not None
    assert missing.code == "store-unavailable"


@pytest.mark.parametrize("url", MISSING)
async def test_store_that_is_not_there_says_so_and_shows_no_secret(url: str) -> None:
    store = Store(Settings(url=url))
    assert "MARKER" not in repr(store.settings)
    assert await store.reachable() is False
    with pytest.raises(StoreUnavailable) as failed:
        await store.secret("x")
    assert (failed.value.status, failed.value.retryable, failed.value.outcome) == (503, True, "not_applied")
    assert "MARKER" not in failed.value.detail
    await store.close()
    assert await store.reachable() is False


BUSY = """
import asyncio
from gateway.store import Settings, Store

SLOW = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 20000) SELECT count(*) FROM c"

async def main():
    for _ in range(5):
        store, begun = Store(Settings(url="sqlite:///:memory:")), asyncio.Event()
        loop = asyncio.get_running_loop()
        await store.open()

        def work(connection):
            loop.call_soon_threadsafe(begun.set)
            for _ in range(20):
                connection.exec_driver_sql(SLOW).scalar_one()

        task = asyncio.create_task(store.run(work))
        await begun.wait()
        task.cancel()
        await store.close()

asyncio.run(main())
"""


def test_store_that_is_closed_while_a_statement_runs_breaks_no_process() -> None:
    assert subprocess.run([sys.executable, "-c", BUSY], timeout=60, check=False).returncode == 0


@pytest.mark.parametrize("replaced", [False, True])
async def test_file_that_is_removed_or_replaced_is_no_store(tmp_path, replaced: bool) -> None:
    store = Store(Settings(url=f"sqlite:///{tmp_path / 'store.db'}"))
    assert await store.open() is None
    for file in tmp_path.iterdir():
        file.rename(file.with_name("away-" + file.name))
    if replaced:
        (tmp_path / "store.db").touch()
    assert not await store.reachable()
    with pytest.raises(StoreUnavailable, match="not the file that was opened"):
        await store.run(lambda connection: connection.execute(select(1)))
    (tmp_path / "away-store.db").rename(tmp_path / "store.db")
    assert await store.reachable()
    await store.close()
