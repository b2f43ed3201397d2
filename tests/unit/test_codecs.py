"""Every codec on random bytes and on recorded answers with bytes changed: no exception but the documented ones."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters import ibm_bpm
from adapters.camunda7 import faults as camunda_faults
from adapters.camunda7 import values as camunda_values
from adapters.camunda7 import wire as camunda_wire
from adapters.camunda7.settings import Settings as CamundaSettings
from adapters.ibm_bpm import faults as ibm_faults
from adapters.ibm_bpm import wire as ibm_wire
from adapters.ibm_bpm.fake.showcase import VARIABLES
from adapters.ibm_bpm.settings import Settings as IbmSettings
from adapters.ibm_bpm.values import decode as ibm_decode
from adapters.ibm_bpm.values import encode as ibm_encode
from adapters.ibm_bpm.values.declared import types_in
from adapters.ibm_bpm.values.decode import variable_of
from adapters.ibm_bpm.values.encode import place
from adapters.ibm_bpm.values.stored import parse, stored_in
from gateway.errors import EngineMisbehaved, InvalidJson, PayloadTooLarge, VarbridgeError
from gateway.model import jsontext
from gateway.model.commands import ListVariables
from gateway.model.values import Value, check_value, infer_type, instant
from gateway.plan import VendorResponse
from gateway.port import Credentials
from tests.conformance.values import trees
from tests.recordings.replay import load
from tests.unit.scripts import played

SAMPLES = [
    *(
        answer.body.encode() if isinstance(answer.body, str) else answer.body
        for each in load("camunda7-7.24.jsonl")
        for answer in each.answers
        if answer.body
    ),
    json.dumps({"status": "200", "data": {"piid": "1", "state": "STATE_RUNNING", "variables": VARIABLES}}).encode(),
    b'{"status":"error","Data":{"status":"error","errorNumber":"CWTBG0059E","errorMessageParameters":["1"]}}',
    b"<RestRuntimeException><Data><errorNumber>CWTBG0019E</errorNumber></Data></RestRuntimeException>",
    b'{"status":"200","data":{"map":null /* ERROR: java.util.HashMap */}}',
]
"""What engines have answered."""


@st.composite
def _mutated(draw: st.DrawFn) -> bytes:
    """A recorded answer with a few bytes changed, cut or put in."""
    sample = bytearray(draw(st.sampled_from(SAMPLES)))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(sample)))
        piece = draw(
            st.one_of(st.binary(max_size=3), st.sampled_from([b'"', b"{", b"]", b"\\ud800", b"1e9", b"<", b"&"]))
        )
        sample[at : at + draw(st.integers(0, 6))] = piece
    return bytes(sample)


bodies = st.one_of(st.binary(max_size=60), _mutated(), trees.map(jsontext.write))
texts = bodies.map(lambda body: body.decode("utf-8", "surrogatepass" if body.isascii() else "replace"))
many = settings(max_examples=250, deadline=None, derandomize=True)


def documented(work: Callable[[], Any]) -> Any:
    """What work gives; None where it fails as documented."""
    with contextlib.suppress(VarbridgeError):
        return work()
    return None


@many
@given(body=bodies)
def test_json_text_of_any_bytes_is_a_tree_or_a_refusal(body: bytes) -> None:
    tree = documented(lambda: jsontext.parse(body))
    if tree is not None:
        assert jsontext.parse(jsontext.write(tree)) == tree
    assert jsontext.readable(body.decode("utf-8", "replace")) in {True, False}


_kinds = st.sampled_from(
    [None, "null", "boolean", "integer", "number", "string", "date-time", "bytes", "file", "json", "object", "list",
     "xml", "opaque", "Integer", "Double", "Date", "nonsense"]
)  # fmt: skip
_lexemes = st.sampled_from(
    ["0", "-0", "5", "-32769", "2147483648", "9223372036854775808", "1.10", "1e400", "-1E-400", "0.1000000000000000001",
     "1" * 1001, '"NaN"', '"-Infinity"', '"nan"', '"AAEC"', '"AAE"', '"<a/>"', '"<a>"', '"2026-03-01T09:30:00Z"',
     '"0001-01-01T00:00:00+01:00"', '"9999-12-31T23:59:59.999999-00:01"', '"2016-12-31T23:59:60Z"', '"1582-10-10T00:00:00Z"',
     '"2026-02-30T00:00:00Z"', '"2026-03-01T09:30:00.1234567Z"', '"2026-03-01T09:30:00+99:99"']
)  # fmt: skip
_raws = st.one_of(trees.map(jsontext.write), texts.map(msgspec.json.encode), _lexemes.map(str.encode))
loose = st.builds(
    lambda kind, text, form, name, serial: Value(
        type=kind, format=form, value=msgspec.Raw(text), filename=name, class_name=name, serialization=serial
    ),
    _kinds,
    _raws,
    st.sampled_from([None, "int32", "int64", "double", "decimal"]),
    st.sampled_from([None, None, "a"]),
    st.sampled_from([None, None, "application/json", "application/xml", "application/x-java-serialized-object"]),
)
LAX = (
    CamundaSettings(decimals="double", fractions="truncate"),
    IbmSettings(int64="string", fractions="truncate", binary="envelope", types={"v": "date-time"}),
)


@many
@given(value=loose)
def test_any_value_is_encoded_or_refused_and_decoded_again(value: Value) -> None:
    documented(lambda: infer_type(value.text))
    fit = documented(lambda: check_value(value, "/v"))
    if fit is None:
        return
    for camunda, ibm in ((CamundaSettings(), IbmSettings()), LAX):
        sent = documented(lambda camunda=camunda: camunda_values.encode("v", fit, camunda, "/v"))
        if sent is not None:
            wire, _ = sent
            camunda_values.decode(camunda_wire.value_decoder.decode(camunda_wire.encoder.encode(wire)), camunda)
        encoded = documented(lambda ibm=ibm: ibm_encode("v", fit, ibm, "/v"))
        if encoded is not None:
            sent = jsontext.write({"v": place("v", encoded, None, ibm)})
            ibm_decode("v", stored_in("claims", sent), ibm)


@many
@given(text=texts)
def test_any_text_is_a_moment_or_none(text: str) -> None:
    documented(lambda: instant(text))


@many
@given(body=bodies, status=st.sampled_from([200, 204, 400, 401, 404, 409, 500, 503]))
def test_any_answer_of_a_camunda_engine_is_read_or_is_an_error(body: bytes, status: int) -> None:
    answer = VendorResponse(status, (("content-type", "application/json"),), body)
    for decoder in (
        camunda_wire.value_decoder, camunda_wire.rows_decoder, camunda_wire.instance_decoder,
        camunda_wire.instances_decoder, camunda_wire.owned_decoder, camunda_wire.past_decoder,
    ):  # fmt: skip
        documented(lambda decoder=decoder: camunda_wire.decode_body(decoder, answer, "hr"))
    for row in documented(lambda: camunda_wire.decode_body(camunda_wire.rows_decoder, answer, "hr")) or ():
        camunda_values.decode(row, CamundaSettings())
    value = documented(lambda: camunda_wire.decode_body(camunda_wire.value_decoder, answer, "hr"))
    if value is not None:
        camunda_values.decode(value, CamundaSettings())
    assert isinstance(camunda_faults.translate("hr", answer, writes=True), VarbridgeError)


@many
@given(body=bodies, status=st.sampled_from([200, 400, 401, 404, 409, 500, 503]), xml=st.booleans())
def test_any_answer_of_an_ibm_server_is_read_or_is_an_error(body: bytes, status: int, xml: bool) -> None:
    kind = "application/xml" if xml else "application/json"
    answer = VendorResponse(status, (("content-type", kind),), body)
    assert isinstance(ibm_faults.translate("claims", answer, "write"), VarbridgeError | None)
    ibm_wire.error_in(answer)
    wire = documented(lambda: ibm_faults.data_of("claims", answer, "read", ibm_wire.DETAILS))
    if wire is None:
        return
    with contextlib.suppress(InvalidJson, PayloadTooLarge):
        types_in(parse(bytes(wire.variables)))
    stored = documented(lambda: stored_in("claims", bytes(wire.variables)))
    for name in stored or ():
        for metadata in ("graft", "as_given"):
            variable_of(name, stored, IbmSettings(metadata=metadata, types={name: "date-time"}))


def test_object_that_was_deserialized_after_all_is_opaque() -> None:
    info = {"objectTypeName": "java.util.ArrayList", "serializationDataFormat": "application/json"}
    wire = camunda_wire.WireValue(type="Object", value=msgspec.Raw(b"[1,2.5]"), valueInfo=info)
    found = camunda_values.decode(wire, CamundaSettings())
    assert (found.type, found.text, found.class_name) == ("opaque", b"[1,2.5]", "java.util.ArrayList")


def test_answer_that_is_no_utf8_is_misbehaviour_and_no_crash() -> None:
    cut = VendorResponse(200, (("content-type", "application/json"),), b'{"status":"200","data":{"variables":"\x80"}}')
    engine = ibm_bpm.VENDOR.engine("claims", IbmSettings(), Credentials())
    with pytest.raises(EngineMisbehaved):
        played(engine.list_variables(ListVariables(instance="1")), cut)
    assert ibm_wire.error_in(cut) is None
