"""Handlers of ``/v1`` for the tokens of an instance: where they are, and moving them. One handler a route."""

from __future__ import annotations

import msgspec

from gateway.model import modification
from gateway.model.expect import Expect
from gateway.model.modification import Instruction, ModifyInstance
from gateway.operations import Target, activities
from gateway.web import body, conditions, shapes
from gateway.web.front import Answer, Exchange, json_answer
from gateway.web.unified.asking import INSTANCE, located, may_touch, parameters


class ModificationBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """Body of ``POST …/modification``: instructions in order, what to skip, and why."""

    instructions: tuple[Instruction, ...]
    skip_custom_listeners: bool = False
    skip_io_mappings: bool = False
    annotation: str | None = None


_decoder = msgspec.json.Decoder(ModificationBody)


async def list_activities(exchange: Exchange) -> Answer:
    """Answer ``GET /v1/instances/{instance}/activities``."""
    _ = parameters(exchange, INSTANCE)
    found = await located(exchange)
    listed = await activities.listed(exchange.front.gateway, found, exchange.call)
    return json_answer({"activities": [shapes.activity(each) for each in listed]})


async def modify_instance(exchange: Exchange) -> Answer:
    """Answer ``POST /v1/instances/{instance}/modification``; a condition is about the instance's variables."""
    _ = parameters(exchange, INSTANCE, conditional=True)
    _ = body.media_type(exchange.request, "application/json")
    content = await body.received(exchange.request, exchange.front.limits)
    asked = body.decoded(_decoder, content, exchange.front.limits)
    modification.checked(asked.instructions, asked.annotation)
    names = tuple(name for each in asked.instructions for name in each.variables)
    if names:
        exchange.caller.require("variables:write")
    may_touch(exchange, names)
    found = await located(exchange)
    command = ModifyInstance(
        instance=found.native,
        instructions=asked.instructions,
        skip_custom_listeners=asked.skip_custom_listeners,
        skip_io_mappings=asked.skip_io_mappings,
        annotation=asked.annotation,
        caller=exchange.caller.name,
        expect=_expected(exchange, found, asked),
    )
    done = await activities.modified(exchange.front.gateway, found, command, exchange.call)
    return Answer(status=204, headers=shapes.rules_header(done.rules))


def _expected(exchange: Exchange, found: Target, asked: ModificationBody) -> Expect | None:
    """Give what is expected; an engine that demands conditions does so where variables of the instance are written."""
    values = [(name, value) for each in asked.instructions for name, value in each.variables.items()]
    touched = tuple(dict.fromkeys(name for name, value in values if not value.local))
    if not touched and not any(header in exchange.request.headers for header in conditions.HEADERS):
        return None
    return conditions.of_set(exchange, found, None, touched)
