"""Routes of links: which link an instance is in and who decides, what has changed since, and when that is not known."""

from __future__ import annotations

import msgspec
import pytest

from gateway.bridge.routes import LinkRoutes
from gateway.errors import StoreUnavailable
from tests.linked import Kept, link, moved, side

ONE, OTHER = link("hr:s1", "claims:1", 1), moved("hr:s2", "claims:2", 2)


class Signal:
    """What another process shows; None = in doubt."""

    def __init__(self) -> None:
        self.at: int | None = 0
        self.heard: list[str] = []

    def mark(self) -> int | None:
        return self.at

    def is_current(self, mark: int | None, number: int) -> bool:
        return self.at is not None and self.at == mark

    async def begin(self) -> int | None:
        self.heard.append("begin")
        return self.at

    async def end(self) -> int | None:
        self.heard.append("end")
        return self.at

    async def mend(self) -> None:
        self.heard.append("mend")


async def read(*links, signal: Signal | None = None) -> tuple[LinkRoutes, Kept]:
    store = Kept(*links)
    routes = LinkRoutes(store, signal)
    await routes.refresh()
    return routes, store


async def test_link_is_found_by_either_side_and_tells_who_decides() -> None:
    routes, _ = await read(ONE, OTHER)
    for of, engine, native in ((ONE, "hr", "s1"), (ONE, "claims", "1"), (OTHER, "hr", "s2"), (OTHER, "claims", "2")):
        found = routes.find(engine, native)
        assert found is not None
        assert (found.link, found.owner, found.twin, found.state) == (of.id, of.owner, of.other, of.state)
        assert (found.public, found.lock) == (of.public, (of.source.engine, of.source.native))
    assert [routes.find(*each) for each in (("hr", "1"), ("claims", "s1"), ("hr", "x"))] == [None, None, None]
    assert routes.is_twin("claims", "1")
    assert routes.is_twin("hr", "s2")
    assert not routes.is_twin("hr", "s1")
    assert (routes.list_twins("claims"), routes.list_twins("hr")) == (["1"], ["s2"])
    assert (routes.count_twins("claims"), routes.count_twins("hr"), routes.count_twins("third")) == (1, 1, 0)


async def test_public_id_is_that_of_the_link_even_where_it_is_not_that_of_the_source() -> None:
    routes, _ = await read(link("hr:s1", "claims:1", public="old:s0"))
    assert [each.public for each in routes] == ["old:s0"]


async def test_instances_of_one_id_on_several_engines_are_told_apart() -> None:
    same = [link("hr:7", "claims:7", 1), link("third:7", "claims:8", 2), link("fourth:1", "fifth:7", 3)]
    routes, store = await read(*same)
    assert [routes.find(each, "7").link for each in ("hr", "claims", "third", "fifth")] == [
        same[0].id, same[0].id, same[1].id, same[2].id,
    ]  # fmt: skip
    assert {each.link for each in routes.find_all("7")} == {each.id for each in same}
    for each in same:
        store.remove(each.id)
        routes.note((), [each.id])
    assert (len(routes), routes.find_all("7"), routes.find_all("8"), routes.active) == (0, (), (), False)


async def test_nothing_is_looked_up_where_there_are_no_links_and_nothing_is_known_before_they_are_read() -> None:
    assert (LinkRoutes().active, LinkRoutes().is_known, LinkRoutes().is_current()) == (False, True, True)
    unread = LinkRoutes(Kept())
    assert (unread.active, unread.is_known, unread.is_current()) == (True, False, False)
    await unread.refresh()
    assert (unread.active, unread.is_known, unread.is_current()) == (False, True, True)


async def test_store_that_cannot_be_read_leaves_what_was_known_and_is_read_the_next_time() -> None:
    store = Kept(ONE)
    store.broken = StoreUnavailable()
    routes = LinkRoutes(store)
    with pytest.raises(StoreUnavailable):
        await routes.refresh()
    assert (routes.is_known, routes.is_current()) == (False, False)
    store.broken = None
    await routes.refresh()
    assert (routes.is_known, len(routes)) == (True, 1)


async def test_all_links_are_read_in_pages_and_those_of_one_change_together(monkeypatch) -> None:
    monkeypatch.setattr("gateway.bridge.routes._PAGE", 2)
    many = [link(f"hr:s{number}", f"claims:{number}", number, changed=number // 3 + 1) for number in range(1, 12)]
    routes, store = await read(*many)
    assert {each.link for each in routes} == {each.id for each in many}
    assert store.reads > 2


async def test_ids_that_no_link_has_are_remembered_until_a_link_is_made(monkeypatch) -> None:
    monkeypatch.setattr("gateway.bridge.routes._MOST_UNLINKED", 2)
    routes, _ = await read(ONE)
    routes.note_unlinked("", "hr:s2")
    routes.note_unlinked("door", "s2")
    routes.note([msgspec.structs.replace(ONE, state="copied", changed=2)])
    assert routes.unlinked == {("", "hr:s2"), ("door", "s2")}
    routes.note_unlinked("", "hr:s3")
    assert routes.unlinked == {("", "hr:s3")}
    routes.note([msgspec.structs.replace(OTHER, changed=3)])
    assert routes.unlinked == set()


async def test_changes_of_others_are_read_once_the_signal_shows_them() -> None:
    signal = Signal()
    routes, store = await read(ONE, signal=signal)
    seen, reads = routes.generation, store.reads
    store.change(msgspec.structs.replace(ONE, state="live", authority="target"))
    await routes.refresh()
    assert (store.reads, routes.find("hr", "s1").owner) == (reads, side("hr:s1"))
    signal.at = 2
    assert not routes.is_current()
    await routes.refresh()
    assert (routes.find("hr", "s1").owner, routes.generation > seen) == (side("claims:1"), True)
    store.remove(ONE.id)
    signal.at = None
    await routes.refresh()
    assert (routes.find("hr", "s1"), routes.is_current()) == (None, False)


async def test_changes_that_no_signal_shows_are_found_by_their_number() -> None:
    routes, store = await read(ONE, signal=Signal())
    await routes.check()
    reads = store.reads
    store.change(OTHER)
    await routes.check()
    assert (routes.find("hr", "s2").owner, store.reads) == (side("claims:2"), reads + 1)


async def test_older_read_does_not_undo_what_was_noted_meanwhile() -> None:
    routes, store = await read(ONE)
    flipped = store.change(msgspec.structs.replace(ONE, state="live", authority="target"))
    routes.note(flipped)
    routes.note([ONE])
    assert routes.find("hr", "s1").owner == side("claims:1")
    routes.note((), [ONE.id])
    routes.note(flipped)
    assert routes.find("hr", "s1") is None


async def test_store_that_was_restored_from_an_older_backup_is_read_anew() -> None:
    routes, store = await read(ONE, OTHER, signal=Signal())
    store.links, store.number = {ONE.id: ONE}, 1
    await routes.check()
    assert [each.link for each in routes] == [ONE.id]


async def test_store_that_is_older_is_reported_once() -> None:
    reported: list[None] = []
    store = Kept(ONE, OTHER)
    routes = LinkRoutes(store, Signal(), lambda: reported.append(None))
    await routes.refresh()
    assert reported == []
    store.links, store.number = {ONE.id: ONE}, 1
    await routes.check()
    await routes.check()
    assert len(reported) == 1


async def test_process_that_was_away_until_removals_were_forgotten_reads_all_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gateway.bridge.routes._PAGE", 1)  # so that a page of the new read is behind what is forgotten
    reported: list[None] = []
    store = Kept(ONE, OTHER)
    routes = LinkRoutes(store, Signal(), lambda: reported.append(None))
    await routes.refresh()
    store.remove(ONE.id)
    store.forget()
    [new] = store.change(link("hr:s3", "claims:3", 9))
    await routes.check()
    assert {each.link for each in routes} == {OTHER.id, new.id}
    assert (routes.find("hr", "s1"), routes.is_current(), reported) == (None, True, [])


async def test_link_that_was_removed_after_a_first_read_was_broken_off_is_not_known() -> None:
    store = Kept(ONE, OTHER)
    routes = LinkRoutes(store)
    answers, changed_since = [1], store.changed_since

    async def broken(number: int, limit: int, known: int | None = None):
        if not answers:
            raise StoreUnavailable
        return await changed_since(number, answers.pop(), known)

    store.changed_since = broken  # type: ignore[method-assign]
    with pytest.MonkeyPatch.context() as patched, pytest.raises(StoreUnavailable):
        patched.setattr("gateway.bridge.routes._PAGE", 1)
        await routes.refresh()
    store.changed_since = changed_since  # type: ignore[method-assign]
    assert routes.find("hr", "s1") is not None
    store.remove(ONE.id)
    store.forget()
    await routes.refresh()
    assert [each.link for each in routes] == [OTHER.id]


async def test_change_is_shown_to_others_while_it_is_made() -> None:
    signal = Signal()
    routes, _ = await read(signal=signal)
    signal.heard.clear()
    async with routes.changing():
        assert signal.heard == ["begin"]
    assert signal.heard == ["begin", "end"]


async def test_change_that_failed_is_in_doubt_here_and_for_others_until_the_links_are_read() -> None:
    signal = Signal()
    routes, store = await read(signal=signal)
    signal.heard.clear()
    with pytest.raises(StoreUnavailable):
        async with routes.changing():
            store.change(ONE)
            raise StoreUnavailable
    assert (signal.heard, routes.is_current(), routes.find("hr", "s1")) == (["begin"], False, None)
    await routes.refresh()
    assert (signal.heard, routes.is_current()) == (["begin", "mend", "end"], True)
    assert routes.find("hr", "s1").owner == side("hr:s1")
