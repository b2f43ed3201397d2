"""The two sides of a comparison: where each is asked, its own instance, and what of its answers is its own."""

from __future__ import annotations

import datetime as dt
import json
import re
import urllib.request
import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from tests.live.twins.ask import Ask, Headers, Reply, asked

_PLACEHOLDER = re.compile(r"@([a-zA-Z]+)@")
_ID = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_TIME = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000")
_DURATION = re.compile(rb'("durationInMillis":)\d+')
_TIME_TO_LIVE = dt.timedelta(days=30)
_JAVA_HASH = re.compile(rb"\[B@[0-9a-f]+")
"""How Java spells an array: with a number that no two of them share."""
_HOP_BY_HOP = frozenset(
    ("connection", "keep-alive", "proxy-authenticate", "te", "trailer", "transfer-encoding", "upgrade")
)
_OWN = frozenset(("date", "server", "set-cookie", "x-request-id"))
"""Each server's own: when it spoke, what it is, and the id under which the gateway keeps the request."""
_WHEN = frozenset(("last-modified",))
"""Headers whose value is the moment of the answer."""

Compared = tuple[str, Headers, bytes]
"""Status line and whether it was told to continue; headers; body."""


def given(url: str, path: str, body: object = None) -> Any:
    """Asks the engine for the sake of a test's setting; the answer as JSON."""
    request = urllib.request.Request(url + path, headers={"Content-Type": "application/json"})
    if body is not None:
        request.data = json.dumps(body).encode()
    with urllib.request.urlopen(request, timeout=30) as answer:
        text = answer.read()
    return json.loads(text) if text else None


class Side:
    """One way to the engine. Ids are told apart by when they first appear, so each side may have its own."""

    def __init__(self, url: str, engine_url: str, bound: Mapping[str, str]) -> None:
        parts = urlsplit(url)
        self._host, self._port, self._base = parts.hostname or "", parts.port or 80, parts.path
        self._engine_url = engine_url
        self._bound = dict(bound)
        self._ids: dict[bytes, bytes] = {}

    def start(self, model: str, variables: Mapping[str, object]) -> None:
        """Starts the side's own instance, `@instance@` with the business key `@key@`."""
        self._bound["key"] = str(uuid.uuid4())
        body = {"businessKey": self._bound["key"], "variables": variables}
        self._bound["instance"] = given(self._engine_url, f"/process-definition/key/{model}/start", body)["id"]

    def answer(self, ask: Ask) -> Reply:
        """Sends a request with this side's values."""
        headers = tuple((name, self._filled(value)) for name, value in ask.headers)
        body = ask.body and self._filled(ask.body.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
        filled = replace(ask, target=self._filled(ask.target), headers=headers, body=body)
        return asked(self._host, self._port, self._base, filled)

    def compared(self, reply: Reply, *, twins: bool) -> Compared:
        """Return what the other side must answer too."""
        headers: list[tuple[str, str]] = []
        for name, value in reply.headers:
            if name.lower() in _HOP_BY_HOP | _OWN:
                continue
            headers.append((name, self._header(name.lower(), value, len(reply.body), twins=twins)))
        body = self._impersonal(reply.body, twins=twins)
        return f"{reply.status} {reply.reason}{' continued' * reply.continued}", tuple(headers), body

    def _header(self, name: str, value: str, length: int, *, twins: bool) -> str:
        if name == "content-length" and value == str(length):
            return "as long as the body"
        if name in _WHEN:
            return "a time" if value.endswith((" UTC", " GMT")) else value
        return self._impersonal(value.encode("latin-1"), twins=twins).decode("latin-1")

    def _filled(self, text: str) -> str:
        return _PLACEHOLDER.sub(lambda found: self._value(found[1]), text)

    def _value(self, name: str) -> str:
        if name not in self._bound:
            self._bound[name] = self._looked_up(name)
        return self._bound[name]

    def _looked_up(self, name: str) -> str:
        instance = self._bound["instance"]
        match name:
            case "task":
                return given(self._engine_url, f"/task?processInstanceId={instance}")[0]["id"]
            case "inner":
                tasks = given(self._engine_url, f"/task?processInstanceId={instance}&taskDefinitionKey=innerTask")
                return tasks[0]["executionId"]
            case "external":
                return given(self._engine_url, f"/external-task?processInstanceId={instance}")[0]["id"]
            case "waiting":
                return self._activity(instance)["id"]
            case "waitingExecution":
                return self._activity(instance)["executionIds"][0]
            case _:
                raise LookupError(name)

    def _activity(self, instance: str) -> Any:
        tree = given(self._engine_url, f"/process-instance/{instance}/activity-instances")
        return tree["childActivityInstances"][0]

    def _impersonal(self, text: bytes, *, twins: bool) -> bytes:
        text = text.replace(f"{self._host}:{self._port}".encode(), b"HOST")
        if not twins:
            return text
        text = _ID.sub(lambda found: self._ids.setdefault(found[0], b"ID-%d" % len(self._ids)), text)
        return _JAVA_HASH.sub(b"[B@HASH", _DURATION.sub(rb"\1MS", _TIME.sub(_now, text)))


def _now(found: re.Match[bytes]) -> bytes:
    """Return a time of today as `NOW`, and one that is the models' time to live away as `THEN`; any other is data."""
    away = dt.datetime.strptime(found[0].decode(), "%Y-%m-%dT%H:%M:%S.%f%z") - dt.datetime.now(dt.UTC)
    if abs(away) < dt.timedelta(days=1):
        return b"NOW"
    return b"THEN" if abs(away - _TIME_TO_LIVE) < dt.timedelta(days=1) else found[0]
