"""Bridge plans and links."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the tables."""
    _ = op.create_table(
        "bridge_plans",
        sa.Column("name", sa.String(63), primary_key=True),
        sa.Column("plan", sa.LargeBinary, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("created", sa.Double, nullable=False),
        sa.Column("updated", sa.Double, nullable=False),
    )
    _ = op.create_table(
        "links",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("plan", sa.String(63)),
        sa.Column("source_engine", sa.Text, nullable=False),
        sa.Column("source_instance", sa.Text, nullable=False),
        sa.Column("target_engine", sa.Text, nullable=False),
        sa.Column("target_instance", sa.Text, nullable=False),
        sa.Column("public", sa.Text, nullable=False),
        sa.Column("business_key", sa.Text),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("authority", sa.String(8), nullable=False),
        sa.Column("stale", sa.Text),
        sa.Column("move", sa.LargeBinary),
        sa.Column("changed", sa.BigInteger, nullable=False),
        sa.Column("created", sa.Double, nullable=False),
        sa.Column("updated", sa.Double, nullable=False),
        sa.Column("problem", sa.Text),
    )
    op.create_index("links_changed", "links", ["changed"])
    op.create_index("links_plan", "links", ["plan", "id"])
    _ = op.create_table(
        "link_sides",
        sa.Column("engine", sa.Text, primary_key=True),
        sa.Column("instance", sa.Text, primary_key=True),
        sa.Column("link", sa.String(32), nullable=False),
    )
    op.create_index("link_sides_link", "link_sides", ["link"])
    changes = op.create_table(
        "link_changes",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("number", sa.BigInteger, nullable=False),
    )
    op.bulk_insert(changes, [{"id": 1, "number": 0}])
    _ = op.create_table(
        "removed_links",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("changed", sa.BigInteger, nullable=False),
    )
    op.create_index("removed_links_changed", "removed_links", ["changed"])
