"""The execution tree, as ``GET process/{id}?parts=executionTree`` shows it, of an instance on any engine.

Shape as recorded on 8.6.2: ids are texts, no children are null. Variables are not repeated in it: servers can be set to
leave them out (``show-execution-tree-variables``). The counterpart, which reads such a tree, is
``adapters.ibm_bpm.activities``.
"""

from __future__ import annotations

from typing import Any

from gateway.model.results import ActivitiesListed, Activity

_RUNNING = "1"
_BETWEEN = "transition"
"""Type of a token that is on its way between two steps; it is in none, so no action can name it."""


def execution_tree(listed: ActivitiesListed) -> dict[str, Any]:
    """Return the tree of an instance; ``tokenId`` is the id by which a modification cancels."""
    whole = next((each for each in listed.activities if each.id == listed.whole), None)
    inside = [each for each in listed.activities if each is not whole]
    name = whole.name if whole is not None else None if listed.instance is None else listed.instance.definition
    root = _node(name, 1)
    nodes: dict[str | None, dict[str, Any]] = {}
    for number, each in enumerate(inside, start=2):
        node = _node(each.name, number) | _place(each)
        around = nodes.get(each.parent, root)
        around["children"] = [*(around["children"] or ()), node]
        nodes[each.id] = node
    return {"executionStatus": _RUNNING if inside else None, "root": root}


def _node(name: str | None, number: int) -> dict[str, Any]:
    return {"name": name, "nodeId": str(number), "createdTaskIDs": None, "variables": None, "children": None}


def _place(activity: Activity) -> dict[str, Any]:
    token = None if activity.type == _BETWEEN else activity.id
    return {"flowObjectId": activity.activity, "taskType": None, "tokenId": token}
