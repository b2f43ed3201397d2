"""Date-times as ``/v1`` reads and writes them: RFC 3339, kept as the instant they name."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

from gateway.errors import ValueInvalid, ValueNotRepresentable

_DATE = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:([Zz])|([+-])(\d\d):([0-5]\d))\Z", re.ASCII
)


def instant(text: str) -> datetime:
    """Return the moment that an RFC 3339 date-time names, in UTC.

    Raises:
        ValueInvalid: not RFC 3339, no such day or time, a leap second, before year 1 or after 9999 in UTC.
        ValueNotRepresentable: finer than microseconds.
    """
    found = _DATE.match(text)
    if not found:
        raise ValueInvalid("A date-time is written as RFC 3339 says, with an offset or Z: `2016-01-25T00:00:00Z`.")
    year, month, day, hour, minute, second, fraction, _zulu, sign, off_hour, off_minute = found.groups()
    if second == "60":
        raise ValueInvalid("A leap second has no place in any engine's time; give the second before or after it.")
    digits = (fraction or "").rstrip("0")
    if len(digits) > 6:  # noqa: PLR2004 - microseconds
        raise ValueNotRepresentable("A date-time is kept to the microsecond at most.")
    try:
        offset = timedelta(hours=int(off_hour or 0), minutes=int(off_minute or 0))
        zone = timezone(-offset if sign == "-" else offset)
        micros = int(digits.ljust(6, "0"))
        local = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second), micros, zone)
        return local.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueInvalid("There is no such date or time.") from error


def instant_text(moment: datetime) -> str:
    """Return a moment as ``/v1`` writes it: UTC, ``Z``, at least milliseconds."""
    moment = moment.astimezone(UTC)
    micros = f"{moment.microsecond:06d}"
    fraction = micros if micros[3:] != "000" else micros[:3]
    return f"{moment.year:04d}-{moment:%m-%dT%H:%M:%S}.{fraction}Z"
