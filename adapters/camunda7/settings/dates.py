"""Dates as one engine writes and reads them: moments to text and back, in its pattern and, without an offset, its zone.

A moment is written only if reading it back gives the same one, and a text is read only if it can mean one moment. So of
the hour that clocks go through twice, or skip, nothing is written and nothing is guessed.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec

from adapters.camunda7.settings.pattern import Pattern, understood
from gateway.errors import ValueNotRepresentable

_GAP = (datetime(1582, 10, 5), datetime(1582, 10, 15))  # noqa: DTZ001 - days of a calendar, not moments
"""Java's calendar goes from the 4th to the 15th; what is written in between comes back ten days later (seen live)."""
_FIRST_YEAR = 1900
"""Java knows no earlier changes of a zone's offset, Python does (seen on Java 17: Berlin in 1890)."""
_MOST_HOURS, _MOST_MINUTES = 23, 59
_GROUPS = ("y", "M", "d", "H", "m", "s", "S", "Z")


class Dates(msgspec.Struct, frozen=True):
    """The dates of one engine.

    Args:
        pattern: in which it writes them.
        zone: in which it writes them, where the pattern has no offset, or only its hours (``X``).
    """

    pattern: Pattern
    zone: ZoneInfo | None

    @property
    def unit_us(self) -> int:
        """Return the least difference between two dates, in microseconds: a millisecond or a second."""
        return 1000 if "S" in self.pattern.letters else 1_000_000

    def read(self, text: str) -> datetime | None:
        """Return the moment that a text names, in UTC; None where it does not fit the pattern, or could mean two.

        Raises:
            ValueError, OverflowError: it fits, and there is no such offset, or no such day from year 1 to 9999.
        """
        found = self.pattern.strict.fullmatch(text)
        if found is None:
            return None
        *numbers, offset = found.group(*_GROUPS)
        year, month, day, hour, minute, second, millis = (int(each or 0) for each in numbers)
        local = datetime(year, month, day, hour, minute, second, millis * 1000, UTC)
        if self.zone is None or offset == "Z":
            return local - _ahead(offset or "Z")
        return self._in_zone(local, offset)

    def _in_zone(self, local: datetime, hours: str | None) -> datetime | None:
        """Return the one moment at which clocks in the zone show this; ``hours`` of offset where they are told."""
        if local.year < _FIRST_YEAR:
            return None
        zoned = [local.replace(tzinfo=self.zone, fold=fold) for fold in (0, 1)]
        moments = {each.astimezone(UTC) for each in zoned if hours in {None, _hours(each)}}
        fitting = [each for each in moments if each.astimezone(self.zone).replace(tzinfo=UTC) == local]
        return fitting[0] if len(fitting) == 1 else None

    def write(self, moment: datetime) -> str:
        """Return a moment as the engine writes it; in UTC where the pattern has an offset.

        Raises:
            ValueNotRepresentable: reading the text would not give the moment again.
        """
        if moment.microsecond % self.unit_us:
            raise ValueNotRepresentable(self.too_fine)
        if _GAP[0] <= moment.replace(tzinfo=None) < _GAP[1]:
            raise ValueNotRepresentable("The engine's calendar leaves out 5 to 14 October 1582.")
        if self.pattern.short_year and moment.year < 100:  # noqa: PLR2004 - two digits
            raise ValueNotRepresentable("The engine reads years of two digits as years near today (`date_format`).")
        offset = self.pattern.offset
        text = self._text(moment, "+0000" if offset == "Z" else "Z")
        if not (offset and self.pattern.complete) and (text is None or self.read(text) != moment):
            raise ValueNotRepresentable(self._why())
        return text or ""

    @property
    def too_fine(self) -> str:
        """Return what is said of a moment with a part below the unit."""
        unit = "millisecond" if self.unit_us == 1000 else "second (`date_format`)"  # noqa: PLR2004 - microseconds
        return f"The engine keeps dates to the {unit}."

    def _text(self, moment: datetime, offset: str) -> str | None:
        try:
            local = moment if self.pattern.offset else moment.astimezone(self.zone)
        except OverflowError:
            return None
        return self.pattern.template.format(t=local, millis=local.microsecond // 1000, offset=offset)

    def _why(self) -> str:
        """Return why reading a moment would give another one."""
        if not self.pattern.letters >= set("Hms"):
            return "The engine's dates have no such part of a day (`date_format`)."
        return (
            "The engine's dates have no offset (`date_format`), so only dates from 1900 on can be told, and none of an "
            "hour that the clocks of `date_zone` go through twice."
        )


def _hours(local: datetime) -> str:
    """Return the hours of an offset, as ``X`` shows them; the minutes are left out."""
    ahead = local.utcoffset() or timedelta()
    return f"{'-' if ahead < timedelta() else '+'}{abs(ahead) // timedelta(hours=1):02d}"


def _ahead(offset: str) -> timedelta:
    """Return how far an offset is ahead of UTC.

    Raises:
        ValueError: it has more than 23 hours or 59 minutes, which Java does not read.
    """
    if offset == "Z":
        return timedelta()
    digits = offset[1:].replace(":", "")
    hours, minutes = int(digits[:2]), int(digits[2:])
    if hours > _MOST_HOURS or minutes > _MOST_MINUTES:
        raise ValueError("no such offset")
    ahead = timedelta(hours=hours, minutes=minutes)
    return -ahead if offset[0] == "-" else ahead


@lru_cache(maxsize=256)  # one an engine; understood when the configuration is read, looked up with each date
def dates(date_format: str, date_zone: str) -> Dates:
    """Return the dates of an engine by its settings.

    Raises:
        ValueError: naming the setting, and what is wrong with it.
    """
    try:
        pattern = understood(date_format)
    except ValueError as error:
        raise ValueError(f"date_format: {error}") from error
    if pattern.offset not in {"", "X1"}:
        if date_zone:
            raise ValueError("date_zone: `date_format` has an offset, which says it already")
        return Dates(pattern, None)
    if not date_zone:
        lacks = "hours of the offset only" if pattern.offset else "no offset"
        raise ValueError(
            f"date_zone: `date_format` has {lacks}, so the zone in which the engine writes dates must be named, "
            'as in "Europe/Berlin"'
        )
    return Dates(pattern, _zone(date_zone))


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(
            "date_zone: no time zone of this name is known here; names are IANA's, as Europe/Berlin (on a machine "
            "without time-zone data, install the package tzdata)"
        ) from error
