"""Bringing a database to today's tables: Alembic's steps in one transaction, one process at a time.

There is no ``env.py`` and no ``alembic.ini``: both would be read from the working directory.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, text

_LOCK = 0x7661726272696467
"""Key of the advisory lock ("varbridg" in ASCII): replicas that start together migrate one after the other."""
_ALONE = threading.Lock()
"""Alembic keeps what it works on in module globals: two databases brought up to date at once would mix."""
_STEPS = Path(__file__).with_name("migrations")

__all__ = ["CommandError", "exclude_others", "upgrade"]


def exclude_others(connection: Connection) -> None:
    """Wait until no other process migrates, and keep others from it to the end of the transaction; on PostgreSQL."""
    _ = connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def upgrade(connection: Connection) -> None:
    """Bring the database up to date, inside the caller's transaction.

    Raises:
        CommandError: it is of a later version than this program.
    """
    if connection.dialect.name == "postgresql":
        exclude_others(connection)
    config = Config()
    config.set_main_option("script_location", str(_STEPS).replace("%", "%%"))
    script = ScriptDirectory(str(_STEPS), version_locations=[str(_STEPS)])

    def steps(revision: Any, _context: MigrationContext) -> Any:
        return script._upgrade_revs("head", revision)  # noqa: SLF001 - what `alembic upgrade` itself calls

    with _ALONE, EnvironmentContext(config, script, fn=steps) as environment:
        environment.configure(connection=connection, transactional_ddl=True)
        environment.run_migrations()
