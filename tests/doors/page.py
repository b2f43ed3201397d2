"""The pages ``adapters/<vendor>/CALLS.md``: what becomes of each call. ``python -m tests.doors.page`` writes them."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from gateway.app import VENDORS
from gateway.errors import Refusal, Unsupported
from gateway.model.commands import Command, InstanceWrite
from gateway.model.lifecycle import CorrelateMessage
from gateway.port import FEATURES, Credentials, Passed
from tests.doors.calls import CALLS, LISTS, Call
from tests.house.matrix import BODIES, NAMING, replaced

ADAPTERS = Path(__file__).parents[2] / "adapters"
PAGES = {vendor: ADAPTERS / vendor / "CALLS.md" for vendor in LISTS}
NATIVE = "the engine of the front door"
QUERIES = {
    "moveToken": {"tokenId": "1", "target": "a"},
    "deleteToken": {"tokenId": "1"},
    "search/query": {"organization": "byInstance"},
}
"""Parameters of actions, and of a path, that mean nothing without them."""


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
        said = request.query | QUERIES.get(call.action or path, {})
        decoded = dialect.decode(msgspec.structs.replace(request, query=said))
    except Unsupported:
        return "refused"
    except Refusal:  # it is understood, and its body is no such thing
        return "translated"
    if not isinstance(decoded, Passed) and (lacking := _lacking(call.vendor, decoded)):
        return f"refused: the engine cannot {FEATURES[lacking]}"
    if not isinstance(decoded, Passed):
        return f"translated: {', '.join(f'`{type(command).__name__}`' for command in decoded)}"
    return "refused" if decoded.facts.names_one or call.kind is not None or call.query or call.body else NATIVE


def _lacking(vendor: str, decoded: tuple[Command, ...]) -> str | None:
    """Return a feature that the commands of a call need, and that no other vendor's engine has."""
    others = [each.engine(name, each.settings(), Credentials()) for name, each in VENDORS.items() if name != vendor]
    needed = filter(None, map(_feature, decoded))
    return next((each for each in needed if not any(each in other.capabilities.features for other in others)), None)


def _feature(command: Command) -> str | None:
    """Return the feature that a command needs, of those that not every engine has."""
    if isinstance(command, CorrelateMessage):
        return "messages.correlate"
    is_of_task = getattr(command, "scope", "").startswith("task:")
    return "variables.scopes" if is_of_task and isinstance(command, InstanceWrite) else None


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
