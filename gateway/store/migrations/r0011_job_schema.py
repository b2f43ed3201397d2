"""Which step of procrastinate's schema was the last; its own scripts make its tables (``store.job_queue.schema``)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add the table."""
    _ = op.create_table(
        "job_schema",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("step", sa.Text, nullable=False),
    )
