"""The variables of one instance as the engine has them: JSON texts, each parsed only when somebody looks into it.

A read of one variable and a write of plain values need none of the others, and an instance may hold megabytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import msgspec

from adapters.ibm_bpm.values.trees import METADATA
from gateway.errors import EngineMisbehaved, InvalidJson, PayloadTooLarge
from gateway.model import jsontext
from gateway.model.jsontext import Tree
from gateway.model.unreadable import MARK, MARK_TEXT

_DEPTH = 900
"""Levels of nesting taken from the engine; below what this side's parser can."""
_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
_compact = msgspec.json.Encoder()


class Stored:
    """Variables by name, without what the engine keeps beside them."""

    def __init__(self, engine: str, texts: dict[str, msgspec.Raw], unreadable: frozenset[str] = frozenset()) -> None:
        self._engine, self._unreadable = engine, unreadable
        self._texts = texts
        self._trees: dict[str, Tree] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._texts

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def text(self, name: str) -> bytes:
        """Return the JSON text of a variable, empty where there is none.

        Raises:
            EngineMisbehaved: it has a text that no UTF-8 carries.
        """
        if name in self._unreadable:
            raise _unreadable(self._engine, "A variable of the engine cannot be read.")
        found = self._texts.get(name)
        return b"" if found is None else bytes(found)

    def tree(self, name: str) -> Tree:
        """Return the tree of a variable, None where there is none.

        Raises:
            EngineMisbehaved: nested too deep, a key twice, or a text that no UTF-8 carries.
        """
        if name not in self._texts:
            return None
        if name not in self._trees:
            try:
                self._trees[name] = parse(self.text(name))
            except (InvalidJson, PayloadTooLarge) as error:
                raise _unreadable(self._engine, "A variable of the engine cannot be read.") from error
        return self._trees[name]


def parse(text: bytes) -> Tree:
    """Return the tree of a stored text.

    Raises:
        InvalidJson, PayloadTooLarge: it cannot be read without doubt.
    """
    return jsontext.parse(text, depth=_DEPTH)


def stored_in(engine: str, text: bytes) -> Stored:
    """Return the variables in the text of an answer's ``variables``.

    Raises:
        EngineMisbehaved: the text is no object of variables, or has a name twice.
    """
    try:
        texts = _members.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise _unreadable(engine, "The engine's variables are no JSON object.") from error
    if not _is_whole(text, texts) and _names(text) != list(texts):
        raise _unreadable(engine, "The engine's variables have a name twice.")
    _ = texts.pop(METADATA, None)
    if MARK not in text:
        return Stored(engine, texts)
    if MARK_TEXT in texts:
        raise _unreadable(engine, "A variable of the engine has a name that no UTF-8 carries.")
    return Stored(engine, texts, frozenset(name for name, each in texts.items() if MARK in bytes(each)))


def _is_whole(text: bytes, texts: dict[str, msgspec.Raw]) -> bool:
    """Return whether no name stands twice, for certain: the text is as long when it is written again.

    White space in it is taken out first; where a name is written with an escape, nothing is certain.
    """
    if len(_compact.encode(texts)) == len(text):
        return True
    compact = msgspec.json.format(text, indent=-1)
    return len(_compact.encode(_members.decode(compact))) == len(compact)


def _unreadable(engine: str, detail: str) -> EngineMisbehaved:
    return EngineMisbehaved(detail, engine=engine, outcome="not_applied")


def _names(text: bytes) -> list[str]:
    """Return the names as they stand in the text; only asked where an escape may be in one."""
    names: list[list[str]] = [[]]

    def keep_names(pairs: list[tuple[str, object]]) -> None:
        names[0] = [name for name, _ in pairs]  # the outermost object is the last to end

    _ = json.loads(text, object_pairs_hook=keep_names, parse_int=str, parse_float=str)
    return names[0]
