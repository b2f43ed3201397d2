"""From a request in IBM's language to commands: what its path and parameters name, and its body (``bodies``).

A value has no type here: the owner keeps the type that it has stored wherever the value fits. The counterpart, for
answers, is ``encode``.
"""

from __future__ import annotations

import msgspec

from adapters.ibm_bpm.dialect.actions import decode_action
from adapters.ibm_bpm.dialect.bodies import check_accepted, plain, read_object, read_tree
from adapters.ibm_bpm.dialect.facts import NO_IDS, SAFE, resolve_method
from adapters.ibm_bpm.dialect.parameters import parts, read_parts
from adapters.ibm_bpm.values.trees import METADATA
from gateway.errors import Fault, MethodNotAllowed, PayloadTooLarge, ValueNotRepresentable
from gateway.model import jsontext
from gateway.model.commands import Command, DescribeInstance, PatchVariables
from gateway.model.jsontext import Tree
from gateway.model.values import Value
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
            return _read(instance, parts(request.query))
        case ("process", instance) if method not in SAFE and instance not in NO_IDS:
            return decode_action(request, method, instance)
        case ("process", instance, "variable", name):
            _check_written(request, method)
            return (_whole_value(request, instance, name, settings),)
        case ("process", instance, "variables"):
            _check_written(request, method)
            return (_values(request, instance),)
        case _:
            return ()


def _read(instance: str, asked: frozenset[str]) -> tuple[Command, ...]:
    """Return the reads of an instance; where nothing of it is asked for, whether there is one."""
    return read_parts(instance, asked) or (DescribeInstance(instance=instance, ended=True),)


def _whole_value(request: DialectRequest, instance: str, name: str, settings: DialectSettings) -> PatchVariables:
    """Return the write of one variable, whole: what is not given is gone, as the vendor's page says.

    Raises:
        InvalidRequest: the value is no object, and the door is not set to take others.
    """
    tree = read_tree(request) if settings.accept_primitives else read_object(request)
    pointer = f"/modifications/{jsontext.escape(name)}"
    return PatchVariables(instance=instance, modifications={name: _value(tree, pointer)}, pointers={name: pointer})


def _values(request: DialectRequest, instance: str) -> PatchVariables:
    values = {
        name: _value(tree, f"/modifications/{jsontext.escape(name)}")
        for name, tree in read_object(request).items()
        if name != METADATA
    }
    return PatchVariables(instance=instance, modifications=values)


def _value(tree: Tree, pointer: str) -> Value:
    """Return the value of a variable.

    Raises:
        ValueNotRepresentable, PayloadTooLarge: with the variable's pointer.
    """
    try:
        text = jsontext.write(plain(tree))
        if text.count(b"{") + text.count(b"[") > jsontext.DEPTH:  # a body may be deeper, for the wrappers of lists
            _ = jsontext.parse(text)
    except (ValueNotRepresentable, PayloadTooLarge) as error:
        raise type(error)(error.detail, errors=(Fault(pointer, error.detail),)) from error
    return Value(value=msgspec.Raw(text))


def _check_written(request: DialectRequest, method: str) -> None:
    if method != "PUT":
        raise MethodNotAllowed
    check_accepted(request)
