"""Bridge jobs and their items."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add the tables."""
    _ = op.create_table(
        "bridge_jobs",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("plan", sa.String(63), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("caller", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("at_once", sa.BigInteger, nullable=False),
        sa.Column("per_second", sa.Double),
        sa.Column("paced", sa.Double, nullable=False, server_default="0"),
        sa.Column("cursor", sa.Text),
        sa.Column("created", sa.Double, nullable=False),
        sa.Column("begun", sa.Double),
        sa.Column("ended", sa.Double),
        sa.Column("problem", sa.LargeBinary),
    )
    op.create_index("bridge_jobs_created", "bridge_jobs", ["created"])
    _ = op.create_table(
        "bridge_job_items",
        sa.Column("job", sa.String(32), primary_key=True),
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("instance", sa.Text, nullable=False),
        sa.Column("link", sa.String(32)),
        sa.Column("state", sa.String(1), nullable=False),
        sa.Column("lane", sa.BigInteger),
        sa.Column("starting", sa.Double),
        sa.Column("outcome", sa.String(16)),
        sa.Column("code", sa.String(64)),
        sa.Column("evidence", sa.LargeBinary),
        sa.UniqueConstraint("job", "instance"),
    )
    op.create_index("bridge_job_items_state", "bridge_job_items", ["job", "state", "number"])
