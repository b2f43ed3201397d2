"""multipart/form-data as bytes and streams; names and file names can never break out of their quotes (WHATWG rules)."""

from __future__ import annotations

import os
from collections.abc import AsyncIterable, AsyncIterator, Iterator, Mapping

from gateway.errors import InvalidRequest
from gateway.plan import Multipart, Part, Stream

_ESCAPES = str.maketrans({"\r": "%0D", "\n": "%0A", '"': "%22"})


def make_boundary() -> str:
    """Return a boundary that nobody can guess, so no content can contain it on purpose."""
    return "varbridge-" + os.urandom(16).hex()


def content_type(boundary: str) -> tuple[str, str]:
    """Return the header that announces a form."""
    return "Content-Type", f"multipart/form-data; boundary={boundary}"


def encode(body: Multipart, boundary: str) -> bytes:
    """Return a form that holds no stream in full.

    Raises:
        InvalidRequest: a part's media type has control characters, or a name has a lone surrogate.
    """
    return b"".join(piece for piece in _pieces(body, boundary) if isinstance(piece, bytes))


def stream(body: Multipart, boundary: str, streams: Mapping[str, AsyncIterable[bytes]]) -> AsyncIterator[bytes]:
    """Return a form piece by piece; a stream's bytes pass as they come.

    Raises:
        InvalidRequest: as ``encode``; at once, before anything is sent.
    """
    return _flow(list(_pieces(body, boundary)), streams)


async def _flow(pieces: list[bytes | Stream], streams: Mapping[str, AsyncIterable[bytes]]) -> AsyncIterator[bytes]:
    for piece in pieces:
        if isinstance(piece, bytes):
            yield piece
        else:
            async for chunk in streams[piece.token]:
                yield chunk


def _pieces(body: Multipart, boundary: str) -> Iterator[bytes | Stream]:
    for part in body.parts:
        yield _head(part, boundary)
        yield part.content
        yield b"\r\n"
    yield f"--{boundary}--\r\n".encode()


def _head(part: Part, boundary: str) -> bytes:
    disposition = f'form-data; name="{part.name.translate(_ESCAPES)}"'
    if part.filename is not None:
        disposition += f'; filename="{part.filename.translate(_ESCAPES)}"'
    lines = [f"--{boundary}", f"Content-Disposition: {disposition}"]
    if part.content_type is not None:
        if not part.content_type.isprintable():
            raise InvalidRequest("A media type has control characters.")
        lines.append(f"Content-Type: {part.content_type}")
    try:
        return ("\r\n".join(lines) + "\r\n\r\n").encode()
    except UnicodeEncodeError as error:
        raise InvalidRequest("A name in a form has a lone surrogate.") from error
