"""The chain of the audit trail: a hash that stays for ever, and every kind of tampering found and named."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.bridge.audit import Break, check_end, verify
from gateway.model.audit import GENESIS, MAX_EVIDENCE_BYTES, AuditAct, AuditEntry, Head, entry_hash, follow

FIRST = AuditAct(
    caller="ada", action="link.cut-over", subject="link:0197c1", evidence={"to": "target", "from": "source", "größe": 1}
)


def chained(acts: list[AuditAct], head: Head = GENESIS) -> list[AuditEntry]:
    entries = []
    for at_ms, act in enumerate(acts, 1_767_225_600_000):
        entries.append(follow(head, act, at_ms))
        head = entries[-1].head
    return entries


def rehashed(entry: AuditEntry, **changed: Any) -> AuditEntry:
    made = msgspec.structs.replace(entry, **changed)
    return msgspec.structs.replace(made, hash=entry_hash(made))


FIVE = chained([msgspec.structs.replace(FIRST, subject=f"link:{number}") for number in range(1, 6)])


def test_hash_of_an_entry_is_what_is_documented_and_stays_so() -> None:
    entry = follow(GENESIS, FIRST, 1_767_225_600_123)
    evidence = '{"from":"source","größe":1,"to":"target"}'.encode()
    assert entry.evidence == evidence
    hashed = b"17:varbridge-audit-1,64:" + b"0" * 64 + b",1:1,13:1767225600123,3:ada,13:link.cut-over,11:link:0197c1,"
    hashed += b"43:" + evidence + b","
    assert entry.hash == hashlib.sha256(hashed).hexdigest()
    assert entry.hash == "9abf163401c679d87efc98cb45e75cb6bdba1196257eaf2007573388df6da452"


def test_text_that_moves_from_one_field_to_the_next_makes_another_hash() -> None:
    one = AuditAct(caller="ab", action="c", subject="d")
    other = AuditAct(caller="a", action="bc", subject="d")
    assert follow(GENESIS, one, 1).hash != follow(GENESIS, other, 1).hash


def test_empty_chain_ends_where_it_begins() -> None:
    assert verify([], GENESIS) == GENESIS


CHANGES = {"at_ms": 5, "caller": "eve", "action": "link.copy", "subject": "link:9", "evidence": b"{}", "hash": "0" * 64}


@pytest.mark.parametrize(("field", "value"), CHANGES.items(), ids=CHANGES)
def test_changed_entry_is_found(field: str, value: object) -> None:
    changed = msgspec.structs.replace(FIVE[2], **{field: value})
    found = verify([*FIVE[:2], changed, *FIVE[3:]], GENESIS)
    assert isinstance(found, Break)
    assert (found.fault, found.sequence) == ("changed", 3)


def test_entry_that_is_changed_and_hashed_anew_is_found_at_the_next_one() -> None:
    changed = rehashed(FIVE[2], caller="eve")
    assert verify([*FIVE[:2], changed, *FIVE[3:]], GENESIS) == Break(
        "unlinked", 4, f"it follows {FIVE[2].hash}, not {changed.hash}"
    )


@pytest.mark.parametrize(
    ("entries", "wanted"),
    [
        pytest.param([*FIVE[:2], *FIVE[3:]], Break("missing", 3, "1 of them; the next one is 4"), id="one removed"),
        pytest.param(FIVE[3:], Break("missing", 1, "3 of them; the next one is 4"), id="the beginning removed"),
        pytest.param(
            [FIVE[0], FIVE[2], FIVE[1]], Break("missing", 2, "1 of them; the next one is 3"), id="listed out of order"
        ),
        pytest.param([*FIVE[:2], FIVE[1]], Break("moved", 2, "it comes after number 2"), id="listed twice"),
        pytest.param(
            [FIVE[0], *(msgspec.structs.replace(FIVE[at - 1], sequence=to) for to, at in ((2, 4), (3, 3), (4, 2)))],
            Break("moved", 2, "it was number 4"),
            id="two swapped",
        ),
    ],
)
def test_entries_that_are_not_where_they_were_are_found(entries: list[AuditEntry], wanted: Break) -> None:
    assert verify(entries, GENESIS) == wanted


def test_end_that_was_removed_is_found_by_an_exported_head() -> None:
    end = verify(FIVE[:3], GENESIS)
    assert end == FIVE[2].head
    assert check_end(end, FIVE[4].head) == Break("truncated", 5, "the last entry is 3")
    assert check_end(end, FIVE[2].head) is None
    assert check_end(end, FIVE[0].head) is None


def test_chain_written_anew_from_some_entry_on_is_found_by_an_exported_head_alone() -> None:
    forged = rehashed(FIVE[2], caller="eve")
    rest = chained([FIRST, FIRST, FIRST], forged.head)
    entries = [*FIVE[:2], forged, *rest]
    assert verify(entries, GENESIS) == rest[-1].head
    assert verify(entries, GENESIS, [FIVE[4].head]) == Break(
        "rewritten", 5, f"its hash was {FIVE[4].hash}, and is {rest[1].hash}"
    )
    assert verify(entries, GENESIS, [FIVE[1].head]) == rest[-1].head


def test_break_says_for_people_what_it_is() -> None:
    assert str(Break("missing", 3, "1 of them")) == (
        "entry 3 is missing: one or more entries before it were removed, or never were there (1 of them)"
    )


@pytest.mark.parametrize("name", ["caller", "action", "subject"])
def test_act_with_a_nul_character_is_refused_before_it_is_stored(name: str) -> None:
    with pytest.raises(ValueError, match="NUL"):
        msgspec.structs.replace(FIRST, **{name: "a\0b"})


def test_act_with_too_much_evidence_is_refused() -> None:
    with pytest.raises(ValueError, match=str(MAX_EVIDENCE_BYTES)):
        msgspec.structs.replace(FIRST, evidence={"ids": "x" * MAX_EVIDENCE_BYTES})


_texts = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=8)
_acts = st.builds(
    AuditAct,
    caller=_texts,
    action=_texts,
    subject=_texts,
    evidence=st.dictionaries(_texts, st.none() | st.integers(-(2**53), 2**53) | _texts, max_size=3),
)
_chains = st.lists(_acts, min_size=2, max_size=12).map(chained)


@given(_chains, st.integers(1, 5))
def test_chain_that_nobody_touched_is_whole_in_pages_of_any_size(entries: list[AuditEntry], size: int) -> None:
    head: Head | Break = GENESIS
    for page in _pages(entries, size):
        assert isinstance(head, Head)
        head = verify(page, head, [entries[-1].head])
    assert head == entries[-1].head


def _pages(entries: list[AuditEntry], size: int) -> list[list[AuditEntry]]:
    return [entries[at : at + size] for at in range(0, len(entries), size)]


@given(_chains, st.data())
def test_change_of_any_field_of_any_entry_is_found_there_or_at_the_next(
    entries: list[AuditEntry], data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(entries) - 1))
    field = data.draw(st.sampled_from(AuditEntry.__struct_fields__))
    old = getattr(entries[at], field)
    kinds = {int: st.integers(-(2**63), 2**63 - 1), bytes: st.binary(max_size=8), str: _texts}
    new = data.draw(kinds[type(old)].filter(lambda value: value != old))
    made = msgspec.structs.replace(entries[at], **{field: new})
    found = verify([*entries[:at], made, *entries[at + 1 :]], GENESIS)
    assert isinstance(found, Break)
    assert found.fault in {"changed", "missing", "moved"}
    assert found.sequence in {at + 1, made.sequence}


@given(_chains, st.data())
def test_entries_removed_or_swapped_anywhere_are_found(entries: list[AuditEntry], data: st.DataObject) -> None:
    one, other = sorted(data.draw(st.lists(st.integers(0, len(entries) - 1), min_size=2, max_size=2, unique=True)))
    removed = verify([*entries[:one], *entries[one + 1 :]], GENESIS)
    assert (removed.fault, removed.sequence) == ("missing", one + 1)
    swapped = list(entries)
    swapped[one] = msgspec.structs.replace(entries[other], sequence=one + 1)
    swapped[other] = msgspec.structs.replace(entries[one], sequence=other + 1)
    assert verify(swapped, GENESIS) == Break("moved", one + 1, f"it was number {other + 1}")


@given(_chains, st.data())
def test_end_removed_anywhere_is_found_by_the_head(entries: list[AuditEntry], data: st.DataObject) -> None:
    end = verify(entries[: data.draw(st.integers(0, len(entries) - 1))], GENESIS)
    assert isinstance(end, Head)
    assert check_end(end, entries[-1].head).fault == "truncated"
