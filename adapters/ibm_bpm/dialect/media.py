"""What a caller of IBM's language takes: JSON by default, XML where it asks for that, and no script.

The parameter ``accept`` goes before the header, as the vendor's pages on the protocol say. What must not live here: how
the answers are written (``encode``, ``errors``, ``xml``).
"""

from __future__ import annotations

import re

from gateway.port import DialectRequest

ACCEPT = "accept"
JSON, XML = "application/json", "application/xml"
_SCRIPTS = ("application/x-javascript", "application/javascript", "text/javascript")
"""JSONP, which the vendor's server speaks: the JSON as a call of the caller's function."""
_WEIGHT = re.compile(r"(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\Z")


def accepted(request: DialectRequest) -> str:
    """Return what a request says that it takes; empty where it says nothing."""
    headers = (value for name, value in request.headers.items() if len(name) == len(ACCEPT) and name.lower() == ACCEPT)
    return request.query.get("accept") or ",".join(headers)


def is_taken(request: DialectRequest) -> bool:
    """Return whether a caller takes JSON or XML, and does not want a script."""
    return "callback" not in request.query and _preferred(accepted(request)) in {JSON, XML}


def wants_xml(accept: str) -> bool:
    """Return whether a caller would rather have XML than JSON."""
    return _preferred(accept) == XML


def _preferred(accept: str) -> str | None:
    """Return the media type that a caller would rather have; None where it takes none of them.

    Of two that weigh the same, the one that is named goes before the one that a range includes, then JSON first.
    """
    if accept in {"", "*/*", JSON}:
        return JSON
    ranges = dict(map(_range, filter(str.strip, accept.split(","))))
    best, most = None, (0.0, 0)
    for kind in (JSON, XML, *_SCRIPTS):
        including = (kind, kind.partition("/")[0] + "/*", "*/*")
        rank = next(((ranges[each], -at) for at, each in enumerate(including) if each in ranges), (0.0, 0))
        if rank[0] and (best is None or rank > most):
            best, most = kind, rank
    return best


def _range(text: str) -> tuple[str, float]:
    """Return a media range without its parameters, and its weight; one that is no weight counts as none given."""
    kind, *parameters = (part.strip().lower() for part in text.split(";"))
    weights = (value.strip() for name, _, value in (each.partition("=") for each in parameters) if name.strip() == "q")
    return kind, next((float(weight) for weight in weights if _WEIGHT.match(weight)), 1.0)
