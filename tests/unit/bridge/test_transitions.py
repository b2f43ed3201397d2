"""The closed table of transitions, cell by cell, against the same table written as people read it."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from gateway.bridge import EVENTS, Event, allowed, apply
from gateway.errors import BridgeTransitionRefused
from gateway.model.bridge import Link, LinkState, Side, SideName

EXPECTED = """
              source          copy    fail    dual    shadow  demote  cut-over  roll-back    finish  diverge   resync  unlink
linked        source          copied  failed  .       .       .       .         .            .       .         .       linked
copied        source          copied  failed  dual    .       .       live>     .            .       .         .       linked
dual          source          .       .       .       shadow  copied  live>     .            .       diverged  .       .
shadow        source          .       .       .       .       dual    live>     .            .       diverged  .       .
live          source          .       .       .       .       .       .         .            .       .         .       .
final         source          .       .       .       .       .       .         .            .       .         .       .
diverged      source          copied  failed  .       .       .       .         .            .       .         .       linked
failed        source          copied  failed  .       .       .       .         .            .       .         .       linked
rolled_back   source          copied  failed  .       .       .       .         .            .       .         .       linked
linked        target          .       .       .       .       .       .         .            .       .         .       .
copied        target          .       .       .       .       .       .         .            .       .         .       .
dual          target          .       .       .       .       .       .         .            .       .         .       .
shadow        target          .       .       .       .       .       .         .            .       .         .       .
live          target          .       .       .       .       .       .         <rolled_back final   diverged  .       .
final         target          .       .       .       .       .       .         .            .       .         .       final
diverged      target          .       .       .       .       .       .         <rolled_back .       .         live    .
failed        target          .       .       .       .       .       .         .            .       .         .       .
rolled_back   target          .       .       .       .       .       .         .            .       .         .       .
"""  # noqa: E501 - a table
"""State, authority, and the state after each event; ``>`` moves the authority to the target, ``<`` back."""


def cells() -> list[Any]:
    head, *rows = EXPECTED.strip("\n").splitlines()
    events = head.split()[1:]
    return [
        pytest.param(state, authority, event, after, id=f"{event} of {state}, {authority} decides")
        for state, authority, *afters in map(str.split, rows)
        for event, after in zip(events, afters, strict=True)
    ]


def link(state: LinkState, authority: SideName = "source", stale: str | None = None) -> Link:
    source, target = Side("hr", "1"), Side("claims", "2")
    return Link(id="0" * 32, source=source, target=target, public="hr:1", state=state, authority=authority, stale=stale)


@pytest.mark.parametrize(("state", "authority", "event", "after"), cells())
def test_event_leads_where_the_table_says(state: LinkState, authority: SideName, event: Event, after: str) -> None:
    before = link(state, authority)
    if after == ".":
        assert event not in allowed(before)
        with pytest.raises(BridgeTransitionRefused) as refused:
            apply(before, event)
        assert f"allows no {event}; allowed now: {', '.join(allowed(before)) or 'nothing'}." in refused.value.detail
    else:
        moved: SideName = "target" if ">" in after else "source" if "<" in after else authority
        assert event in allowed(before)
        assert apply(before, event) == link(after.strip("<>"), moved)  # type: ignore[arg-type]


def test_every_cell_is_written_out() -> None:
    written = {(cell.values[2], cell.values[0], cell.values[1]) for cell in cells()}
    assert written == {
        (event, state, side)
        for event in get_args(Event)
        for state in get_args(LinkState)
        for side in get_args(SideName)
    }
    assert set(EVENTS) == set(get_args(Event))


@pytest.mark.parametrize(
    ("before", "event", "furthest", "goes"),
    [
        (link("linked"), "copy", "linked", False),
        (link("linked"), "copy", "copied", True),
        (link("copied"), "dual", "copied", False),
        (link("dual"), "shadow", "dual", False),
        (link("copied"), "cut-over", "shadow", False),
        (link("copied"), "cut-over", "live", True),
        (link("live", "target"), "finish", "live", False),
        (link("live", "target"), "finish", "final", True),
        (link("copied"), "copy", "linked", True),
        (link("shadow"), "demote", "linked", True),
        (link("live", "target"), "roll-back", "linked", True),
        (link("diverged", "target"), "resync", "linked", True),
        (link("live", "target"), "diverge", "linked", True),
        (link("copied"), "unlink", "linked", True),
    ],
    ids=lambda value: f"{value.state}" if isinstance(value, Link) else str(value),
)
def test_plan_stops_what_goes_beyond_its_stage_but_no_way_back(
    before: Link, event: Event, furthest: Any, goes: bool
) -> None:
    if goes:
        assert apply(before, event, furthest).id == before.id
    else:
        with pytest.raises(BridgeTransitionRefused, match=f"as far as {furthest}; {event} goes further"):
            apply(before, event, furthest)


def test_stale_link_is_copied_before_it_is_cut_over() -> None:
    stale = link("copied", stale="a completed task")
    with pytest.raises(BridgeTransitionRefused, match="copied and stale allows no cut-over; allowed now: copy, fail"):
        apply(stale, "cut-over")
    assert apply(apply(stale, "copy"), "cut-over") == link("live", "target")


def test_what_was_stale_before_an_event_that_copies_nothing_stays_so() -> None:
    assert apply(link("copied", stale="a modification"), "fail") == link("failed", stale="a modification")
