"""The table of routes of ``/v1``: method and template to handler and scope; OpenAPI is made from it too."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import cache
from typing import TypeAlias

import msgspec

from gateway.errors import MethodNotAllowed, RouteNotFound
from gateway.web import docs
from gateway.web.http.answers import Answer, json_answer
from gateway.web.v1 import (
    activities,
    batch,
    engines,
    instances,
    lifecycle,
    openapi,
    operations,
    patches,
    query,
    variables,
)
from gateway.web.v1.context import RequestContext

_WRITING = frozenset({"variables:write", "modification", "instances:start"})
_OWN_TYPE = ("/data", "/results")
"""Ends of routes whose content has a type of its own."""
Handler: TypeAlias = Callable[[RequestContext], Awaitable[Answer]]


class Route(msgspec.Struct, frozen=True):
    """One route. ``scope`` is what the caller needs; empty = nothing."""

    method: str
    template: str
    scope: str
    handler: Handler

    @property
    def writes(self) -> bool:
        """Tell whether it changes anything: then it takes ``dryRun=true`` and ``Idempotency-Key``."""
        return self.scope in _WRITING

    @property
    def tells(self) -> bool:
        """Tell whether it answers JSON and nothing else: then a caller that takes no JSON is told so."""
        return self.template.startswith("/v1/") and not self.writes and not self.template.endswith(_OWN_TYPE)


async def openapi_document(context: RequestContext) -> Answer:
    """Answer ``GET /openapi.json``."""
    del context
    return _document()


async def docs_page(context: RequestContext) -> Answer:
    """Answer ``GET /docs``."""
    del context
    return docs.page()


async def docs_asset(context: RequestContext) -> Answer:
    """Answer ``GET /docs/{file}``."""
    return docs.asset(context.params[0])


@cache
def _document() -> Answer:
    return json_answer(openapi.document(ROUTES))


ROUTES: tuple[Route, ...] = (
    Route("GET", "/v1/engines", "instances:read", engines.list_engines),
    Route("GET", "/v1/engines/{engine}", "instances:read", engines.describe_engine),
    Route("GET", "/v1/instances", "instances:read", instances.find_instances),
    Route("POST", "/v1/instances", "instances:start", lifecycle.start_instance),
    Route("GET", "/v1/instances/{instance}", "instances:read", instances.describe_instance),
    Route("GET", "/v1/instances/{instance}/activities", "instances:read", activities.list_activities),
    Route("POST", "/v1/instances/{instance}/modification", "modification", activities.modify_instance),
    Route("GET", "/v1/instances/{instance}/variables", "variables:read", variables.list_variables),
    Route("PATCH", "/v1/instances/{instance}/variables", "variables:write", patches.patch_variables),
    Route("GET", "/v1/instances/{instance}/variables/{name}", "variables:read", variables.get_variable),
    Route("PUT", "/v1/instances/{instance}/variables/{name}", "variables:write", variables.put_variable),
    Route("PATCH", "/v1/instances/{instance}/variables/{name}", "variables:write", patches.patch_value),
    Route("DELETE", "/v1/instances/{instance}/variables/{name}", "variables:write", variables.delete_variable),
    Route("GET", "/v1/instances/{instance}/variables/{name}/data", "variables:read", variables.read_data),
    Route("PUT", "/v1/instances/{instance}/variables/{name}/data", "variables:write", variables.write_data),
    Route("POST", "/v1/instances/{instance}/variables/{name}/data", "variables:write", variables.post_data),
    Route("POST", "/v1/tasks/{task}/complete", "modification", lifecycle.complete_task),
    Route("POST", "/v1/messages", "modification", lifecycle.correlate_message),
    Route("POST", "/v1/variables/batch", "variables:write", batch.patch_batch),
    Route("POST", "/v1/variables/query", "variables:read", query.query_variables),
    Route("POST", "/v1/variables/query/count", "variables:read", query.count_variables),
    Route("POST", "/v1/operations", "variables:write", operations.start_operation),
    Route("GET", "/v1/operations/{operation}", "variables:read", operations.describe_operation),
    Route("DELETE", "/v1/operations/{operation}", "variables:write", operations.cancel_operation),
    Route("GET", "/v1/operations/{operation}/results", "variables:read", operations.operation_results),
    Route("GET", "/openapi.json", "", openapi_document),
)
PAGES: tuple[Route, ...] = (
    Route("GET", "/docs", "", docs_page),
    Route("GET", "/docs/{file}", "", docs_asset),
)
"""For people: not in the OpenAPI document."""


class _Node:
    """A place in the tree of paths: what may follow, by word or as a parameter, and the methods of the path so far."""

    def __init__(self) -> None:
        self.words: dict[str, _Node] = {}
        self.parameter: _Node | None = None
        self.methods: dict[str, Route] = {}

    @property
    def allow(self) -> str:
        """Give the ``Allow`` header."""
        return ", ".join(sorted({*self.methods, *(["HEAD"] if "GET" in self.methods else []), "OPTIONS"}))


def _tree() -> _Node:
    root = _Node()
    for route in (*ROUTES, *PAGES):
        node = root
        for part in route.template[1:].split("/"):
            if not part.startswith("{"):
                node = node.words.setdefault(part, _Node())
            else:
                node.parameter = node.parameter or _Node()
                node = node.parameter
        node.methods[route.method] = route
    return root


_ROOT = _tree()


def _at(segments: tuple[str, ...]) -> tuple[_Node, tuple[str, ...]]:
    """Give the place of a path and its parameters, which are never empty."""
    node = _ROOT
    found: list[str] = []
    for segment in segments:
        if (after := node.words.get(segment)) is None:
            after = node.parameter
            found.append(segment)
        if after is None or not segment:
            raise RouteNotFound
        node = after
    if not node.methods:
        raise RouteNotFound
    return node, tuple(found)


def allowed(segments: tuple[str, ...]) -> str:
    """Give the methods that a path takes, as ``Allow`` lists them.

    Raises:
        RouteNotFound: nothing is at this path.
    """
    return _at(segments)[0].allow


def matched(method: str, segments: tuple[str, ...]) -> tuple[Route, tuple[str, ...]]:
    """Give the route of a request and its path parameters.

    Raises:
        RouteNotFound: nothing is at this path.
        MethodNotAllowed: something is, but not with this method.
    """
    node, params = _at(segments)
    route = node.methods.get("GET" if method == "HEAD" else method)
    if route is None:
        raise MethodNotAllowed(headers=(("Allow", node.allow),))
    return route, params
