"""Date patterns of Jackson's setting, understood by the rules of Java's ``SimpleDateFormat``.

Facts: ``SimpleDateFormat`` of Java 17 (``tests/unit/camunda7/test_dates.py`` has what it wrote and read) and
<https://docs.oracle.com/en/java/javase/17/docs/api/java.base/java/text/SimpleDateFormat.html>. What must not live here:
moments (``dates``).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

import msgspec

SHORT = {"SSSZ": "yyyy-MM-dd'T'HH:mm:ss.SSSZ", "SSSXX": "yyyy-MM-dd'T'HH:mm:ss.SSSXX"}
"""Short names of the patterns that engines have where nobody changes it; neither could be a pattern itself."""
_NUMBERS = {
    "y": ("t.year", 4, 9),
    "M": ("t.month", 2, 2),
    "d": ("t.day", 2, 2),
    "H": ("t.hour", 2, 2),
    "m": ("t.minute", 2, 2),
    "s": ("t.second", 2, 2),
    "S": ("millis", 3, 3),
}
"""Letter of a number: what is written, digits that are enough for it, and digits that it has at most."""
_OFFSETS = {
    "Z": r"(?P<Z>[+-]\d{4})",
    "X1": r"(?P<Z>Z|[+-]\d\d)",
    "X2": r"(?P<Z>Z|[+-]\d{4})",
    "X3": r"(?P<Z>Z|[+-]\d\d:\d\d)",
}
"""Kind of offset, and how the engine writes it."""
_KNOWN = "y M d H m s S Z X"
_RUN = re.compile(r"''|([A-Za-z])\1*|.", re.DOTALL)


class Field(msgspec.Struct, frozen=True):
    """A run of one pattern letter: ``yyyy`` is ``y`` four times."""

    letter: str
    count: int

    @property
    def offset(self) -> str:
        """Return the kind of offset: ``Z`` (also for ``ZZ``), or ``X`` and how often; empty for a number."""
        return {"Z": "Z", "X": f"X{self.count}"}.get(self.letter, "")


Piece = Field | str
"""A field, or a text that stands as it is."""


class Pattern(msgspec.Struct, frozen=True, kw_only=True):
    """A pattern that was understood.

    Args:
        template: for ``str.format`` with ``t`` (local time), ``millis`` and ``offset``.
        strict: matches what the engine writes; groups ``y M d H m s S Z``.
        lenient: matches how texts begin that the engine reads as a date; it may take more than the engine, never less.
        letters: of its fields.
        offset: ``Z | X1 | X2 | X3``, empty without one.
        short_year: whether the engine reads a year of two digits as one near today, which a single ``y`` makes it do.
    """

    template: str
    strict: re.Pattern[str]
    lenient: re.Pattern[str]
    letters: frozenset[str]
    offset: str
    short_year: bool

    @property
    def complete(self) -> bool:
        """Return whether every number of a moment is there."""
        return self.letters >= _NUMBERS.keys()


def understood(text: str) -> Pattern:
    """Return the pattern that a text is.

    Raises:
        ValueError: Java does not take it, or what it writes could be read in one way only by guessing.
    """
    pieces = _pieces(SHORT.get(text, text))
    fields = [each for each in pieces if isinstance(each, Field)]
    _check(fields)
    packed = [one for one, other in pairwise(pieces) if _is_number(one) and _is_number(other)]
    _check_packed(packed)
    offset = "".join(each.offset for each in fields)
    absent = set(_NUMBERS) - {each.letter for each in fields} | ({"Z"} if not offset else set())
    return Pattern(
        template="".join(map(_written, pieces)),
        strict=re.compile(
            "".join(_strict(each, packed) for each in pieces) + "".join(f"(?P<{each}>x){{0}}" for each in absent),
            re.ASCII,
        ),
        lenient=re.compile(_lenient(pieces), re.ASCII),
        letters=frozenset(each.letter for each in fields),
        offset=offset,
        short_year=Field("y", 1) in fields,
    )


def _pieces(text: str) -> list[Piece]:
    """Return runs of letters and the texts between them; ``''`` is a quote wherever it stands.

    Raises:
        ValueError: a quote is not closed.
    """
    pieces: list[Piece] = []
    quoted = False
    for found in _RUN.finditer(text):
        run, letter = found.group(0, 1)
        if run == "'":
            quoted = not quoted
        elif letter is not None and not quoted:
            pieces.append(Field(letter, len(run)))
        else:
            pieces.append(run.replace("''", "'"))
    if quoted:
        raise ValueError("a quote is not closed")
    return pieces


def _check(fields: Sequence[Field]) -> None:
    """Refuse what Java refuses, and what cannot be read without guessing.

    Raises:
        ValueError: which letter, and why.
    """
    letters = ["Z" if each.letter == "X" else each.letter for each in fields]
    for each in fields:
        if each.letter not in _KNOWN.split():
            raise ValueError(f"the letter {each.letter} is not taken (known: {_KNOWN}); texts stand in single quotes")
        if each.letter == "y" and each.count == 2:  # noqa: PLR2004 - digits
            raise ValueError("yy is not taken: which century it means depends on when the engine was started")
        if each.letter == "M" and each.count > 2:  # noqa: PLR2004 - from here on it is a name
            raise ValueError("names of months (MMM) are not taken: they depend on the language of the engine")
        if each.offset and each.offset not in _OFFSETS:
            raise ValueError("X stands one to three times")
    for letter in letters:
        if letters.count(letter) > 1:
            raise ValueError(f"{'an offset' if letter == 'Z' else f'the letter {letter}'} stands in two places")
    for letter in "yMd":
        if letter not in letters:
            raise ValueError(f"the letter {letter} is missing: y, M and d make a day")


def _check_packed(packed: Sequence[Piece]) -> None:
    """Refuse numbers with nothing after them, where their digits do not say where they end.

    Raises:
        ValueError: which letter, and how many it needs.
    """
    for each in packed:
        if isinstance(each, Field) and each.count < _NUMBERS[each.letter][1]:
            needed = each.letter * _NUMBERS[each.letter][1]
            raise ValueError(f"{each.letter * each.count} right before another number: {needed} is needed there")


def _is_number(piece: Piece) -> bool:
    return isinstance(piece, Field) and not piece.offset


def _written(piece: Piece) -> str:
    """Return a piece of the template."""
    if isinstance(piece, str):
        return piece.replace("{", "{{").replace("}", "}}")
    return "{offset}" if piece.offset else f"{{{_NUMBERS[piece.letter][0]}:0{piece.count}d}}"


def _strict(piece: Piece, packed: Sequence[Piece]) -> str:
    if isinstance(piece, str):
        return re.escape(piece)
    if piece.offset:
        return _OFFSETS[piece.offset]
    most = piece.count if piece in packed else max(piece.count, _NUMBERS[piece.letter][2])
    return rf"(?P<{piece.letter}>\d{{{piece.count},{most}}})"


def _lenient(pieces: Sequence[Piece]) -> str:
    """Return how texts begin that ``SimpleDateFormat.parse`` takes: blanks and signs before numbers, any digits."""
    shape, before = "", 0
    for piece, following in pairwise((*pieces, "")):
        if isinstance(piece, str):
            shape += re.escape(piece)
        elif piece.offset:
            shape += "(?:[-+]|[A-Za-z]{2})" if piece.offset == "Z" else "[-+Z]"
        elif _is_number(following):
            before += piece.count
        else:
            shape += rf"[-+\s\d]{{{before + 1},}}" if before else r"\s*[-+]?\d+"
            before = 0
    return shape
