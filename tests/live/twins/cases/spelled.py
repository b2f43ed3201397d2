"""The words that cases are written in."""

from __future__ import annotations

import json
from dataclasses import dataclass

from tests.live.twins.ask import Ask, Headers

JSON: Headers = (("Content-Type", "application/json"),)

FORM: Headers = (("Content-Type", "multipart/form-data; boundary=limit"),)

OF = "/process-instance/@instance@"

LIST = Ask("GET", f"{OF}/variables?deserializeValues=false")

ALIVE = Ask("GET", OF)

VARIABLES = {"a": {"value": 1}, "b": {"value": "x"}}
"""What an instance of a side has when a case begins."""


@dataclass(frozen=True)
class Case:
    """Requests in order.

    Args:
        model: each side has an instance of it; None: both ask the same things of instances that nobody changes.
    """

    id: str
    asks: tuple[Ask, ...]
    model: str | None = None


Flows = dict[str, tuple[str, tuple[Ask, ...]]]
"""Name of a conversation to the model of its instance and the requests."""


def value(of: object, kind: str | None = None, **info: object) -> dict[str, object]:
    """Return a typed value in the vendor's spelling."""
    typed: dict[str, object] = {"value": of}
    if kind is not None:
        typed["type"] = kind
    if info:
        typed["valueInfo"] = info
    return typed


def put(name: str, body: object) -> Ask:
    """Return the write of one variable of the side's own instance."""
    return Ask("PUT", f"/process-instance/@instance@/variables/{name}", JSON, text(body))


def post(target: str, body: object, headers: Headers = JSON) -> Ask:
    """Return a request with a JSON body, or with bytes that only say they are one."""
    return Ask("POST", target, headers, text(body))


def text(body: object) -> bytes:
    """Return JSON; bytes stay as they are."""
    return body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()


def part(name: str, content: bytes, *, filename: str = "", kind: str = "") -> bytes:
    """Return one part of a form."""
    head = f'Content-Disposition: form-data; name="{name}"' + (f'; filename="{filename}"' if filename else "")
    lines = head + (f"\r\nContent-Type: {kind}" if kind else "")
    return b"--limit\r\n" + lines.encode() + b"\r\n\r\n" + content + b"\r\n"


END = b"--limit--\r\n"

ALL_BYTES = bytes(range(256)).replace(b"@", b"")  # no placeholder in it
