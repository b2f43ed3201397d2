"""Bodies of requests in IBM's language: plain JSON that can be read in one way only, and which answers callers take.

``@metadata`` and the wrappers of lists are the vendor's own, and are taken off. What must not live here: what a body is
for (``decode``).
"""

from __future__ import annotations

from typing import Any

import msgspec

from adapters.ibm_bpm.dialect.media import JSON, is_taken
from adapters.ibm_bpm.values.trees import METADATA, class_name
from gateway.errors import (
    Fault,
    InvalidJson,
    InvalidRequest,
    NotAcceptable,
    PayloadTooLarge,
    UnsupportedMediaType,
    ValueNotRepresentable,
)
from gateway.model import jsontext
from gateway.model.jsontext import Tree
from gateway.model.values import Value
from gateway.port import DialectRequest

_DEPTH = 2 * jsontext.DEPTH
"""Levels of a body: every list has a wrapper around it. ``read_value`` looks at how deep the values themselves are."""
_LIST = frozenset({"selected", "items", METADATA})


def plain(node: Tree) -> Tree:
    """Return a value without ``@metadata``, lists unwrapped.

    An object of ``items`` alone is a list, as the vendor's page says; one whose ``@metadata`` names a class is not.

    Raises:
        ValueNotRepresentable: something is selected in a list, which has no place elsewhere.
    """
    if isinstance(node, list):
        return [plain(item) for item in node]
    if not isinstance(node, dict):
        return node
    if not (node.keys() <= _LIST and isinstance(node.get("items"), list) and class_name(node) is None):
        return {key: plain(child) for key, child in node.items() if key != METADATA}
    if node.get("selected"):
        raise ValueNotRepresentable("Another vendor's engine cannot hold which items of a list are selected.")
    return [plain(item) for item in node["items"]]


def read_object(request: DialectRequest) -> dict[str, Any]:
    """Return the JSON object of a body.

    Raises:
        InvalidRequest: it is something else.
    """
    tree = read_tree(request)
    if not isinstance(tree, dict):
        raise InvalidRequest("The body of the request is not a JSON object.")
    return tree


def read_tree(request: DialectRequest) -> Tree:
    """Return the JSON of a body, read in the only way that it can be.

    Raises:
        UnsupportedMediaType: it is said to be something else. InvalidJson, PayloadTooLarge: it is not such a text.
    """
    kind = find_header(request, "content-type").partition(";")[0].strip().lower()
    if kind not in {"", JSON}:  # the vendor's default
        raise UnsupportedMediaType("Give the body as application/json.")
    body = request.body.removeprefix(b"\xef\xbb\xbf")
    if not body.strip():
        raise InvalidJson("The body is empty.")
    return jsontext.parse(body, depth=_DEPTH)


def read_variables(params: str) -> dict[str, Value]:
    """Return the values in ``params``, a JSON object by name; none where it is empty.

    Raises:
        InvalidJson, PayloadTooLarge: it is no JSON that can be read in one way only. InvalidRequest: it is no object.
        ValueNotRepresentable: as ``read_value``.
    """
    tree = jsontext.parse(params.encode("utf-8", "surrogatepass"), depth=_DEPTH) if params.strip() else {}
    if not isinstance(tree, dict):
        raise InvalidRequest("The parameter params is not a JSON object.")
    return {
        name: read_value(node, f"/variables/{jsontext.escape(name)}") for name, node in tree.items() if name != METADATA
    }


def read_value(tree: Tree, pointer: str) -> Value:
    """Return a value without a type; ``@metadata`` and wrappers are taken off.

    Raises:
        ValueNotRepresentable, PayloadTooLarge: with the pointer.
    """
    if not isinstance(tree, (dict, list)):  # most values are plain, and have nothing to take off
        return Value(value=msgspec.Raw(jsontext.write(tree)))
    try:
        text = jsontext.write(plain(tree))
        if text.count(b"{") + text.count(b"[") > jsontext.DEPTH:  # a body may be deeper, for the wrappers of lists
            _ = jsontext.parse(text)
    except (ValueNotRepresentable, PayloadTooLarge) as error:
        raise type(error)(error.detail, errors=(Fault(pointer, error.detail),)) from error
    return Value(value=msgspec.Raw(text))


def check_accepted(request: DialectRequest) -> None:
    """Refuse a caller that takes neither JSON nor XML, or wants a script.

    Raises:
        NotAcceptable: it does.
    """
    if not is_taken(request):
        raise NotAcceptable("For what is on another vendor's engine the answer is application/json or application/xml.")


def find_header(request: DialectRequest, name: str) -> str:
    """Return a header by its name in lower case; empty where there is none."""
    return next((value for key, value in request.headers.items() if key.lower() == name), "")
