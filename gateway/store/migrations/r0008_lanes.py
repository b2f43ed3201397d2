"""Lanes of bulk operations: which job has started an item."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the column, and an index by which the next items are found without looking at those that are done."""
    op.add_column("operation_items", sa.Column("lane", sa.Integer, nullable=False, server_default="0"))
    op.create_index("operation_items_state", "operation_items", ["operation", "state", "number"])
