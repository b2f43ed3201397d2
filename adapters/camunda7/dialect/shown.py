"""An engine's own answer with the id of its instance as the caller of a front door wrote it (``engine:id``).

Ids inside the tree of activity instances stay the engine's own: modifications take them.
"""

from __future__ import annotations

from adapters.camunda7.dialect.facts import below_engine
from gateway.errors import InvalidJson, PayloadTooLarge
from gateway.model import jsontext
from gateway.port import DialectRequest


def show_id(request: DialectRequest, body: bytes) -> bytes:
    """Return the body of ``GET /process-instance/{id}`` with that id; any other body as it is."""
    match below_engine(request.segments):
        case ("process-instance", written) if request.method == "GET":
            return _with_id(body, written)
        case _:
            return body


def _with_id(body: bytes, written: str) -> bytes:
    try:
        tree = jsontext.parse(body)
    except (InvalidJson, PayloadTooLarge):
        return body
    return jsontext.write(tree | {"id": written}) if isinstance(tree, dict) and "id" in tree else body
