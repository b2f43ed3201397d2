"""Reads the calls of IBM's REST API from what servers say of themselves: which carry variables, which name what runs.

A server describes itself at ``GET /rest/bpm/wle/v1/apiDetails``; what six versions said (8.5.5 to 8.6.0.0) is public in
``github.com/sammich/ibpm-remote``, folder ``generated``. Only what is derived from it is kept here:
``python -m tests.doors.self_description FILE… > tests/doors/ibm_bpm-8.6.txt``, the newest version last. What is known from
the vendor's pages and from clients alone stands in ``ibm_bpm-pages.txt``, written by hand.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

BASE = "/rest/bpm/wle/v1"
NAMES = frozenset(
    (
        "instanceIds",
        "taskIDs",
        "targetId",
        "callerProcessId",
        "callerTaskId",
        "assignTaskidFilter",
        "collabTaskidFilter",
        "condition",
    )
)
"""Parameters whose values are ids of instances and tasks, or conditions on them."""
_VALUES = frozenset({"params", "fields", "script", "$body", "columns", "selectedAttributes"})
"""Parameters that hold values of variables, or choose some; what is searchable is a column."""
_RUNNING = re.compile(r"/(process|processes|task|tasks|service|search)\b")
"""Resources that have variables."""


def lines(documents: Iterable[dict[str, Any]]) -> list[str]:
    """Return a line for each call: method, path with its action, and after them what it carries and names."""
    found: dict[tuple[str, str], str] = {}
    for document in documents:
        for call in (call for category in document["categories"] for call in category["calls"]):
            target = _target(call["path"])
            for method in call["method"]:
                found[re.sub(r"\{\w+\}", "{}", target), method] = " ".join((method, target, *_facts(target, call)))
    return [line for _, line in sorted(found.items())]


def _target(path: str) -> str:
    """Return a path below the base, with ``{names}`` and the action alone of its query."""
    path, _, query = path.removeprefix(BASE).partition("?")
    action = re.match(r"action=\w+", query)
    return re.sub(r"<(\w+)>", r"{\1}", path) + (f"?{action[0]}" if action else "")


def _facts(target: str, call: dict[str, Any]) -> Iterator[str]:
    given = {option["parameter"] for option in call.get("options", ()) if "parameter" in option}
    if _RUNNING.match(target) and ("data" in call.get("parts", ()) or given & _VALUES):
        yield "variables"
    if query := sorted(given & NAMES):
        yield f"query={','.join(query)}"


if __name__ == "__main__":
    print("\n".join(lines(json.loads(Path(name).read_text(encoding="utf-8")) for name in sys.argv[1:])))
