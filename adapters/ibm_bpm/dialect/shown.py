"""A server's own answer with the id of its instance or task as the caller of a front door wrote it (``engine:id``)."""

from __future__ import annotations

from adapters.ibm_bpm.dialect.facts import NO_IDS
from gateway.errors import InvalidJson, PayloadTooLarge
from gateway.model import jsontext
from gateway.port import DialectRequest

_IDS = {"process": "piid", "task": "tkiid"}
"""What names the thing in its details, by the resource."""
_DEPTH = 2 * jsontext.DEPTH
"""Levels of an answer: every list of a value has a wrapper around it."""


def show_id(request: DialectRequest, body: bytes) -> bytes:
    """Return details in JSON with the id of the instance or task; any other body, and XML, as it is."""
    match request.segments:
        case ("process" | "task" as resource, written) if written not in NO_IDS:
            return _with_id(body, _IDS[resource], written)
        case _:
            return body


def _with_id(body: bytes, member: str, written: str) -> bytes:
    try:
        tree = jsontext.parse(body, depth=_DEPTH)
    except (InvalidJson, PayloadTooLarge):
        return body
    match tree:
        case {"data": dict(data)} if data.get(member) is not None:
            return jsontext.write(tree | {"data": data | {member: written}})
        case _:
            return body
