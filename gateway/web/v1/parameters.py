"""What the handlers of ``/v1`` share: query parameters, preferences, the path's instance, allowed variable names."""

from __future__ import annotations

import re
from collections.abc import Awaitable

from gateway.errors import (
    InstanceNotFound,
    InvalidRequest,
    Unsupported,
    VarbridgeError,
    VariableNotFound,
)
from gateway.model.scope import INSTANCE, parse_scope
from gateway.nearest import suggestion
from gateway.operations import Target
from gateway.web.http import body, target
from gateway.web.v1 import engine_choice, shapes
from gateway.web.v1.context import RequestContext
from gateway.web.v1.route import Route

_PREFERENCE = re.compile(r"(?:^|[,;\s])(return|handling)\s*=\s*\"?([a-z]+)", re.IGNORECASE)
_NOT_OFFERED = {"state": "a choice of state"}
"""Parameters that only some routes take; refusing them as unknown would puzzle."""
_SYNONYMS = {
    "processInstanceBusinessKey": "businessKey",
    "processDefinitionKey": "definition",
    "processDefinitionId": "definition",
    "processDefinitionName": "definition",
    "variableNames": "names",
    "variableName": "names",
    "searchFilter": "names",
    "maxResults": "limit",
    "size": "limit",
    "pageSize": "limit",
    "firstResult": "cursor",
    "offset": "cursor",
}
"""The vendors' words, and what they are called here."""


def check(route: Route, context: RequestContext) -> None:
    """Refuse what the route does not take and would otherwise ignore; note the media type of a body that it decodes.

    Raises:
        InvalidRequest: an unknown query parameter. Unsupported: a condition where none is looked at.
        UnsupportedMediaType: a body of another type.
    """
    if context.query:
        for name in context.query.keys() - route.query_names:
            raise _unknown(name, route)
    for header in route.refused_headers:
        if header in context.request.headers:
            raise Unsupported(f"This gateway does not offer {header} here.")
    if route.media_types:
        context.media_type = body.media_type(context.request, *route.media_types)


def _unknown(name: str, route: Route) -> Unsupported | InvalidRequest:
    if name in _NOT_OFFERED:
        return Unsupported(f"This gateway does not offer {_NOT_OFFERED[name]} here.")
    return InvalidRequest(f"Unknown query parameter {name}." + suggestion(name, route.query_names, _SYNONYMS))


def preferences(context: RequestContext) -> dict[str, str]:
    """Return the preferences ``return`` and ``handling`` of ``Prefer``; the first of each counts (RFC 7240, 2)."""
    lines = context.request.headers.getall("Prefer", ())
    wishes = _PREFERENCE.findall(", ".join(lines)) if lines else []
    return {name.lower(): wish for name, wish in reversed(wishes)}


def locate_instance(context: RequestContext, *, ended: bool = False) -> Awaitable[Target]:
    """Find the engine that owns the instance of the path; an engine named beside it goes first."""
    return engine_choice.locate(context, context.params[0], engine_choice.beside(context), ended=ended)


def fields(query: dict[str, str]) -> frozenset[str] | None:
    """Return the members of variables to show (``fields``), None for all."""
    if "fields" not in query:
        return None
    wanted = frozenset(target.names(query["fields"]))
    if unknown := wanted - shapes.FIELDS:
        name = min(unknown)
        known = ", ".join(sorted(shapes.FIELDS))
        raise InvalidRequest(f"Unknown field {name}. Known: {known}.{suggestion(name, shapes.FIELDS)}")
    return wanted


def wants_metadata(query: dict[str, str]) -> bool:
    """Return whether to show what an engine keeps inside values beside them (``include=metadata``)."""
    wanted = target.decoded(query.get("include", ""), plus=True)
    if wanted not in {"", "metadata"}:
        raise InvalidRequest("`include` is metadata.")
    return bool(wanted)


def wants_twins(context: RequestContext) -> bool:
    """Return whether the sides of links that do not decide are shown as well (``include=twins``)."""
    wanted = target.decoded(context.query.get("include", ""), plus=True)
    if wanted not in {"", "twins"}:
        raise InvalidRequest("`include` is twins.")
    return bool(wanted)


def scope(query: dict[str, str], *, lists: bool = False) -> str:
    """Return the ``scope`` parameter; only lists take ``all``."""
    if "scope" not in query:
        return INSTANCE
    text = target.decoded(query["scope"], plus=True)
    _ = parse_scope(text, lists=lists)
    return text


def wants_ended(query: dict[str, str]) -> bool:
    """Return whether ended instances count too (``state=any``)."""
    if query.get("state", "any") != "any":
        raise InvalidRequest("`state` is any; without it, running instances only.")
    return "state" in query


def add_closest(context: RequestContext, error: VarbridgeError) -> None:
    """Add the name that was probably meant to the error of an unknown one, if the caller may see that name.

    It is that of a variable, if the plan has read names, or of an engine in front of the instance's id.
    """
    if isinstance(error, VariableNotFound):
        _ = error.hint(suggestion(error.name, [each for each in error.known if context.caller.may_touch(each)]))
    elif isinstance(error, InstanceNotFound):
        engine_choice.add_closest(context, context.instance, error)


def require_names(context: RequestContext, names: tuple[str, ...]) -> None:
    """Refuse names of variables that the request's caller may not touch."""
    context.caller.require_names(names)
