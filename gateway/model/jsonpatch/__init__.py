"""JSON patch (RFC 6902) on trees of ``jsontext``: exact, in order, all or nothing, with work and growth bounded.

What must not live here: what the result means as a value.
"""

from gateway.model.jsonpatch.applying import apply_patch
from gateway.model.jsonpatch.document import PatchOperation, parse_patch
from gateway.model.jsonpatch.form import Bounds, Form

__all__ = ["Bounds", "Form", "PatchOperation", "apply_patch", "parse_patch"]
