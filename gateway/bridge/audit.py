"""Checking the audit trail: where a chain of entries is broken, and in which way."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Literal

import msgspec

from gateway.bridge.records import AuditStore
from gateway.model.audit import GENESIS, AuditEntry, Head, entry_hash

Fault = Literal["missing", "changed", "moved", "unlinked", "truncated", "rewritten", "added"]
_PAGE = 1000
"""Entries that are read and checked at a time."""
_BEFORE_ALL = -(2**63)
"""Below every number, also below those that no entry can have."""
_NEAR = 1000
"""How many numbers before and behind an entry are tried to name the place that it was moved from; a few ms."""
MEANING: dict[Fault, str] = {
    "missing": "one or more entries before it were removed, or never were there",
    "changed": "what it says is not what it said when it was recorded in this place",
    "moved": "it was recorded in another place: the order of entries was changed",
    "unlinked": "it does not follow the entry before it: one of the two was put in the other's stead or made up",
    "truncated": "entries at the end were removed, or an old backup was restored: the chain ends before this number",
    "rewritten": "the chain was written anew from here or from before: the entry of this number was another one",
    "added": "it stands behind the end that the store knows of: it was not recorded by a gateway",
}
"""What each fault is, for people."""


class Break(msgspec.Struct, frozen=True):
    """The first place where a chain is broken.

    Args:
        fault: in which way.
        sequence: number of the entry at which it shows.
        detail: numbers and hashes that belong to it.
    """

    fault: Fault
    sequence: int
    detail: str

    def __str__(self) -> str:
        """Return it for people."""
        return f"entry {self.sequence} is {self.fault}: {MEANING[self.fault]} ({self.detail})"


async def verify_stored(
    trail: AuditStore, exported: Head | None = None, note: Callable[[int, int], None] = lambda _done, _total: None
) -> Head | Break:
    """Check the whole chain of a store, page by page; return its head, or the first break.

    Args:
        trail: what reads the store.
        exported: a head that was exported earlier: without it, nobody can tell that the end was cut off together with
            the head that the store has, or that the chain was written anew.
        note: is told after each page how many entries were checked, and how many there were at the beginning.

    Raises:
        StoreUnavailable: the store cannot be reached.
    """
    stored = await trail.head()
    known = (stored,) if exported is None else (stored, exported)
    end, after = GENESIS, _BEFORE_ALL
    while page := await trail.list_after(after, _PAGE):
        checked = verify(page, end, known)
        if isinstance(checked, Break):
            return checked
        end, after = checked, checked.sequence
        note(end.sequence, stored.sequence)
    return _check_ends(end, known, await trail.head()) or end


def _check_ends(end: Head, known: Collection[Head], stored: Head) -> Break | None:
    for each in known:
        if (found := check_end(end, each)) is not None:
            return found
    if end.sequence > stored.sequence:
        return Break("added", stored.sequence + 1, f"the store's head is {stored.sequence}")
    return None


def verify(entries: Iterable[AuditEntry], after: Head, known: Collection[Head] = ()) -> Head | Break:
    """Check entries that follow a head, in the order of the chain; return the head they end with, or the first break.

    Args:
        entries: a page of the chain, or all of it.
        after: the last entry that was checked; ``GENESIS`` for the beginning.
        known: heads that the chain once had; an entry with the number of one of them must have its hash.
    """
    head = after
    for entry in entries:
        found = _check(entry, head) or _compare(entry, known)
        if found is not None:
            return found
        head = entry.head
    return head


def check_end(end: Head, known: Head) -> Break | None:
    """Return the break where a chain ends before a head that it once had, else None.

    Args:
        end: the last entry of the chain.
        known: a head that was exported earlier, or the one that the store has apart from its entries.
    """
    if end.sequence >= known.sequence:
        return None
    return Break("truncated", known.sequence, f"the last entry is {end.sequence}")


def _check(entry: AuditEntry, head: Head) -> Break | None:
    wanted = head.sequence + 1
    if entry.sequence > wanted:
        return Break("missing", wanted, f"{entry.sequence - wanted} of them; the next one is {entry.sequence}")
    if entry.hash != entry_hash(entry):
        place = _original_place(entry)
        if place is None:
            return Break("changed", entry.sequence, f"its hash is not that of what it says, {entry_hash(entry)}")
        return Break("moved", entry.sequence, f"it was number {place}")
    if entry.sequence < wanted:
        return Break("moved", entry.sequence, f"it comes after number {head.sequence}")
    if entry.previous != head.hash:
        return Break("unlinked", entry.sequence, f"it follows {entry.previous}, not {head.hash}")
    return None


def _compare(entry: AuditEntry, known: Collection[Head]) -> Break | None:
    for each in known:
        if entry.sequence == each.sequence and entry.hash != each.hash:
            return Break("rewritten", entry.sequence, f"its hash was {each.hash}, and is {entry.hash}")
    return None


def _original_place(entry: AuditEntry) -> int | None:
    """Return the number for which an entry's hash is right, None if none nearby is."""
    places = range(max(1, entry.sequence - _NEAR), entry.sequence + _NEAR + 1)
    return next((place for place in places if entry_hash(entry, place) == entry.hash), None)
