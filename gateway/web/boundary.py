"""The boundary: every request of a caller enters and leaves here, read top to bottom. One middleware, no more."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from random import getrandbits
from time import perf_counter

import structlog
from aiohttp import web

from gateway.access import NOBODY, Caller
from gateway.errors import Internal, InvalidRequest, VarbridgeError
from gateway.plan import Call
from gateway.web import accepting, body, keyed, problems, target
from gateway.web.front import Answer, Exchange, Front
from gateway.web.native import Passing
from gateway.web.record import kept
from gateway.web.routes import Route, allowed, matched
from gateway.web.unified import rehearsals
from gateway.web.unified.asking import named
from gateway.web.whole import Whole

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}\Z")
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}\Z")
_EXPOSED = "ETag, Gateway-Engine, Gateway-Rules, Idempotency-Replayed, Preference-Applied, Server-Timing, X-Request-Id"
_OK = 200
_log = structlog.get_logger("varbridge")

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


def handler(front: Front) -> Handler:
    """Give the handler of a server: dispatch, errors, headers, metrics and the one log line."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        started = perf_counter()
        given = request.headers.get("X-Request-Id")
        request_id = given if given is not None and _REQUEST_ID.match(given) else f"{getrandbits(128):032x}"
        door = front.door(request.raw_path)
        if door is not None:
            return await Passing(front, door, request, Call(deadline=0.0, request_id=request_id)).answered()
        passage = _Passage(front, request, request_id)
        try:
            answer = await passage.dispatched()
        except Exception as error:  # noqa: BLE001 - the boundary: nothing may reach the framework
            answer = passage.failed(error)
        spent = perf_counter() - started
        passage.record(answer, spent)
        if answer.stream is not None:
            return await passage.streamed(answer, spent)
        return passage.response(answer, spent)

    return handle


class _Passage:
    """One request on its way; what is known of it so far."""

    __slots__ = ("call", "caller", "exchange", "front", "request", "route")

    def __init__(self, front: Front, request: web.BaseRequest, request_id: str) -> None:
        self.front = front
        self.request = request
        self.route: Route | None = None
        self.caller: Caller | None = None
        self.exchange: Exchange | None = None
        self.call = Call(deadline=0.0, request_id=request_id)

    def failed(self, error: Exception) -> Answer:
        """Give the answer that an error becomes; every one ends here."""
        match error:
            case VarbridgeError():
                known = error
            case ConnectionError():
                known = InvalidRequest("The request broke off.")
            case _:
                _log.error("request_failed", request_id=self.call.request_id, exc_info=error)
                known = Internal()
        return problems.answer(known, self.call.request_id, self.exchange.engine if self.exchange else "")

    async def dispatched(self) -> Answer:
        """Give the answer of the route that is asked for.

        Raises:
            VarbridgeError: what is wrong with the request, or went wrong.
        """
        request, front = self.request, self.front
        body.refuse_oddities(request)
        if request.method == "OPTIONS":
            return self._preflight(allowed(target.split(request.raw_path)[0]))
        segments, query = target.split(request.raw_path)
        self.route, params = matched(request.method, segments)
        if self.route.scope:
            asks = front.forwards or front.access.tokens is not None
            self.caller = await self._recognised() if asks else front.access.identify(request.headers)
            self.caller.require(self.route.scope)
        self.call.deadline = asyncio.get_running_loop().time() + self._budget()
        traceparent = request.headers.get("traceparent")
        if traceparent is not None and _TRACEPARENT.match(traceparent):
            self.call.traceparent = traceparent
        self.call.authorization = request.headers.get("Authorization")
        self.exchange = Exchange(
            front=front, request=request, call=self.call, caller=self.caller or NOBODY, params=params, query=query
        )
        if params:
            self.exchange.engine = named(self.exchange)
        if not self.route.writes:
            if self.route.tells:
                accepting.check_json(request)
            return await self.route.handler(self.exchange)
        if "dryRun" in query and rehearsals.wanted(self.exchange):
            return await rehearsals.rehearsed(self.exchange, self.route.handler)
        if keyed.HEADER in request.headers:
            return await keyed.answered(self.exchange, self.route.template, self.route.handler)
        return await self.route.handler(self.exchange)

    async def _recognised(self) -> Caller:
        """Tell who calls where that may take asking: by a signed token, or by what only an engine can check."""
        caller, _ = await self.front.access.recognised(self.request.headers, forwards=self.front.forwards)
        return caller

    def _budget(self) -> float:
        header = self.request.headers.get("Request-Timeout")
        longest = self.front.limits.max_timeout_s
        if header is None:
            return longest
        if not re.fullmatch(r"\d{1,6}(\.\d{1,3})?", header, re.ASCII) or float(header) <= 0:
            raise InvalidRequest("Request-Timeout is a positive number of seconds.")
        return min(float(header), longest)

    def _preflight(self, methods: str) -> Answer:
        """Answer OPTIONS: what may be asked from another origin, or only what methods there are."""
        headers: tuple[tuple[str, str], ...] = (("Allow", methods),)
        if self._origin() and "Access-Control-Request-Method" in self.request.headers:
            asked = self.request.headers.get("Access-Control-Request-Headers", "")
            safe = asked if re.fullmatch(r"[A-Za-z0-9, _-]*", asked) else ""
            headers += (
                ("Access-Control-Allow-Methods", methods),
                ("Access-Control-Allow-Headers", safe),
                ("Access-Control-Max-Age", "600"),
            )
        return Answer(status=204, headers=headers)

    def _origin(self) -> str | None:
        origin = self.request.headers.get("Origin")
        return origin if origin is not None and origin in self.front.cors_origins else None

    def response(self, answer: Answer, spent: float) -> web.StreamResponse:
        """Give the answer with the headers that every one has."""
        headers = self._headers(answer, spent)
        closes = headers.pop("Connection", "") == "close"
        response = Whole(answer.status, headers, answer.body)
        if closes:
            response.force_close()
        return response

    async def streamed(self, answer: Answer, spent: float) -> web.StreamResponse:
        """Send content as it comes; one that breaks off breaks the transfer, and never ends as if it were whole."""
        response = web.StreamResponse(status=answer.status, headers=self._headers(answer, spent))
        pieces = answer.stream
        if pieces is None:
            return response
        try:
            _ = await response.prepare(self.request)
            if self.request.method != "HEAD":
                async for piece in pieces:
                    await response.write(piece)
        except VarbridgeError as error:
            _log.warning("transfer_broken", request_id=self.call.request_id, code=error.code)
            if self.request.transport is not None:
                self.request.transport.abort()
        finally:
            if isinstance(pieces, AsyncGenerator):
                await pieces.aclose()
        return response

    def _headers(self, answer: Answer, spent: float) -> dict[str, str]:
        call = self.call
        headers = {
            "X-Request-Id": call.request_id,
            "Cache-Control": "no-store",
            "Server": "varbridge",  # else it would tell the versions of what is inside
            "Server-Timing": f"gw;dur={(spent - call.engine_s) * 1000:.2f}, engine;dur={call.engine_s * 1000:.2f}",
        }
        if self.exchange is not None and self.exchange.engine:
            headers["Gateway-Engine"] = self.exchange.engine
        if self.front.cors_origins:
            headers["Vary"] = "Origin"
            if origin := self._origin():
                headers["Access-Control-Allow-Origin"] = origin
                headers["Access-Control-Expose-Headers"] = _EXPOSED
        headers.update(answer.headers)
        if answer.body or answer.stream is not None or answer.status == _OK:
            headers["Content-Type"] = answer.media_type
        return headers

    def record(self, answer: Answer, spent: float) -> None:
        """Count the request and write its canonical line."""
        route = self.route
        kept(
            self.front.metrics,
            self.call,
            route=route.template if route else "unmatched",
            method=self.request.method if route else "other",
            status=answer.status,
            outcome=answer.outcome,
            engine=self.exchange.engine if self.exchange else "",
            caller=self.caller.name if self.caller else None,
            duration_s=spent,
        )
