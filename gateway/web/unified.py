"""The unified dialect: HTTP of ``/v1`` to commands, results to HTTP. One handler a route."""

from __future__ import annotations

import re

import msgspec

from gateway.errors import EngineNotFound, Fault, Forbidden, InvalidRequest, Unsupported
from gateway.model import commands
from gateway.model.values import Value
from gateway.operations import Target, instances, variables
from gateway.port import Engine
from gateway.web import binary, body, shapes, target
from gateway.web.front import Answer, Exchange, json_answer
from gateway.web.problems import problem

_PREFERENCE = re.compile(r"(?:^|[,;\s])(return|handling)=\"?([a-z]+)")
_LIST = frozenset({"names", "fields", "scope", "engine"})
_ONE = frozenset({"fields", "scope", "engine"})
_PATCH = frozenset({"engine"})
_FIND = frozenset({"businessKey", "definition", "engines", "include", "limit"})
_LATER = {"dryRun": "dry run", "state": "reading of ended instances", "include": "this inclusion"}
_MAX_FOUND = 1000
_MERGE = "application/merge-patch+json"


def _parameters(exchange: Exchange, allowed: frozenset[str]) -> dict[str, str]:
    """Refuse what would otherwise be ignored: unknown parameters, and headers that promise what is not there yet."""
    for name in exchange.query:
        if name not in allowed:
            if name in _LATER:
                raise Unsupported(f"This gateway does not offer {_LATER[name]} here.")
            raise InvalidRequest(f"Unknown query parameter {name}.")
    if exchange.request.method not in {"GET", "HEAD"}:
        for header in ("If-Match", "If-None-Match", "Idempotency-Key"):
            if header in exchange.request.headers:
                raise Unsupported(f"This gateway does not offer {header}.")
    return exchange.query


def _preferences(exchange: Exchange) -> dict[str, str]:
    header = exchange.request.headers.get("Prefer")
    return dict(_PREFERENCE.findall(header)) if header else {}


async def _located(exchange: Exchange) -> Target:
    headers = exchange.request.headers
    named = exchange.query.get("engine")
    explicit = target.decoded(named, plus=True) if named is not None else headers.get("Gateway-Engine")
    found = await exchange.front.gateway.locate(exchange.params[0], explicit, exchange.caller.may_use, exchange.call)
    exchange.engine = found.engine.name
    return found


def _fields(query: dict[str, str]) -> frozenset[str] | None:
    if "fields" not in query:
        return None
    wanted = frozenset(target.names(query["fields"]))
    if unknown := wanted - shapes.FIELDS:
        raise InvalidRequest(f"Unknown field {min(unknown)}. Known: {', '.join(sorted(shapes.FIELDS))}.")
    return wanted


def _scope(query: dict[str, str]) -> str:
    return target.decoded(query.get("scope", "instance"), plus=True)


async def list_variables(exchange: Exchange) -> Answer:
    """Answer ``GET /v1/instances/{instance}/variables``."""
    query = _parameters(exchange, _LIST)
    fields = _fields(query)
    names = target.names(query["names"]) if query.get("names") else None
    found = await _located(exchange)
    result = await variables.listed(exchange.front.gateway, found, names, _scope(query), exchange.call)
    return json_answer({"variables": shapes.variables(result.variables, exchange.caller, fields)})


async def get_variable(exchange: Exchange) -> Answer:
    """Answer ``GET /v1/instances/{instance}/variables/{name}``."""
    query = _parameters(exchange, _ONE)
    fields = _fields(query)
    name = exchange.params[1]
    _may_touch(exchange, (name,))
    found = await _located(exchange)
    variable = await variables.read(exchange.front.gateway, found, name, _scope(query), exchange.call)
    return json_answer(shapes.variable(variable, exchange.caller, fields))


async def patch_variables(exchange: Exchange) -> Answer:
    """Answer ``PATCH /v1/instances/{instance}/variables``."""
    _ = _parameters(exchange, _PATCH)
    kind = body.media_type(exchange.request, "application/json", _MERGE)
    content = await body.received(exchange.request, exchange.front.limits)
    command = _merge_command(exchange, content) if kind == _MERGE else _patch_command(exchange, content)
    _may_touch(exchange, (*command.modifications, *command.merges, *command.deletions))
    found = await _located(exchange)
    return await _write(exchange, found, msgspec.structs.replace(command, instance=found.native))


def _patch_command(exchange: Exchange, content: bytes) -> commands.PatchVariables:
    decoded = body.patch(content, exchange.front.limits)
    return commands.PatchVariables(
        instance="", modifications=decoded.modifications, deletions=tuple(dict.fromkeys(decoded.deletions))
    )


def _merge_command(exchange: Exchange, content: bytes) -> commands.PatchVariables:
    """Give the command of a merge patch: null deletes, an object merges, anything else is set."""
    members = body.merge(content, exchange.front.limits)
    texts = {name: bytes(raw).strip() for name, raw in members.items()}
    return commands.PatchVariables(
        instance="",
        modifications={
            name: Value(value=msgspec.Raw(text)) for name, text in texts.items() if text != b"null" and text[:1] != b"{"
        },
        merges={name: msgspec.Raw(text) for name, text in texts.items() if text[:1] == b"{"},
        deletions=tuple(name for name, text in texts.items() if text == b"null"),
        pointers={name: "/" + name.replace("~", "~0").replace("/", "~1") for name in texts},
    )


async def put_variable(exchange: Exchange) -> Answer:
    """Answer ``PUT /v1/instances/{instance}/variables/{name}``."""
    _ = _parameters(exchange, _PATCH)
    name = exchange.params[1]
    _ = body.media_type(exchange.request, "application/json")
    content = await body.received(exchange.request, exchange.front.limits)
    value = body.value(content, exchange.front.limits)
    _may_touch(exchange, (name,))
    found = await _located(exchange)
    command = commands.PatchVariables(instance=found.native, modifications={name: value}, pointers={name: "/value"})
    return await _write(exchange, found, command, single=True)


async def delete_variable(exchange: Exchange) -> Answer:
    """Answer ``DELETE /v1/instances/{instance}/variables/{name}``."""
    _ = _parameters(exchange, _PATCH)
    name = exchange.params[1]
    _may_touch(exchange, (name,))
    found = await _located(exchange)
    return await _write(exchange, found, commands.PatchVariables(instance=found.native, deletions=(name,)))


async def read_data(exchange: Exchange) -> Answer:
    """Answer ``GET /v1/instances/{instance}/variables/{name}/data``."""
    _ = _parameters(exchange, _PATCH)
    name = exchange.params[1]
    _may_touch(exchange, (name,))
    if exchange.caller.is_masked(name):
        raise Forbidden("The variable's value is hidden from the caller.")
    return await binary.read(exchange, await _located(exchange), name)


async def write_data(exchange: Exchange) -> Answer:
    """Answer ``PUT /v1/instances/{instance}/variables/{name}/data``."""
    _ = _parameters(exchange, _PATCH)
    _may_touch(exchange, (exchange.params[1],))
    return await binary.write(exchange, await _located(exchange), exchange.params[1])


async def post_data(exchange: Exchange) -> Answer:
    """Answer ``POST /v1/instances/{instance}/variables/{name}/data``, the same as PUT."""
    return await write_data(exchange)


async def _write(
    exchange: Exchange, found: Target, command: commands.PatchVariables, *, single: bool = False
) -> Answer:
    gateway = exchange.front.gateway
    preferred = _preferences(exchange).get("return")
    if preferred != "representation":
        done = await variables.patched(gateway, found, command, exchange.call)
        applied = (("Preference-Applied", "return=minimal"),) if preferred == "minimal" else ()
        return Answer(status=204, headers=(*shapes.rules_header(done.rules), *applied))
    done, read = await variables.represented(gateway, found, command, exchange.call)
    listed = shapes.variables(read.variables, exchange.caller, None)
    shown = listed[0] if single and listed else {"variables": listed, "rules": done.rules}
    return json_answer(
        shown, headers=(*shapes.rules_header(done.rules), ("Preference-Applied", "return=representation"))
    )


def _may_touch(exchange: Exchange, names: tuple[str, ...]) -> None:
    denied = [name for name in names if not exchange.caller.may_touch(name)]
    if denied:
        faults = tuple(Fault("", f"variable {name}") for name in denied)
        raise Forbidden("The caller may not touch some of the variables.", errors=faults)


async def describe_instance(exchange: Exchange) -> Answer:
    """Answer ``GET /v1/instances/{instance}``."""
    _ = _parameters(exchange, _PATCH)
    found = await _located(exchange)
    instance = await instances.described(exchange.front.gateway, found, exchange.call)
    return json_answer(shapes.instance(found.engine.name, instance))


async def find_instances(exchange: Exchange) -> Answer:
    """Answer ``GET /v1/instances?businessKey=&definition=``; strict unless ``Prefer: handling=lenient``."""
    query = _parameters(exchange, _FIND)
    command, names = _search(exchange, query)
    results = await instances.found(exchange.front.gateway, names, command, exchange.call)
    if "engines" not in query and any(result.error is None for result in results):
        results = tuple(result for result in results if not isinstance(result.error, Unsupported))
    failures = [result.error for result in results if result.error is not None]
    lenient = _preferences(exchange).get("handling") == "lenient" and len(failures) < len(results)
    if failures and not lenient:
        raise failures[0]
    items = [
        shapes.instance(result.engine, instance) | await _inclusion(exchange, query, result.engine, instance.id)
        for result in results
        for instance in result.instances
    ]
    engines = [
        shapes.engine_status(
            result.engine, len(result.instances), None if result.error is None else problem(result.error)
        )
        for result in results
    ]
    return json_answer({"items": items, "next": None, "engines": engines})


def _search(exchange: Exchange, query: dict[str, str]) -> tuple[commands.FindInstances, tuple[str, ...]]:
    texts = {name: target.decoded(value, plus=True) for name, value in query.items() if name != "engines"}
    if not (texts.get("businessKey") or texts.get("definition")):
        raise InvalidRequest("Give `businessKey` or `definition`.")
    limit = texts.get("limit", "100")
    if not limit.isascii() or not limit.isdigit() or not 1 <= int(limit[:9]) <= _MAX_FOUND:
        raise InvalidRequest(f"`limit` is a number from 1 to {_MAX_FOUND}.")
    if texts.get("include", "variables") != "variables":
        raise InvalidRequest("`include` is variables.")
    known = exchange.front.gateway.engines
    names = target.names(query["engines"]) if "engines" in query else tuple(filter(exchange.caller.may_use, known))
    if any(name not in known for name in names):
        raise EngineNotFound
    if not names or not all(map(exchange.caller.may_use, names)):
        raise Forbidden("The caller may not use this engine.")
    command = commands.FindInstances(
        business_key=texts.get("businessKey") or None, definition=texts.get("definition") or None, limit=int(limit)
    )
    return command, names


async def _inclusion(exchange: Exchange, query: dict[str, str], engine: str, native: str) -> dict[str, object]:
    if "include" not in query:
        return {}
    exchange.caller.require("variables:read")
    gateway = exchange.front.gateway
    found = Target(gateway.engines[engine], native)
    result = await variables.listed(gateway, found, None, "instance", exchange.call)
    return {"variables": shapes.variables(result.variables, exchange.caller, None)}


async def list_engines(exchange: Exchange) -> Answer:
    """Answer ``GET /v1/engines``."""
    _ = _parameters(exchange, frozenset())
    engines = [engine for name, engine in exchange.front.gateway.engines.items() if exchange.caller.may_use(name)]
    return json_answer({"engines": [await _engine(exchange, engine) for engine in engines]})


async def describe_engine(exchange: Exchange) -> Answer:
    """Answer ``GET /v1/engines/{engine}``."""
    _ = _parameters(exchange, frozenset())
    name = exchange.params[0]
    if name not in exchange.front.gateway.engines:
        raise EngineNotFound
    if not exchange.caller.may_use(name):
        raise Forbidden("The caller may not use this engine.")
    exchange.engine = name
    return json_answer(await _engine(exchange, exchange.front.gateway.engines[name]))


async def _engine(exchange: Exchange, engine: Engine) -> dict[str, object]:
    return shapes.engine(engine, await instances.health(exchange.front.gateway, engine, exchange.call))
