"""The tree of activity instances, as ``GET /process-instance/{id}/activity-instances`` shows it.

Engines of other vendors have tokens and no scopes around them: one level below the root. The counterpart, which reads
such a tree, is ``adapters.camunda7.activities``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from gateway.model.results import ActivitiesListed, Activity

_ROOT, _TRANSITION = "processDefinition", "transition"


def activity_tree(listed: ActivitiesListed, written: str) -> dict[str, Any]:
    """Return the tree of an instance, with the instance's id as the caller wrote it.

    Members and their order are those of recording ``instance-activities``; which executions a token has is not known,
    so it is said to be the instance's own.
    """
    instance = listed.instance
    definition_id = None if instance is None else instance.definition_id
    root = next((each for each in listed.activities if each.id == listed.whole), None) or Activity(
        id=written, activity=definition_id or "", name=None if instance is None else instance.definition, type=_ROOT
    )
    top = _node(msgspec.structs.replace(root, id=written), None, written, definition_id)
    nodes = {root.id if listed.whole is not None else None: top}
    for each in _inside(listed.activities, listed.whole):
        around = nodes.get(each.parent, top)
        if each.type == _TRANSITION:
            around["childTransitionInstances"].append(_transition(each, around["id"], written, definition_id))
            continue
        nodes[each.id] = node = _node(each, around["id"], written, definition_id)
        around["childActivityInstances"].append(node)
    return top


def _inside(activities: Iterable[Activity], whole: str | None) -> Iterable[Activity]:
    return (each for each in activities if each.id != whole)


def _node(activity: Activity, parent: str | None, instance: str, definition_id: str | None) -> dict[str, Any]:
    return {
        "id": activity.id,
        "parentActivityInstanceId": parent,
        "activityId": activity.activity or None,
        "activityType": activity.type,
        "processInstanceId": instance,
        "processDefinitionId": definition_id,
        "childActivityInstances": [],
        "childTransitionInstances": [],
        "executionIds": [instance],
        "activityName": activity.name,
        "incidentIds": [],
        "incidents": [],
        "name": activity.name,
    }


def _transition(activity: Activity, parent: str, instance: str, definition_id: str | None) -> dict[str, Any]:
    return {
        "id": activity.id,
        "parentActivityInstanceId": parent,
        "processInstanceId": instance,
        "processDefinitionId": definition_id,
        "activityId": activity.activity or None,
        "activityName": activity.name,
        "activityType": None,
        "executionId": instance,
        "targetActivityId": activity.activity or None,
        "incidentIds": [],
        "incidents": [],
    }
