"""Verdicts: whether a target engine can hold the variables of a source engine, and what it would show of them.

A verdict is a write that was only thought through: the same checks, encoder and settings, and no request. What must not
live here: what an engine can hold (its adapter), and what a copy does about a verdict (a bridge plan's policy).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from gateway.errors import PayloadTooLarge
from gateway.model.etag import BLOBS
from gateway.model.results import Scope, Variable
from gateway.model.values import Value

VerdictKind = Literal["lossless", "lossy", "unsupported"]
Declared = Mapping[str, str | None]
"""Names that the target's process declares, each with its unified type; None where the type is not known."""

SCOPE_NOT_MOVABLE = "scope-not-movable"
VARIABLE_UNREADABLE = "variable-unreadable"
OWN_CODES: Mapping[str, str] = {
    SCOPE_NOT_MOVABLE: "The scope of an execution or a task has no counterpart on another engine.",
    VARIABLE_UNREADABLE: "The source cannot read this value, so there is nothing to move.",
}
"""Codes of verdicts that no write answers with, since no write of such a variable is tried; each with its words."""


class Foreseen(msgspec.Struct, frozen=True, gc=False):
    """What an engine would show of a variable after a write of it, and the rules that the write would name.

    The content of a blob is not part of it where the variable came without.
    """

    value: Value
    rules: tuple[str, ...] = ()


class Verdict(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Whether a target engine can hold one variable.

    Args:
        kind: ``lossless``: it reads back as it was, but for ``becomes``. ``lossy``: ``rules`` say how not.
        scope: where the variable lives on the source, when that is not the instance.
        code: of the error that a write would raise, or one of ``OWN_CODES``; None unless it is unsupported.
        detail: that error's words; never a value.
        rules: that the write would name.
        becomes: type and format that the target shows instead of the source's, as ``integer/int32``; the digits, the
            text or the JSON are the same. None where the type stays.
        bytes: size of the content of a blob, of the JSON text of anything else; None where the source does not tell.
        if_declared: whether it holds only if the target's process declares the name, which is not known.
    """

    name: str
    kind: VerdictKind
    scope: Scope | None = None
    code: str | None = None
    detail: str | None = None
    rules: tuple[str, ...] = ()
    becomes: str | None = None
    bytes: int | None = None
    if_declared: bool = False

    @property
    def codes(self) -> tuple[str, ...]:
        """Return what a policy goes by: the rules of a lossy one, the code of an unsupported one."""
        return self.rules if self.code is None else (self.code,)


def type_name(value: Value) -> str:
    """Return type and format of a value as one word: ``string``, ``integer/int32``."""
    kind = value.type or "json"
    return kind if value.format is None else f"{kind}/{value.format}"


def size_of(variable: Variable) -> int | None:
    """Return the bytes of a blob's content or of any other value's JSON text; None where nobody has told."""
    text = variable.value.text
    if variable.value.type not in BLOBS:
        return len(text) if text else None
    if variable.size is not None or not text or text == b"null":
        return variable.size
    encoded = text.strip(b'"')
    return len(encoded) * 3 // 4 - encoded[-2:].count(b"=")


def check_held(size: int, most: int) -> None:
    """Refuse the content of a blob that is longer than what may be held for an engine that takes no stream.

    Raises:
        PayloadTooLarge: it is.
    """
    if size > most:
        raise PayloadTooLarge(f"This engine takes binary content of at most {most} bytes.")
