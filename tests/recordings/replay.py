"""Sends recorded exchanges again and says where the answers differ.

The format is described in README.md beside this file. Nothing here knows how a request travels: `replay` is given a
`send`, which may speak to a real engine (`tests/live`) or to a fake in memory. What counts as the same text, with
placeholders in it, is decided in `template.py`.
"""

from __future__ import annotations

import base64
import itertools
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.recordings.template import Bindings, Difference, Unbound, fill, match, match_json

HERE = Path(__file__).parent
MODELS = HERE / "models"
# What an answer means; a fake has these right before it has all of them right.
MEANING = frozenset({"content-type", "content-disposition"})
# Left out of the recordings, so of no weight here; the last is how a long body travels.
_UNRECORDED = frozenset({"date", "content-length", "keep-alive", "last-modified", "transfer-encoding"})

Reply = tuple[int, Mapping[str, str], bytes]
"""Status, headers and body (empty where there is none)."""
Send = Callable[[str, str, Mapping[str, str], bytes | None], Reply]
"""Method, target (path and query as sent), headers and body, None for no body; gives the reply.

`Host`, `Content-Length` and the chunks of a `Transfer-Encoding: chunked` are the sender's business.
"""


@dataclass(frozen=True)
class Lookup:
    """A placeholder that no recorded answer shows: `key` of the first object that GET `path` lists."""

    name: str
    path: str
    key: str


@dataclass(frozen=True)
class Request:
    """A recorded request, placeholders not yet filled."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: str | bytes | None


@dataclass(frozen=True)
class Answer:
    """A recorded answer, placeholders not yet bound; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: str | bytes | None

    @property
    def is_json(self) -> bool:
        return self.headers.get("content-type", "").startswith("application/json")


@dataclass(frozen=True)
class Exchange:
    """One line of a recording; each of `answers` is right, the first is the usual one."""

    id: str
    scenario: str
    about: str
    lookups: tuple[Lookup, ...]
    request: Request
    answers: tuple[Answer, ...]


@dataclass(frozen=True)
class Mismatch:
    """Where an answer is not the recorded one; `where` is `status`, `header NAME`, `body…` or `request`."""

    id: str
    where: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.id}: {self.where}: expected {self.expected}, found {self.found}"


def load(name: str) -> tuple[Exchange, ...]:
    """Return the exchanges of a recording of this folder, in order."""
    lines = (HERE / name).read_text(encoding="utf-8").split("\n")
    return tuple(_exchange(json.loads(line)) for line in lines if line)


def scenarios(exchanges: Iterable[Exchange]) -> Iterator[tuple[str, tuple[Exchange, ...]]]:
    """Return each scenario with its exchanges; ids last as long as it."""
    for name, group in itertools.groupby(exchanges, key=lambda exchange: exchange.scenario):
        yield name, tuple(group)


def replay(exchanges: Iterable[Exchange], send: Send, *, headers: Collection[str] | None = MEANING) -> list[Mismatch]:
    """Sends all requests in order and gives what was not as recorded.

    Args:
        exchanges: Whole scenarios, or their beginnings: later exchanges build on earlier ones.
        send: Carries a request.
        headers: Names of the headers to compare, in lower case; None compares all and allows no others.
    """
    found: list[Mismatch] = []
    base: Bindings = {}
    for _, group in scenarios(exchanges):
        bound = dict(base)
        for exchange in group:
            found.extend(_replayed(exchange, send, bound, headers))
        base = {name: value for name, value in bound.items() if name == "base"}
    return found


def difference(
    exchange: Exchange, reply: Reply, bound: Bindings, headers: Collection[str] | None = MEANING
) -> Difference | None:
    """Compares one reply with the recorded answers; new placeholders get their values in `bound` if one of them fits."""
    first: Difference | None = None
    for answer in exchange.answers:
        trial = dict(bound)
        found = _difference(answer, reply, trial, headers)
        if found is None:
            bound.update(trial)
            return None
        first = first or found
    return first


def _replayed(exchange: Exchange, send: Send, bound: Bindings, headers: Collection[str] | None) -> list[Mismatch]:
    request = exchange.request
    try:
        for lookup in exchange.lookups:
            bound[lookup.name] = _looked_up(lookup, send, bound)
        target = fill(request.path, bound)
        body = fill(request.body, bound).encode() if isinstance(request.body, str) else request.body
    except Unbound as unbound:
        return [Mismatch(exchange.id, "request", f"a value for {unbound}", "none")]
    found = difference(exchange, send(request.method, target, request.headers, body), bound, headers)
    return [] if found is None else [Mismatch(exchange.id, *found)]


def _looked_up(lookup: Lookup, send: Send, bound: Bindings) -> str:
    status, _, body = send("GET", fill(lookup.path, bound), {}, None)
    rows = json.loads(body) if status == 200 else []
    if not rows:
        raise Unbound(lookup.name)
    return str(rows[0][lookup.key])


def _difference(answer: Answer, reply: Reply, bound: Bindings, compared: Collection[str] | None) -> Difference | None:
    status, raw_headers, body = reply
    if status != answer.status:
        return Difference("status", str(answer.status), f"{status} {body[:200]!r}")
    headers = {name.lower(): value for name, value in raw_headers.items()}
    return _header_difference(answer, headers, bound, compared) or _body_difference(answer, body, bound)


def _header_difference(
    answer: Answer, headers: Mapping[str, str], bound: Bindings, compared: Collection[str] | None
) -> Difference | None:
    for name, value in answer.headers.items():
        if (compared is None or name in compared) and not match(value, headers.get(name, ""), bound):
            return Difference(f"header {name}", value, headers.get(name, "none"))
    unexpected = set() if compared is not None else headers.keys() - answer.headers.keys() - _UNRECORDED
    return Difference("headers", "no others", ", ".join(sorted(unexpected))) if unexpected else None


def _body_difference(answer: Answer, body: bytes, bound: Bindings) -> Difference | None:
    match answer.body:
        case bytes() as expected:
            return None if body == expected else Difference("body", repr(expected), repr(body))
        case str() as text if answer.is_json:
            return match_json(text, body, bound)
        case _:
            text, shown = answer.body or "", body.decode("utf-8", "replace")
            return None if match(text, shown, bound) else Difference("body", repr(text), repr(shown))


def _exchange(line: dict[str, Any]) -> Exchange:
    request = line["request"]
    return Exchange(
        id=line["id"],
        scenario=line["scenario"],
        about=line["about"],
        lookups=tuple(Lookup(**lookup) for lookup in line.get("lookups", ())),
        request=Request(request["method"], request["path"], request["headers"], _body(request)),
        answers=tuple(_answer(answer) for answer in (line["response"], *line.get("also", ()))),
    )


def _answer(answer: dict[str, Any]) -> Answer:
    headers = {name.lower(): value for name, value in answer["headers"].items()}
    return Answer(answer["status"], headers, _body(answer))


def _body(message: dict[str, Any]) -> str | bytes | None:
    if "body_base64" in message:
        return base64.b64decode(message["body_base64"])
    body: str | None = message.get("body")
    return body
