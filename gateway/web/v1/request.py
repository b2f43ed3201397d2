"""One request of ``/v1`` on its way: route, caller, deadline, then the handler, a dry run of it or a stored answer."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable

from aiohttp import web

from gateway.access import NOBODY, Caller
from gateway.errors import InvalidRequest, VarbridgeError
from gateway.plan import Call
from gateway.web.http import body, cors, negotiation, target
from gateway.web.http.answers import Answer
from gateway.web.recognition import recognise
from gateway.web.services import Services
from gateway.web.v1 import dry_runs, engine_choice, idempotency, problems
from gateway.web.v1.context import RequestContext
from gateway.web.v1.parameters import add_closest, check
from gateway.web.v1.route import Route
from gateway.web.v1.routes import TREE


class UnifiedRequest:
    """One request of ``/v1``, and what is known of it so far."""

    __slots__ = ("call", "caller", "context", "delay_s", "rate_headers", "request", "route", "services")

    def __init__(self, services: Services, request: web.BaseRequest, call: Call) -> None:
        self.services, self.request, self.call = services, request, call
        self.route: Route | None = None
        self.caller: Caller | None = None
        self.context: RequestContext | None = None
        self.rate_headers: tuple[tuple[str, str], ...] = ()
        self.delay_s = 0.0

    @property
    def template(self) -> str | None:
        """The route's path with its parameters in braces; None where no route is matched."""
        return self.route.template if self.route else None

    @property
    def engine(self) -> str:
        """The name of the engine that the request is about; empty while it is not known."""
        return self.context.engine if self.context else ""

    @property
    def caller_name(self) -> str | None:
        """Who calls; None while that is not known."""
        return self.caller.name if self.caller else None

    def problem(self, error: VarbridgeError) -> Answer:
        """Return an error's answer."""
        if self.context is not None:
            engine_choice.note_named(self.context)
            add_closest(self.context, error)
        return problems.answer(error, self.call.request_id, self.engine)

    async def answer(self) -> Answer:
        """Return the answer of the route that is asked for.

        Raises:
            VarbridgeError: what is wrong with the request, or went wrong.
        """
        request, services = self.request, self.services
        body.refuse_oddities(request)
        segments, query = target.split(request.raw_path)
        if request.method == "OPTIONS":
            return cors.options(request, TREE.methods(segments), services.cors_origins)
        self.route, params = TREE.find(request.method, segments)
        if self.route.scope:
            _ = await recognise(self, forwards=services.forwards)
            (self.caller or NOBODY).require(self.route.scope)
        self.call.deadline = asyncio.get_running_loop().time() + self._budget_s()
        self.call.authorization = request.headers.get("Authorization")
        self.context = RequestContext(
            services=services, request=request, call=self.call, caller=self.caller or NOBODY, params=params, query=query
        )
        return await self._handle(self.route, self.context)

    @staticmethod
    def _handle(route: Route, context: RequestContext) -> Awaitable[Answer]:
        check(route, context)
        if not route.writes:
            if route.only_json:
                negotiation.check_json(context.request)
            return route.handler(context)
        if "dryRun" in context.query and dry_runs.is_wanted(context):
            return dry_runs.answer_dry_run(context, route.handler)
        if idempotency.HEADER in context.request.headers:
            return idempotency.answer_once(context, route.template, route.handler)
        return route.handler(context)

    def _budget_s(self) -> float:
        header = self.request.headers.get("Request-Timeout")
        longest = self.services.limits.max_timeout_s
        if header is None:
            return longest
        if not re.fullmatch(r"\d{1,6}(\.\d{1,3})?", header, re.ASCII) or float(header) <= 0:
            raise InvalidRequest("Request-Timeout is a positive number of seconds.")
        return min(float(header), longest)
