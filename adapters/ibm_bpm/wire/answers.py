"""Answers that are a success: parsed once, into the shape that the plan needs.

The counterpart, for all other answers, is ``errors``.
"""

from __future__ import annotations

import re
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import UNSET, Raw, UnsetType

from adapters.ibm_bpm.wire.errors import error_in, says_error, without_comments
from gateway.model.unreadable import MARK, mark_unreadable
from gateway.plan import VendorResponse

T = TypeVar("T")
_TASK = re.compile(r"(?:2078\.|Task\.)?0*(\d{1,18})\Z", re.ASCII)
_INSTANCE = re.compile(r"(?:2072\.|BPDInstance\.)?0*(\d{1,18})\Z", re.ASCII)


class WireDetails(msgspec.Struct, frozen=True, kw_only=True):
    """``data`` of a process; ``parts=data`` alone has neither id nor state. Parts that were not asked for are null."""

    piid: Any = None
    name: str | None = None
    state: str | None = None
    executionState: str | None = None  # noqa: N815 - the vendor's spelling
    processTemplateID: str | None = None  # noqa: N815
    processTemplateName: str | None = None  # noqa: N815
    snapshotID: str | None = None  # noqa: N815
    snapshotTip: Any = None  # noqa: N815
    executionTree: Any = None  # noqa: N815
    diagram: Any = None
    variables: Raw = Raw(b"null")


class _One(WireDetails, frozen=True, kw_only=True):
    """A process where a list is meant, or the wrapper of one."""

    items: list[WireDetails] | None = None


class WireDetailsList(msgspec.Struct, frozen=True, kw_only=True):
    """``data`` of ``process?action=getdetails``."""

    processDetails: list[WireDetails] | _One | None  # noqa: N815

    def listed(self) -> list[WireDetails]:
        """Return the processes, however the list is spelled."""
        if isinstance(self.processDetails, _One):
            return [self.processDetails] if self.processDetails.items is None else self.processDetails.items
        return self.processDetails or []


class Envelope(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """What every answer is wrapped in, with the members that show an error."""

    status: Any = UNSET
    data: T | UnsetType = UNSET
    Data: Raw | UnsetType = UNSET
    errorNumber: Raw | UnsetType = UNSET  # noqa: N815 - the vendor's spelling
    error_number: Raw | UnsetType = UNSET
    errorMessage: Raw | UnsetType = UNSET  # noqa: N815
    error_message: Raw | UnsetType = UNSET

    def is_suspect(self) -> bool:
        """Return whether there may be an error in it."""
        beside = (self.Data, self.errorNumber, self.error_number, self.errorMessage, self.error_message)
        return any(each is not UNSET for each in beside) or says_error(self.status)


DETAILS = msgspec.json.Decoder(Envelope[WireDetails])
DETAILS_LIST = msgspec.json.Decoder(Envelope[WireDetailsList])
TREE = msgspec.json.Decoder(Envelope[Any])
"""Anything, where numbers may be rounded."""
TEXT = msgspec.json.Decoder(Envelope[Raw])
"""``data`` as its JSON text."""


def data_in(answer: VendorResponse, decoder: msgspec.json.Decoder[Envelope[T]]) -> T | UnsetType:
    """Return ``data`` of an answer that is a plain success and has it; unset for any other answer."""
    envelope = _opened(answer, decoder)
    return UNSET if envelope is None else envelope.data


def is_success(answer: VendorResponse) -> bool:
    """Return whether an answer is a success whose ``data`` nobody needs: the vendor's envelope, and no error in it."""
    envelope = _opened(answer, TEXT)
    return envelope is not None and (envelope.data is not UNSET or envelope.status is not UNSET)


def _opened(answer: VendorResponse, decoder: msgspec.json.Decoder[Envelope[T]]) -> Envelope[T] | None:
    if answer.status >= 300:  # noqa: PLR2004
        return None
    body = without_comments(answer.content())
    envelope = _decode(decoder, body) or _decode_marked(decoder, body)
    if envelope is None:
        return None
    return None if envelope.is_suspect() and error_in(answer) is not None else envelope


def _decode(decoder: msgspec.json.Decoder[Envelope[T]], body: bytes) -> Envelope[T] | None:
    try:
        if not body.isascii():
            _ = body.decode()  # msgspec checks no text that it only passes over
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _decode_marked(decoder: msgspec.json.Decoder[Envelope[T]], body: bytes) -> Envelope[T] | None:
    """Return an answer with a mark in place of each text that no UTF-8 carries; None unless all are in variables."""
    marked = mark_unreadable(body)
    envelope = None if marked is None else _decode(decoder, marked)
    if marked is None or envelope is None:
        return None
    data = envelope.data
    details = data.listed() if isinstance(data, WireDetailsList) else [data] if isinstance(data, WireDetails) else []
    inside = sum(bytes(each.variables).count(MARK) for each in details)
    return envelope if inside == marked.count(MARK) else None


def members(listed: Any) -> list[Any]:
    """Return the members of a list: bare, in a wrapper (``{"items": […]}``), null for none, or one by itself."""
    if isinstance(listed, dict) and isinstance(listed.get("items"), list):
        listed = listed["items"]
    if listed is None:
        return []
    return listed if isinstance(listed, list) else [listed]


def instance_number(spelled: Any) -> str | None:
    """Return the number of an instance: ``1355``, ``"1355"``, ``2072.1355`` and ``BPDInstance.1355`` are the same."""
    found = _INSTANCE.match(str(spelled))
    return found.group(1) if found else None


def task_number(spelled: str) -> str | None:
    """Return the number of a task: ``2743``, ``2078.2743`` and ``Task.2743`` are the same."""
    found = _TASK.match(spelled)
    return found.group(1) if found else None
