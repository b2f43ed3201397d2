"""Parameters of a request in IBM's language, and which parts of an instance its answer shows.

Parameters stand in the query; what is too long for a URL travels as a form, the whole query with it. What must not live
here: what is done with them (``decode``, ``actions``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import parse_qsl

from adapters.ibm_bpm.dialect.bodies import find_header, read_object
from gateway.errors import InvalidRequest, Unsupported
from gateway.model.commands import Command, DescribeInstance, ListActivities, ListVariables
from gateway.port import DialectRequest

_BODILESS = frozenset({"GET", "HEAD"})
FORM = "application/x-www-form-urlencoded"
_SAID = frozenset({"header", "data", "executionTree"})
"""Parts of an instance that can be said of any engine's instance; ``all`` is what there is of it, as by default."""
_READS = {"header": DescribeInstance, "data": ListVariables, "executionTree": ListActivities}
_EMPTY = frozenset({"none", "excludeTaskData", "excludeDocs", ""})
_OTHERS = frozenset(("summary", "dataModel", "diagram", "actions", "relationships", "documents", "tasks"))
_BY_ACTION = {
    "start": "header|data",
    **dict.fromkeys(("moveToken", "deleteToken"), "header|executionTree"),
    **dict.fromkeys(("suspend", "resume", "terminate"), "header"),
}
"""Parts that the answer to an action shows where ``parts`` does not say: what the action has changed."""


def read_parameters(request: DialectRequest) -> Mapping[str, str]:
    """Return the parameters of a request that has no other body than a form; the body of a GET means nothing.

    Raises:
        InvalidRequest: the form is no text, or a parameter is given twice; or the body is JSON that says something.
        UnsupportedMediaType, InvalidJson: the body is neither a form nor JSON.
    """
    pairs = _form_pairs(request)
    form = dict(pairs)
    if len(form) < len(pairs) or any(request.query.get(name, value) != value for name, value in form.items()):
        raise InvalidRequest("A parameter is given twice, so nobody knows which of them counts.")
    return {**request.query, **form}


def read_pairs(request: DialectRequest, many: str) -> tuple[tuple[str, str], ...]:
    """Return the parameters of a request that has no other body than a form, with each value of one of them.

    Args:
        request: that has them.
        many: the parameter of which each value counts.

    Raises:
        InvalidRequest: as ``read_parameters``, of the others. UnsupportedMediaType, InvalidJson: likewise.
    """
    form = _form_pairs(request)
    pairs = (*request.pairs, *form) if request.pairs or form else tuple(request.query.items())
    single = [name for name, _ in pairs if name != many]
    if len(set(single)) < len(single):
        raise InvalidRequest("A parameter is given twice, so nobody knows which of them counts.")
    return pairs


def _form_pairs(request: DialectRequest) -> list[tuple[str, str]]:
    """Return the parameters of a form, none where there is no form."""
    if request.method in _BODILESS or not request.body.strip():
        return []
    if find_header(request, "content-type").partition(";")[0].strip().lower() != FORM:
        if read_object(request):
            raise InvalidRequest("Parameters stand in the query, or in a form; a JSON body says nothing here.")
        return []
    try:
        return parse_qsl(request.body.decode("ascii"), keep_blank_values=True, strict_parsing=True, errors="strict")
    except ValueError as error:
        raise InvalidRequest("The form cannot be read.") from error


def parts(given: Mapping[str, str]) -> frozenset[str]:
    """Return the parts of an instance that are asked for.

    Raises:
        InvalidRequest: there is no such part. Unsupported: a part that only the vendor's own instances have.
    """
    return _parts_in(given.get("parts") or _BY_ACTION.get(given.get("action", ""), "all"))


@lru_cache(maxsize=64)  # decoding and encoding ask for the same, and callers say it in a few ways only
def _parts_in(said: str) -> frozenset[str]:
    asked = frozenset(part.strip() for part in re.split(r"[|,]", said))
    if unknown := asked - _SAID - _EMPTY - _OTHERS - {"all"}:
        raise InvalidRequest(f"There is no part {min(unknown)}.")
    if others := asked & _OTHERS:
        raise Unsupported(f"The part {min(others)} cannot be said of an instance of another vendor's engine.")
    return _SAID if "all" in asked or not asked - {""} else asked & _SAID


def read_parts(instance: str, asked: frozenset[str]) -> tuple[Command, ...]:
    """Return the reads of the parts of an instance, which may have ended."""
    return tuple(read(instance=instance, ended=True) for part, read in _READS.items() if part in asked)
