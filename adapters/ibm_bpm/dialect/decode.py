"""From a request in IBM's language to commands: what its path and parameters name, and its body (``bodies``).

A value has no type here: the owner keeps the type that it has stored wherever the value fits. The counterpart, for
answers, is ``encode``.
"""

from __future__ import annotations

from adapters.ibm_bpm.dialect.actions import decode_action
from adapters.ibm_bpm.dialect.bodies import check_accepted, read_object, read_tree, read_value
from adapters.ibm_bpm.dialect.details import decode_details
from adapters.ibm_bpm.dialect.exposed import decode_exposed
from adapters.ibm_bpm.dialect.facts import NO_IDS, SAFE, resolve_method
from adapters.ibm_bpm.dialect.parameters import parts, read_parameters, read_parts
from adapters.ibm_bpm.dialect.search import decode_search
from adapters.ibm_bpm.dialect.starting import decode_start
from adapters.ibm_bpm.dialect.tasks import COMPLETIONS, decode_completion, decode_task
from adapters.ibm_bpm.values.trees import METADATA
from gateway.errors import InvalidRequest, MethodNotAllowed
from gateway.model import jsontext
from gateway.model.commands import Command, DescribeInstance, PatchVariables
from gateway.port import DialectRequest, DialectSettings


def decode(request: DialectRequest, settings: DialectSettings) -> tuple[Command, ...]:
    """Return the commands that a request means; none where it means none.

    Raises:
        MethodNotAllowed: the path takes other methods. UnsupportedMediaType, NotAcceptable: another language.
        InvalidJson, InvalidRequest, PayloadTooLarge: the body is not what the vendor's page says.
        Unsupported, ValueNotRepresentable: parts or values that only the vendor's own instances have.
    """
    method = resolve_method(request)
    match request.segments:
        case ("process", instance) if method in {"GET", "HEAD"} and "action" not in request.query:
            check_accepted(request)
            return _read(instance, parts(read_parameters(request)))
        case ("process", instance) if method not in SAFE and instance not in NO_IDS:
            return decode_action(request, method, instance)
        case ("process", instance, "variable", name):
            _check_written(request, method)
            return (_whole_value(request, instance, name, settings),)
        case ("process", instance, "variables"):
            _check_written(request, method)
            return (_values(request, instance),)
        case ("task", task) if request.query.get("action") in COMPLETIONS:
            return decode_completion(request, task, method)
        case ("task", task) if "action" not in request.query:
            return decode_task(request, task, method)
        case _:
            return ()


def decode_unnamed(request: DialectRequest) -> tuple[Command, ...]:
    """Return the commands that a request means whose path names nothing that runs; none where it means none.

    Raises:
        Refusal: as the call's own module says.
    """
    match request.segments:
        case ("process",) if request.query.get("action") == "start":
            return decode_start(request, resolve_method(request))
        case ("process",) if request.query.get("action") == "getdetails":
            return decode_details(request)
        case ("search", "query"):
            return decode_search(request)
        case ("exposed",) | ("exposed", "process"):
            return decode_exposed(request)
        case _:
            return ()


def _read(instance: str, asked: frozenset[str]) -> tuple[Command, ...]:
    """Return the reads of an instance; where nothing of it is asked for, whether there is one."""
    return read_parts(instance, asked) or (DescribeInstance(instance=instance, ended=True),)


def _whole_value(request: DialectRequest, instance: str, name: str, settings: DialectSettings) -> PatchVariables:
    """Return the write of one variable, whole: what is not given is gone, as the vendor's page says.

    Raises:
        InvalidRequest: the value is no object, and the door is not set to take others; or the name is no variable's.
    """
    if name == METADATA:  # beside others it is taken off, as in every object
        raise InvalidRequest(f"{METADATA} is no variable.")
    tree = read_tree(request) if settings.accept_primitives else read_object(request)
    pointer = f"/modifications/{jsontext.escape(name)}"
    return PatchVariables(instance=instance, modifications={name: read_value(tree, pointer)}, pointers={name: pointer})


def _values(request: DialectRequest, instance: str) -> PatchVariables:
    values = {
        name: read_value(tree, f"/modifications/{jsontext.escape(name)}")
        for name, tree in read_object(request).items()
        if name != METADATA
    }
    return PatchVariables(instance=instance, modifications=values)


def _check_written(request: DialectRequest, method: str) -> None:
    if method != "PUT":
        raise MethodNotAllowed
    check_accepted(request)
