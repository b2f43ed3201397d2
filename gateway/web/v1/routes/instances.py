"""Routes of instances: found, started, looked at, modified."""

from __future__ import annotations

from typing import Any

from gateway.model.results import Activity, InstanceLink
from gateway.web.v1 import activities, instances, lifecycle
from gateway.web.v1.activities import ModificationBody
from gateway.web.v1.lifecycle import StartBody
from gateway.web.v1.route import Answers, Body, Parameter, Route
from gateway.web.v1.routes.common import ENGINE, HANDLING, NO_CONTENT, STATE, WRITE_CONDITIONS

_INSTANCE: dict[str, Any] = {
    "type": "object",
    "required": ["instance", "engine", "id", "state"],
    "properties": {
        name: {"type": "string"} for name in ("instance", "engine", "id", "definition", "businessKey", "state")
    },
}
ROUTES = (
    Route(
        method="GET",
        template="/v1/instances",
        handler=instances.find_instances,
        summary="Instances by business key or definition, of all engines",
        scope="instances:read",
        query=(
            Parameter("businessKey", "Business key, exactly."),
            Parameter("definition", "Key, name or id of the definition."),
            Parameter("engines", "Only these engines, separated by commas."),
            Parameter(
                "include",
                "`variables`: with those of each instance; `twins`: with the sides of links that do not decide, "
                "marked as `twin`; both with a comma between.",
            ),
            Parameter("limit", "Instances of one page; 1 to 1000, default 100."),
            Parameter("cursor", "`next` of the page before, with the same search."),
            STATE,
        ),
        headers=(HANDLING,),
        answers=Answers(
            content={
                "type": "object",
                "required": ["items", "next", "engines"],
                "properties": {"items": {"type": "array", "items": _INSTANCE}, "engines": {"type": "array"}},
            }
        ),
    ),
    Route(
        method="POST",
        template="/v1/instances",
        handler=lifecycle.start_instance,
        summary="Start an instance with variables, on the engine that start routing or the caller names",
        scope="instances:start",
        writes=True,
        query=(Parameter("engine", "Engine where no rule of start routing says it."),),
        body=Body({"application/json": StartBody}),
        answers=Answers(content=_INSTANCE, status=201),
    ),
    Route(
        method="GET",
        template="/v1/instances/{instance}",
        handler=instances.describe_instance,
        summary="One instance: definition, business key, state",
        scope="instances:read",
        query=(ENGINE, STATE),
        answers=Answers(content=_INSTANCE | {"properties": _INSTANCE["properties"] | {"link": InstanceLink}}),
    ),
    Route(
        method="GET",
        template="/v1/instances/{instance}/activities",
        handler=activities.list_activities,
        summary="Where the tokens of an instance are",
        scope="instances:read",
        query=(ENGINE,),
        answers=Answers(
            content={
                "type": "object",
                "required": ["activities"],
                "properties": {"activities": {"type": "array", "items": Activity}},
            }
        ),
    ),
    Route(
        method="POST",
        template="/v1/instances/{instance}/modification",
        handler=activities.modify_instance,
        summary="Cancel and start activities, in order, with variables",
        scope="modification",
        writes=True,
        query=(ENGINE,),
        headers=WRITE_CONDITIONS,
        body=Body({"application/json": ModificationBody}),
        answers=NO_CONTENT,
    ),
)
