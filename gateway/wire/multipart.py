"""multipart/form-data as bytes and streams; names and file names can never break out of their quotes (WHATWG rules)."""

from __future__ import annotations

import os
from collections.abc import AsyncIterable, AsyncIterator, Mapping

from gateway.errors import InvalidRequest
from gateway.plan import Multipart, Part, Stream

_ESCAPES = str.maketrans({"\r": "%0D", "\n": "%0A", '"': "%22"})


def boundary() -> str:
    """Give a boundary that nobody can guess, so no content can contain it on purpose."""
    return "varbridge-" + os.urandom(16).hex()


def _head(part: Part, mark: str) -> bytes:
    disposition = f'form-data; name="{part.name.translate(_ESCAPES)}"'
    if part.filename is not None:
        disposition += f'; filename="{part.filename.translate(_ESCAPES)}"'
    lines = [f"--{mark}", f"Content-Disposition: {disposition}"]
    if part.content_type is not None:
        if not part.content_type.isprintable():
            raise InvalidRequest("A media type has control characters.")
        lines.append(f"Content-Type: {part.content_type}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


async def encoded(body: Multipart, mark: str, streams: Mapping[str, AsyncIterable[bytes]]) -> AsyncIterator[bytes]:
    """Give the body piece by piece; a stream's bytes pass as they come."""
    for part in body.parts:
        yield _head(part, mark)
        if isinstance(part.content, Stream):
            async for chunk in streams[part.content.token]:
                yield chunk
        else:
            yield part.content
        yield b"\r\n"
    yield f"--{mark}--\r\n".encode()
