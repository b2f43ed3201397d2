"""Conditional requests (RFC 9110): turns headers into what a write expects, and into 304 and 412 of a read.

What must not live here: how tags are made and compared (``gateway.model.etag``, ``expect``).
"""

from __future__ import annotations

import msgspec

from gateway.access import Caller
from gateway.errors import PreconditionFailed, PreconditionRequired
from gateway.model import etag
from gateway.model.etag import Tags
from gateway.model.expect import Expect, View
from gateway.operations import Target
from gateway.web.http.answers import Answer
from gateway.web.v1.context import RequestContext

HEADERS = ("If-Match", "If-None-Match")


def view(caller: Caller) -> View:
    """Return which variables and values a caller sees."""
    return View(visible=caller.may_touch, masked=caller.is_masked) if caller.limited else View()


def _tags(context: RequestContext) -> tuple[Tags | None, Tags | None]:
    """Return the tags of ``If-Match`` and of ``If-None-Match``."""
    given = context.request.headers
    if "If-Match" not in given and "If-None-Match" not in given:
        return None, None
    matching, none_matching = (
        etag.parse_tags(", ".join(given.getall(name))) if name in given else None for name in HEADERS
    )
    return matching, none_matching


def unmodified(context: RequestContext, tag: str | None) -> Answer | None:
    """Return 304 if the read's ``If-None-Match`` names the current tag, None if the read is to be answered in full.

    Raises:
        PreconditionFailed: the read's ``If-Match`` does not name the tag. InvalidRequest: not a list of tags.
    """
    matching, none_matching = _tags(context)
    shown = headers(tag)
    if matching is not None and not (matching.anything or matching.strongly(tag)):
        raise PreconditionFailed("What is there is not what If-Match names.", headers=shown)
    if none_matching is not None and (none_matching.anything or none_matching.weakly(tag)):
        return Answer(status=304, headers=shown)
    return None


def shown_tag(tag: str | None, *, weakly: bool) -> str | None:
    """Return the tag to show: a weak one for a view that no condition of a write compares."""
    return f"W/{etag.without_weakness(tag)}" if weakly and tag is not None else tag


def headers(tag: str | None) -> tuple[tuple[str, str], ...]:
    """Return the ``ETag`` header, if there is a tag."""
    return (("ETag", tag),) if tag is not None else ()


def variable_condition(context: RequestContext, found: Target, name: str) -> Expect | None:
    """Return what a write of one variable expects to be there.

    Raises:
        PreconditionRequired: there is no condition, and the engine requires one. InvalidRequest: not a list of tags.
    """
    matching, none_matching = _stated(context, found)
    if matching is None and none_matching is None:
        return None
    return Expect(
        name=name,
        matching=matching,
        none_matching=none_matching,
        view=view(context.caller),
        strong_binary=found.engine.policy.strong_binary,
    )


def set_condition(
    context: RequestContext, found: Target, names: tuple[str, ...] | None, touched: tuple[str, ...]
) -> Expect | None:
    """Return what a write of the set expects: of the named selection, else of all variables or of those it touches.

    Raises:
        PreconditionRequired, InvalidRequest: as ``variable_condition``.
    """
    matching, none_matching = _stated(context, found)
    if matching is None and none_matching is None:
        return None
    expect = set_expectation(matching, none_matching, touched, context.caller)
    return expect if expect is None or names is None else msgspec.structs.replace(expect, selections=(names,))


def set_expectation(
    matching: Tags | None, none_matching: Tags | None, touched: tuple[str, ...], caller: Caller
) -> Expect | None:
    """Return what is expected of a set; ``If-Match: *`` holds for every instance, so it needs no read."""
    if none_matching is None and (matching is None or matching.anything):
        return None
    return Expect(
        selections=(None, touched),
        touched=touched,
        matching=matching,
        none_matching=none_matching,
        view=view(caller),
    )


def _stated(context: RequestContext, found: Target) -> tuple[Tags | None, Tags | None]:
    matching, none_matching = _tags(context)
    if matching is None and none_matching is None:
        require(found)
    return matching, none_matching


def require(found: Target) -> None:
    """Refuse a write without a condition if the engine is configured to.

    Raises:
        PreconditionRequired: it is configured to.
    """
    if found.engine.policy.require_if_match:
        raise PreconditionRequired(
            "Send If-Match with the variable's ETag, or If-None-Match: * to create it.", engine=found.engine.name
        )
