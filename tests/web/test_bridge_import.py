"""Files of links over a socket: what is linked, what was there, what is refused and why; sent again without harm."""

from __future__ import annotations

import asyncio
import json
import tracemalloc
from collections.abc import AsyncIterator, Sequence
from hashlib import sha256
from typing import Any

import pytest

from gateway.errors import StoreUnavailable
from gateway.store import AuditRecords
from gateway.web.v1.import_lines import MAX_LINE_BYTES, split_lines
from tests.web.bridged import Bridged

CSV, NDJSON = "text/csv", "application/x-ndjson"
HEAD = b"source,target,plan,businessKey\n"


@pytest.fixture
async def site(started) -> AsyncIterator[Bridged]:
    made = await started(Bridged())
    await made.admin("POST", "plans", body={"name": "move", "source": "hr", "target": "claims"})
    yield made
    await made.store.close()


async def send(site: Bridged, content: bytes, kind: str = CSV, query: str = "") -> Any:
    status, report, _ = await site.admin("POST", "links", "import", body=content, query=query, Content_Type=kind)
    return status, report


def told(report: Any) -> list[tuple[int, str, str]]:
    return [(each["row"], each["reason"], each["detail"]) for each in report["problems"]]


async def test_rows_of_csv_become_links_and_sent_again_are_present(site: Bridged) -> None:
    content = HEAD + b'hr:1,claims:1,move,"K ""1"", a"\r\nhr:2,claims:BPDInstance.2,,\n\nhr:3,claims:3,move,\n'
    assert await send(site, content) == (200, {"rows": 3, "linked": 3, "present": 0, "refused": {}, "problems": []})
    found = await site.links.records.list_some()
    assert sorted((each.public, each.target.public, each.plan, each.business_key) for each in found) == [
        ("hr:1", "claims:1", "move", 'K "1", a'), ("hr:2", "claims:2", None, None), ("hr:3", "claims:3", "move", None),
    ]  # fmt: skip
    assert (await send(site, content))[1] == {"rows": 3, "linked": 0, "present": 3, "refused": {}, "problems": []}
    assert site.sent == []
    assert (await site.recorded()).count("ops link.create") == 3
    assert sorted(each.public for each in site.noted) == ["hr:1", "hr:2", "hr:3"]


async def test_lines_of_json_become_links_of_the_plan_of_the_request(site: Bridged) -> None:
    rows = [{"source": "hr:1", "target": "claims:1"}, {"source": "hr:2", "target": "claims:2", "plan": "move"}]
    content = "\n".join(json.dumps(each) for each in rows).encode()  # the last line needs no end: an object has one
    assert (await send(site, content, NDJSON, "plan=move"))[1]["linked"] == 2
    assert {each.plan for each in await site.links.records.list_some()} == {"move"}


ROWS = [
    (b"hr:8,claims:8,move", None),
    (b"hr:1,claims:1,move", "present"),
    (b"hr:1,claims:7,move", "hr:1 is in another link already"),
    (b"hr:7,claims:1,move", "claims:1 is in another link already"),
    (b"claims:1,hr:1,", "is in another link already"),
    (b"claims:1,other:1,", "claims:1 is in another link already"),
    (b"hr:6,hr:6,", "hr:6 cannot be linked to itself."),
    (b"hr:6,hr:5,", "hr:6 and hr:5 are on the same engine."),
    (b"hr:8,claims:9,move", "hr:8 is in another link already"),
    (b"hr:8,claims:8,move", "present"),
    (b"hrr:6,claims:6,", "No engine of this name is configured. Did you mean `hr`?"),
    (b"6,claims:6,", "An instance is named `engine:id` here."),
    (b"hr:6,claims:six,", "An instance id of this engine is a number."),
    (b"hr:6,claims:6,none", "There is no bridge plan none."),
    (b"other:6,claims:6,move", "The plan move links instances of hr to twins on claims."),
    (b"hr:6,claims:6", "It has 2 fields; the header has 3."),
    (b"hr:6,claims:6,move,x", "It has 4 fields; the header has 3."),
    (b"hr:6,,", "The target is empty."),
    (b'hr:6,"claims:6,', "A quoted field does not end on its line"),
    (b"hr:\xe9,claims:6,", "It is not UTF-8 at byte {offset} of the file (0xe9)"),
    (b"h\0r\0:6\0,claims:6,", "It has a NUL character"),
    (b"hr:" + b"6" * MAX_LINE_BYTES + b",claims:6,", f"; {MAX_LINE_BYTES} are the most."),
    (b"hr:9,claims:10,move", None),
]


async def test_rows_that_cannot_be_are_told_with_number_and_reason_and_stop_no_others(site: Bridged) -> None:
    await send(site, b"source,target,plan\nhr:1,claims:1,move\n")
    lines = [b"source,target,plan", *(row for row, _ in ROWS)]
    status, report = await send(site, b"\n".join(lines) + b"\nhr:11,clai")
    assert status == 200
    wanted = [(number, says) for number, (_, says) in enumerate(ROWS, 2) if says not in {None, "present"}]
    wanted.append((len(ROWS) + 2, "The last line has no line break: the file may be cut off here."))
    assert (report["linked"], report["present"], report["rows"]) == (2, 2, len(ROWS) + 1)
    offset = b"\n".join(lines).index(b"\xe9")
    for (row, _, detail), (number, says) in zip(told(report), wanted, strict=True):
        assert row == number
        assert str(says).replace("{offset}", str(offset)) in detail
    assert sum(report["refused"].values()) == len(wanted)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('{"source": "hr:1", "tar', "It is not JSON: Unterminated string starting at at column 20."),
        ('{"source": "hr:1"}', "missing required field `target`"),
        ('{"source": "hr:1", "traget": "claims:1"}', "Did you mean `target`?"),
        ('{"source": "hr:1", "source": "hr:2", "target": "claims:1"}', "twice"),
        ('{"source": "hr:1", "target": 1}', "Expected `str`, got `int`"),
        ("hr:1,claims:1", "It is not JSON: Expecting value at column 1."),
        (r'{"source": "hr:1\u0000", "target": "claims:1"}', "It has a NUL character."),
        (r'{"source": "hr:1", "target": "claims:1", "businessKey": "\u0000"}', "It has a NUL character."),
        (f'{{"source": "hr:{"x" * 510}", "target": "claims:1"}}', "It has 513 characters; 512 are the most."),
    ],
    ids=["half a line", "no target", "misspelt", "a member twice", "a number", "CSV", "NUL in an id", "NUL in a key",
         "too long"],
)  # fmt: skip
async def test_line_that_is_not_the_json_of_a_link_is_told_with_the_reason(site: Bridged, line: str, says: str) -> None:
    good = '{"source": "hr:5", "target": "claims:5"}'
    status, report = await send(site, f"{line}\n{good}\n".encode(), NDJSON)
    assert (status, report["linked"], report["refused"]) == (200, 1, {"row": 1})
    assert report["problems"][0]["row"] == 1
    assert says in report["problems"][0]["detail"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "The file is empty; its first line names the columns: source,target,plan,businessKey."),
        (b"\n\n", "The file is empty"),
        (b"source,traget\n", "Did you mean `target`?"),
        (b"sourceId,targetId\n", "Did you mean `source`?"),
        (b"source,target,source\n", "A column is named twice"),
        (b"source,plan\n", "The first line names no column target."),
        (b"source;target\nhr:1;claims:1\n", "The columns are separated by commas."),
        (b"hr:1,claims:1\n", "Unknown column 'hr:1' in the first line."),
        (b"sourc\xe9,target\n", "Line 1: It is not UTF-8 at byte 5 of the file (0xe9)"),
        ("source,target\nhr:1,claims:1\n".encode("utf-16"), "The file is in UTF-16 (its first bytes say so)"),
        ("source,target\n".encode("utf-32"), "The file is in UTF-32"),
        ("source,target\n".encode("utf-16-le"), "NUL character"),
    ],
    ids=["empty", "empty lines", "misspelt", "other words", "twice", "too few", "semicolons", "no header", "Latin-1",
         "UTF-16", "UTF-32", "UTF-16 without a mark"],
)  # fmt: skip
async def test_file_whose_beginning_is_wrong_is_refused_as_a_whole(site: Bridged, content: bytes, says: str) -> None:
    status, refused = await send(site, content)
    assert (status, refused["code"]) == (400, "invalid-request")
    assert says in refused["detail"]
    assert await site.links.records.list_some() == []


async def test_byte_order_mark_of_utf8_and_columns_in_another_order_are_taken(site: Bridged) -> None:
    content = b"\xef\xbb\xbftarget, source\nclaims:1,hr:1\n"
    assert (await send(site, content))[1]["linked"] == 1


async def test_file_of_another_type_or_charset_or_plan_is_refused(site: Bridged) -> None:
    assert (await send(site, HEAD, "application/json"))[0] == 415
    assert (await send(site, HEAD, "text/csv; charset=iso-8859-1"))[0] == 415
    status, refused = await send(site, HEAD, query="plan=none")
    assert (status, refused["code"]) == (404, "plan-not-found")
    _, report = await send(site, HEAD + b"hr:1,claims:1,other,\n", query="plan=move")
    assert told(report) == [(2, "row", "The row names another plan than the request, move.")]


async def test_audit_trail_tells_of_each_import_as_a_whole_and_its_links_name_it(site: Bridged) -> None:
    content = HEAD + b"hr:1,claims:1,,\nhr:1,claims:2,,\nnobody,claims:3,,\n"
    for _ in range(2):
        assert (await send(site, content, query="plan=move"))[0] == 200
    entries = await AuditRecords(site.store).list_after(0, 100)
    first, second = [each for each in entries if each.action == "link.import"]
    known = {"sha256": sha256(content).hexdigest(), "bytes": len(content), "plan": "move"}
    assert json.loads(first.evidence) == known | {"linked": 1, "present": 0, "refused": {"taken": 1, "row": 1}}
    assert json.loads(second.evidence) == known | {"linked": 0, "present": 1, "refused": {"taken": 1, "row": 1}}
    [made] = [each for each in entries if each.action == "link.create"]
    assert (first.caller, first.subject) == ("ops", f"import:{json.loads(made.evidence)['import']}")
    assert first.subject != second.subject


async def test_audit_trail_tells_of_an_import_that_was_broken_off(site: Bridged) -> None:
    content = b"source,traget\nhr:1,claims:1\n"
    assert (await send(site, content))[0] == 400
    [told_of] = [each for each in await AuditRecords(site.store).list_after(0, 9) if each.action == "link.import"]
    evidence = json.loads(told_of.evidence)
    assert (evidence["bytes"], evidence["stopped"], evidence["linked"]) == (len(content), "invalid-request", 0)


async def test_row_of_an_engine_that_is_sent_its_callers_credentials_is_refused(site: Bridged) -> None:
    _, report = await send(site, HEAD + b"hr:1,theirs:1,,\nhr:2,claims:2,,\n")
    [(row, reason, detail)] = told(report)
    assert (report["linked"], row, reason) == (1, 2, "row")
    assert "theirs is sent the caller's own credentials" in detail


async def test_instances_are_looked_for_in_bulk_where_that_is_asked_for(site: Bridged) -> None:
    content = HEAD + f"{site.hr},{site.claims},,\nhr:gone,claims:1,,\n".encode()
    status, report = await send(site, content, query="check=true")
    assert (status, report["linked"]) == (200, 1)
    assert told(report) == [(3, "missing", "hr:gone is not a running instance.")]
    assert len([each for each in site.sent if each.writes]) == 0


async def test_import_that_the_store_or_the_switch_ends_goes_on_when_the_file_is_sent_again(
    site: Bridged, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = b"".join(b"hr:%d,claims:%d,move,\n" % (number, number) for number in range(1, 1301))
    create, calls = site.links.records.create, 0

    async def failing(*given: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise StoreUnavailable
        return await create(*given)

    monkeypatch.setattr(site.links.records, "create", failing)
    status, refused = await send(site, HEAD + rows)
    assert (status, refused["code"]) == (503, "store-unavailable")
    assert "Everything up to line 501 is done; send the same file again to go on." in refused["detail"]
    status, report = await send(site, HEAD + rows)
    assert (status, report["linked"], report["present"]) == (200, 800, 500)
    site.on = False
    status, refused = await send(site, HEAD + b"hr:2000,claims:2000,move,\n")
    assert (status, refused["code"]) == (409, "bridge-transition-refused")


async def test_two_operators_who_send_the_same_file_at_once_make_each_link_once(site: Bridged) -> None:
    rows = b"".join(b"hr:%d,claims:%d,move,\n" % (number, number) for number in range(1, 1201))
    both = await asyncio.gather(send(site, HEAD + rows), send(site, HEAD + rows))
    assert [status for status, _ in both] == [200, 200]
    assert sum(report["linked"] for _, report in both) == 1200
    assert sum(report["present"] for _, report in both) == 1200
    assert (await site.links.records.count()).states == {"linked": 1200}


async def pieces(content: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000], ids=lambda size: f"{size} bytes at a time")
async def test_lines_are_the_same_however_the_bytes_arrive(size: int) -> None:
    long = b"x" * (MAX_LINE_BYTES + 1)
    content = b"\xef\xbb\xbfone\r\n\ntw\xc3\xb6\n\xff\n" + (long + b"\nend" if size > 3 else b"end")
    found = [
        (each.text, each.ended, bool(each.fault))
        async for lines in split_lines(pieces(content, size))
        for each in lines
    ]
    tail: Sequence[tuple[str, bool, bool]] = [("", True, True)] if size > 3 else []
    assert found == [("one", True, False), ("", True, False), ("twö", True, False), ("", True, True), *tail,
                     ("end", False, False)]  # fmt: skip


async def test_line_without_an_end_takes_no_more_memory_than_one_line_may() -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(400):
            yield b"x" * 65_536

    tracemalloc.start()
    try:
        [[line]] = [lines async for lines in split_lines(endless())]
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert line.fault == f"The line has {400 * 65_536} bytes; {MAX_LINE_BYTES} are the most."
    assert peak < 4_000_000
