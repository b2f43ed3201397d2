"""The instance that demonstrations begin with: every type of variable once."""

from __future__ import annotations

from typing import Any

DEFINITION = "invoice"
VARIABLES: dict[str, dict[str, Any]] = {
    "amount": {"type": "Double", "value": 1250.5},
    "note": {"type": "String", "value": "please check"},
    "obsolete": {"type": "Boolean", "value": True},
    "approved": {"type": "Boolean", "value": False},
    "items": {"type": "Integer", "value": 3},
    "pages": {"type": "Short", "value": 2},
    "invoiceNumber": {"type": "Long", "value": 9007199254740993},
    "received": {"type": "Date", "value": "2026-03-01T09:30:00.000+0000"},
    "reviewer": {"type": "Null", "value": None},
    "customer": {"type": "Json", "value": '{"name":"Ada","tier":"gold","tags":["new","vip"]}'},
    "address": {
        "type": "Object",
        "value": '{"street":"Main St 1","city":"Bern"}',
        "valueInfo": {"objectTypeName": "java.util.LinkedHashMap", "serializationDataFormat": "application/json"},
    },
    "letter": {"type": "Xml", "value": "<letter>hello</letter>"},
    "seal": {"type": "Bytes", "value": "c2VhbA=="},
    "scan": {
        "type": "File",
        "value": "JVBERi0xLjcK",
        "valueInfo": {"filename": "invoice.pdf", "mimeType": "application/pdf"},
    },
}
