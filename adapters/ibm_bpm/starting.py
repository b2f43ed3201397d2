"""Starting: ``POST /process?action=start&bpdId=…&processAppId|branchId|snapshotId=…&params=…``.

``GET /exposed/process`` says which process a name stands for; IBM's own guide says to use its ``startURL``, since ids
that were put together otherwise have been seen to fail. Or it is set (``starts``).
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec

from adapters.ibm_bpm import faults
from adapters.ibm_bpm.definitions import read_exposed
from adapters.ibm_bpm.faults import Written
from adapters.ibm_bpm.instances import state_of
from adapters.ibm_bpm.patch import apply_hint
from adapters.ibm_bpm.settings import Settings
from adapters.ibm_bpm.values.encode import encode, place
from adapters.ibm_bpm.wire import ACCEPT, DETAILS, WireError, error_in, instance_number
from gateway.errors import (
    EngineError,
    Fault,
    Unsupported,
    ValueInvalid,
    VarbridgeError,
)
from gateway.model import jsontext
from gateway.model.jsontext import Tree
from gateway.model.lifecycle import StartInstance, pointer
from gateway.model.results import Instance, InstanceStarted, Rule
from gateway.model.values import Value
from gateway.plan import Plan, VendorRequest, VendorResponse

Pairs = tuple[tuple[str, str], ...]
_WHERE = ("bpdId", "snapshotId", "branchId", "processAppId")
_LONG = 2000
"""Characters of ``params`` that go into the URL; beyond, the whole query becomes a form, as IBM tells for long ones."""
_NO_PROCESS = frozenset({"CWTBG0047E", "CWTBG0050E", "CWTBG0022E", "CWTBG0023E", "CWTBG0554E"})
"""No such process or application; what names them is missing or not qualified."""
_DOUBTFUL = frozenset({faults.INVALID_PARAMETER, faults.NO_SUCH_OBJECT})
"""About an id of the process (the parameters name it), or about a value."""
_PROCESS_IDS = frozenset({*_WHERE, "projectId"})  # a bad processAppId is told as projectId
_FAILED = "CWTBG0570E"  # The start could not be performed due to […]


def start_instance(engine: str, settings: Settings, command: StartInstance) -> Plan[InstanceStarted]:
    """Start an instance; variables are the inputs that the process declares.

    Raises:
        Unsupported: a tenant, or a business key where no input is set to take it; nothing was sent.
        ValueInvalid: no such process is exposed, or more than one; VariableNotFound: an input it does not declare.
        InstanceStateConflict: it cannot be started now.
    """
    variables = _inputs(engine, settings, command)
    params, rules = encode_parameters(variables, settings)
    where = yield from _where(engine, settings, command.definition)
    answer = yield action_request("POST", ("process",), (("action", "start"), *where), params)
    error = _error(engine, answer, command)
    if error is not None:
        raise error
    wire = faults.data_of(engine, answer, "start", DETAILS)
    if wire.piid is None:
        raise faults.lacking(engine, "the id of the instance that was started", "unknown")
    instance = Instance(
        id=instance_number(wire.piid) or str(wire.piid),
        definition=wire.processTemplateName,
        definition_id=wire.processTemplateID,
        business_key=command.business_key,
        state=state_of(wire),
    )
    return InstanceStarted(instance=instance, rules=rules)


def _inputs(engine: str, settings: Settings, command: StartInstance) -> Mapping[str, Value]:
    if command.tenant is not None:
        raise Unsupported("This engine has no tenants.", engine=engine, errors=(Fault("/tenant", "refused"),))
    if command.business_key is None:
        return command.variables
    name = settings.business_key_variable
    if not name:
        detail = "No input variable of this engine is set to take the business key."
        raise Unsupported(detail, engine=engine, errors=(Fault("/businessKey", "refused"),))
    if name in command.variables:
        detail = "The business key is an input variable here, which is given as well."
        raise ValueInvalid(detail, engine=engine, errors=(Fault(pointer("variables", name), detail),))
    text = msgspec.Raw(msgspec.json.encode(command.business_key))
    return {**command.variables, name: Value(type="string", value=text)}


def encode_parameters(variables: Mapping[str, Value], settings: Settings) -> tuple[str, tuple[Rule, ...]]:
    """Return ``params`` as the engine takes it, empty where there are none, and the rules that were needed."""
    trees: dict[str, Tree] = {}
    rules: list[Rule] = []
    for name, value in variables.items():
        at = pointer("variables", name)
        encoded = encode(name, apply_hint(name, value, settings, at), settings, at)
        trees[name] = place(name, encoded, None, settings)
        rules += [Rule(rule, name) for rule in encoded.rules]
    return (jsontext.write(trees).decode() if trees else ""), tuple(rules)


def action_request(method: str, path: tuple[str, ...], query: Pairs, params: str) -> VendorRequest:
    """Return a request that acts, once; where ``params`` are long the whole query becomes a form."""
    pairs = (*query, *((("params", params),) if params else ()))
    form = len(params) > _LONG
    return VendorRequest(
        method=method,
        path=path,
        query=() if form else pairs,
        headers=(*ACCEPT, ("Content-Type", "application/x-www-form-urlencoded")) if form else ACCEPT,
        body=urlencode(pairs).encode("ascii") if form else b"",
        writes=True,
        idempotent=False,
    )


def _where(engine: str, settings: Settings, definition: str) -> Generator[VendorRequest, VendorResponse, Pairs]:
    """Return the ids that a start needs, as they are set or as the engine exposes them."""
    fixed = settings.starts.get(definition)
    if fixed is not None:
        return fixed.pairs()
    found = {_ids(item) for item in (yield from read_exposed(engine)) if _is(item, definition)}
    if any("bpdId" not in dict(ids) for ids in found):
        raise faults.lacking(engine, "the id of the exposed process")
    if len(found) != 1:
        many = "Several exposed processes have this name; set `starts`, or give an id."
        raise _refused(engine, many if found else "The engine exposes no such process to start.")
    return found.pop()


def _is(item: dict[str, Any], definition: str) -> bool:
    return definition in (item.get("itemID"), item.get("display"))


def _ids(item: dict[str, Any]) -> Pairs:
    given: dict[str, Any] = dict(parse_qsl(urlsplit(str(item.get("startURL") or "")).query))
    if "bpdId" not in given:
        given = {
            "bpdId": item.get("itemID"),
            "branchId": item.get("branchID"),
            "processAppId": item.get("processAppID"),
        }
        if item.get("tip") is not True:  # the id of a tip's snapshot is refused with CWTBG0586E
            given["snapshotId"] = item.get("snapshotID")
    return tuple((key, str(given[key])) for key in _WHERE if given.get(key))


def _error(engine: str, answer: VendorResponse, command: StartInstance) -> VarbridgeError | None:
    error = faults.translate(engine, answer, "start")
    if error is None:
        return None
    number, wire = error.engine_code, error_in(answer)
    if _is_about_the_process(error, wire, sends_values=bool(command.variables)):
        return _refused(engine, "The engine has no such process to start.", answer, number)
    if number == _FAILED:
        return EngineError(engine=engine, engine_status=answer.status, engine_code=number)
    if type(error) is EngineError:
        error.outcome = "unknown"  # nothing can be read that tells whether it was started
    _ = faults.point_out(error, wire, variables_sent(command.variables))
    return error


def _is_about_the_process(error: VarbridgeError, wire: WireError | None, *, sends_values: bool) -> bool:
    """Return whether a refused start is about the process that was named, and not about the values sent along."""
    if wire is None or not wire.known:
        return False
    if wire.number in _DOUBTFUL:
        return not sends_values or not _PROCESS_IDS.isdisjoint(wire.parameters)
    missing = type(error) is EngineError and error.engine_status == 404  # noqa: PLR2004
    return missing or wire.number in _NO_PROCESS


def variables_sent(variables: Mapping[str, Value]) -> list[Written]:
    """Return what is known of variables that were sent, for errors to point at."""
    return [
        Written(name, pointer("variables", name), structured=bytes(value.value)[:1] in {b"{", b"["})
        for name, value in variables.items()
    ]


def _refused(engine: str, detail: str, answer: VendorResponse | None = None, number: str | None = None) -> ValueInvalid:
    status = None if answer is None else answer.status
    errors = (Fault("/definition", detail),)
    return ValueInvalid(detail, engine=engine, engine_status=status, engine_code=number, errors=errors)
