"""Declared types, which the payload does not show: hints of the settings, and what the process model says.

What must not live here: the request that reads a model (``variables``).
``parts=dataModel`` answers ``DataModel``: sections (``inputs``, ``outputs``, others with undocumented names) of
``{name: {type, isList, classId}}``. Seen in public clients only, so anything else in it is passed over.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping

import msgspec

from adapters.ibm_bpm.settings import Settings, TypeHint
from adapters.ibm_bpm.wire import WireDetails
from gateway.model.jsontext import Tree

Types = Mapping[str, TypeHint]
Key = tuple[str, str]

_KINDS: Mapping[str, TypeHint] = {
    "String": "string",
    "Integer": "integer",
    "Decimal": "number",
    "Boolean": "boolean",
    "Date": "date-time",
    "Time": "date-time",  # both are a TWDate at run time, with date and time
    "XMLElement": "xml",
    "XMLDocument": "xml",
}
_MODEL = "datamodel"
"""The member that holds the model, in lower case."""
_NO_SECTIONS = frozenset({"validation"})
"""Types of business objects, by class; their fields are no variables."""
_KEPT = 256
"""Models of one engine that are remembered: some hundred variables each, so a few megabytes at most."""


class Models:
    """The types that models declare, by process and snapshot; a snapshot never changes. The oldest is dropped first."""

    def __init__(self) -> None:
        self._known: OrderedDict[Key, Types] = OrderedDict()

    def known(self, key: Key | None) -> Types | None:
        """Return the types of a model that was read before, None for one that is not known."""
        if key is None or key not in self._known:
            return None
        self._known.move_to_end(key)
        return self._known[key]

    def keep(self, key: Key | None, types: Types) -> None:
        """Remember the types of a model; those of none (a tip, which changes) are not remembered."""
        if key is None:
            return
        self._known[key] = types
        if len(self._known) > _KEPT:
            _ = self._known.popitem(last=False)


def key_of(wire: WireDetails) -> Key | None:
    """Return what a model is remembered by; None where it may change (the tip) or nothing names it."""
    if wire.snapshotTip is True or not wire.snapshotID or not wire.processTemplateID or wire.snapshotID.endswith("T"):
        return None
    return wire.processTemplateID, wire.snapshotID


def has_model(tree: Tree) -> bool:
    """Return whether an answer holds a model at all, however empty."""
    return isinstance(tree, dict) and any(key.lower() == _MODEL and child is not None for key, child in tree.items())


def types_in(tree: Tree) -> Types:
    """Return the types that an answer's model declares, without lists and business objects, which show themselves."""
    found: dict[str, TypeHint] = {}
    for section, members in _model(tree).items():
        if isinstance(members, dict) and section not in _NO_SECTIONS:
            found |= {name: kind for name, each in members.items() if (kind := _kind(each)) is not None}
    return found


def _model(tree: Tree) -> dict[str, Tree]:
    members = tree if isinstance(tree, dict) else {}
    model = next((child for key, child in members.items() if key.lower() == _MODEL), None)
    return model if isinstance(model, dict) else {}


def _kind(declared: Tree) -> TypeHint | None:
    if not isinstance(declared, dict) or declared.get("isList") is True:
        return None
    name = declared.get("type")
    return _KINDS.get(name) if isinstance(name, str) else None


def with_types(settings: Settings, types: Types) -> Settings:
    """Return the settings with the types of a model beneath their own hints."""
    return msgspec.structs.replace(settings, types={**types, **settings.types})
