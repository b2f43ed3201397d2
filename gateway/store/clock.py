"""The clock of the database, as one expression for SQLite and PostgreSQL: replicas need not agree on the time."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Double
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

POSTGRESQL_NOW_S = "CAST(EXTRACT(EPOCH FROM clock_timestamp()) AS DOUBLE PRECISION)"
SQLITE_NOW_S = "((julianday('now') - 2440587.5) * 86400.0)"


class now_s(FunctionElement[float]):  # noqa: N801 - it is written like the function of SQL that it stands for
    """Seconds since 1970, to the millisecond, while a statement runs (not: when its transaction began)."""

    type = Double()
    inherit_cache = True


@compiles(now_s, "sqlite")
def _sqlite(_element: now_s, _compiler: Any, **_options: Any) -> str:
    return SQLITE_NOW_S


@compiles(now_s, "postgresql")
def _postgresql(_element: now_s, _compiler: Any, **_options: Any) -> str:
    return POSTGRESQL_NOW_S
