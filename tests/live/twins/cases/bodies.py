"""Bodies of writes: single values, forms, media types, and the ways in which a body travels."""

from __future__ import annotations

from tests.live.twins.cases.spelled import ALL_BYTES, END, part

PUT_BODIES: tuple[object, ...] = (
    *({}, {"value": None}, {"value": 1, "type": "Nope"}, {"value": 1, "type": ""}, {"value": "1", "type": "Integer"}),
    *({"value": "1abc", "type": "Integer"}, {"value": 1 << 31, "type": "Integer"}, {"value": 42.0, "type": "Integer"}),
    *({"value": 1, "type": "Boolean"}, {"value": "2013-01-23", "type": "Date"}, {"value": "aGVsbG8", "type": "Bytes"}),
    *({"value": {"a": 1}}, {"value": [1, "x"]}, {"value": "x" * 4001}, {"value": "{}", "type": "Object"}),
    *(
        {"value": "{bad", "type": "Json"},
        {"value": "<a", "type": "Xml"},
        {"value": 1, "unknown": 2},
        {"value": 1, "local": True},
    ),
    *([], "text", 5, None, True, {"value": 1, "valueInfo": 5}, {"value": 1, "valueInfo": None}, {"value": 1 << 70}),
    *(b"", b" ", b"garbage", b"{", b'{"value":1}}', b'{"value":1,}', b"{'value':1}", b'{"value":1,"value":2}', b"{}{}"),
    *(
        b'\xef\xbb\xbf{"value":1}',
        b'{"value":NaN}',
        b'{"value":Infinity}',
        b'{"value":01}',
        b'{"value":"\xff"}',
        b"\x00",
    ),
    *(
        '{"value":"ä"}'.encode("latin-1"),
        '{"value":"ä"}'.encode("utf-16"),
        b'{"value":"\\ud800"}',
        b'{"value":"\\u0000"}',
    ),
    *(
        b"[" * 2000,
        b'{"value":"' + b"y" * 100_000 + b'"}',
        b'{"value":' + b"9" * 400 + b"}",
        b'{"value":1}\n\n',
        b"//x\n{}",
    ),
)

CONTENT_TYPES = (
    *(
        "application/json;charset=utf-8",
        "application/json; charset=iso-8859-1",
        "application/JSON",
        "text/plain",
        "nonsense",
    ),
    *("application/merge-patch+json", "application/x-www-form-urlencoded", "multipart/form-data", "", "application/*"),
    *("application/vnd.x+json", "application/json, text/plain", "application/xml", "*/*"),
)

METHODS = ("HEAD", "OPTIONS", "PATCH", "TRACE", "PROPFIND", "LINK", "POST", "PUT", "DELETE")

METHOD_TARGETS = (
    *(
        "/process-instance/@instance@/variables",
        "/process-instance/@instance@/variables/a",
        "/process-instance/@instance@",
    ),
    *("/process-instance", "/variable-instance", "/engine", "/nope", "/task/@task@/complete", "/message", ""),
)

UPLOADS: dict[str, bytes] = {
    "bytes": part("data", ALL_BYTES, kind="application/octet-stream")
    + part("valueType", b"Bytes", kind="text/plain")
    + END,
    "file": part("data", ALL_BYTES * 100, filename="ä b.bin", kind="application/pdf")
    + part("valueType", b"File")
    + END,
    "file-encoded": part("data", b"hi", filename="a.txt", kind="text/plain; encoding=UTF-8")
    + part("valueType", b"File")
    + END,
    "file-empty": part("data", b"", filename="a.txt", kind="text/plain") + part("valueType", b"File") + END,
    "no-type": part("data", b"hi", filename="a.txt", kind="text/plain") + END,
    "type-first": part("valueType", b"File") + part("data", b"hi", filename="a.txt") + END,
    "wrong-word": part("data", b"hi") + part("variableType", b"Bytes") + END,
    "wrong-type": part("data", b"hi") + part("valueType", b"String") + END,
    "deprecated": part("data", b'{"a":1}', kind="application/json") + part("type", b"java.util.LinkedHashMap") + END,
    "no-data": part("valueType", b"Bytes") + END,
    "no-end": part("data", b"hi") + part("valueType", b"Bytes"),
    "empty": b"",
    "only-end": END,
    "large": part("data", b"z" * 1_500_000, filename="z.bin") + part("valueType", b"File") + END,
}
