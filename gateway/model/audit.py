"""The audit trail: what an act and its entry are, and the hash that chains each entry to the one before it.

What must not live here: checking a chain (``gateway.bridge.audit``) and storing one (``gateway.store.audit``).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Mapping
from typing import Any

import msgspec

FORMAT = b"varbridge-audit-1"
"""First field of what is hashed; another encoding would have another one, so entries keep their hashes for ever."""
MAX_EVIDENCE_BYTES = 16_384
"""Evidence points at what was seen (ids, counts, hashes); lists of instances belong into reports."""
SYSTEM = "varbridge"
"""Caller of what the gateway does by itself, such as marking a link as stale."""


class AuditAct(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was done, to be recorded in the audit trail.

    Args:
        caller: name of who did it; ``SYSTEM`` for the gateway itself.
        action: subject's kind and verb, such as ``link.cut-over``, ``plan.create``, ``config.reload``.
        subject: what it was done to, such as ``link:0197c1…``, ``plan:hr-move``.
        evidence: small JSON that shows why or on what grounds; never a variable's value.
    """

    caller: str
    action: str
    subject: str
    evidence: Mapping[str, Any] = {}

    def __post_init__(self) -> None:
        """Refuse what could not be stored, before anything is done.

        Raises:
            ValueError: too much evidence, or a NUL character in a name; a mistake of the code that made the act.
        """
        if len(encode_evidence(self.evidence)) > MAX_EVIDENCE_BYTES:
            raise ValueError(f"The evidence of {self.action} is larger than {MAX_EVIDENCE_BYTES} bytes.")
        if any("\0" in text for text in (self.caller, self.action, self.subject)):
            raise ValueError(f"A name of {self.action!r} has a NUL character.")


class Head(msgspec.Struct, frozen=True, gc=False):
    """The last entry of a chain: its number and its hash (64 lower-case hexadecimal digits)."""

    sequence: int
    hash: str

    def __str__(self) -> str:
        """Return it as it is exported: ``SEQUENCE:HASH``."""
        return f"{self.sequence}:{self.hash}"


_HEAD = re.compile(r"(0|[1-9][0-9]{0,17}):([0-9a-f]{64})")
GENESIS = Head(0, "0" * 64)
"""What the first entry follows."""


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One entry of the trail.

    Args:
        sequence: 1 for the first entry, without gaps.
        at_ms: milliseconds since 1970, the database's clock.
        evidence: JSON, byte for byte as it was hashed.
        previous: hash of the entry before it.
        hash: of this entry, as ``entry_hash`` computes it.
    """

    sequence: int
    at_ms: int
    caller: str
    action: str
    subject: str
    evidence: bytes
    previous: str
    hash: str

    @property
    def head(self) -> Head:
        """Return this entry as the last one of a chain."""
        return Head(self.sequence, self.hash)


class AuditFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries are wanted; all that is given must hold.

    Args:
        since_ms: those made at this time or later, milliseconds since 1970.
        before: those with a lower sequence number.
    """

    subject: str | None = None
    caller: str | None = None
    since_ms: int | None = None
    before: int | None = None


ALL_ENTRIES = AuditFilter()


def parse_head(text: str) -> Head:
    """Return a head that was exported.

    Raises:
        ValueError: it is not ``SEQUENCE:HASH``.
    """
    found = _HEAD.fullmatch(text.strip())
    if found is None:
        raise ValueError("A head is SEQUENCE:HASH, as `varbridge audit head` prints it.")
    return Head(int(found[1]), found[2])


def parse_moment(text: str) -> int:
    """Return a date or a date and time of ISO 8601 as milliseconds since 1970; without an offset it is UTC.

    Raises:
        ValueError: it is neither.
    """
    moment = dt.datetime.fromisoformat(text)
    return round((moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).timestamp() * 1000)


def encode_evidence(evidence: Mapping[str, Any]) -> bytes:
    """Return evidence as it is hashed and stored: compact JSON in UTF-8, members in alphabetical order."""
    return msgspec.json.encode(evidence, order="sorted")


def follow(head: Head, act: AuditAct, at_ms: int) -> AuditEntry:
    """Return the entry of an act that comes after a head."""
    entry = AuditEntry(
        sequence=head.sequence + 1,
        at_ms=at_ms,
        caller=act.caller,
        action=act.action,
        subject=act.subject,
        evidence=encode_evidence(act.evidence),
        previous=head.hash,
        hash="",
    )
    return msgspec.structs.replace(entry, hash=entry_hash(entry))


def entry_hash(entry: AuditEntry, sequence: int | None = None) -> str:
    """Return the hash that an entry must have, in hexadecimal digits.

    It is the SHA-256 of nine netstrings (``LENGTH:BYTES,``, the length in decimal digits), one behind the other:
    ``varbridge-audit-1``, the previous hash in hexadecimal digits, the sequence number and the milliseconds in decimal
    digits, then caller, action and subject in UTF-8, and the evidence as stored. Whatever an entry says is in it.

    Args:
        entry: its own ``hash`` is not looked at.
        sequence: another number, to find out which place an entry was made for.
    """
    fields = (
        FORMAT,
        entry.previous.encode(),
        str(entry.sequence if sequence is None else sequence).encode(),
        str(entry.at_ms).encode(),
        *(text.encode() for text in (entry.caller, entry.action, entry.subject)),
        entry.evidence,
    )
    return hashlib.sha256(b"".join(b"%d:%b," % (len(field), field) for field in fields)).hexdigest()
