"""The handler of ``/v1`` for the audit trail, and how an entry is shown; verifying it is a command of the CLI."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import Any

import msgspec

from gateway.errors import Fault, InvalidRequest, Unsupported
from gateway.model.audit import AuditEntry, AuditFilter, parse_moment
from gateway.web.http import target
from gateway.web.http.answers import Answer, json_answer
from gateway.web.v1.context import RequestContext

_MAX_LIMIT = 1000


class EntryShape(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of the audit trail in an answer of ``/v1``.

    Args:
        at: RFC 3339, UTC, to the millisecond.
        evidence: JSON as it was hashed, byte for byte where the answer is not formatted.
    """

    sequence: int
    at: str
    caller: str
    action: str
    subject: str
    evidence: msgspec.Raw
    previous: str
    hash: str


def entry_shape(entry: AuditEntry) -> EntryShape:
    """Return an entry as it is shown, also one that was tampered with."""
    return EntryShape(
        at=_moment(entry.at_ms),
        evidence=_json(entry.evidence),
        **{name: getattr(entry, name) for name in ("sequence", "caller", "action", "subject", "previous", "hash")},
    )


async def list_audit_entries(context: RequestContext) -> Answer:
    """Answer ``GET /v1/bridge/audit``, page by page, the latest entry first."""
    trail = context.services.audit
    if trail is None:
        raise Unsupported("This gateway has no store for an audit trail.")
    wanted, limit = _filter(context)
    purpose = b"audit\0" + hashlib.sha256(msgspec.json.encode((wanted, context.caller.name))).digest()
    cursors = context.services.cursors
    if (cursor := context.query.get("cursor")) is not None:
        before = int(await cursors.open(cursor, purpose))
        wanted = msgspec.structs.replace(wanted, before=before)
    entries = await trail.list_latest(wanted, limit)
    is_last = len(entries) < limit
    following = None if is_last else await cursors.seal(str(entries[-1].sequence).encode(), purpose)
    return json_answer({"items": [entry_shape(entry) for entry in entries], "next": following})


def _filter(context: RequestContext) -> tuple[AuditFilter, int]:
    texts = {name: target.decoded(value, plus=True) for name, value in context.query.items()}
    limit = texts.get("limit", "100")
    if not limit.isascii() or not limit.isdigit() or not 1 <= int(limit[:9]) <= _MAX_LIMIT:
        raise InvalidRequest(f"`limit` is a number from 1 to {_MAX_LIMIT}.", errors=(Fault("/limit", "out of range"),))
    return AuditFilter(subject=texts.get("subject"), caller=texts.get("caller"), since_ms=_since(texts)), int(limit)


def _since(texts: dict[str, str]) -> int | None:
    if "since" not in texts:
        return None
    try:
        return parse_moment(texts["since"])
    except (ValueError, OverflowError) as error:
        detail = "`since` is a date or a time of ISO 8601, such as 2026-03-01T10:30:00Z."
        raise InvalidRequest(detail, errors=(Fault("/since", "no date or time"),)) from error


def _moment(at_ms: int) -> str:
    try:
        moment = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(milliseconds=at_ms)
    except OverflowError:  # tampered with
        return f"{at_ms} ms"
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _json(evidence: bytes) -> msgspec.Raw:
    """Return evidence as JSON; what is none was tampered with, and is shown as a text."""
    try:
        _ = msgspec.json.decode(evidence, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return msgspec.Raw(msgspec.json.encode(evidence.decode(errors="backslashreplace")))
    return msgspec.Raw(evidence)
