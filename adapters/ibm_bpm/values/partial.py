"""JSON patch on values as the engine stores them: callers point at what they see, ``@metadata`` and wrappers stay.

An object that moves takes its ``@metadata`` along; a copy is a new object and goes without; what replaces an object is
grafted on it as in any other write.
"""

from __future__ import annotations

from adapters.ibm_bpm.settings import Settings
from adapters.ibm_bpm.values import trees
from gateway.model import jsonpatch
from gateway.model.jsonpatch import Bounds, Form, PatchOperation
from gateway.model.jsontext import Tree


class _StoredForm(Form):
    """The vendor's form: lists in wrappers, ``@metadata`` beside the members."""

    def inside(self, node: Tree) -> Tree:
        """Return the entries of a wrapped list."""
        return node["items"] if trees.is_list(node) else node

    def seen(self, node: dict[str, Tree]) -> dict[str, Tree]:
        """Return the members without ``@metadata``."""
        return {key: child for key, child in node.items() if key != trees.METADATA}

    def copied(self, node: Tree) -> Tree:
        """Return a value as a new one: without what the vendor keeps in it."""
        return trees.clean(node)

    def replaced(self, old: Tree, new: Tree) -> Tree:
        """Return the new value grafted on the old one."""
        return trees.graft(new, old)


def apply_patch(stored: Tree, operations: tuple[PatchOperation, ...], bounds: Bounds, settings: Settings) -> Tree:
    """Return what a stored value becomes, in the engine's form.

    Raises:
        PreconditionFailed, ValueInvalid, PayloadTooLarge: as ``jsonpatch.apply_patch`` says.
    """
    plain = Form()
    if settings.metadata == "as_given":
        return jsonpatch.apply_patch(plain.copied(stored), operations, bounds=bounds)
    if settings.metadata == "strip":
        return jsonpatch.apply_patch(trees.clean(stored), operations, bounds=bounds)
    return trees.drop_lost_selections(
        jsonpatch.apply_patch(plain.copied(stored), operations, bounds=bounds, form=_StoredForm())
    )
