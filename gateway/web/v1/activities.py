"""Handlers of ``/v1`` for the tokens of an instance: where they are, and moving them. One handler a route."""

from __future__ import annotations

import msgspec

from gateway.model import modification
from gateway.model.expect import Expect
from gateway.model.modification import Instruction, ModifyInstance
from gateway.operations import Target, activities
from gateway.web.http.answers import Answer, json_answer
from gateway.web.v1 import bodies, conditions, shapes
from gateway.web.v1.context import RequestContext
from gateway.web.v1.parameters import located, may_touch
from gateway.web.v1.typed_values import Address


class ModificationBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """Body of ``POST …/modification``: instructions in order, what to skip, and why."""

    instructions: tuple[Instruction, ...]
    skip_custom_listeners: bool = False
    skip_io_mappings: bool = False
    annotation: str | None = None


_decoder = msgspec.json.Decoder(ModificationBody)


async def list_activities(context: RequestContext) -> Answer:
    """Answer ``GET /v1/instances/{instance}/activities``."""
    found = await located(context)
    listed = await activities.list_activities(context.services.gateway, found, context.call)
    return json_answer({"activities": [shapes.activity(each) for each in listed]})


async def modify_instance(context: RequestContext) -> Answer:
    """Answer ``POST /v1/instances/{instance}/modification``; a condition is about the instance's variables."""
    asked = await bodies.decode(context, _decoder, Address(instance=context.params[0]))
    modification.checked(asked.instructions, asked.annotation)
    names = tuple(name for each in asked.instructions for name in each.variables)
    if names:
        context.caller.require("variables:write")
    may_touch(context, names)
    found = await located(context)
    command = ModifyInstance(
        instance=found.native,
        instructions=asked.instructions,
        skip_custom_listeners=asked.skip_custom_listeners,
        skip_io_mappings=asked.skip_io_mappings,
        annotation=asked.annotation,
        caller=context.caller.name,
        expect=_expected(context, found, asked),
    )
    done = await activities.modify_instance(context.services.gateway, found, command, context.call)
    return Answer(status=204, headers=shapes.rules_header(done.rules))


def _expected(context: RequestContext, found: Target, asked: ModificationBody) -> Expect | None:
    """Give what is expected; an engine that demands conditions does so where variables of the instance are written."""
    values = [(name, value) for each in asked.instructions for name, value in each.variables.items()]
    touched = tuple(dict.fromkeys(name for name, value in values if not value.local))
    if not touched and not any(header in context.request.headers for header in conditions.HEADERS):
        return None
    return conditions.set_condition(context, found, None, touched)
