"""What is asked on both sides, as tables. `@name@` is a side's own value; see `sides`."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator

from tests.doors.calls import read_list
from tests.live.twins.ask import Ask
from tests.live.twins.cases import bodies, external, headers, instances, reads, tasks, travel, values
from tests.live.twins.cases.spelled import ALIVE, FORM, JSON, LIST, OF, Case, post, put, text

FLOWS = {**instances.FLOWS, **tasks.FLOWS, **external.FLOWS}
BARE = "userTask"
"""The model of cases to which it does not matter."""


def cases() -> Iterator[Case]:
    """Return all cases; their ids are unique."""
    made = itertools.chain(_reads(), _rows(), _headers(), _flows(), _values(), _bodies(), _methods(), _doors())
    for at, case in enumerate(made):
        yield Case(f"{at:03d}-{_shown(case.id)}", case.asks, case.model)


def _shown(name: str) -> str:
    return name.encode("ascii", "backslashreplace").decode()[:70]


def _reads() -> Iterator[Case]:
    for target in reads.READS:
        yield Case(f"GET {target}", (Ask("GET", target),))
    for name in values.VALUES:
        for suffix in ("", "?deserializeValue=false", "/data"):
            target = f"/process-instance/@r@/variables/{name}{suffix}"
            yield Case(f"GET {target}", (Ask("GET", target), Ask("HEAD", target)))
    for name in values.ODD_SEGMENTS:
        yield Case(f"GET odd {name}", (Ask("GET", f"/process-instance/@r@/variables/{name}"),))


def _rows() -> Iterator[Case]:
    for filters in reads.FILTERS:
        rows = Ask("GET", f"/variable-instance?processInstanceIdIn=@r@&{reads.SORTED}{filters}")
        yield Case(
            f"GET rows {filters}", (rows, Ask("GET", f"/variable-instance/count?processInstanceIdIn=@r@{filters}"))
        )
    for given in reads.BODY_FILTERS:
        body = {"processInstanceIdIn": ["@r@"], "sorting": [{"sortBy": "variableName", "sortOrder": "asc"}], **given}
        rows = post("/variable-instance?deserializeValues=false&maxResults=30", body)
        yield Case(f"POST rows {json.dumps(given)}", (rows, post("/variable-instance/count", body)))


def _headers() -> Iterator[Case]:
    of = "/process-instance/@r@"
    for given in headers.READ_HEADERS:
        named = ", ".join(f"{name}: {of}" for name, of in given)
        targets = (f"{of}/variables", f"{of}/variables/file/data", of)
        yield Case(f"headers {named}", tuple(Ask("GET", target, given) for target in targets))


def _flows() -> Iterator[Case]:
    for name, (model, asks) in FLOWS.items():
        yield Case(name, asks, model)


def _values() -> Iterator[Case]:
    for name, typed in values.VALUES.items():
        asks = (put(name, typed), Ask("GET", f"{OF}/variables/{name}"), Ask("DELETE", f"{OF}/variables/{name}"), LIST)
        yield Case(f"value {name}", asks, BARE)
    for name in values.ODD_SEGMENTS:
        target = f"{OF}/variables/{name}"
        asks = (Ask("PUT", target, JSON, b'{"value":1}'), LIST, Ask("DELETE", target), LIST, ALIVE)
        yield Case(f"odd {name}", asks, BARE)


def _bodies() -> Iterator[Case]:
    for body in bodies.PUT_BODIES:
        yield Case(f"body {text(body)[:40]!r}", (put("a", body), LIST), BARE)
    for kind in bodies.CONTENT_TYPES:
        typed = (("Content-Type", kind),)
        asks = (
            Ask("PUT", f"{OF}/variables/a", typed, b'{"value":"\xc3\xa4"}'),
            Ask("POST", f"{OF}/variables/u/data", typed, bodies.UPLOADS["bytes"]),
            LIST,
        )
        yield Case(f"type {kind}", asks, BARE)
    for name, body in bodies.UPLOADS.items():
        target = f"{OF}/variables/up/data"
        yield Case(f"upload {name}", (Ask("POST", target, FORM, body), Ask("GET", target), LIST), BARE)
    for name, ask in travel.WAYS.items():
        yield Case(f"way {name}", (ask, LIST), BARE)


def _methods() -> Iterator[Case]:
    for method in bodies.METHODS:
        for target in bodies.METHOD_TARGETS:
            body = b"" if method.startswith("P") else None
            yield Case(f"{method} {target}", (Ask(method, target, JSON, body),), BARE)


_KNOWN = {"process-instance": "@instance@", "execution": "@instance@", "task": "@task@", "external-task": "nope"}


def _doors() -> Iterator[Case]:
    """Return every operation of the vendor's document that carries variables, asked with an empty object."""
    for door in read_list("camunda7", "camunda7-7.24.txt"):
        if not door.variables:
            continue
        method, path = door.method, door.path
        named = path.replace("{varName}", "a").replace("{key}", "userTask")
        target = named.replace("{id}", _KNOWN.get(path.split("/")[1], "nope")).replace("{messageName}", "Paid")
        body = None if method in {"GET", "DELETE"} else b"{}"
        scoped = "" if method != "GET" or "{" in path else "?processInstanceId=@instance@"
        yield Case(f"door {door.text}", (Ask(method, target.replace("{tenant-id}", "t") + scoped, JSON, body),), BARE)
