"""The tables, as statements use them. The migrations make them; a test compares the two."""

from __future__ import annotations

from sqlalchemy import Column, LargeBinary, MetaData, String, Table

metadata = MetaData()

secrets = Table(
    "secrets",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("secret", LargeBinary, nullable=False),
)
"""Keys that the gateway makes for itself, e.g. to sign cursors; the same for every replica."""
