"""Uploads in a vendor's language: forms (multipart/form-data) whose content streams, with short fields around it.

What must not live here: how a form is read (``web.http.form``), and a vendor's names of its parts (``adapters``).
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from gateway.plan import Stream


class FormShape(msgspec.Struct, frozen=True, kw_only=True):
    """Which parts the form of an upload may have.

    Args:
        content: name of the part with the content.
        fields: names of the fields, which may stand in front of the content and behind it, each once.
        held: media type of content that is held in memory until all fields are known, as far as a JSON body may be
            long: a field behind it may say that it is no bytes at all.
    """

    content: str
    fields: frozenset[str]
    held: str


class UploadedForm(msgspec.Struct, frozen=True, kw_only=True):
    """A form as far as it has been read.

    Args:
        fields: text of each field by its name; those behind the content only where ``is_complete``.
        content: its bytes where they are held, else the stream that they come by.
        filename: as the content's head says; None where it says nothing.
        content_type: likewise; a media type with its parameters.
        kind: yields what the content is (``Dialect.upload_kind``), once all fields are known.
        is_complete: whether all fields are known.
    """

    fields: Mapping[str, bytes]
    content: bytes | Stream
    filename: str | None = None
    content_type: str | None = None
    kind: Stream = Stream("kind")
    is_complete: bool = True
