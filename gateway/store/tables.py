"""The tables, as statements use them. The migrations make them; a test compares the two."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
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
    Column("lane", Integer, nullable=False, server_default="0"),
    UniqueConstraint("operation", "instance"),
    Index("operation_items_state", "operation", "state", "number"),
)
"""The instances of an operation: ``p``ending, ``s``tarted by the job of a lane, ``d``one, ``f``ailed."""

job_schema = Table(
    "job_schema",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("step", Text, nullable=False),
)
"""One row, on PostgreSQL: name of the last step of procrastinate's own schema that was taken."""

bridge_plans = Table(
    "bridge_plans",
    metadata,
    Column("name", String(63), primary_key=True),
    Column("plan", LargeBinary, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("created", Double, nullable=False),
    Column("updated", Double, nullable=False),
)
"""Bridge plans; ``plan`` is the ``BridgePlan`` as JSON."""

links = Table(
    "links",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("plan", String(63)),
    Column("source_engine", Text, nullable=False),
    Column("source_instance", Text, nullable=False),
    Column("target_engine", Text, nullable=False),
    Column("target_instance", Text, nullable=False),
    Column("public", Text, nullable=False),
    Column("business_key", Text),
    Column("state", String(16), nullable=False),
    Column("authority", String(8), nullable=False),
    Column("stale", Text),
    Column("move", LargeBinary),
    Column("was_running", Boolean, nullable=False, server_default=false()),
    Column("left_out", LargeBinary),
    Column("changed", BigInteger, nullable=False),
    Column("created", Double, nullable=False),
    Column("updated", Double, nullable=False),
    Column("problem", Text),
    Index("links_changed", "changed"),
    Index("links_plan", "plan", "id"),
)
"""Pairs of instances; ``move`` is the ``Move`` as JSON."""

link_sides = Table(
    "link_sides",
    metadata,
    Column("engine", Text, primary_key=True),
    Column("instance", Text, primary_key=True),
    Column("link", String(32), nullable=False),
    Index("link_sides_link", "link"),
)
"""Which link an instance is in: in one at most, on whichever side, so that links form no chains."""

link_changes = Table(
    "link_changes",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("number", BigInteger, nullable=False),
    Column("forgotten", BigInteger, nullable=False, server_default="0"),
)
"""One row: how many changes of links there were; a change adds one in its own transaction, so they are in order.

Up to ``forgotten`` the rows of ``removed_links`` are deleted: whoever knows less cannot learn which links are no more.
"""

removed_links = Table(
    "removed_links",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("changed", BigInteger, nullable=False),
    Column("removed", Double, nullable=False, server_default="0"),
    Index("removed_links_changed", "changed"),
)
"""Links that are no more, for a day, so that other processes forget them."""

audit_entries = Table(
    "audit_entries",
    metadata,
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("caller", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("evidence", LargeBinary, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Index("audit_entries_subject", "subject", "sequence"),
)
"""The audit trail, only ever added to: triggers refuse to change or remove a row (the migration makes them)."""

audit_head = Table(
    "audit_head",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("sequence", BigInteger, nullable=False),
    Column("hash", String(64), nullable=False),
)
"""One row: number and hash of the last entry. Whoever appends locks it, so that there is one chain."""

bridge_jobs = Table(
    "bridge_jobs",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("plan", String(63), nullable=False),
    Column("kind", String(8), nullable=False),
    Column("caller", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("at_once", BigInteger, nullable=False),
    Column("per_second", Double),
    Column("paced", Double, nullable=False, server_default="0"),
    Column("cursor", Text),
    Column("created", Double, nullable=False),
    Column("begun", Double),
    Column("ended", Double),
    Column("problem", LargeBinary),
    Index("bridge_jobs_created", "created"),
)
"""Assessments, copies and comparisons of a plan's instances; no item begins before ``paced``, where a rate is set."""

bridge_job_items = Table(
    "bridge_job_items",
    metadata,
    Column("job", String(32), primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("instance", Text, nullable=False),
    Column("link", String(32)),
    Column("state", String(1), nullable=False),
    Column("lane", BigInteger),
    Column("starting", Double),
    Column("outcome", String(16)),
    Column("code", String(64)),
    Column("evidence", LargeBinary),
    UniqueConstraint("job", "instance"),
    Index("bridge_job_items_state", "job", "state", "number"),
)
"""The instances of a bridge job: ``p``ending, ``s``tarted, ``e``nded; ``starting`` when its twin was begun."""
