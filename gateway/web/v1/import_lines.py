"""Lines of an imported file, as its bytes arrive: numbered, decoded from UTF-8, each bounded in length.

What must not live here: columns and members (``import_rows``), and what becomes of a row.
"""

from __future__ import annotations

import codecs
from collections.abc import AsyncIterator

import msgspec

from gateway.errors import InvalidRequest

MAX_LINE_BYTES = 65_536
"""Of one line; ids, a plan and a business key need some hundred."""
_OTHER_MARKS = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
"""The longer marks first: UTF-32 LE begins like UTF-16 LE."""
_LONGEST_MARK = 4


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a file.

    Args:
        number: 1 for the first.
        text: without its end; empty where there is a fault.
        ended: whether a line break was behind it; the last one may have none.
        fault: why it cannot be read.
    """

    number: int
    text: str = ""
    ended: bool = True
    fault: str | None = None


async def split_lines(pieces: AsyncIterator[bytes]) -> AsyncIterator[list[Line]]:
    """Yield the lines that each piece completes; a byte order mark of UTF-8 is dropped.

    Raises:
        InvalidRequest: the file is in another Unicode encoding.
    """
    splitter = _Splitter()
    async for piece in pieces:
        if found := splitter.feed(piece):
            yield found
    if rest := splitter.end():
        yield rest


class _Splitter:
    """Holds one unfinished line at most, and no more of it than a line may have."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._offset = 0  # of what is held, in the file
        self._dropped = 0  # bytes of a line that is too long
        self._number = 0
        self._began = False

    def feed(self, piece: bytes) -> list[Line]:
        self._held += piece
        if not self._began and not self._begin(whole=False):
            return []
        *ended, rest = bytes(self._held).split(b"\n")
        lines = [self._line(each + b"\n") for each in ended]
        self._held = bytearray(rest)
        if len(rest) > MAX_LINE_BYTES:
            self._dropped += len(rest)
            self._held.clear()
        return lines

    def end(self) -> list[Line]:
        if not self._began:
            _ = self._begin(whole=True)
        return [self._line(bytes(self._held))] if self._held or self._dropped else []

    def _begin(self, *, whole: bool) -> bool:
        """Look at the first bytes; return whether there are enough of them."""
        if len(self._held) < _LONGEST_MARK and not whole:
            return False
        start = bytes(self._held[:_LONGEST_MARK])
        for mark, name in _OTHER_MARKS.items():
            if start.startswith(mark):
                raise InvalidRequest(f"The file is in {name} (its first bytes say so); it is taken in UTF-8 only.")
        if start.startswith(codecs.BOM_UTF8):
            del self._held[: len(codecs.BOM_UTF8)]
            self._offset = len(codecs.BOM_UTF8)
        self._began = True
        return True

    def _line(self, raw: bytes) -> Line:
        self._number += 1
        offset, size = self._offset, self._dropped + len(raw)
        self._offset += size
        self._dropped = 0
        if size > MAX_LINE_BYTES + 1:
            fault = f"The line has {size} bytes; {MAX_LINE_BYTES} are the most."
            return Line(number=self._number, fault=fault)
        return _decoded(raw, self._number, offset)


def _decoded(raw: bytes, number: int, offset: int) -> Line:
    ended = raw.endswith(b"\n")
    try:
        text = raw.removesuffix(b"\n").removesuffix(b"\r").decode()
    except UnicodeDecodeError as error:
        where = f"byte {offset + error.start} of the file ({raw[error.start]:#04x})"
        fault = f"It is not UTF-8 at {where}; convert the file, which may be in Latin-1 or Windows-1252."
        return Line(number=number, ended=ended, fault=fault)
    if "\0" in text:
        fault = "It has a NUL character; the file may be in UTF-16 without a byte order mark."
        return Line(number=number, ended=ended, fault=fault)
    return Line(number=number, text=text, ended=ended)
