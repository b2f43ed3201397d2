"""What is said to the database about idempotency keys: row by row to SQLite, many rows at once to PostgreSQL.

``owner``, ``life_s`` and ``retention_s`` are of the process; everything else is of a row. Statements for many rows lock
them in the order of their keys, so that those of two gateways cannot wait for each other in a circle.
"""
# ruff: noqa: S608 - made of constants only

from __future__ import annotations

from gateway.store.clock import POSTGRESQL_NOW_S, SQLITE_NOW_S

_COLUMNS = "caller, key, fingerprint, state, owner, created, expires, request_id, intent"
_FOUND = "fingerprint, state, expires <= {now} AS expired, {now} - created AS age_s, request_id, intent, answer"
_TAKEN_OVER = """
ON CONFLICT (caller, key) DO UPDATE SET fingerprint = excluded.fingerprint, state = excluded.state,
owner = excluded.owner, created = excluded.created, expires = excluded.expires, request_id = excluded.request_id,
intent = excluded.intent, answer = NULL
WHERE idempotency_keys.created <= {now} - {retention}
RETURNING caller, key
"""
"""A key that was there is free again only when it has been forgotten."""


class Sqlite:
    """One row a statement."""

    _now = SQLITE_NOW_S
    _ours = "caller = :caller AND key = :key AND owner = :owner AND state = 'running'"
    find = f"""
    SELECT {_FOUND.format(now=_now)} FROM idempotency_keys
    WHERE caller = :caller AND key = :key AND created > {_now} - :retention_s
    """
    claim = f"""
    INSERT INTO idempotency_keys ({_COLUMNS})
    VALUES (:caller, :key, :fingerprint, 'running', :owner, {_now}, {_now} + :life_s, :request_id, :intent)
    {_TAKEN_OVER.format(now=_now, retention=":retention_s")}
    """
    answer = f"UPDATE idempotency_keys SET state = :state, answer = :answer WHERE {_ours}"
    free = f"DELETE FROM idempotency_keys WHERE {_ours}"


class Postgresql:
    """Many rows a statement; each parameter of a row is an array."""

    _now = POSTGRESQL_NOW_S
    _asked = "unnest(%(caller)s::text[], %(key)s::text[])"
    _same = "kept.caller = ours.caller AND kept.key = ours.key"
    _ours = "kept.owner = %(owner)s AND kept.state = 'running' ORDER BY caller, key FOR UPDATE OF kept"
    find = f"""
    SELECT caller, key, {_FOUND.format(now=_now)}
    FROM idempotency_keys JOIN {_asked} AS asked (caller, key) USING (caller, key)
    WHERE created > {_now} - %(retention_s)s
    """
    claim = f"""
    INSERT INTO idempotency_keys ({_COLUMNS})
    SELECT caller, key, fingerprint, 'running', %(owner)s, {_now}, {_now} + %(life_s)s, request_id, intent
    FROM unnest(%(caller)s::text[], %(key)s::text[], %(fingerprint)s::bytea[], %(request_id)s::text[],
        %(intent)s::bytea[]) AS asked (caller, key, fingerprint, request_id, intent) ORDER BY caller, key
    {_TAKEN_OVER.format(now=_now, retention="%(retention_s)s")}
    """
    answer = f"""
    WITH ours AS (
        SELECT caller, key, asked.state, asked.answer FROM idempotency_keys AS kept
        JOIN unnest(%(caller)s::text[], %(key)s::text[], %(state)s::text[], %(answer)s::bytea[])
            AS asked (caller, key, state, answer) USING (caller, key)
        WHERE {_ours}
    )
    UPDATE idempotency_keys AS kept SET state = ours.state, answer = ours.answer FROM ours WHERE {_same}
    """
    free = f"""
    WITH ours AS (
        SELECT caller, key FROM idempotency_keys AS kept JOIN {_asked} AS asked (caller, key) USING (caller, key)
        WHERE {_ours}
    )
    DELETE FROM idempotency_keys AS kept USING ours WHERE {_same}
    """
