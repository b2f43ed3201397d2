"""A route of ``/v1``: all that one must know of it stands here once; the checks and the OpenAPI document read it.

What must not live here: the rows themselves (``gateway.web.v1.routes``) and what a handler does.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import cached_property
from typing import Any, TypeAlias

import msgspec

from gateway.web.http.answers import Answer
from gateway.web.v1.context import RequestContext

Handler: TypeAlias = Callable[[RequestContext], Awaitable[Answer]]
Schema: TypeAlias = Any
"""A JSON Schema as a dict, in which a struct or a ``Component`` stands for a reference to its schema."""
DRY_RUN = "dryRun"
CONDITIONS = ("If-Match", "If-None-Match")
"""Headers that a write either honours or refuses."""


class Component(msgspec.Struct, frozen=True):
    """A schema that is no struct's and has a name in the document all the same."""

    name: str
    schema: Mapping[str, Any]


class Parameter(msgspec.Struct, frozen=True):
    """A query parameter or a header of a route; every one may be left out; without a schema it is a string."""

    name: str
    description: str
    schema: Schema = None


class Body(msgspec.Struct, frozen=True):
    """What a route takes.

    Args:
        content: media types and the schema of each.
        streamed: whether the handler reads media type and content itself; then any media type is let through.
    """

    content: Mapping[str, Schema]
    streamed: bool = False


class Answers(msgspec.Struct, frozen=True, kw_only=True):
    """What a route answers when all went well.

    Args:
        content: schema of what is shown; None = nothing is ever shown.
        status: of what is shown.
        media_type: of what is shown.
        also: another media type of it, for callers whose ``Accept`` prefers that; None = there is none.
        empty: whether there may be nothing to show; the status is 204 then.
        description: of what is shown.
    """

    content: Schema = None
    status: int = 200
    media_type: str = "application/json"
    also: str | None = None
    empty: bool = False
    description: str = "Done."


class Route(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """One route.

    Args:
        method: the verb; ``GET`` answers ``HEAD`` too.
        template: the path with its parameters in braces.
        handler: what answers; its name is the operation's id.
        summary: one sentence for people who read the API page; the path gives the heading.
        scope: what the caller needs; empty = nothing.
        writes: whether it changes anything; then it takes ``dryRun=true`` and ``Idempotency-Key``.
        query: the query parameters that it takes; any other is refused.
        headers: what it takes beside what every route takes. ``CONDITIONS`` that are not here are refused on writes.
        body: what it takes; None = a body is not looked at.
        answers: what it answers.
    """

    method: str
    template: str
    handler: Handler
    summary: str
    scope: str = ""
    writes: bool = False
    query: tuple[Parameter, ...] = ()
    headers: tuple[Parameter, ...] = ()
    body: Body | None = None
    answers: Answers = Answers(content={"type": "object"})

    @property
    def operation(self) -> str:
        """The operation's id."""
        return str(getattr(self.handler, "__name__", self.template))

    @cached_property
    def query_names(self) -> frozenset[str]:
        """The names of the query parameters that are taken."""
        return frozenset(each.name for each in self.query) | ({DRY_RUN} if self.writes else frozenset())

    @cached_property
    def refused_headers(self) -> tuple[str, ...]:
        """Conditions that would be ignored, so they are refused; reads ignore them, as RFC 9110 (13.1) allows."""
        taken = {each.name for each in self.headers}
        return () if self.method == "GET" else tuple(name for name in CONDITIONS if name not in taken)

    @cached_property
    def media_types(self) -> tuple[str, ...]:
        """The media types of a body that is decoded; empty where no body is looked at before the handler."""
        return () if self.body is None or self.body.streamed else tuple(self.body.content)

    @cached_property
    def only_json(self) -> bool:
        """Whether the answer is JSON and nothing else: then a caller that takes no JSON is told so."""
        answers = self.answers
        is_json = answers.media_type == "application/json" and answers.also is None
        return self.template.startswith("/v1/") and not self.writes and is_json
