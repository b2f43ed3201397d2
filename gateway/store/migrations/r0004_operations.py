"""Bulk operations and their items."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the tables."""
    _ = op.create_table(
        "operations",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("caller", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("engines", sa.LargeBinary, nullable=False),
        sa.Column("filter", sa.LargeBinary, nullable=False),
        sa.Column("command", sa.LargeBinary),
        sa.Column("created", sa.Double, nullable=False),
        sa.Column("begun", sa.Double),
        sa.Column("ended", sa.Double),
        sa.Column("problem", sa.LargeBinary),
    )
    _ = op.create_table(
        "operation_items",
        sa.Column("operation", sa.String(32), primary_key=True),
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("instance", sa.Text, nullable=False),
        sa.Column("state", sa.String(1), nullable=False),
        sa.Column("code", sa.String(64)),
        sa.Column("problem", sa.LargeBinary),
        sa.UniqueConstraint("operation", "instance"),
    )
