"""What is told by table is what is told at length: values of complete types, spellings, and places of paths."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.camunda7.settings import Settings
from adapters.camunda7.values import encode, plain
from adapters.camunda7.values.encode import _encoded, _softened, check_name
from adapters.ibm_bpm.settings import Settings as IbmSettings
from adapters.ibm_bpm.values import encode as ibm_encode
from gateway.errors import MethodNotAllowed, RouteNotFound, ValueInvalid, VarbridgeError
from gateway.model.values import FORMATS, SYNONYMS, TYPES, Value, check_value, json_text
from gateway.model.values.check import _check_at_length
from gateway.web.v1.routes import PAGES, ROUTES, TREE

LENGTH = 12
"""Of strings, so that every sort of character stands on both sides of it."""
WRITTEN = (
    b"", b"null", b"true", b"9999", b"-9999", b"32768", b"-32769", b"999999999", b"2147483648", b"-2147483648",
    b"999999999999999999", b"9223372036854775808", b"1.0", b"1.10", b"1e400", b"0.12345678901234567890", b'"NaN"',
    b'"\\ud800"', b'"AAEC"', b'"<a/>"', b"[1]", b"{}", b'"2024-01-02T03:04:05.678Z"', b'"2024-01-02T03:04:05.678901Z"',
)  # fmt: skip
TEXTS = st.sampled_from(WRITTEN) | st.text('a\xe9\U0001f600"\\\n', max_size=LENGTH + 2).map(
    lambda x: bytes(json_text(x))
)
FORMS = (None, "x", *(form for forms in FORMATS.values() for form in forms))


@st.composite
def values(draw: st.DrawFn) -> Value:
    more = draw(st.sampled_from([{}, {}, {"transient": True}, {"filename": "f"}, {"class_name": "C"}]))
    kind = draw(st.sampled_from([None, "nope", *TYPES, *SYNONYMS]))
    return Value(type=kind, format=draw(st.sampled_from(FORMS)), value=msgspec.Raw(draw(TEXTS)), **more)


def told(work: Any, *arguments: Any) -> Any:
    """Return what comes, or what is said against it."""
    try:
        return work(*arguments)
    except VarbridgeError as error:
        return type(error), error.detail


@given(values())
def test_value_is_checked_as_it_is_at_length(value: Value) -> None:
    assert told(check_value, value) == told(_check_at_length, value)


def at_length(name: str, value: Value, settings: Settings) -> Any:
    check_name(name)
    fitting, rule = _softened(value, settings)
    return _encoded(fitting, settings), rule


@given(values())
def test_scalar_that_goes_out_as_it_came_is_spelled_as_it_is_at_length(value: Value) -> None:
    wired = plain(value, LENGTH)
    if wired is not None:
        assert (_check_at_length(value), at_length("n", value, Settings(string_length=LENGTH))) == (
            value,
            (wired, None),
        )


def test_scalars_do_go_out_as_they_came() -> None:
    scalars = [
        ("boolean", None, b"true"),
        ("integer", "int64", b"-5"),
        ("number", "double", b"1.5"),
        ("string", None, b'"x"'),
    ]
    found = [plain(Value(type=kind, format=form, value=msgspec.Raw(raw)), LENGTH) for kind, form, raw in scalars]
    assert [each and (each.type, bytes(each.value)) for each in found] == [
        ("Boolean", b"true"), ("Long", b"-5"), ("Double", b"1.5"), ("String", b'"x"'),
    ]  # fmt: skip


@given(st.sampled_from(["n", "x" * 255, "x" * 256]), values())
def test_value_is_spelled_as_it_is_at_length(name: str, value: Value) -> None:
    settings = Settings(string_length=LENGTH)
    good = told(check_value, value)
    if isinstance(good, Value):
        assert told(encode, name, good, settings, "/p") == told(at_length, name, good, settings)


@given(values())
def test_value_that_is_checked_is_spelled_or_refused_by_every_vendor(value: Value) -> None:
    good = told(check_value, value)
    if isinstance(good, Value):
        _ = told(encode, "n", good, Settings(), "/p"), told(ibm_encode, "n", good, IbmSettings(), "/p")


@pytest.mark.parametrize("text", [b"null", b'"x"'])
def test_opaque_value_is_not_written_even_as_null(text: bytes) -> None:
    with pytest.raises(ValueInvalid):
        check_value(Value(type="opaque", value=msgspec.Raw(text)))


def one_by_one(method: str, segments: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """Find a route by looking at each: the first whose words are those of the path."""
    for route in (*ROUTES, *PAGES):
        parts = route.template[1:].split("/")
        pairs = list(zip(parts, segments, strict=False))
        if len(parts) == len(segments) and all(part == each for part, each in pairs if part[:1] != "{"):
            params = tuple(each for part, each in pairs if part[:1] == "{")
            methods = {each.method for each in (*ROUTES, *PAGES) if each.template == route.template}
            if not all(params):
                break
            if {"HEAD": "GET"}.get(method, method) not in methods:
                raise MethodNotAllowed
            return route.template, params
    raise RouteNotFound


def in_the_tree(method: str, segments: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    route, params = TREE.find(method, segments)
    return route.template, params


WORDS = sorted({part for route in (*ROUTES, *PAGES) for part in route.template[1:].split("/")} | {"", "x", "..", "V1"})


@st.composite
def paths(draw: st.DrawFn) -> tuple[str, ...]:
    """Return the path of a route with some of its parts, mostly its parameters, in other words."""
    parts = draw(st.sampled_from(ROUTES + PAGES)).template[1:].split("/")
    path = [draw(st.sampled_from([*WORDS, *[part] * (1 if part[:1] == "{" else 200)])) for part in parts]
    return tuple(path + draw(st.lists(st.sampled_from(WORDS), max_size=1)))


@given(st.sampled_from(["GET", "HEAD", "PUT", "PATCH", "POST", "DELETE"]), paths())
def test_path_leads_where_a_look_at_each_route_leads(method: str, path: tuple[str, ...]) -> None:
    assert found(in_the_tree, method, path) == found(one_by_one, method, path)


def found(work: Any, method: str, path: tuple[str, ...]) -> Any:
    """Return the route and the parameters that are found, or the kind of error; its words are the tree's alone."""
    answer = told(work, method, path)
    return answer if isinstance(answer[0], str) else answer[0]
