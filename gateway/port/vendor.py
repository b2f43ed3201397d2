"""What an adapter package exports: its engine, its dialect, its settings, and a fake of the vendor's server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol

import msgspec

from gateway.plan import VendorRequest, VendorResponse
from gateway.port.dialect import Dialect
from gateway.port.engine import Engine


class Fake(Protocol):
    """An in-memory engine of a vendor: pure, shipped, kept true by live tests or recorded facts."""

    base_path: ClassVar[str]
    """Path below which a real server of this vendor serves its API, e.g. ``/rest``."""

    def answer(self, request: VendorRequest) -> VendorResponse:
        """Answer one request as a real server would; the body is always bytes."""
        ...

    def start(self, definition: str, variables: Mapping[str, Any], business_key: str | None = None) -> str:
        """Start an instance with vendor-shaped variables, and return its native id."""
        ...

    def showcase(self) -> str:
        """Start an instance that shows what the vendor can hold, for demonstrations, and return its native id.

        It has the variables ``amount`` (a number), ``note`` (a text) and ``obsolete``.
        """
        ...

    @staticmethod
    def example(instance: str) -> tuple[tuple[str, ...], str]:
        """Return path segments and query with which clients of this vendor read the variables of an instance."""
        ...


class Vendor(msgspec.Struct, frozen=True, kw_only=True):
    """What an adapter package exports as ``VENDOR``.

    Args:
        name: the word in ``vendor = "…"`` of the configuration.
        settings: struct of the keys that an engine of this vendor has besides the common ones; strict.
        engine: the engine class.
        fake: the class of its fake.
        dialect: its language towards callers.
        auth_kinds: values of ``auth.kind`` that it understands.
    """

    name: str
    settings: type[msgspec.Struct]
    engine: type[Engine]
    fake: type[Fake]
    dialect: type[Dialect]
    auth_kinds: frozenset[str]
