"""Handlers of ``/v1`` for the tokens of an instance: list and move them. One handler for each route."""

from __future__ import annotations

import msgspec

from gateway.model import modification
from gateway.model.commands import ListActivities
from gateway.model.expect import Expect
from gateway.model.modification import Instruction, ModifyInstance
from gateway.operations import Target, activities
from gateway.web.http.answers import Answer, json_answer
from gateway.web.http.rules import rules_header
from gateway.web.v1 import bodies, conditions, shapes
from gateway.web.v1.context import RequestContext
from gateway.web.v1.parameters import locate_instance, require_names
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
    found = await locate_instance(context)
    command = ListActivities(instance=found.native)
    listed = await activities.list_activities(context.services.gateway, found, command, context.call)
    return json_answer({"activities": [shapes.activity(each) for each in listed.activities]})


async def modify_instance(context: RequestContext) -> Answer:
    """Answer ``POST /v1/instances/{instance}/modification``; a condition is about the instance's variables."""
    decoded = await bodies.decode(context, _decoder, Address(instance=context.params[0]))
    modification.check_instructions(decoded.instructions, decoded.annotation)
    if names := modification.names_in(decoded.instructions):
        context.caller.require("variables:write")
    require_names(context, names)
    found = await locate_instance(context)
    command = ModifyInstance(
        instance=found.native,
        instructions=decoded.instructions,
        skip_custom_listeners=decoded.skip_custom_listeners,
        skip_io_mappings=decoded.skip_io_mappings,
        annotation=decoded.annotation,
        caller=context.caller.name,
        expect=_expected(context, found, decoded),
    )
    done = await activities.modify_instance(context.services.gateway, found, command, context.call)
    return Answer(status=204, headers=rules_header(done.rules))


def _expected(context: RequestContext, found: Target, decoded: ModificationBody) -> Expect | None:
    """Return the expectation; an engine that requires conditions requires one only for variables of the instance."""
    values = [(name, value) for each in decoded.instructions for name, value in each.variables.items()]
    touched = tuple(dict.fromkeys(name for name, value in values if not value.local))
    if not touched and not any(header in context.request.headers for header in conditions.HEADERS):
        return None
    return conditions.set_condition(context, found, None, touched)
