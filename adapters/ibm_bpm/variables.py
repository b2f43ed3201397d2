"""Variables: listed and read. The engine reads all or nothing: ``GET /process/{id}?parts=header|data``.

The counterpart, which writes, is ``patch``.
"""

from __future__ import annotations

from collections.abc import Generator

import msgspec

from adapters.ibm_bpm import faults, scopes
from adapters.ibm_bpm.instances import described
from adapters.ibm_bpm.settings import Settings
from adapters.ibm_bpm.values.declared import Models, Types, applied, key_of, types_in
from adapters.ibm_bpm.values.decode import decode
from adapters.ibm_bpm.values.trees import METADATA
from adapters.ibm_bpm.wire import WireDetails, reading, succeeded
from gateway.errors import EngineMisbehaved, InvalidJson, PayloadTooLarge, VariableNotFound
from gateway.model import jsontext
from gateway.model.commands import GetVariable, ListVariables
from gateway.model.etag import BLOBS
from gateway.model.jsontext import Tree
from gateway.model.results import Variable, VariableRead, VariablesListed
from gateway.model.values import ABSENT, Value, text_of
from gateway.plan import Plan, VendorRequest, VendorResponse

_DEPTH = 900
"""Levels of nesting taken from the engine; below what this side's parser can."""
Trees = dict[str, Tree]


def listed(
    engine: str, settings: Settings, command: ListVariables, models: Models | None = None
) -> Plan[VariablesListed]:
    """List variables; those that the engine shows, for unset ones may be left out by it.

    Raises:
        InstanceNotFound: there is no such instance, or it has ended and ended ones do not count.
    """
    scopes.check(engine, command.scope, lists=True)
    settings, stored = yield from typed_in(engine, settings, command.instance, models, ended=command.ended)
    wanted = None if command.names is None else frozenset(command.names)
    settings = _shown(settings, metadata=command.metadata)
    found = [in_list(name, decode(name, tree, settings)) for name, tree in stored.items() if _in(name, wanted)]
    return VariablesListed(tuple(found))


def _in(name: str, wanted: frozenset[str] | None) -> bool:
    return wanted is None or name in wanted


def _shown(settings: Settings, *, metadata: bool) -> Settings:
    """Give the settings of a read that shows ``@metadata`` and list wrappers, where that is asked for."""
    return msgspec.structs.replace(settings, metadata="as_given") if metadata else settings


def in_list(name: str, value: Value) -> Variable:
    """Give a variable as a list shows it: a blob without its content."""
    if value.type not in BLOBS:
        return Variable(name=name, value=value)
    text = text_of(value.text)
    size = len(text) * 3 // 4 - text[-2:].count("=")
    return Variable(name=name, value=msgspec.structs.replace(value, value=ABSENT), size=size)


def read(engine: str, settings: Settings, command: GetVariable, models: Models | None = None) -> Plan[VariableRead]:
    """Read one variable, by reading all.

    Raises:
        VariableNotFound: not declared, or unset. InstanceNotFound: there is no such instance, or it has ended.
    """
    scopes.check(engine, command.scope)
    settings, stored = yield from typed_in(engine, settings, command.instance, models, ended=command.ended)
    if command.name not in stored:
        raise VariableNotFound(engine=engine)
    value = decode(command.name, stored[command.name], _shown(settings, metadata=command.metadata))
    return VariableRead(Variable(name=command.name, value=value))


def typed_in(
    engine: str, settings: Settings, instance: str, models: Models | None = None, *, ended: bool = False
) -> Generator[VendorRequest, VendorResponse, tuple[Settings, Trees]]:
    """Give all variables of an instance, and the settings with the types that its model declares, if it is asked.

    Raises:
        InstanceNotFound: there is no such instance, or it has ended and ended ones do not count.
    """
    wire = yield from described(engine, instance, "header|data", ended=ended)
    stored = trees_in(engine, wire)
    if settings.declared_types == "hints":
        return settings, stored
    models = models or Models()
    key = key_of(wire)
    types = models.known(key)
    if types is None:
        types = yield from _model_of(engine, instance)
        models.keep(key, types)
    return applied(settings, types), stored


def _model_of(engine: str, instance: str) -> Generator[VendorRequest, VendorResponse, Types]:
    answer = yield reading("process", instance, query=(("parts", "dataModel"),))
    faults.check(engine, answer, "read")
    try:
        return types_in(jsontext.parse(succeeded(answer, engine), depth=_DEPTH))
    except (InvalidJson, PayloadTooLarge) as error:
        raise EngineMisbehaved("The engine's data model cannot be read.", engine=engine) from error


def stored_in(engine: str, instance: str, *, ended: bool = False) -> Generator[VendorRequest, VendorResponse, Trees]:
    """Give all variables of an instance as the engine has them.

    Raises:
        InstanceNotFound: there is no such instance, or it has ended and ended ones do not count.
    """
    return trees_in(engine, (yield from described(engine, instance, "header|data", ended=ended)))


def trees_in(engine: str, wire: WireDetails) -> Trees:
    """Give the variables of an answer.

    Raises:
        EngineMisbehaved: they cannot be read.
    """
    try:
        tree = jsontext.parse(bytes(wire.variables), depth=_DEPTH)
    except (InvalidJson, PayloadTooLarge) as error:
        raise EngineMisbehaved("The engine's variables cannot be read.", engine=engine) from error
    if tree is None:
        return {}
    if not isinstance(tree, dict):
        raise EngineMisbehaved("The engine's variables are no JSON object.", engine=engine)
    return {name: value for name, value in tree.items() if name != METADATA}
