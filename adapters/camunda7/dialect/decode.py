"""From a request in Camunda's language to commands: what its path names, and what its body (``bodies``) says to do.

The counterpart, for answers, is ``encode``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from adapters.camunda7.dialect.bodies import check_accepted, read_body, read_json, read_value, read_values
from adapters.camunda7.dialect.data import decode_data
from adapters.camunda7.dialect.facts import NO_IDS, below_engine
from adapters.camunda7.dialect.finding import decode_find
from adapters.camunda7.dialect.history import decode_history
from adapters.camunda7.dialect.messages import decode_message
from adapters.camunda7.dialect.modification import decode_modification
from adapters.camunda7.dialect.searching import decode_search
from adapters.camunda7.dialect.starting import decode_start
from adapters.camunda7.dialect.state import decode_deletion, decode_suspension
from adapters.camunda7.dialect.tasks import decode_completion
from gateway.errors import MethodNotAllowed
from gateway.model.commands import Command, DescribeInstance, GetVariable, ListActivities, ListVariables, PatchVariables
from gateway.model.scope import INSTANCE
from gateway.port import DialectRequest

_SCOPES = {"process-instance": "variables", "execution": "localVariables"}
"""Resources that have variables, and what they are called there."""

_SEARCHES: Mapping[tuple[str, ...], Callable[[DialectRequest], Command]] = {
    ("process-instance",): decode_find,
    ("variable-instance",): decode_search,
    ("history", "variable-instance"): decode_history,
}
"""Searches, by their paths; the same with ``count`` behind it counts what they would find."""


class GivenPatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of ``POST …/variables``."""

    modifications: dict[str, msgspec.Raw] | None = None
    deletions: list[str] | None = None


_patch_decoder = msgspec.json.Decoder(GivenPatch)


def decode(request: DialectRequest) -> tuple[Command, ...]:
    """Return the commands that a request means; none where it means none.

    Raises:
        MethodNotAllowed: the path takes other methods. UnsupportedMediaType, NotAcceptable: only JSON is spoken.
        InvalidJson, InvalidRequest, PayloadTooLarge: the body is not what the vendor's page says.
    """
    path = below_engine(request.segments)
    searched = _SEARCHES.get(path[:-1] if path[-1:] == ("count",) else path)
    if searched is not None:
        return (searched(request),)
    match path:
        case ("process-definition", *definition, "start" | "submit-form"):
            return _start_commands(request, definition)
        case ("process-instance", instance, *below) if command := _instance_command(request, instance, below):
            return (command,)
        case ("message",):
            return decode_message(request)
        case ("task", task, "complete" | "submit-form"):
            return decode_completion(request, task)
        case _:
            return _on_variables(request, path)


def _on_variables(request: DialectRequest, path: tuple[str, ...]) -> tuple[Command, ...]:
    """Return the commands on variables of an instance, an execution or a task."""
    match path:
        case ("task", task, kind) if _is_said_of_task(request, kind):
            return (_set_command(request, "", f"task:{task}", seen=kind == "variables"),)
        case ("task", task, kind, name) if _is_said_of_task(request, kind):
            return (_variable_command(request, "", f"task:{task}", name, seen=kind == "variables"),)
        case (resource, owner, kind) if _SCOPES.get(resource) == kind:
            return (_set_command(request, owner, _scope(resource, owner)),)
        case (resource, owner, kind, name) if _SCOPES.get(resource) == kind:
            return (_variable_command(request, owner, _scope(resource, owner), name),)
        case (resource, owner, kind, name, "data") if _SCOPES.get(resource) == kind:
            return (decode_data(request, owner, _scope(resource, owner), name),)
        case _:
            return ()


def _start_commands(request: DialectRequest, definition: list[str]) -> tuple[Command, ...]:
    match definition:
        case ["key", key]:
            return decode_start(request, key)
        case ["key", key, "tenant-id", tenant]:
            return decode_start(request, key, tenant)
        case [definition_id]:
            return decode_start(request, definition_id)
        case _:
            return ()


def _instance_command(request: DialectRequest, instance: str, below: list[str]) -> Command | None:
    """Return the command on an instance itself or its tokens; None where it is about something else."""
    match (request.method, *below):
        case ("GET" | "HEAD",) if instance not in NO_IDS:
            check_accepted(request)
            return DescribeInstance(instance=instance)
        case ("GET" | "HEAD", "activity-instances"):
            check_accepted(request)
            return ListActivities(instance=instance)
        case ("DELETE",):
            return decode_deletion(request, instance)
        case ("PUT", "suspended"):
            return decode_suspension(request, instance)
        case ("POST", "modification"):
            return decode_modification(request, instance)
        case (_, "modification"):
            raise MethodNotAllowed
        case _:
            return None


def _scope(resource: str, owner: str) -> str:
    return f"execution:{owner}" if resource == "execution" else INSTANCE


def _is_said_of_task(request: DialectRequest, kind: str) -> bool:
    """Return whether a call on a task's variables means a command; where a write through the task goes, is not said."""
    return kind == "localVariables" or (kind == "variables" and request.method in {"GET", "HEAD"})


def _set_command(request: DialectRequest, instance: str, scope: str, *, seen: bool = True) -> Command:
    match request.method:
        case "GET" | "HEAD":
            check_accepted(request)
            return ListVariables(instance=instance, scope=scope, seen=seen)
        case "POST":
            return _patch(request, instance, scope)
        case _:
            raise MethodNotAllowed


def _variable_command(request: DialectRequest, instance: str, scope: str, name: str, *, seen: bool = False) -> Command:
    match request.method:
        case "GET" | "HEAD":
            check_accepted(request)
            return GetVariable(instance=instance, scope=scope, name=name, seen=seen)
        case "PUT":
            value = read_value(read_body(request), name, "")
            return PatchVariables(instance=instance, scope=scope, modifications={name: value}, pointers={name: ""})
        case "DELETE":
            return PatchVariables(instance=instance, scope=scope, deletions=(name,))
        case _:
            raise MethodNotAllowed


def _patch(request: DialectRequest, instance: str, scope: str) -> PatchVariables:
    given = read_json(request, _patch_decoder)
    modifications = read_values(given.modifications, "modifications")
    deletions = tuple(given.deletions or ())
    return PatchVariables(instance=instance, scope=scope, modifications=modifications, deletions=deletions)
