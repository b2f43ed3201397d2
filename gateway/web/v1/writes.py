"""Carries out the writes of ``/v1`` and answers them: with nothing, or with what is there now and its tags."""

from __future__ import annotations

from gateway.model import commands
from gateway.model.expect import set_tag
from gateway.operations import Target, variables
from gateway.web.http.answers import Answer, json_answer
from gateway.web.http.rules import rules_header
from gateway.web.v1 import conditions, shapes
from gateway.web.v1.context import RequestContext
from gateway.web.v1.parameters import preferences


async def write_variables(
    context: RequestContext,
    found: Target,
    command: commands.PatchVariables,
    *,
    single: bool = False,
    shows: bool = False,
) -> Answer:
    """Carry out a write and return its answer.

    Args:
        context: of the request.
        found: the instance.
        command: the write.
        single: whether to show the one variable, not a list.
        shows: whether to show variables unless ``Prefer`` says otherwise.
    """
    gateway = context.services.gateway
    preferred = preferences(context).get("return")
    if preferred == "minimal" or (preferred != "representation" and not shows):
        done = await variables.patch_variables(gateway, found, command, context.call)
        applied = (("Preference-Applied", "return=minimal"),) if preferred == "minimal" else ()
        return Answer(status=204, headers=(*rules_header(done.rules), *applied))
    done, read = await variables.patch_and_list(gateway, found, command, context.call)
    headers = rules_header(done.rules)
    if preferred == "representation":
        headers += (("Preference-Applied", "return=representation"),)
    tagged = conditions.view(context.caller).tagged(read.variables)
    if single and tagged:
        variable, tag = tagged[0]
        shown = shapes.variable(variable, context.caller, None)
        return json_answer(shown, headers=(*headers, *conditions.headers(tag)))
    if single and len(command.written) == 1:  # null was written where the engine keeps nothing for it
        name = command.written[0]
        return json_answer({"name": name, "type": "null", "value": None}, headers=headers)
    listed = shapes.variables(tagged, context.caller, None)
    tags = conditions.headers(set_tag(tagged))
    return json_answer({"variables": listed, "rules": done.rules}, headers=(*headers, *tags))
