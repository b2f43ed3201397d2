"""Headers that callers send with a read."""

from __future__ import annotations

from tests.live.twins.ask import Headers

READ_HEADERS: tuple[Headers, ...] = (
    *(
        (("Accept", accept),)
        for accept in ("*/*", "application/json", "application/hal+json", "text/html", "text/plain")
    ),
    *(
        (("Accept", accept),)
        for accept in ("", "nonsense", "application/json;q=0", "application/*;q=0.1", "image/png, */*")
    ),
    *((("Accept-Encoding", coding),) for coding in ("gzip", "gzip, deflate, br", "identity;q=0", "*", "")),
    *((("If-None-Match", tag),) for tag in ("*", '"x"', 'W/"x"')),
    *((("If-Match", tag),) for tag in ("*", '"x"')),
    (("If-Modified-Since", "Mon, 01 Jan 2035 00:00:00 GMT"),),
    (("If-Unmodified-Since", "Mon, 01 Jan 1990 00:00:00 GMT"),),
    *((("Range", span),) for span in ("bytes=0-3", "bytes=-2", "bytes=999999-", "nonsense=1")),
    (("Range", "bytes=0-3"), ("If-Range", '"x"')),
    (("Accept-Language", "de, en;q=0.5"),),
    (("Accept-Charset", "iso-8859-1"),),
    (("Authorization", "Basic eDp5"),),
    (("Authorization", "Bearer nonsense"),),
    (("Cookie", "JSESSIONID=nope; a=b"),),
    (("Origin", "https://elsewhere.example"),),
    (("X-Requested-With", "XMLHttpRequest"), ("X-CSRF-Token", "1")),
    (("X-HTTP-Method-Override", "DELETE"),),
    (("X-Forwarded-Host", "h.example"), ("X-Forwarded-Proto", "https"), ("X-Forwarded-Prefix", "/p")),
    (("Via", "1.0 before"), ("Forwarded", "for=1.2.3.4;proto=https")),
    (("Connection", "close"),),
    (("Connection", "keep-alive, X-Named"), ("X-Named", "1")),
    (("TE", "trailers"), ("Keep-Alive", "timeout=5")),
    (("X-Request-Id", "mine-1"),),
    (("X-Twice", "1"), ("X-Twice", "2")),
    (("X-Empty", ""), ("X-Latin", "\udce4\udcf6"), ("X-Utf8", "ä😀"), ("x-LOWER", " spaced\t ")),
    (("Content-Type", "application/json"),),
    (("Content-Length", "0"),),
    (("Max-Forwards", "0"), ("Cache-Control", "no-cache, no-store"), ("Pragma", "no-cache")),
    (("Host", "gateway.example"),),
    (("Host", "gateway.example:8443"),),
    (("Host", "[::1]:80"),),
    (("X-Big", "x" * 4000),),
    (("Upgrade-Insecure-Requests", "1"), ("Sec-Fetch-Mode", "cors")),
)
