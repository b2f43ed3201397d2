"""Procrastinate's tables: made, and brought up to date, after our own, one process at a time.

The library ships one script that makes everything, and one for each step from version to version. ``job_schema`` says
which step was the last. Each script is a transaction of its own, since PostgreSQL lets nobody use a new word of an
enumeration in the transaction that has added it. A database that a later version of the library has brought up to date
is left as it is.
"""

from __future__ import annotations

from pathlib import Path

from procrastinate.schema import SchemaManager
from sqlalchemy import Connection, select

from gateway.store.statements import insert
from gateway.store.tables import job_schema


def list_steps() -> list[Path]:
    """Return the scripts of this version of the library, in order."""
    return sorted(Path(SchemaManager.get_migrations_path()).glob("*.sql"))


def take_step(connection: Connection) -> bool:
    """Run the next script that the database needs, inside the caller's transaction; return whether there was one.

    Args:
        connection: to PostgreSQL; other processes are excluded (``migrate.exclude_others``).
    """
    steps = list_steps()
    last = connection.execute(select(job_schema.c.step)).scalar_one_or_none()
    missing = [step for step in steps if last is not None and step.name > last]
    if last is not None and not missing:
        return False
    script = missing[0].read_text(encoding="utf-8") if missing else SchemaManager.get_schema()
    _ = connection.connection.cursor().execute(script)  # as it stands: a script may have a %
    taken = {"step": missing[0].name if missing else steps[-1].name}
    made = insert(connection, job_schema).values(id=1, **taken)
    _ = connection.execute(made.on_conflict_do_update(index_elements=["id"], set_=taken))
    return True
