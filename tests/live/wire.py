"""Carries one request to an engine exactly as it is given: no path is tidied, no header is added but the needed ones."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Mapping
from urllib.parse import urlsplit

from tests.recordings.replay import Send

TIMEOUT_S = 30


def sender(url: str) -> Send:
    """Return a `send` to the server of this base URL; each request has a connection of its own."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or 80

    def send(
        method: str, target: str, headers: Mapping[str, str], body: bytes | None
    ) -> tuple[int, Mapping[str, str], bytes]:
        with socket.create_connection((host, port), timeout=TIMEOUT_S) as connection:
            connection.sendall(_request(method, target, {"Host": f"{host}:{port}", **headers}, body))
            answer = http.client.HTTPResponse(connection, method=method)
            answer.begin()
            return answer.status, dict(answer.getheaders()), answer.read()

    return send


def _request(method: str, target: str, headers: Mapping[str, str], body: bytes | None) -> bytes:
    sent, content = dict(headers), body or b""
    if headers.get("Transfer-Encoding") == "chunked":
        content = _two_chunks(content)
    elif body is not None:
        sent["Content-Length"] = str(len(content))
    head = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
    return f"{method} {target} HTTP/1.1\r\n{head}\r\n".encode() + content


def _two_chunks(body: bytes) -> bytes:
    half = len(body) // 2
    chunks = (body[:half], body[half:], b"")
    return b"".join(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n" for chunk in chunks)
