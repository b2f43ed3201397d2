"""``dryRun=true`` on the writes of ``/v1``: runs any handler with a gateway that sends nothing that writes.

The answer shows the engine requests in order, reads included, as they are sent; secrets are starred, and so is what
the caller may not see.
"""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from gateway.access import Caller
from gateway.errors import InvalidRequest, VarbridgeError
from gateway.model import jsontext
from gateway.operations.dry_run import DryRunner, ShownRequest
from gateway.plan import Body, Call, Multipart, Stream, encode_target
from gateway.web.http.answers import Answer, json_answer
from gateway.web.http.rules import rules_header
from gateway.web.v1.context import RequestContext
from gateway.web.v1.shapes import DryRun, EngineRequest

DRY_RUN = "dryRun"
_STARS = "***"
_STREAM = "<stream>"
_MULTI_STATUS = 207
_DEPTH = 500
"""Levels of a body for an engine: a caller's body has 64 at most, and the vendor puts its own around it."""


class _Many(msgspec.Struct, frozen=True, kw_only=True):
    """The members that the answer to a write to many instances may have."""

    items: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    total: int | msgspec.UnsetType = msgspec.UNSET
    more: bool | msgspec.UnsetType = msgspec.UNSET


def is_wanted(context: RequestContext) -> bool:
    """Return whether the caller wants a dry run, and take the parameter off the query.

    Raises:
        InvalidRequest: neither ``true`` nor ``false``, or with a key that would promise a stored answer.
    """
    asked = context.query.get(DRY_RUN)
    if asked not in {"true", "false"}:
        raise InvalidRequest("`dryRun` is true or false.")
    if asked == "true" and "Idempotency-Key" in context.request.headers:
        raise InvalidRequest("A dry run does nothing that could be repeated; leave the Idempotency-Key out.")
    context.query = {name: value for name, value in context.query.items() if name != DRY_RUN}
    return asked == "true"


async def answer_dry_run(context: RequestContext, handler: Callable[[RequestContext], Awaitable[Answer]]) -> Answer:
    """Return the engine requests that a handler would send, and the rules that would apply."""
    runner = DryRunner(context.services.gateway)
    context.services = msgspec.structs.replace(context.services, gateway=runner.gateway)
    answer = await handler(context)
    many = msgspec.json.decode(answer.body, type=_Many) if answer.status == _MULTI_STATUS else _Many()
    requests = [_request(context, shown) for shown in runner.shown]
    rules = tuple(dict.fromkeys(runner.rules))
    shown = DryRun(requests=requests, rules=rules, items=many.items, total=many.total, more=many.more)
    return json_answer(shown, headers=rules_header(rules))


def _request(context: RequestContext, shown: ShownRequest) -> EngineRequest:
    request, base = shown.request, context.services.gateway.base_path(shown.engine.name)
    return EngineRequest(
        engine=shown.engine.name,
        method=request.method,
        path=encode_target(request, base),
        headers=dict(request.headers) | _secrets(shown, context.call),
        body=_body(request.body, context.caller),
        writes=request.writes,
    )


def _secrets(shown: ShownRequest, call: Call) -> dict[str, str]:
    """Return the headers with the engine's credentials, their values starred."""
    if shown.engine.needs_session:
        return {shown.engine.session_header: _STARS}
    if shown.engine.credentials.kind == "forward":
        return {"Authorization": _STARS} if call.authorization else {}
    added = shown.engine.sign(shown.request, None).headers[len(shown.request.headers) :]
    return {name: _STARS for name, _ in added}


def _body(body: Body, caller: Caller) -> Any:
    if isinstance(body, Stream):
        return _STREAM
    if isinstance(body, Multipart):
        return [
            {
                "name": part.name,
                "content": _STREAM if isinstance(part.content, Stream) else _text(part.content),
                **({} if part.filename is None else {"filename": part.filename}),
                **({} if part.content_type is None else {"contentType": part.content_type}),
            }
            for part in body.parts
        ]
    if not body:
        return None
    try:
        tree = jsontext.parse(body, depth=_DEPTH)
    except VarbridgeError:
        return _STARS if caller.limited else _text(body)
    return msgspec.Raw(jsontext.write(_starred(tree, caller)))


def _text(content: bytes) -> str:
    """Return UTF-8 text as it is, other bytes as base64."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return base64.b64encode(content).decode("ascii")


def _starred(tree: Any, caller: Caller) -> Any:
    """Star the values that the caller may not see: a plan may have read them to write them back."""
    if not caller.limited:
        return tree
    if isinstance(tree, dict):
        return {name: _STARS if caller.is_masked(name) else _starred(member, caller) for name, member in tree.items()}
    return [_starred(member, caller) for member in tree] if isinstance(tree, list) else tree
