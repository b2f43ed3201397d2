"""The tables, as statements use them. The migrations make them; a test compares the two."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Double, LargeBinary, MetaData, String, Table, Text

metadata = MetaData()

secrets = Table(
    "secrets",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("secret", LargeBinary, nullable=False),
)
"""Keys that the gateway makes for itself, e.g. to sign cursors; the same for every replica."""

leases = Table(
    "leases",
    metadata,
    Column("engine", Text, primary_key=True),
    Column("instance", Text, primary_key=True),
    Column("owner", String(32), nullable=False),
    Column("fence", BigInteger, nullable=False),
    Column("expires", Double, nullable=False),
)
"""Who may write to an instance, until when (the database's clock, seconds since 1970)."""
