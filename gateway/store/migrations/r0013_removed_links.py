"""When a link was removed, and up to which change the rows that say so are deleted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Add the columns; links that were removed before count as removed long ago."""
    op.add_column("link_changes", sa.Column("forgotten", sa.BigInteger, nullable=False, server_default="0"))
    op.add_column("removed_links", sa.Column("removed", sa.Double, nullable=False, server_default="0"))
