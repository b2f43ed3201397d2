"""What SQLAlchemy spells differently for each database and this house needs once: ``INSERT … ON CONFLICT``."""

from __future__ import annotations

from typing import TypeAlias

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

Insert: TypeAlias = postgresql.Insert | sqlite.Insert


def insert(connection: Connection, table: Table) -> Insert:
    """Return an insert that can say what happens on a conflict; both databases take the same words."""
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)
