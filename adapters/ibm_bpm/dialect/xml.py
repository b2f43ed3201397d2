"""IBM's answers as XML: the error document of the vendor's page, and the plain mapping of the JSON for all else.

No page or recording shows the XML of a success, so its root and its mapping are the gateway's own:

- the root is ``response``; each member of an object is an element of its name, each item of a list one more of them; an
  empty list is no element; a list within a list has its items in elements ``item``,
- null is an empty element with ``xsi:nil="true"``, numbers keep their digits, true and false are those words,
- what a name or a text of XML cannot hold is ``_xHHHH_``, its code in four or eight hexadecimal digits, as in
  ISO 9075-14 (``@metadata`` is ``_x0040_metadata``); an underscore that could be read as the start of that is
  ``_x005F_``; a name of no character is ``_x_``.

What must not live here: who is answered in XML (``media``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.sax.saxutils import escape

from gateway.model import jsontext
from gateway.model.jsontext import Number, Tree

_PROLOG = '<?xml version="1.0" encoding="UTF-8"?>'
_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
_EXCEPTION = "http://rest.bpm.ibm.com/v1/data/exception"
"""Namespace of the root of errors alone: the vendor's schema leaves the elements in it without one."""
_DEPTH = 10_000
"""Levels of an answer of our own, which has been read or written before."""
_CODE = "x(?:[0-9A-Fa-f]{4}|[0-9A-Fa-f]{8})?"
_NO_TEXT = "[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
_NO_NAME = "[^A-Za-z0-9_.\xc0-\xd6\xd8-\xf6\xf8-\xff-]"
"""Beyond Latin-1 parsers disagree on what a name can hold: expat, for one, knows the fourth edition of XML alone."""
_UNFIT_TEXT = re.compile(f"{_NO_TEXT}|_(?={_CODE}(?:_|{_NO_TEXT}))")
_UNFIT_NAME = re.compile(rf"{_NO_NAME}|\A[0-9.-]|_(?={_CODE}(?:_|{_NO_NAME}))")
_ESCAPES = {"\r": "&#13;"}
"""Parsers read a bare carriage return as the end of a line."""


def success_document(body: bytes) -> bytes:
    """Return the XML of an answer, from its JSON.

    Raises:
        PayloadTooLarge: the JSON is nested deeper than can be read.
    """
    tree = jsontext.parse(body, depth=_DEPTH)
    return _document("response", f'xmlns:xsi="{_INSTANCE}"', tree)


def error_document(kind: str, number: str, message: str) -> bytes:
    """Return the vendor's XML of an error; ``programmersDetails`` is there, empty, since its schema demands that."""
    data = {
        "status": "error",
        "exceptionType": kind,
        "errorNumber": number,
        "errorMessage": message,
        "programmersDetails": "",
    }
    return _document("tns:RestRuntimeException", f'xmlns:tns="{_EXCEPTION}"', {"status": "error", "Data": data})


def element_name(name: str) -> str:
    """Return the name of a member as the name of an element."""
    return _UNFIT_NAME.sub(_coded, name) or "_x_"


def element_text(text: str) -> str:
    """Return a text as the content of an element."""
    return escape(_UNFIT_TEXT.sub(_coded, text), _ESCAPES)


def _coded(found: re.Match[str]) -> str:
    code = ord(found.group())
    return f"_x{code:08X}_" if code > 0xFFFF else f"_x{code:04X}_"  # noqa: PLR2004 - four digits' worth


def _document(root: str, attribute: str, tree: Tree) -> bytes:
    inside = "".join(_pieces(tree))
    return f"{_PROLOG}<{root} {attribute}>{inside}</{root}>".encode()


def _pieces(tree: Tree) -> Iterator[str]:
    """Yield the elements of an object's members; iterative, because the tree may be deep."""
    todo: list[str | tuple[str, Tree]] = _members(tree)
    while todo:
        each = todo.pop()
        if isinstance(each, str):
            yield each
            continue
        name, node = each
        if isinstance(node, dict):
            yield f"<{name}>"
            todo += [f"</{name}>", *_members(node)]
        elif isinstance(node, list):
            todo += [(name, {"item": item} if isinstance(item, list) else item) for item in reversed(node)]
        else:
            yield f'<{name} xsi:nil="true"/>' if node is None else f"<{name}>{_plain(node)}</{name}>"


def _members(node: dict[str, Tree]) -> list[str | tuple[str, Tree]]:
    return [(element_name(name), child) for name, child in reversed(node.items())]


def _plain(node: str | bool | Number) -> str:  # noqa: FBT001 - a value of a tree
    if isinstance(node, bool):
        return "true" if node else "false"
    return node.text if isinstance(node, Number) else element_text(node)
