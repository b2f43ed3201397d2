"""Front doors whose engine does not know what is named: what is looked at, held and sent once more, to the byte."""

from __future__ import annotations

import asyncio
import json
import zlib

import pytest

from tests.until import until
from tests.web.gate import gate
from tests.wire.scripted import OK, says

MISSING = b'{"type":"RestException","message":"x: execution 1 doesn\'t exist: execution is null","code":0}'
INSTANCE = b'{"id":"1","definitionId":"d:1:1","suspended":false}'


def answer(status: int, body: bytes, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} X", "Content-Type: application/json", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


GONE = answer(404, b'{"type":"InvalidRequestException","message":"no","code":null}')


async def test_answer_that_means_an_unknown_instance_comes_back_as_it_was_where_no_other_engine_has_it() -> None:
    missing = answer(500, MISSING, "X-Own: 1")
    async with gate(says(missing), says(GONE), others=("claims",)) as door:
        status, headers, body = await door.ask("/door/process-instance/1/variables")
        assert (status, headers["x-own"], body) == (500, "1", MISSING)
        assert {each.target for each in door.engine.heard[1:]} == {
            "/api/process-instance/1", "/api/execution/1", "/api/history/process-instance/1",
        }  # fmt: skip


@pytest.mark.parametrize(
    ("script", "body"),
    [
        (answer(500, b'{"message":"other"}'), b'{"message":"other"}'),
        (answer(404, b""), b""),
        (answer(500, zlib.compress(MISSING), "Content-Encoding: deflate"), zlib.compress(MISSING)),
        (answer(500, MISSING + b" " * 100_000), MISSING + b" " * 100_000),
    ],
    ids=["another error", "no body", "packed", "too long to be one"],
)
async def test_other_error_costs_no_call(script: bytes, body: bytes) -> None:
    async with gate(says(script), others=("claims",)) as door:
        assert (await door.ask("/door/process-instance/1/variables"))[2] == body
        assert len(door.engine.heard) == 1


async def test_error_that_breaks_off_while_it_is_looked_at() -> None:
    cut = b"HTTP/1.1 500 X\r\nContent-Length: 100\r\n\r\n{"
    async with gate(says(cut, close=True), others=("claims",)) as door:
        status, _, body = await door.ask("/door/process-instance/1/variables")
        assert (status, json.loads(body)["type"]) in [(502, "EngineMisbehaved"), (503, "EngineUnavailable")]
        status, _, body = await door.ask("/door/process-instance/1/variables/a", "DELETE")
        assert (status, json.loads(body)["type"]) == (504, "OutcomeUnknown")


class Once(dict[str, bytes]):
    """Early answers, each given once."""

    def get(self, key, default=None):
        return self.pop(key, default)


@pytest.mark.parametrize("early", [False, True], ids=["after the body", "before the body"])
async def test_body_that_was_relayed_goes_once_more_to_the_owner_in_full(early: bool) -> None:
    target, body = "/api/process-instance/1/variables", b'{"deletions":["' + b"x" * 300_000 + b'"]}'
    missing = says(answer(500, MISSING))
    scripts = ([] if early else [missing]) + [says(answer(200, INSTANCE)), says(GONE), says(GONE), says(GONE), says(OK)]
    async with gate(*scripts, others=("claims",)) as door:
        if early:
            door.engine.early = Once({target: answer(500, MISSING, "Connection: close")})
        more = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        status, _, _ = await door.ask("/door/process-instance/1/variables", "POST", more, body)
        assert status == 200
        last = door.engine.heard[-1]
        assert (last.method, last.target, last.body) == ("POST", target, body)


async def test_write_that_only_passes_holds_the_lock_of_the_instance_it_names() -> None:
    work = asyncio.Event()

    async def late(_request, writer) -> None:
        await work.wait()
        writer.write(OK)

    async with gate(late) as door:
        more = "Content-Type: application/json\r\nContent-Length: 2\r\n"
        first = asyncio.create_task(door.ask("/door/process-instance/1/suspended", "PUT", more, b"{}"))
        await until(lambda: bool(door.engine.heard))
        assert len(door.locks) == 1
        second = asyncio.create_task(door.ask("/door/process-instance/1/variables/a", "DELETE"))
        work.set()
        assert [(await each)[0] for each in (first, second)] == [200, 200]
