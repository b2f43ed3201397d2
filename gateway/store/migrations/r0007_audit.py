"""The audit trail, with triggers that refuse to change or remove its rows.

They stop mistakes and programs that may only write rows; who may drop a trigger can do so, and the hashes tell.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_REFUSAL = "the audit trail is only ever added to"
_POSTGRESQL = (
    f"""CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION '{_REFUSAL}'; END $$""",
    """CREATE TRIGGER audit_entries_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entries
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()""",
    """CREATE TRIGGER audit_head_stays BEFORE DELETE OR TRUNCATE ON audit_head
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()""",
    """CREATE TRIGGER audit_head_grows BEFORE UPDATE ON audit_head
    FOR EACH ROW WHEN (NEW.sequence <= OLD.sequence) EXECUTE FUNCTION audit_refuse()""",
)
_SQLITE = tuple(
    f"CREATE TRIGGER {name} BEFORE {when} BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
    for name, when in {
        "audit_entries_unchanged": "UPDATE ON audit_entries",
        "audit_entries_unremoved": "DELETE ON audit_entries",
        # INSERT OR REPLACE removes the row that is there without a trigger of DELETE
        "audit_entries_unreplaced": """INSERT ON audit_entries
        WHEN EXISTS (SELECT 1 FROM audit_entries WHERE sequence = NEW.sequence)""",
        "audit_head_stays": "DELETE ON audit_head",
        "audit_head_unreplaced": "INSERT ON audit_head",
        "audit_head_grows": "UPDATE ON audit_head WHEN NEW.sequence <= OLD.sequence",
    }.items()
)


def upgrade() -> None:
    """Add the tables and their triggers."""
    _ = op.create_table(
        "audit_entries",
        sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("caller", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("evidence", sa.LargeBinary, nullable=False),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
    )
    op.create_index("audit_entries_subject", "audit_entries", ["subject", "sequence"])
    head = op.create_table(
        "audit_head",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
    )
    op.bulk_insert(head, [{"id": 1, "sequence": 0, "hash": "0" * 64}])
    for statement in _SQLITE if op.get_bind().dialect.name == "sqlite" else _POSTGRESQL:
        op.execute(sa.text(statement.replace(":", "\\:")))
