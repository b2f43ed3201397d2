"""The instance that demonstrations begin with: nested business objects, lists, ``@metadata``."""

from __future__ import annotations

from typing import Any


def _metadata(class_name: str | None = None) -> dict[str, Any]:
    shared: dict[str, Any] = {"dirty": True, "invalid": False, "shared": False}
    if class_name is None:
        return shared
    return shared | {"rootVersionContextID": "2064.5c4b0d7f-0a52-4c1c-9d5e-0b7a3f1e2d3cT", "className": class_name}


def _list(*items: Any) -> dict[str, Any]:
    return {"selected": [], "items": list(items), "@metadata": _metadata()}


def _position(text: str, price: float) -> dict[str, Any]:
    return {"text": text, "price": price, "@metadata": _metadata("Position")}


DEFINITION = "Claim"
VARIABLES: dict[str, Any] = {
    "amount": 1250.5,
    "note": "please check",
    "obsolete": True,
    "approved": False,
    "pages": 3,
    "received": "2026-03-01T09:30:00Z",
    "customer": {
        "name": "Ada",
        "tier": "gold",
        "address": {"street": "Main St 1", "city": "Bern", "@metadata": _metadata("Address")},
        "tags": _list("new", "vip"),
        "@metadata": _metadata("Customer"),
    },
    "positions": _list(_position("windscreen", 820.0), _position("labour", 430.5)),
}
