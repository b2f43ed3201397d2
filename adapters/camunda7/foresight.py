"""What a read would show after a write, by the encoder and the decoder that both use. No request is made for it.

The counterparts are ``patch``, which writes, and ``variables``, which reads.
"""

from __future__ import annotations

import msgspec

from adapters.camunda7.settings import Settings
from adapters.camunda7.values import check_value, decode, encode
from gateway.model.etag import BLOBS
from gateway.model.values import Value
from gateway.model.verdict import Foreseen


def foresee_value(settings: Settings, name: str, value: Value) -> Foreseen:
    """Return what the engine would show of a variable, and the rules by which that differs from what it was.

    Raises:
        InvalidRequest, ValueInvalid, ValueNotRepresentable, ValueTooLong, Unsupported: the write would be refused.
    """
    given = check_value(value, settings)
    wired, rule = encode(name, given, settings, "")
    return Foreseen(_with_content(decode(wired, settings), given), () if rule is None else (rule,))


def _with_content(shown: Value, given: Value) -> Value:
    """Return a blob with its content, which the engine answers apart from the rest."""
    return msgspec.structs.replace(shown, value=given.value) if shown.type in BLOBS else shown
