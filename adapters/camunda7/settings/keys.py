"""The keys of a Camunda 7-family engine."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from adapters.camunda7.settings.dates import Dates, dates


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Keys of ``[engines.NAME]`` for ``vendor = "camunda7"``.

    Args:
        keep_type: a value without a type keeps the stored one where it fits (the engine alone would turn a Long into an
            Integer); costs one read when such a value is written, but none for null, true and false alone.
        string_length: UTF-16 units of a String; 4000 is the column's width, Oracle has 2000.
        date_format: the pattern of Jackson's setting on the engine; ``SSSZ`` and ``SSSXX`` are short for the ones that
            engines have where nobody changes it (``SSSXX``: Fluxnova 3).
        date_zone: IANA name of the zone in which the engine writes dates; only where the pattern has no full offset.
        decimals: a decimal that no double holds: refuse, or the nearest double (rule ``decimal-to-double``).
        fractions: a date-time finer than milliseconds: refuse, or cut it (rule ``date-truncated-to-milliseconds``).
        xml: what an ``xml`` value becomes: ``Xml`` needs Spin's XML data format on the engine; ``refuse``.
        json: what a ``json`` value becomes: ``Json`` needs the Spin plugin; ``Object`` does without; ``refuse``.
        object_class: Java class of an object that names none.
        list_class: Java class of an array that is stored as an Object and names none.
        page_size: rows asked for at a time; below the engine's ``queryMaxResultsLimit`` where it has one;
            at least 2, since every page of a query begins with a row of the one before.
    """

    keep_type: bool = True
    string_length: Annotated[int, msgspec.Meta(ge=1)] = 4000
    date_format: str = "SSSZ"
    date_zone: str = ""
    decimals: Literal["refuse", "double"] = "refuse"
    fractions: Literal["refuse", "truncate"] = "refuse"
    xml: Literal["Xml", "refuse"] = "Xml"
    json: Literal["Json", "Object", "refuse"] = "Json"
    object_class: str = "java.util.LinkedHashMap"
    list_class: str = "java.util.ArrayList"
    page_size: Annotated[int, msgspec.Meta(ge=2)] = 1000

    def __post_init__(self) -> None:
        """Refuse a date format that cannot be carried out, while the configuration is read.

        Raises:
            ValueError: naming the setting.
        """
        _ = self.dates

    @property
    def dates(self) -> Dates:
        """Return how the engine writes and reads dates."""
        return dates(self.date_format, self.date_zone)
