"""The tables, as statements use them. The migrations make them; a test compares the two."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    Index,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

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

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("caller", Text, primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("state", String(8), nullable=False),
    Column("owner", String(32), nullable=False),
    Column("created", Double, nullable=False),
    Column("expires", Double, nullable=False),
    Column("request_id", String(128), nullable=False),
    Column("intent", LargeBinary, nullable=False),
    Column("answer", LargeBinary, nullable=True),
    Index("idempotency_keys_created", "created"),
)
"""Keyed writes: ``running`` until ``expires`` unless renewed, then ``unknown`` or ``done``; kept by ``created``."""

operations = Table(
    "operations",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("caller", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("engines", LargeBinary, nullable=False),
    Column("filter", LargeBinary, nullable=False),
    Column("command", LargeBinary),
    Column("created", Double, nullable=False),
    Column("begun", Double),
    Column("ended", Double),
    Column("problem", LargeBinary),
)
"""Bulk operations; ``filter`` and ``command`` hold values: emptied once the instances are selected, and at the end."""

rate_uses = Table(
    "rate_uses",
    metadata,
    Column("process", String(32), primary_key=True),
    Column("caller", Text, primary_key=True),
    Column("used", BigInteger, nullable=False),
    Column("seen", Double, nullable=False),
)
"""How many requests a process has let through of a caller whose rate is bounded; old rows are removed."""

operation_items = Table(
    "operation_items",
    metadata,
    Column("operation", String(32), primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("instance", Text, nullable=False),
    Column("state", String(1), nullable=False),
    Column("code", String(64)),
    Column("problem", LargeBinary),
    UniqueConstraint("operation", "instance"),
)
"""The instances of an operation: ``p``ending, ``s``tarted, ``d``one, ``f``ailed."""
