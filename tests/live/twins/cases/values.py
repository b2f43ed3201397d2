"""Values of every type, and names that are hard to carry."""

from __future__ import annotations

import base64

from tests.live.twins.cases.spelled import value

VALUES: dict[str, dict[str, object]] = {
    "integer": value(42, "Integer"),
    "short": value(-32768, "Short"),
    "long": value(9223372036854775807, "Long"),
    "double": value(1.5e300, "Double"),
    "boolean": value(True, "Boolean"),  # noqa: FBT003 - a value
    "none": value(None, "Null"),
    "string": value("plain", "String"),
    "empty": value("", "String"),
    "unicode": value("ä😀\u2028\n\"'\\</a>", "String"),
    "longest": value("x" * 4000, "String"),
    "date": value("2013-01-23T13:42:42.000+0000", "Date"),
    "json": value('{ "b": [1, 2.50], "a": "ü" }', "Json"),
    "xml": value("<a>ü</a>", "Xml"),
    "map": value(
        '{"a":1}', "Object", objectTypeName="java.util.LinkedHashMap", serializationDataFormat="application/json"
    ),
    "list": value(
        "[1,2]",
        "Object",
        objectTypeName="java.util.ArrayList<java.lang.Integer>",
        serializationDataFormat="application/json",
    ),
    "bytes": value(base64.b64encode(bytes(range(256))).decode(), "Bytes"),
    "file": value("aGVsbG8=", "File", filename="ä b.txt", mimetype="text/plain", encoding="UTF-8"),
    "bare": value("aGVsbG8=", "File", filename="a.bin"),
    "untyped": value(5),
    "transient": value(5, "Integer", transient=True),
}

ODD_NAMES = (
    "a b",
    "a+b",
    "50%",
    "é😀",
    "semi;colon",
    "a/b",
    "..",
    ".",
    "%2F",
    "a\\b",
    "a?b",
    "a#b",
    "a{b",
    '"',
    "",
    " ",
)

ODD_SEGMENTS = (
    *("a%20b", "a+b", "a%2Bb", "50%25", "50%", "%", "%zz", "%00", "%C3", "%C3%A9%F0%9F%98%80", "%FF"),
    *("semi;colon", "semi%3Bcolon", ";", ";a=b", "..", "%2e%2e", ".%2e", "%2E%2E", ".", "%2e", "..;", "..;/string"),
    *("a%2Fb", "a/b", "%2F", "%252F", "a%5Cb", "a\\b", "/string", "string/", "x/../string", "x/./string", "./string"),
    *("a{b", "a%7Bb", "a|b", "a^b", "a`b", '"', "%22", "<a>", "[a]", "'", "*", "a,b", "a=b", "a:b", "a@b", "a$b"),
    *("a!b", "(a)", "~a", "a&b", "a%3Fb", "a%23b", "a%0Ab", "a%0D%0Ab", "%20", "", "x" * 255, "x" * 256, "x" * 2000),
)
