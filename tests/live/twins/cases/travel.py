"""The same bodies on other ways: in pieces, after a pause, without a length, over an older HTTP."""

from __future__ import annotations

from tests.live.twins.ask import Ask
from tests.live.twins.cases.bodies import UPLOADS
from tests.live.twins.cases.spelled import FORM, JSON, OF

_ONE = b'{"value":7}'
_TARGET = f"{OF}/variables/a"
_FORM_TARGET = f"{OF}/variables/u/data"

WAYS: dict[str, Ask] = {
    "no length": Ask("PUT", _TARGET, JSON),
    "no type, no length": Ask("PUT", _TARGET),
    "no type": Ask("PUT", _TARGET, (), _ONE),
    "chunks": Ask("PUT", _TARGET, JSON, _ONE, chunks=3),
    "chunks, none": Ask("PUT", _TARGET, JSON, b"", chunks=3),
    "chunks, 1 MB": Ask("PUT", _TARGET, JSON, b'{"value":"%b"}' % (b"c" * 1_000_000), chunks=65_536),
    "chunks, form": Ask("POST", _FORM_TARGET, FORM, UPLOADS["large"], chunks=8000),
    "expect": Ask("PUT", _TARGET, JSON, _ONE, waits=True),
    "expect, chunks": Ask("PUT", _TARGET, JSON, _ONE, waits=True, chunks=4),
    "expect, form": Ask("POST", _FORM_TARGET, FORM, UPLOADS["file"], waits=True),
    "if-match": Ask("PUT", _TARGET, (*JSON, ("If-Match", '"x"')), _ONE),
    "if-none-match": Ask("PUT", _TARGET, (*JSON, ("If-None-Match", "*")), _ONE),
    "content-encoding": Ask("PUT", _TARGET, (*JSON, ("Content-Encoding", "gzip")), _ONE),
    "override": Ask("PUT", _TARGET, (*JSON, ("X-HTTP-Method-Override", "DELETE")), _ONE),
    "http 1.0": Ask("PUT", _TARGET, JSON, _ONE, version="1.0"),
    "range": Ask("PUT", _TARGET, (*JSON, ("Content-Range", "bytes 0-3/4")), _ONE),
}
