"""The plain mapping of JSON to XML: what each kind of node becomes, and that nothing of it is lost."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.ibm_bpm.dialect.xml import element_name, element_text, success_document

NIL = {"{http://www.w3.org/2001/XMLSchema-instance}nil": "true"}
CODE = re.compile("_x([0-9A-F]{4}|[0-9A-F]{8}|)_")
TEXTS = st.text(st.one_of(st.characters(codec="utf-8"), st.sampled_from("_x0041_x005F_@\x00\r\n\ufffe<&> 😀")))


def decoded(text: str) -> str:
    """A name or text as it was, from how the module's docstring says that it is written."""
    return CODE.sub(lambda found: chr(int(found.group(1), 16)) if found.group(1) else "", text)


def test_each_kind_of_node_has_its_own_form() -> None:
    body = (
        b'{"a":null,"b":true,"c":1.10,"d":"<x> & \\r\\n","e":[],"f":[1,null,{"g":2}],"h":[[1,2],[]],"i":{},'
        b'"@metadata":{"className":"A"}}'
    )
    assert success_document(body).decode() == (
        '<?xml version="1.0" encoding="UTF-8"?><response xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        '<a xsi:nil="true"/><b>true</b><c>1.10</c><d>&lt;x&gt; &amp; &#13;\n</d><f>1</f><f xsi:nil="true"/>'
        "<f><g>2</g></f><h><item>1</item><item>2</item></h><h></h><i></i>"
        "<_x0040_metadata><className>A</className></_x0040_metadata></response>"
    )


@pytest.mark.parametrize(
    ("name", "element"),
    [
        ("@metadata", "_x0040_metadata"), ("a b", "a_x0020_b"), ("1st", "_x0031_st"), ("", "_x_"), ("a:b", "a_x003A_b"),
        ("größe", "größe"), ("x1.2-3_4", "x1.2-3_4"), ("😀", "_x0001F600_"), ("_x0041_", "_x005F_x0041_"),
        ("\0", "_x0000_"), ("_x0041:", "_x005F_x0041_x003A_"), ("pos_x", "pos_x"),
    ],
    ids=[
        "at", "blank", "digit first", "empty", "colon", "Latin letters", "all that is plain", "beyond 16 bits", "a code",
        "control", "start of a code", "underscore and x",
    ],
)  # fmt: skip
def test_name_of_a_member_is_the_name_of_an_element(name: str, element: str) -> None:
    assert element_name(name) == element


@given(TEXTS)
def test_every_name_is_an_element_and_can_be_had_back(name: str) -> None:
    element = element_name(name)
    assert ET.fromstring(f"<{element}/>").tag == element
    assert decoded(element) == name


@given(TEXTS)
def test_every_text_is_content_and_can_be_had_back(text: str) -> None:
    assert decoded(ET.fromstring(f"<a>{element_text(text)}</a>").text or "") == text


@pytest.mark.parametrize("levels", [500], ids=["deeper than calls nest"])
def test_deep_answer_is_written(levels: int) -> None:
    deep = b'{"a":' * levels + b'"x"' + b"}" * levels
    assert success_document(deep).count(b"<a>") == levels


def test_null_is_an_empty_element_that_says_so() -> None:
    root = ET.fromstring(success_document(b'{"data":{"a":null}}'))
    null = root[0][0]
    assert (null.tag, null.attrib, null.text) == ("a", NIL, None)
