"""Whether a value is what an engine should show, and by which rules of a comparison it is so in spite of its looks.

The counterpart, which knows what an engine should show, is ``compare``.
"""

from __future__ import annotations

import msgspec

from gateway.bridge.contents import JSON, SAME, Comparison, compare_contents, content_digest, is_null, kin
from gateway.model.difference import CLASS_OF_ENGINE, CONTENT_NOT_COMPARED, MEDIA_TYPE_DEFAULT, READ_AS, Outcome
from gateway.model.etag import BLOBS
from gateway.model.results import Variable
from gateway.model.values import Value
from gateway.model.verdict import type_name

_OCTETS = "application/octet-stream"
_TYPING = ("/type", "/format", "/className", "/serialization")
_MEMBERS = (("filename", "/filename"), ("media_type", "/mediaType"), ("encoding", "/encoding"))


class Seen(msgspec.Struct, frozen=True):
    """A variable, and what is known of the blob that it is or stands for.

    Args:
        variable: as it was read, or should be.
        digest: SHA-256 of the content of a blob.
        size: bytes of it.
        is_blob: whether it is, or stands for, a blob.
    """

    variable: Variable
    digest: bytes | None = None
    size: int | None = None
    is_blob: bool = False

    @property
    def value(self) -> Value:
        """Return the value of the variable."""
        return self.variable.value

    def holding(self, value: Value) -> Seen:
        """Return the same with another value, which stands for the same blob, if it is one."""
        return msgspec.structs.replace(self, variable=msgspec.structs.replace(self.variable, value=value))


class Latitude(msgspec.Struct, frozen=True):
    """What an engine may change of its own accord.

    Args:
        types: it does not store types, so it shows another of the same family, or a class that its process declares.
        nulls: it does not tell null from unset.
    """

    types: bool = False
    nulls: bool = False


def likeness(wanted: Seen, found: Seen, latitude: Latitude) -> tuple[str, ...] | None:
    """Return the rules by which two values are the same; none where they simply are, None where they are not."""
    nulls = is_null(wanted.value), is_null(found.value)
    if all(nulls) and (latitude.types or _same_type(wanted.value, found.value)):
        return ()
    if any(nulls) or not _types_fit(wanted.value, found.value, latitude):
        return None
    content = contents(wanted, found, latitude)
    if content.pointers:
        return None
    given, shown = wanted.value.class_name, found.value.class_name
    return content.rules if given == shown else (CLASS_OF_ENGINE, *content.rules)


def contents(wanted: Seen, found: Seen, latitude: Latitude) -> Comparison:
    """Return how the contents of two values of one family differ, with a blob's name and media type."""
    if not wanted.is_blob and not found.is_blob:
        return compare_contents(wanted.value, found.value, unset_is_null=latitude.nulls)
    members, content = _members(wanted.value, found.value), _blobs(wanted, found)
    return Comparison((*members.pointers, *content.pointers), (*members.rules, *content.rules))


def type_rule(before: Value, after: Value) -> tuple[str, ...]:
    """Return the rule that says that a value is shown with another type, if it is."""
    if type_name(before) == type_name(after):
        return ()
    return (READ_AS + (after.format or after.type or "json"),)


def drift(wanted: Seen, found: Seen, latitude: Latitude) -> tuple[Outcome, tuple[str, ...]]:
    """Return what is different about two values that are not the same, and where."""
    if is_null(wanted.value) != is_null(found.value):
        return "value_drift", ("/value",)
    if kin(wanted.value) != kin(found.value):
        return "type_drift", ("/type",)
    places = contents(wanted, found, latitude).pointers
    if places:
        return "value_drift", places
    pairs = zip(_TYPING, _typed(wanted.value), _typed(found.value), strict=True)
    return "type_drift", tuple(at for at, before, after in pairs if before != after)


def _types_fit(wanted: Value, found: Value, latitude: Latitude) -> bool:
    if not latitude.types:
        return _same_type(wanted, found)
    lost = wanted.class_name is not None and found.class_name is None
    return kin(wanted) == kin(found) and not lost


def _same_type(wanted: Value, found: Value) -> bool:
    return _typed(wanted) == _typed(found)


def _typed(value: Value) -> tuple[str | None, ...]:
    """Return what is at the places of ``_TYPING``."""
    return value.type, value.format, value.class_name, value.serialization or JSON


def _members(wanted: Value, found: Value) -> Comparison:
    """Return how what stands beside the content of a file differs."""
    if wanted.type not in BLOBS or found.type not in BLOBS:
        return SAME
    pointers = [pointer for member, pointer in _MEMBERS if getattr(wanted, member) != getattr(found, member)]
    if "/mediaType" not in pointers or (wanted.media_type, found.media_type) != (None, _OCTETS):
        return Comparison(tuple(pointers))
    return Comparison(tuple(each for each in pointers if each != "/mediaType"), (MEDIA_TYPE_DEFAULT,))


def _blobs(wanted: Seen, found: Seen) -> Comparison:
    before, after = wanted.digest, found.digest
    if found.value.type not in BLOBS and after is None:
        after = content_digest(found.value)
        if after is None:  # a text that is no base64 at all
            return Comparison(("/value",))
    if before is not None and after is not None:
        return SAME if before == after else Comparison(("/value",))
    if wanted.size is not None and found.size is not None and wanted.size != found.size:
        return Comparison(("/value",))
    return Comparison(rules=(CONTENT_NOT_COMPARED,))
