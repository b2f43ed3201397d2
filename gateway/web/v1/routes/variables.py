"""Routes of the variables of one instance, and of variables of many instances in one call."""

from __future__ import annotations

from gateway.model.values import Value
from gateway.web.v1 import batch, patches, variables
from gateway.web.v1.batch import BatchBody, BatchOutcome
from gateway.web.v1.bodies import PatchBody
from gateway.web.v1.route import Answers, Body, Component, Parameter, Route
from gateway.web.v1.routes.common import ENGINE, NO_CONTENT, READ_CONDITIONS, RETURN, SCOPE, STATE, WRITE_CONDITIONS
from gateway.web.v1.shapes import VariableShape

_SET = "/v1/instances/{instance}/variables"
_ONE = "/v1/instances/{instance}/variables/{name}"
_WRITE = (ENGINE, SCOPE)
_PATCH_OPERATION = Component(
    "PatchOperation",
    {
        "description": "One operation of a JSON patch (RFC 6902).",
        "type": "object",
        "required": ["op", "path"],
        "properties": {
            "op": {"enum": ["add", "remove", "replace", "move", "copy", "test"]},
            "path": {"type": "string", "description": "JSON Pointer into the value."},
            "from": {"type": "string", "description": "JSON Pointer; of move and copy."},
            "value": {"description": "Of add, replace and test."},
        },
    },
)
ROUTES = (
    Route(
        method="GET",
        template=_SET,
        handler=variables.list_variables,
        summary="Variables of an instance, typed, with entity tags",
        scope="variables:read",
        query=(
            Parameter("names", "Only these, separated by commas."),
            Parameter("fields", "Only these members of each variable, separated by commas."),
            Parameter("scope", "instance (default), all, execution:ID or task:ID."),
            STATE,
            Parameter("include", "`metadata`: what the engine keeps inside values beside them; tags are weak then."),
            ENGINE,
        ),
        headers=READ_CONDITIONS,
        answers=Answers(
            content={
                "type": "object",
                "required": ["variables"],
                "properties": {"variables": {"type": "array", "items": VariableShape}},
            }
        ),
    ),
    Route(
        method="PATCH",
        template=_SET,
        handler=patches.patch_variables,
        summary="Set and delete variables in one call; updates precede deletions",
        scope="variables:write",
        writes=True,
        query=(
            *_WRITE,
            Parameter(
                "names",
                "The selection whose tag If-Match names; without it the whole set, or exactly the names touched.",
            ),
        ),
        headers=(*WRITE_CONDITIONS, RETURN),
        body=Body({"application/json": PatchBody, "application/merge-patch+json": {"type": "object"}}),
        answers=NO_CONTENT,
    ),
    Route(
        method="GET",
        template=_ONE,
        handler=variables.get_variable,
        summary="One variable",
        scope="variables:read",
        query=(
            Parameter("fields", "Only these members, separated by commas."),
            SCOPE,
            STATE,
            Parameter("include", "`metadata`: as in the list."),
            ENGINE,
        ),
        headers=READ_CONDITIONS,
        answers=Answers(content=VariableShape),
    ),
    Route(
        method="PUT",
        template=_ONE,
        handler=variables.put_variable,
        summary="Set one variable",
        scope="variables:write",
        writes=True,
        query=_WRITE,
        headers=(*WRITE_CONDITIONS, RETURN),
        body=Body({"application/json": Value}),
        answers=NO_CONTENT,
    ),
    Route(
        method="PATCH",
        template=_ONE,
        handler=patches.patch_value,
        summary="Change part of a structured variable: merge patch or JSON patch",
        scope="variables:write",
        writes=True,
        query=_WRITE,
        headers=(*WRITE_CONDITIONS, RETURN),
        body=Body(
            {
                "application/merge-patch+json": {},
                "application/json-patch+json": {"type": "array", "items": _PATCH_OPERATION},
            }
        ),
        answers=Answers(content=VariableShape, empty=True),
    ),
    Route(
        method="DELETE",
        template=_ONE,
        handler=variables.delete_variable,
        summary="Delete one variable",
        scope="variables:write",
        writes=True,
        query=_WRITE,
        headers=(*WRITE_CONDITIONS, RETURN),
        answers=NO_CONTENT,
    ),
    Route(
        method="POST",
        template="/v1/variables/batch",
        handler=batch.patch_batch,
        summary="Many instances in one call; each stands for itself",
        scope="variables:write",
        writes=True,
        body=Body({"application/json": BatchBody}),
        answers=Answers(
            content={
                "type": "object",
                "required": ["items"],
                "properties": {"items": {"type": "array", "items": BatchOutcome}},
            },
            status=207,
        ),
    ),
)
