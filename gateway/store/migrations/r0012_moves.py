"""How a cut-over leaves the source: what a roll-back lets run again, and which names it leaves alone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Add the columns."""
    op.add_column("links", sa.Column("was_running", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("links", sa.Column("left_out", sa.LargeBinary))
