"""The pages ``adapters/<vendor>/CALLS.md``: what becomes of each call. ``python -m tests.doors.page`` writes them."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from gateway.app import VENDORS
from gateway.errors import Refusal, Unsupported
from gateway.model.commands import Command, InstanceWrite
from gateway.port import Passed
from tests.doors.calls import CALLS, LISTS, Call
from tests.house.matrix import BODIES, NAMING, replaced

ADAPTERS = Path(__file__).parents[2] / "adapters"
PAGES = {vendor: ADAPTERS / vendor / "CALLS.md" for vendor in LISTS}
NATIVE = "the engine of the front door"
QUERIES = {"moveToken": {"tokenId": "1", "target": "a"}, "deleteToken": {"tokenId": "1"}}
"""Parameters of actions that mean nothing without them."""


def concerns(call: Call) -> bool:
    """Return whether a call has a row: it carries variables, or names something that runs."""
    return call.variables or call.kind is not None or bool(call.query or call.body)


def outcome(call: Call) -> str:
    """Return what becomes of a call where another vendor's engine has what it names, or what it would start."""
    path = call.path.strip("/")
    named = NAMING.get(path) if call.method == "GET" else None
    dialect = VENDORS[call.vendor].dialect()
    try:
        request = call.request(query=named, body=BODIES.get(path, b"{}"))
        decoded = dialect.decode(msgspec.structs.replace(request, query=request.query | QUERIES.get(call.action, {})))
    except Unsupported:
        return "refused"
    except Refusal:  # it is understood, and its body is no such thing
        return "translated"
    if not isinstance(decoded, Passed) and any(map(_writes_of_task, decoded)):
        return "refused: the engine has the scope of the instance alone"
    if not isinstance(decoded, Passed):
        return f"translated: {', '.join(f'`{type(command).__name__}`' for command in decoded)}"
    return "refused" if decoded.facts.names_one or call.kind is not None or call.query or call.body else NATIVE


def _writes_of_task(command: Command) -> bool:
    """Return whether a command writes variables of a task's own, which engines with one scope refuse."""
    return isinstance(command, InstanceWrite) and getattr(command, "scope", "").startswith("task:")


def table(vendor: str) -> str:
    """Return the rows of a vendor's page."""
    rows = ["| call | variables | names | on an engine of another vendor |", "|---|---|---|---|"]
    for call in filter(concerns, CALLS[vendor]):
        places = dict.fromkeys(name.rpartition(".")[2] for name in (*call.query, *call.body))
        named = ", ".join(([call.kind] if call.kind else []) + [f"`{name}`" for name in places])
        rows.append(f"| `{call.text}` | {'yes' if call.variables else ''} | {named} | {outcome(call)} |")
    return "\n".join(rows)


def others(vendor: str) -> int:
    """Return how many calls have no row."""
    return sum(not concerns(call) for call in CALLS[vendor])


def written(vendor: str, text: str) -> str:
    """Return a vendor's page as it should be."""
    text = re.sub(r"The other \d+ calls", f"The other {others(vendor)} calls", text)
    return replaced(text, "calls", table(vendor))


if __name__ == "__main__":
    for name, page in PAGES.items():
        _ = page.write_text(written(name, page.read_text(encoding="utf-8")), encoding="utf-8")
