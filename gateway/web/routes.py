"""The table of routes of ``/v1``: method and template to handler and scope; OpenAPI is made from it too."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import cache
from typing import TypeAlias

import msgspec

from gateway.errors import MethodNotAllowed, RouteNotFound
from gateway.web import docs, openapi
from gateway.web.front import Answer, Exchange, json_answer
from gateway.web.unified import activities, batch, engines, instances, operations, patches, query, running, variables

_WRITING = frozenset({"variables:write", "modification", "instances:start"})
Handler: TypeAlias = Callable[[Exchange], Awaitable[Answer]]


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


async def openapi_document(exchange: Exchange) -> Answer:
    """Answer ``GET /openapi.json``."""
    del exchange
    return _document()


@cache
def _document() -> Answer:
    return json_answer(openapi.document(ROUTES))


ROUTES: tuple[Route, ...] = (
    Route("GET", "/v1/engines", "instances:read", engines.list_engines),
    Route("GET", "/v1/engines/{engine}", "instances:read", engines.describe_engine),
    Route("GET", "/v1/instances", "instances:read", instances.find_instances),
    Route("POST", "/v1/instances", "instances:start", running.start_instance),
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
    Route("POST", "/v1/tasks/{task}/complete", "modification", running.complete_task),
    Route("POST", "/v1/messages", "modification", running.correlate_message),
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
    Route("GET", "/docs", "", docs.page),
    Route("GET", "/docs/{file}", "", docs.asset),
)
"""For people: not in the OpenAPI document."""


class _Template:
    """Routes that share a path."""

    def __init__(self, template: str) -> None:
        parts = template[1:].split("/")
        self.name = template
        self.places = [index for index, part in enumerate(parts) if not part.startswith("{")]
        self.words = [parts[index] for index in self.places]
        self.free = tuple(index for index, part in enumerate(parts) if part.startswith("{"))
        self.methods: dict[str, Route] = {}

    @property
    def allow(self) -> str:
        """Give the ``Allow`` header."""
        return ", ".join(sorted({*self.methods, *(["HEAD"] if "GET" in self.methods else []), "OPTIONS"}))


def _templates() -> dict[int, list[_Template]]:
    known: dict[str, _Template] = {}
    for route in (*ROUTES, *PAGES):
        known.setdefault(route.template, _Template(route.template)).methods[route.method] = route
    by_length: dict[int, list[_Template]] = {}
    for template in known.values():
        by_length.setdefault(template.name.count("/"), []).append(template)
    return by_length


_BY_LENGTH = _templates()


def allowed(segments: tuple[str, ...]) -> str:
    """Give the methods that a path takes, as ``Allow`` lists them.

    Raises:
        RouteNotFound: nothing is at this path.
    """
    return _at(segments).allow


def _at(segments: tuple[str, ...]) -> _Template:
    for template in _BY_LENGTH.get(len(segments), ()):
        if [segments[index] for index in template.places] == template.words:
            if all(segments[index] for index in template.free):
                return template
            break
    raise RouteNotFound


def matched(method: str, segments: tuple[str, ...]) -> tuple[Route, tuple[str, ...]]:
    """Give the route of a request and its path parameters.

    Raises:
        RouteNotFound: nothing is at this path.
        MethodNotAllowed: something is, but not with this method.
    """
    template = _at(segments)
    route = template.methods.get("GET" if method == "HEAD" else method)
    if route is None:
        raise MethodNotAllowed(headers=(("Allow", template.allow),))
    return route, tuple([segments[index] for index in template.free])
