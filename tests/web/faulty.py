"""A fake engine on a raw socket that breaks just one exchange, before or after it has done what was asked."""

from __future__ import annotations

import asyncio
from urllib.parse import parse_qsl

from gateway.plan import VendorRequest
from gateway.port import Fake
from gateway.web.http import target
from tests.wire.scripted import Heard, Script, Scripted

REASON = "Whatever"


class Faulty(Scripted):
    """The engine. ``fault`` is done in place of the next answer to a request that writes, or that reads; once."""

    def __init__(self, fake: Fake) -> None:
        super().__init__(self.answer)
        self.fake = fake
        self.native = ""
        self.fault: Script | None = None
        self.at_writes = False
        self.applied = False
        self.times = 1

    def breaks(self, fault: Script, *, at_writes: bool, applied: bool, times: int = 1) -> None:
        """Sets the next fault; ``applied`` says whether the engine does what was asked before it breaks."""
        self.fault, self.at_writes, self.applied, self.times = fault, at_writes, applied, times

    async def answer(self, heard: Heard, writer: asyncio.StreamWriter) -> None:
        fault = self.fault if writes(heard) is self.at_writes else None
        if fault is None:
            writer.write(self.answered(heard))
            return
        if self.applied:
            self.answered(heard)
        self.times -= 1
        self.fault = fault if self.times else None
        await fault(heard, writer)

    def answered(self, heard: Heard) -> bytes:
        path, _, query = heard.target.partition("?")
        answer = self.fake.answer(
            VendorRequest(
                method=heard.method,
                path=tuple(target.decoded(part) for part in path.removeprefix("/api/").split("/")),
                query=tuple(parse_qsl(query, keep_blank_values=True)),
                headers=tuple(heard.headers),
                body=heard.body,
                writes=False,
                idempotent=False,
            )
        )
        return raw(answer.status, answer.content(), *answer.headers)


def raw(status: int, body: bytes, *headers: tuple[str, str]) -> bytes:
    hidden = {"connection", "content-length", "transfer-encoding"}
    lines = [f"HTTP/1.1 {status} {REASON}", *(f"{key}: {value}" for key, value in headers if key.lower() not in hidden)]
    if status != 204:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def writes(heard: Heard) -> bool:
    return heard.method in {"PUT", "DELETE"} or (heard.method == "POST" and heard.target.endswith("/variables"))
