"""Variables: listed and read. The engine reads all or nothing: ``GET /process/{id}?parts=header|data``.

The counterpart, which writes, is ``patch``.
"""

from __future__ import annotations

from collections.abc import Generator

import msgspec

from adapters.ibm_bpm import faults, scopes
from adapters.ibm_bpm.instances import describe_process
from adapters.ibm_bpm.settings import Settings
from adapters.ibm_bpm.values.declared import Models, Types, has_model, key_of, types_in, with_types
from adapters.ibm_bpm.values.decode import in_list, variable_of
from adapters.ibm_bpm.values.stored import Stored, parse, stored_in
from adapters.ibm_bpm.wire import TEXT, WireDetails, get
from gateway.errors import EngineMisbehaved, InvalidJson, PayloadTooLarge, VariableNotFound
from gateway.model.commands import GetVariable, ListVariables
from gateway.model.results import VariableRead, VariablesListed
from gateway.plan import Plan, VendorRequest, VendorResponse

PARTS = "header|data"


def list_variables(
    engine: str, settings: Settings, command: ListVariables, models: Models | None = None
) -> Plan[VariablesListed]:
    """List variables; those that the engine shows, for it may leave out unset ones.

    Raises:
        InstanceNotFound: there is no such instance, or it has ended and ended ones do not count.
    """
    scopes.check(engine, command.scope, lists=True)
    wire = yield from describe_process(engine, command.instance, PARTS, ended=command.ended)
    stored = stored_in(engine, bytes(wire.variables))
    settings = _shown((yield from typed(engine, settings, command.instance, wire, models)), command)
    names = stored if command.names is None else set(command.names).intersection(stored)
    return VariablesListed(tuple(in_list(variable_of(name, stored, settings)) for name in stored if name in names))


def get_variable(
    engine: str, settings: Settings, command: GetVariable, models: Models | None = None
) -> Plan[VariableRead]:
    """Read one variable, by reading all.

    Raises:
        VariableNotFound: not declared, or unset. InstanceNotFound: there is no such instance, or it has ended.
    """
    scopes.check(engine, command.scope)
    wire = yield from describe_process(engine, command.instance, PARTS, ended=command.ended)
    stored = stored_in(engine, bytes(wire.variables))
    settings = _shown((yield from typed(engine, settings, command.instance, wire, models)), command)
    if command.name not in stored:
        raise VariableNotFound(engine=engine).among(stored, command.name)
    return VariableRead(variable_of(command.name, stored, settings))


def _shown(settings: Settings, command: ListVariables | GetVariable) -> Settings:
    """Return the settings of a read that shows ``@metadata`` and list wrappers, where that is asked for."""
    return msgspec.structs.replace(settings, metadata="as_given") if command.metadata else settings


def typed(
    engine: str, settings: Settings, instance: str, wire: WireDetails, models: Models | None
) -> Generator[VendorRequest, VendorResponse, Settings]:
    """Return the settings with the types that the instance's model declares, where the model is to be asked.

    Args:
        engine: its name.
        settings: as they are set.
        instance: whose model.
        wire: the instance as it was read.
        models: what is known of models already.
    """
    if settings.declared_types == "hints":
        return settings
    models = models or Models()
    key = key_of(wire)
    types = models.known(key)
    if types is None:
        types = yield from _model_of(engine, instance)
        models.keep(key, types)
    return with_types(settings, types)


def _model_of(engine: str, instance: str) -> Generator[VendorRequest, VendorResponse, Types]:
    answer = yield get("process", instance, query=(("parts", "dataModel"),))
    text = bytes(faults.data_of(engine, answer, "read", TEXT))
    try:
        tree = parse(text)
    except (InvalidJson, PayloadTooLarge) as error:
        detail = "The engine's data model cannot be read."
        raise EngineMisbehaved(detail, engine=engine, outcome="not_applied") from error
    if not has_model(tree):
        raise faults.lacking(engine, 'the data model; declared_types = "hints" does without')
    return types_in(tree)


def read_stored(engine: str, instance: str) -> Generator[VendorRequest, VendorResponse, Stored]:
    """Return all variables of an instance that runs.

    Raises:
        InstanceNotFound: there is no such instance, or it has ended.
    """
    wire = yield from describe_process(engine, instance, PARTS)
    return stored_in(engine, bytes(wire.variables))
