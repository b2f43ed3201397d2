"""What callers with a bounded rate have used, by process."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the table."""
    _ = op.create_table(
        "rate_uses",
        sa.Column("process", sa.String(32), primary_key=True),
        sa.Column("caller", sa.Text, primary_key=True),
        sa.Column("used", sa.BigInteger, nullable=False),
        sa.Column("seen", sa.Double, nullable=False),
    )
