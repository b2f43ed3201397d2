"""Every call of the vendors' own APIs, as the lists beside this file have them: what each carries, and what it names.

``camunda7-served.txt`` is what the engine serves beyond its document: read from the annotations ``jakarta.ws.rs`` of the
classes in ``camunda-engine-rest-core-jakarta`` 7.24.0 (``javap -v``), from ``NamedProcessEngineRestServiceImpl`` downwards.
How the other lists are made stands in ``openapi`` and ``self_description``.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec

from gateway.port import DialectRequest, UploadedForm

LISTS = {"camunda7": ("camunda7-7.24.txt", "camunda7-served.txt"), "ibm_bpm": ("ibm_bpm-8.6.txt", "ibm_bpm-pages.txt")}
KINDS = {
    "camunda7": {
        "process-instance": "instance", "execution": "execution", "task": "task", "external-task": "external task",
        "job": "job", "incident": "incident", "variable-instance": "variable", "activity-instance": "activity",
        "case-instance": "case", "case-execution": "case", "case-activity-instance": "case",
        "detail": "detail", "job-log": "log", "external-task-log": "log", "user-operation": "log",
    },
    "ibm_bpm": {
        "process": "instance", "instance": "instance", "task": "task", "activity": "activity", "service": "service",
        "relationship": "relationship",
    },
}  # fmt: skip
"""What the segment after a resource is the id of; other ids are of what is deployed, or of users, groups, batches."""
NAMED = frozenset({"instance", "execution", "task"})
"""Kinds of what has one owner, which is looked for."""
_GIVEN = re.compile(r"\{[^}]+\}")


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One call of a vendor's API.

    Args:
        path: below the front door's prefix, with ``{names}`` for what is given.
        action: IBM's ``action=`` in the query; empty where there is none.
        variables: whether it takes or gives variables.
        query: parameters that are ids of instances, or of what is inside of them.
        body: members of the body that are such ids, with dots between the levels.
    """

    vendor: str
    method: str
    path: str
    action: str = ""
    variables: bool = False
    query: tuple[str, ...] = ()
    body: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """Return the call as its list has it."""
        return f"{self.method} {self.path}" + (f"?action={self.action}" if self.action else "")

    @property
    def kind(self) -> str | None:
        """Return what the first id of the path is the id of, None where that is nothing that runs."""
        before = re.match(r"((?:/[\w-]+)+)/\{", self.path)
        if before is None or (before[1] == "/service" and self.action == "start"):
            return None
        return KINDS[self.vendor].get(before[1].rpartition("/")[2])

    def target(self, identity: str = "x") -> str:
        """Return the path and its action, with one id for all that is given."""
        return _GIVEN.sub(identity, self.path) + (f"?action={self.action}" if self.action else "")

    def request(self, identity: str = "x", query: str | None = None, body: bytes = b"") -> DialectRequest:
        """Return the call as a dialect reads it; where it takes an upload, with one that is empty.

        Args:
            identity: for whatever the path names.
            query: a parameter, to which the id is given too.
            body: the body, which is JSON.
        """
        given = {"action": self.action} if self.action else {}
        return DialectRequest(
            method=self.method,
            segments=tuple(_GIVEN.sub(identity, self.path).strip("/").split("/")),
            query=given | ({} if query is None else {query: identity}),
            headers={"Content-Type": "application/json"},
            body=body,
            form=UploadedForm(fields={}, content=b""),
        )


def parse(vendor: str, line: str) -> Call:
    """Return the call of a line of a list."""
    method, target, *rest = line.split()
    path, _, action = target.partition("?action=")
    more = dict(each.split("=") for each in rest if "=" in each)
    return Call(
        vendor=vendor,
        method=method,
        path=path,
        action=action,
        variables="variables" in rest,
        query=tuple(filter(None, more.get("query", "").split(","))),
        body=tuple(filter(None, more.get("body", "").split(","))),
    )


def read_list(vendor: str, name: str) -> tuple[Call, ...]:
    """Return the calls of one list."""
    lines = Path(__file__).with_name(name).read_text(encoding="utf-8").splitlines()
    return tuple(parse(vendor, line) for line in lines)


CALLS = {vendor: tuple(call for name in names for call in read_list(vendor, name)) for vendor, names in LISTS.items()}
ALL = tuple(call for calls in CALLS.values() for call in calls)


def is_listed(vendor: str, method: str, segments: tuple[str, ...], action: str = "") -> bool:
    """Return whether a request is one of the calls of a vendor's lists."""
    return any(
        call.method == method and call.action in {"", action} and _fits(call.path, segments) for call in CALLS[vendor]
    )


def _fits(path: str, segments: tuple[str, ...]) -> bool:
    parts = path.strip("/").split("/")
    return len(parts) == len(segments) and all(
        part == segment or _GIVEN.fullmatch(part) for part, segment in zip(parts, segments, strict=True)
    )


def nested(member: str, content: Any) -> Any:
    """Return a body that has a member, with dots between the levels; one for several has a list."""
    name, _, rest = member.partition(".")
    if rest:
        return {name: nested(rest, content)}
    return {name: [content] if name.endswith(("In", "Ids")) else content}
