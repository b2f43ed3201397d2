"""What SQLAlchemy spells by database and we say once: ``INSERT … ON CONFLICT``; and how parameters are named.

Statements of every keyed write and every shared lane are made once, with parameters: making one costs ten times what it
costs to run it.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from sqlalchemy import BindParameter, Connection, Table, bindparam
from sqlalchemy.dialects import postgresql, sqlite

Insert: TypeAlias = postgresql.Insert | sqlite.Insert


def insert(connection: Connection, table: Table) -> Insert:
    """Give an insert that can say what happens on a conflict; both databases take the same words."""
    return insert_of(connection.dialect.name, table)


def insert_of(dialect: str, table: Table) -> Insert:
    """Give the same for a database by the name of its dialect."""
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)


def given(name: str) -> BindParameter[Any]:
    """Give a parameter; names of columns alone are taken by SQLAlchemy itself."""
    return bindparam(f"given_{name}")


def giving(**parameters: object) -> dict[str, object]:
    """Give the parameters of an execution."""
    return {f"given_{name}": value for name, value in parameters.items()}
