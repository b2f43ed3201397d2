"""Which engine a request names: beside its path, in front of an id, in its body; and whether the caller may use it."""

from __future__ import annotations

from gateway.errors import EngineNotFound, Fault, Forbidden, InvalidRequest, VarbridgeError
from gateway.nearest import suggestion
from gateway.operations import Target, placing
from gateway.port import Engine
from gateway.web.http import target
from gateway.web.v1.context import RequestContext


async def locate(context: RequestContext, public: str, explicit: str | None, *, ended: bool = False) -> Target:
    """Find the engine that owns an instance.

    Args:
        context: of the request.
        public: the id as the caller wrote it.
        explicit: the engine that the caller named beside it.
        ended: whether instances that have ended count.

    Raises:
        EngineNotFound: the explicit engine is not configured.
        VarbridgeError: as ``placing.locate`` says.
    """
    if explicit is not None:
        check_known(context, explicit)
    gateway, may_use = context.services.gateway, context.caller.may_use
    context.instance = public
    found = await placing.locate(gateway, public, explicit, may_use, context.call, ended=ended)
    context.engine = found.engine.name
    return found


def check_known(context: RequestContext, name: str | None, errors: tuple[Fault, ...] = ()) -> None:
    """Refuse a name that no engine has; the refusal has the name that was probably meant.

    Raises:
        EngineNotFound: no engine has it.
    """
    if name is not None and name not in context.services.gateway.engines:
        raise EngineNotFound(errors=errors).hint(suggestion(name, _usable(context)))


def add_closest(context: RequestContext, public: str, error: VarbridgeError) -> None:
    """Add the engine that was probably meant to the error, if the id has a name in front that no engine has."""
    name, colon, _ = public.partition(":")
    if colon and name not in context.services.gateway.engines:
        _ = error.hint(suggestion(name, _usable(context)))


def beside(context: RequestContext) -> str | None:
    """Return the engine that is named beside the path and the body: by parameter, else by header."""
    given = context.query.get("engine")
    return target.decoded(given, plus=True) if given is not None else context.request.headers.get("Gateway-Engine")


def qualified(context: RequestContext) -> str:
    """Return the path's instance with the engine in front that is named beside it, where one is."""
    public, explicit = context.params[0], beside(context)
    return public if explicit is None or public.startswith(f"{explicit}:") else f"{explicit}:{public}"


def one(context: RequestContext, in_body: str | None) -> str | None:
    """Return the engine that the request names, in its body or beside it.

    Raises:
        InvalidRequest: it names two different ones. EngineNotFound: no engine has this name.
    """
    explicit = beside(context)
    if in_body is not None and explicit not in {None, in_body}:
        raise InvalidRequest("The body names one engine and the request another.", errors=(Fault("/engine", "other"),))
    check_known(context, in_body or explicit)
    return in_body if in_body is not None else explicit


def note_named(context: RequestContext) -> None:
    """Note the engine that a refused request names before or beside its id, if the caller may use it.

    For requests that are refused before their instance is looked for; the others note the owner.
    """
    if context.params and not context.engine:
        explicit = context.query.get("engine") or context.request.headers.get("Gateway-Engine") or ""
        gateway, may_use = context.services.gateway, context.caller.may_use
        context.engine = placing.find_named(gateway, context.params[0], explicit, may_use)


def use(context: RequestContext, name: str) -> Engine:
    """Return the engine of a name, and note that the request is about it.

    Raises:
        EngineNotFound: it is not configured. Forbidden: the caller may not use it.
    """
    check_known(context, name)
    engine = placing.find_engine(context.services.gateway, name, context.caller.may_use)
    note(context, engine)
    return engine


def note(context: RequestContext, engine: Engine) -> None:
    """Note which engine the request is about."""
    context.engine = engine.name


def several(context: RequestContext, named: tuple[str, ...] | None, errors: tuple[Fault, ...] = ()) -> tuple[str, ...]:
    """Return the engines that a search asks, sorted: those that are named, else all that the caller may use.

    Raises:
        EngineNotFound: one is not configured. Forbidden: the caller may not use one of them, or none at all.
    """
    for name in named or ():
        check_known(context, name, errors)
        _ = placing.find_engine(context.services.gateway, name, context.caller.may_use)
    names = tuple(sorted(set(named))) if named is not None else tuple(sorted(_usable(context)))
    if not names:
        raise Forbidden("The caller may not use any engine.")
    return names


def _usable(context: RequestContext) -> list[str]:
    return [name for name in context.services.gateway.engines if context.caller.may_use(name)]
