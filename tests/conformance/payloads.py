"""Values in the vendors' own spelling, and how to put them into an engine and look at them there, past the gateway."""

from __future__ import annotations

import json
from collections.abc import Generator
from typing import Any

from hypothesis import strategies as st

from gateway.model import jsontext
from gateway.model.jsontext import Number
from gateway.plan import VendorRequest, VendorResponse
from tests.conformance.subjects import Subject
from tests.conformance.values import trees

NAME = "payload"
_JSON = (("Content-Type", "application/json"), ("Accept", "application/json"))
_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
_loose = st.sampled_from(['{ "b" : 1.10 , "a":[ ] }', "[1, 2]", "5", '"x"', "{bad", "", '{"a":1,"a":2}'])
"""Texts as other clients write them. Not ``null``: to /v1 it is the same as no text."""
_info = {"objectTypeName": "java.util.LinkedHashMap", "serializationDataFormat": "application/json"}


def _typed(kind: str, values: st.SearchStrategy[Any], **more: Any) -> st.SearchStrategy[Any]:
    return st.one_of(st.none(), values).map(lambda value: {"type": kind, "value": value, **more})


_camunda7 = st.one_of(
    st.just({"type": "Null", "value": None}),
    _typed("Boolean", st.booleans()),
    _typed("Short", st.integers(-(1 << 15), (1 << 15) - 1)),
    _typed("Integer", st.integers(-(1 << 31), (1 << 31) - 1)),
    _typed("Long", st.integers(-(1 << 63), (1 << 63) - 1)),
    _typed("Double", st.one_of(st.floats(-1e300, 1e300).map(lambda n: n + 0.0), st.sampled_from(["NaN", "-Infinity"]))),
    _typed("String", _text),
    _typed("Date", st.sampled_from(["2026-03-01T09:30:00.123+0000", "0001-01-01T00:00:00.000+0000"])),
    _typed("Bytes", st.sampled_from(["", "AAEC"])),
    _typed(
        "Json",
        st.one_of(_loose, trees.filter(lambda tree: tree is not None).map(lambda tree: jsontext.write(tree).decode())),
    ),
    _typed("Xml", st.sampled_from(["<a/>", "<a>", '<?xml version="1.0"?><a b="c"/>'])),
    _typed("Object", _loose, valueInfo=_info),
    _typed("Object", _text, valueInfo=_info | {"serializationDataFormat": "application/xml"}),
)
_metadata = st.fixed_dictionaries({"objectID": st.uuids().map(str), "dirty": st.booleans(), "shared": st.just(False)})
_primitives = st.one_of(
    st.none(), st.booleans(), _text, st.sampled_from(["2026-03-01T09:30:00Z", "2026-03-01T09:30:00.5+01:00"]),
    st.one_of(st.integers().map(str), st.sampled_from(["1.10", "-0", "0.10000000000000000000001", "1e400"])).map(Number),
)  # fmt: skip
_ibm_bpm = st.recursive(
    _primitives,
    lambda inner: st.one_of(
        st.builds(
            lambda items, metadata: {"selected": [], "items": items, "@metadata": metadata},
            st.lists(inner, max_size=3),
            _metadata,
        ),
        st.builds(
            lambda fields, metadata, name: {**fields, "@metadata": {**metadata, "className": name}},
            st.dictionaries(st.sampled_from(["a", "b", "items", "selected"]), inner, max_size=3),
            _metadata,
            st.sampled_from(["Customer", "Position"]),
        ),
    ),
    max_leaves=8,
)
PAYLOADS = {"camunda7": _camunda7, "ibm_bpm": _ibm_bpm}


def put(subject: Subject, instance: str, payload: Any) -> bool:
    """Write a payload as it is; tell whether the engine took it."""
    vendor = subject.engine.vendor
    body = {"modifications": {NAME: payload}} if vendor == "camunda7" else {NAME: payload}
    path = ("process-instance" if vendor == "camunda7" else "process", instance, "variables")
    method = "POST" if vendor == "camunda7" else "PUT"
    written = json.dumps(body).encode() if vendor == "camunda7" else jsontext.write(body)
    request = VendorRequest(method=method, path=path, headers=_JSON, body=written, writes=True, idempotent=True)
    return bool(subject.carry_out(_exchanged(request)).status < 300)


def got(subject: Subject, instance: str) -> Any:
    """Return the payload as the engine shows it; None where there is none."""
    if subject.engine.vendor == "camunda7":
        path, query = ("process-instance", instance, "variables"), (("deserializeValues", "false"),)
    else:
        path, query = ("process", instance), (("parts", "data"),)
    request = VendorRequest(method="GET", path=path, query=query, headers=_JSON, writes=False, idempotent=True)
    tree = jsontext.parse(subject.carry_out(_exchanged(request)).content(), depth=500)
    return (tree if subject.engine.vendor == "camunda7" else tree["data"]["variables"]).get(NAME)


def _exchanged(request: VendorRequest) -> Generator[VendorRequest, VendorResponse, VendorResponse]:
    return (yield request)
