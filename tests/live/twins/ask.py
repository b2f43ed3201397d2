"""Asks a server with bytes that nobody tidies, and reads its answer without interpreting it."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import BinaryIO

TIMEOUT_S = 30

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Ask:
    """One request below the base URL; `@name@` in target, headers and body stands for a side's own value.

    Args:
        chunks: the body travels in pieces of this size, without a length; 0 = with a length.
        waits: whether the body is sent only after `100 Continue`.
        bare: nothing is added to the headers, neither `Host` nor a length.
        version: of HTTP.
    """

    method: str
    target: str
    headers: Headers = ()
    body: bytes | None = None
    chunks: int = 0
    waits: bool = False
    bare: bool = False
    version: str = "1.1"


@dataclass(frozen=True)
class Reply:
    """An answer as it came; the header names are spelled as received, the body is without its chunks."""

    status: int
    reason: str
    headers: Headers
    body: bytes
    continued: bool = False


def asked(host: str, port: int, base: str, ask: Ask) -> Reply:
    """Sends a request on a connection of its own and gives the answer."""
    with (
        socket.create_connection((host, port), timeout=TIMEOUT_S) as connection,
        connection.makefile("rb") as stream,
    ):
        connection.sendall(_head(host, port, base, ask))
        body = _framed(ask)
        if ask.waits:
            status, reason, headers = _answer_head(stream)
            if status != 100:
                return Reply(status, reason, headers, _body(stream, ask.method, status, headers))
        if body:
            connection.sendall(body)
        status, reason, headers = _answer_head(stream)
        content = _body(stream, ask.method, status, headers)
        return Reply(status, reason, headers, content, continued=ask.waits)


def _head(host: str, port: int, base: str, ask: Ask) -> bytes:
    given = {name.lower() for name, _ in ask.headers}
    lines = [f"{ask.method} {base}{ask.target} HTTP/{ask.version}"]
    if not ask.bare and "host" not in given:
        lines.append(f"Host: {host}:{port}")
    lines += [f"{name}: {value}" for name, value in ask.headers]
    if ask.waits:
        lines.append("Expect: 100-continue")
    if ask.chunks:
        lines.append("Transfer-Encoding: chunked")
    elif ask.body is not None and not ask.bare and "content-length" not in given:
        lines.append(f"Content-Length: {len(ask.body)}")
    return "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape")


def _framed(ask: Ask) -> bytes:
    body = ask.body or b""
    if not ask.chunks:
        return body
    pieces = [body[at : at + ask.chunks] for at in range(0, len(body), ask.chunks)] + [b""]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)


def _answer_head(stream: BinaryIO) -> tuple[int, str, Headers]:
    first = stream.readline().decode("latin-1")
    _, status, reason = first.rstrip("\r\n").split(" ", 2)
    headers: list[tuple[str, str]] = []
    while (line := stream.readline().decode("latin-1").rstrip("\r\n")) != "":
        name, _, value = line.partition(":")
        headers.append((name, value.strip()))
    return int(status), reason, tuple(headers)


def _body(stream: BinaryIO, method: str, status: int, headers: Headers) -> bytes:
    if method == "HEAD" or status in {204, 304}:
        return b""
    fields = {name.lower(): value for name, value in headers}
    if fields.get("transfer-encoding", "").lower() == "chunked":
        return _unchunked(stream)
    if "content-length" in fields:
        content = stream.read(int(fields["content-length"]))
        if len(content) != int(fields["content-length"]):
            raise ConnectionError("the answer broke off")
        return content
    return stream.read()


def _unchunked(stream: BinaryIO) -> bytes:
    pieces: list[bytes] = []
    while size := int(stream.readline().partition(b";")[0], 16):
        pieces.append(stream.read(size))
        if stream.readline() != b"\r\n":
            raise ConnectionError("a chunk is not as long as it says")
    while stream.readline() not in {b"\r\n", b""}:
        pass
    return b"".join(pieces)
