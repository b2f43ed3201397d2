"""Front doors in a vendor's own dialect: requests are handed on as they are, answers come back as they are.

Read top to bottom: who calls, what is asked, which lane, hand on, hand back. No body is looked at without a policy.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from time import perf_counter

import aiohttp
import msgspec
import structlog
from aiohttp import hdrs, web

from gateway.access import Caller
from gateway.errors import (
    EngineFailure,
    EngineMisbehaved,
    Forbidden,
    Internal,
    InvalidRequest,
    OutcomeUnknown,
    Unsupported,
    VarbridgeError,
)
from gateway.operations import Target, lane
from gateway.plan import Call, VendorResponse
from gateway.port import Asked
from gateway.raw import RawAnswer, RawRequest, gathered
from gateway.web.http import access_log, body, target
from gateway.web.proxy import headers
from gateway.web.proxy.door import Door
from gateway.web.proxy.response import ProxiedResponse, watched
from gateway.web.services import Services

_log = structlog.get_logger("varbridge")
_POLL_MARGIN_S = 10.0
"""An engine answers a poll a little after the time it was given."""
_FORM = "application/x-www-form-urlencoded"
_SCRUBBED_BYTES = 1024 * 1024
"""Answers up to this size are held where something must be cut out; errors are far smaller."""


class ProxiedRequest:
    """One request of a front door on its way."""

    __slots__ = ("asked", "call", "caller", "door", "request", "services")

    def __init__(self, services: Services, door: Door, request: web.BaseRequest, call: Call) -> None:
        self.services, self.door, self.request, self.call = services, door, request, call
        self.caller: Caller | None = None
        self.asked: Asked | None = None

    async def answered(self) -> web.StreamResponse:
        """Give the answer, already sent or about to be; every error ends here, in the dialect's own shape."""
        started = perf_counter()
        outcome = "ok"
        response: web.StreamResponse
        try:
            response = await self._passed()
            if response.status >= 400:  # noqa: PLR2004 - the engine's own answer, counted as what it is
                outcome = f"engine-{response.status // 100}xx"
        except VarbridgeError as error:
            outcome = error.code
            response = self._failed(error)
        except (ConnectionError, aiohttp.ClientError):
            outcome = "caller-gone"
            response = self._failed(InvalidRequest("The request broke off."))
        except asyncio.CancelledError:
            if not self._gone():
                raise
            outcome = "caller-gone"
            response = web.Response(status=499)
        except Exception as error:  # noqa: BLE001 - the boundary: nothing may reach the framework
            _log.error("request_failed", request_id=self.call.request_id, exc_info=error)
            outcome = "internal"
            response = self._failed(Internal())
        self._recorded(response.status, outcome, perf_counter() - started)
        return response

    def _recorded(self, status: int, outcome: str, spent: float) -> None:
        access_log.record(
            self.services.metrics,
            self.call,
            route=f"{self.door.prefix} {self.asked.scope if self.asked else 'unknown'}",
            method=self.request.method if self.asked else "other",
            status=status,
            outcome=outcome,
            engine=self.door.engine.name,
            caller=self.caller.name if self.caller else None,
            duration_s=spent,
        )

    async def _passed(self) -> web.StreamResponse:
        request, door = self.request, self.door
        body.refuse_oddities(request)
        if preflight := headers.preflight(request, self.services.cors_origins):
            return preflight
        self.caller, credentials_ours = await self.services.access.recognise(request.headers, forwards=door.forwards)
        raw = request.raw_path[len(door.prefix) :]
        self.asked = asked = self._asked(raw, await self._said_by_form())
        self._check_lane(asked, self.caller)
        self._check_start(asked)
        raw, asked = self._own(raw, asked, self.caller)
        loop = asyncio.get_running_loop()
        self.call.deadline = loop.time() + self.services.limits.max_timeout_s
        onward = await self._onward(raw, asked, credentials_ours=credentials_ours)
        if not asked.writes or asked.instance is None:
            return await self._relayed(onward)
        return await self.services.gateway.locks.hold(
            self._lane_of(asked.instance), self.call, lambda: self._relayed(onward)
        )

    async def _said_by_form(self) -> dict[str, str]:
        """Give what a form says of the parameters that decide; a body that is none is not looked at."""
        wanted = self.door.dialect.forms
        kind = self.request.headers.get(hdrs.CONTENT_TYPE, "")
        if not wanted or not self.request.body_exists or not kind.strip().lower().startswith(_FORM):
            return {}
        content = await body.buffered_body(self.request, self.services.limits)
        said = target.lenient_query(content.decode("utf-8", "surrogateescape"))
        return {name: said[name] for name in wanted if name in said}

    def _asked(self, raw: str, form: dict[str, str]) -> Asked:
        path, _, text = raw.partition("?")
        query = target.lenient_query(text)
        if any(query.get(name, value) != value for name, value in form.items()):
            raise InvalidRequest("Query and form say different things, so nobody knows which of them counts.")
        return self.door.dialect.asked(
            self.request.method, target.lenient_segments(path), {**query, **form}, self.request.headers
        )

    def _check_lane(self, asked: Asked, caller: Caller) -> None:
        door = self.door
        facts = lane.Facts(
            about_variables=not asked.scope.startswith("passthrough:"),
            same_vendor=door.dialect.vendor == door.engine.vendor,
            limited=caller.limited,
        )
        caller.require(asked.scope)
        if not caller.may_use(door.engine.name):
            raise Forbidden("The caller may not use this engine.")
        match lane.lane(facts):
            case "native" | "passed_through":
                return
            case "translated":
                raise Unsupported("This request needs a translation that is not offered here.", engine=door.engine.name)
            case _:
                raise Forbidden("This request cannot be handed on for this caller.", engine=door.engine.name)

    def _check_start(self, asked: Asked) -> None:
        """Refuse to start on this door's engine what a rule starts elsewhere; it is never started here all the same.

        Raises:
            Unsupported: the other engine cannot be reached by this door.
        """
        owner = self.services.gateway.routing.rule(asked.definition)
        if owner not in {None, self.door.engine.name}:
            detail = f"New instances of {asked.definition} start on {owner}, which is not behind this front door."
            raise Unsupported(detail, engine=owner)

    def _own(self, raw: str, asked: Asked, caller: Caller) -> tuple[str, Asked]:
        """Give target and question with the engine's own id where the caller wrote ``engine:id``.

        Raises:
            Forbidden: the caller may not use the engine it names; Unsupported: that is not behind this front door.
        """
        written = asked.instance or ""
        name, colon, native = written.partition(":")
        if not colon or name not in self.services.gateway.engines:
            return raw, asked
        if not caller.may_use(name):
            raise Forbidden("The caller may not use this engine.")
        if name != self.door.engine.name:
            raise Unsupported(f"The instance is on {name}, which is not behind this front door.", engine=name)
        return target.unqualified(raw, written), msgspec.structs.replace(asked, instance=native)

    def _lane_of(self, instance: str) -> tuple[str, str]:
        engine = self.door.engine
        try:
            native = engine.native_id(instance)
        except InvalidRequest:
            return engine.name, instance
        return self.services.gateway.placed(Target(engine, native)).lock

    async def _onward(self, raw: str, asked: Asked, *, credentials_ours: bool) -> RawRequest:
        request, door = self.request, self.door
        if "#" in raw:
            raise InvalidRequest("A request target has no fragment.")
        idle_s = door.idle_s
        content: bytes | AsyncIterator[bytes] | None = None
        if asked.polls:
            content = await body.receive(request, self.services.limits)
            idle_s = max(idle_s, door.dialect.poll_s(content) + _POLL_MARGIN_S)
        elif request.body_exists:
            content = await body.pass_on(request, self.services.limits)
        kept_headers = headers.onward(request, door, self.call, credentials_ours=credentials_ours)
        return RawRequest(
            method=request.method,
            target=raw,
            headers=kept_headers,
            body=content,
            idle_s=idle_s,
            writes=asked.writes,
            polls=asked.polls,
            gone=self._gone,
        )

    def _gone(self) -> bool:
        transport = self.request.transport
        return transport is None or transport.is_closing()

    async def _relayed(self, onward: RawRequest) -> web.StreamResponse:
        answer = await self.services.gateway.relay(self.door.engine.name, onward, self.call)
        try:
            return await self._handed_back(answer)
        finally:
            answer.close()

    async def _handed_back(self, answer: RawAnswer) -> web.StreamResponse:
        response = ProxiedResponse(status=answer.status, reason=answer.reason)
        for name, value in headers.back(answer.headers, self.request, self.door):
            response.headers.add(name, value)
        headers.decorate(response, self.request, self.call, self.services.cors_origins)
        pieces: AsyncIterator[bytes] | None = answer.pieces()
        first = answer.at_once()
        if self.door.dialect.scrubs and not self.door.debug:
            first, pieces = await self._looked_at(response, answer, first)
        elif answer.ended():
            pieces = None
        await response.prepare(self.request)
        try:
            if first:
                await response.write(first)
            elif pieces is not None:
                response.head_now()
            if pieces is not None:
                async for piece in pieces:
                    await response.write(piece)
        except VarbridgeError:
            # the head is sent: only a broken transfer can tell the caller now
            if self.request.transport is not None:
                self.request.transport.abort()
            return response
        await response.write_eof()
        return response

    async def _looked_at(
        self, response: web.StreamResponse, answer: RawAnswer, first: bytes | None
    ) -> tuple[bytes, AsyncIterator[bytes] | None]:
        """Give an answer without what no caller may see: its beginning, and the rest if it is long.

        Raises:
            OutcomeUnknown: a write was answered, but not readably; EngineFailure: the same of a read.
        """
        dialect = self.door.dialect
        try:
            self._check_readable(answer)
            whole, rest = (first, None) if first is not None else await gathered(answer.pieces(), _SCRUBBED_BYTES)
        except EngineFailure as failure:
            if self.asked is None or not self.asked.writes:
                raise
            raise OutcomeUnknown("The answer to the write could not be read.", engine=failure.engine) from failure
        if rest is not None:
            return b"", watched(whole, rest, dialect.hides)
        cut = dialect.scrubbed(whole)
        if len(cut) != len(whole) and hdrs.CONTENT_LENGTH in response.headers:
            response.headers[hdrs.CONTENT_LENGTH] = str(len(cut))
        return cut, None

    def _check_readable(self, answer: RawAnswer) -> None:
        for name, value in answer.headers:
            if name.lower() == "content-encoding" and value.lower() != "identity":
                raise EngineMisbehaved("The answer is packed, which was not asked for.", engine=self.door.engine.name)

    def _failed(self, error: VarbridgeError) -> web.Response:
        spelled: VendorResponse = self.door.dialect.failed(error, self.request.headers.get(hdrs.ACCEPT, ""))
        response = web.Response(
            status=spelled.status, body=spelled.content(), headers=[*spelled.headers, *error.headers]
        )
        headers.decorate(response, self.request, self.call, self.services.cors_origins)
        if response.headers.get(hdrs.CONNECTION, "").lower() == "close":
            response.force_close()
        return response
