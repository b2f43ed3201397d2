"""Blobs from engine to engine: hashed on the way, in flat memory, and broken off without a digest."""

from __future__ import annotations

import asyncio
import hashlib
import tracemalloc
from collections.abc import AsyncIterator
from typing import Any

import pytest

from adapters.camunda7 import VENDOR
from gateway.errors import EngineMisbehaved, EngineUnavailable, PayloadTooLarge
from gateway.model.results import BinaryRead, Variable, VariablesPatched
from gateway.model.values import Value
from gateway.operations import Gateway, Target, WriteLocks
from gateway.operations.bridge.blobs import can_stream_to, digest_blob, hold_blob, stream_blob
from gateway.plan import Call, Stream
from gateway.port import Credentials
from gateway.routing import Routing

PIECE = bytes(64 * 1024)
SCAN = Variable(name="scan", value=Value(type="file", filename="scan.pdf", media_type="application/pdf"))


class Flow:
    """A runner whose source yields pieces and whose target takes them all, or only some."""

    def __init__(self, pieces: int, taken: int | None = None, breaks: int | None = None) -> None:
        self.pieces, self.taken, self.breaks = pieces, taken, breaks
        engines = {name: VENDOR.engine(name, VENDOR.settings(), Credentials()) for name in ("old", "new")}
        self.gateway = Gateway(engines, self.run, WriteLocks(), Routing())
        self.old, self.new = (Target(engines[name], "1") for name in engines)
        self.received = 0

    async def source(self) -> AsyncIterator[bytes]:
        for number in range(self.pieces):
            if number == self.breaks:
                raise EngineUnavailable
            await asyncio.sleep(0)
            yield PIECE

    async def run(self, engine: str, plan: Any, call: Call) -> Any:
        plan.close()
        if engine == "old":
            call.streams = {"answer-0": self.source()}
            return BinaryRead(content=Stream("answer-0"))
        async for piece in call.streams["content"]:
            self.received += len(piece)
            if self.taken is not None and self.received >= self.taken * len(PIECE):
                break
        return VariablesPatched()

    def call(self) -> Call:
        return Call(deadline=asyncio.get_running_loop().time() + 60, request_id="copy")


async def test_large_blob_streams_through_in_flat_memory_and_is_hashed() -> None:
    flow = Flow(pieces=800)  # 50 MiB
    tracemalloc.start()
    try:
        digest = await stream_blob(flow.gateway, flow.old, flow.new, SCAN, flow.call())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (digest.size, flow.received) == (800 * len(PIECE), 800 * len(PIECE))
    assert digest.sha256 == hashlib.sha256(PIECE * 800).digest()
    assert peak < 1024 * 1024


async def test_digest_of_one_side_is_that_of_its_content() -> None:
    flow = Flow(pieces=3)
    digest = await digest_blob(flow.gateway, flow.old, "scan", flow.call())
    assert (digest.sha256, digest.size) == (hashlib.sha256(PIECE * 3).digest(), 3 * len(PIECE))


async def test_streams_of_a_blob_are_forgotten_with_it() -> None:
    flow, call = Flow(pieces=3), None
    call = flow.call()
    await stream_blob(flow.gateway, flow.old, flow.new, SCAN, call)
    assert call.streams == {}


async def test_write_that_ends_before_all_of_the_content_is_a_fault_of_the_engine() -> None:
    flow = Flow(pieces=3, taken=1)
    with pytest.raises(EngineMisbehaved):
        await stream_blob(flow.gateway, flow.old, flow.new, SCAN, flow.call())


async def test_source_that_breaks_off_fails_the_write() -> None:
    flow = Flow(pieces=3, breaks=1)
    with pytest.raises(EngineUnavailable):
        await stream_blob(flow.gateway, flow.old, flow.new, SCAN, flow.call())


async def test_content_that_must_be_held_is_refused_beyond_the_bound() -> None:
    flow = Flow(pieces=3)
    with pytest.raises(PayloadTooLarge):
        await hold_blob(flow.gateway, flow.old, SCAN, flow.call(), 2 * len(PIECE))
    _, digest = await hold_blob(flow.gateway, flow.old, SCAN, flow.call(), 3 * len(PIECE))
    assert digest.size == 3 * len(PIECE)


@pytest.mark.parametrize(
    ("name", "filename", "streams"),
    [("scan", "scan.pdf", True), ("a/b", "scan.pdf", False), ("scan", 'a "quote".pdf', False), ("scan", " a", False)],
    ids=["plain", "name that no path carries", "file name with a quote", "file name with a blank in front"],
)
async def test_only_names_that_paths_and_forms_carry_are_streamed(name: str, filename: str, streams: bool) -> None:
    variable = Variable(name=name, value=Value(type="file", filename=filename))
    assert can_stream_to(Flow(1).new, variable) is streams
