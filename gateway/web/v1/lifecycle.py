"""Handlers of ``/v1`` that start instances, complete tasks and correlate messages. One handler for each route."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from gateway.errors import Fault, InvalidRequest, ValueInvalid
from gateway.model import lifecycle as model
from gateway.model.commands import Command
from gateway.model.results import Rule
from gateway.model.values import Value
from gateway.operations import Target, lifecycle, placing
from gateway.operations.placing_links import public_id
from gateway.operations.translating import check_names, count_names
from gateway.plan import encode_path
from gateway.port import Engine
from gateway.web.http.answers import Answer, json_answer
from gateway.web.http.rules import rules_header
from gateway.web.v1 import bodies, engine_choice, shapes
from gateway.web.v1.context import RequestContext


class StartBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """Body of ``POST /v1/instances``; ``engine`` where no rule of start routing says it."""

    EXAMPLE: ClassVar[dict[str, Any]] = {"definition": "invoice", "variables": {"amount": {"value": 5}}}

    definition: str
    business_key: str | None = None
    engine: str | None = None
    tenant: str | None = None
    variables: dict[str, Value] = {}


class CompletionBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of ``POST /v1/tasks/{task}/complete``."""

    EXAMPLE: ClassVar[dict[str, Any]] = {"variables": {"amount": {"value": 5}}}

    variables: dict[str, Value] = {}


class MessageBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """Body of ``POST /v1/messages``: the message's name, who receives it, and variables for the receivers.

    Args:
        all: whether every instance that matches receives it; without it, more than one match is refused.
    """

    EXAMPLE: ClassVar[dict[str, Any]] = {"name": "paid", "instance": "hr:1", "variables": {"amount": {"value": 5}}}

    name: str
    instance: str | None = None
    business_key: str | None = None
    engine: str | None = None
    tenant: str | None = None
    correlation_keys: dict[str, Value] = {}
    local_correlation_keys: dict[str, Value] = {}
    variables: dict[str, Value] = {}
    local_variables: dict[str, Value] = {}
    all: bool = False


class Receiver(msgspec.Struct, frozen=True, kw_only=True):
    """One receiver of a message; ``started``: the message started the instance."""

    instance: str
    engine: str
    started: bool


class MessageOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """Answer to ``POST /v1/messages``."""

    receivers: tuple[Receiver, ...]
    rules: tuple[Rule, ...] = ()


_start = msgspec.json.Decoder(StartBody)
_completion = msgspec.json.Decoder(CompletionBody)
_message = msgspec.json.Decoder(MessageBody)


async def start_instance(context: RequestContext) -> Answer:
    """Answer ``POST /v1/instances``."""
    decoded = await bodies.decode(context, _start)
    command = model.StartInstance(
        definition=decoded.definition,
        business_key=decoded.business_key,
        tenant=decoded.tenant,
        variables=decoded.variables,
    )
    _check(context, command)
    gateway = context.services.gateway
    explicit = engine_choice.one(context, decoded.engine)
    engine = placing.locate_start(gateway, decoded.definition, explicit, context.caller.may_use)
    engine_choice.note(context, engine)
    done = await lifecycle.start_instance(gateway, engine, command, context.call)
    public = f"{engine.name}:{done.instance.id}"
    shown = shapes.instance(engine.name, done.instance, public) | ({"rules": done.rules} if done.rules else {})
    where = encode_path(("v1", "instances", public))
    return json_answer(shown, status=201, headers=(("Location", where), *rules_header(done.rules)))


async def complete_task(context: RequestContext) -> Answer:
    """Answer ``POST /v1/tasks/{task}/complete``."""
    decoded = await bodies.decode(context, _completion)
    command = model.CompleteTask(task=context.params[0], variables=decoded.variables)
    _check(context, command)
    gateway, explicit = context.services.gateway, engine_choice.one(context, None)
    try:
        engine, task = placing.locate_task(gateway, context.params[0], explicit, context.caller.may_use)
    except InvalidRequest as error:
        engine_choice.add_closest(context, context.params[0], error)
        raise
    engine_choice.note(context, engine)
    command = msgspec.structs.replace(command, task=task)
    owner = await placing.locate_owner(gateway, engine, task, context.call)
    done = await lifecycle.complete_task(gateway, owner, command, context.call)
    return Answer(status=204, headers=rules_header(done.rules))


async def correlate_message(context: RequestContext) -> Answer:
    """Answer ``POST /v1/messages``."""
    decoded = await bodies.decode(context, _message)
    command = model.CorrelateMessage(
        name=decoded.name,
        business_key=decoded.business_key,
        tenant=decoded.tenant,
        correlation_keys=decoded.correlation_keys,
        local_correlation_keys=decoded.local_correlation_keys,
        variables=decoded.variables,
        local_variables=decoded.local_variables,
        everybody=decoded.all,
    )
    _check(context, command)
    receiver = await _receiver(context, decoded)
    engine, instance = (receiver.engine, receiver.native) if isinstance(receiver, Target) else (receiver, None)
    command = msgspec.structs.replace(command, instance=instance)
    done = await lifecycle.correlate_message(context.services.gateway, receiver, command, context.call)
    receivers = tuple(
        Receiver(
            instance=public_id(context.services.gateway, engine.name, each.instance),
            engine=engine.name,
            started=each.started,
        )
        for each in done.receivers
    )
    return json_answer(MessageOutcome(receivers=receivers, rules=done.rules), headers=rules_header(done.rules))


async def _receiver(context: RequestContext, decoded: MessageBody) -> Target | Engine:
    """Return the instance that is meant, or the engine where no instance is named."""
    explicit = engine_choice.one(context, decoded.engine)
    if decoded.instance is not None:
        return await engine_choice.locate(context, decoded.instance, explicit)
    if explicit is None:
        detail = "Say which engine, or which instance, the message is for."
        raise ValueInvalid(detail, errors=(Fault("/engine", detail),))
    return engine_choice.use(context, explicit)


def _check(context: RequestContext, command: Command) -> None:
    """Refuse texts that no engine holds, too many names, and those that the caller may not touch.

    Raises:
        InvalidRequest, PayloadTooLarge, Forbidden: it has such.
    """
    model.check_texts(command)
    bodies.check_count(count_names(command), context.services.limits)
    check_names(command, context.caller)
