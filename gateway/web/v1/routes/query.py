"""Routes of queries over all engines."""

from __future__ import annotations

from gateway.web.v1 import query
from gateway.web.v1.problems import Problem
from gateway.web.v1.query import CountBody, QueryBody
from gateway.web.v1.route import Answers, Body, Parameter, Route
from gateway.web.v1.routes.common import HANDLING
from gateway.web.v1.shapes import QueryItem

_ENGINES = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["engine", "status", "count"],
        "properties": {
            "engine": {"type": "string"},
            "status": {"enum": ["ok", "failed", "pending"]},
            "count": {"type": "integer"},
            "problem": Problem,
        },
    },
}
_INCLUDE = Parameter("include", "`twins`: with those of the sides of links that do not decide, marked as `twin`.")
ROUTES = (
    Route(
        method="POST",
        template="/v1/variables/query",
        handler=query.query_variables,
        summary="Variables of any instance, by name, value and place, of all engines, page by page",
        scope="variables:read",
        query=(_INCLUDE,),
        headers=(HANDLING,),
        body=Body({"application/json": QueryBody}),
        answers=Answers(
            content={
                "type": "object",
                "required": ["items", "next", "engines"],
                "properties": {
                    "items": {"type": "array", "items": QueryItem},
                    "next": {"type": ["string", "null"]},
                    "engines": _ENGINES,
                },
            }
        ),
    ),
    Route(
        method="POST",
        template="/v1/variables/query/count",
        handler=query.count_variables,
        summary="How many variables a query finds",
        scope="variables:read",
        query=(_INCLUDE,),
        headers=(HANDLING,),
        body=Body({"application/json": CountBody}),
        answers=Answers(
            content={
                "type": "object",
                "required": ["count", "engines"],
                "properties": {"count": {"type": "integer"}, "engines": _ENGINES},
            }
        ),
    ),
)
