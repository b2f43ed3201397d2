"""On PostgreSQL: the number of the last change of a link, read at the moment it is asked for, and a notice of each.

SQLite needs neither: its processes are on one machine and look at a number in the lock file (``link_counter``).
"""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"

_STATEMENTS = (
    # volatile: each call sees what is committed by then, not what was when the statement around it began
    """CREATE FUNCTION last_link_change() RETURNS bigint LANGUAGE plpgsql VOLATILE AS
    $$ BEGIN RETURN (SELECT number FROM link_changes); END $$""",
    """CREATE FUNCTION notify_link_change() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_notify('varbridge_links', ''); RETURN NULL; END $$""",
    """CREATE TRIGGER link_changes_are_told AFTER UPDATE ON link_changes
    FOR EACH ROW WHEN (NEW.number <> OLD.number) EXECUTE FUNCTION notify_link_change()""",
)


def upgrade() -> None:
    """Add the functions and the trigger."""
    if op.get_bind().dialect.name == "postgresql":
        for statement in _STATEMENTS:
            op.execute(statement)
