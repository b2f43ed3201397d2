"""TLS on the callers' port: certificates that can be renewed while connections live, and who is at the other end."""

from __future__ import annotations

import ssl
from typing import Self

from aiohttp import web


def server_context(certificate: str, key: str, client_ca: str) -> ssl.SSLContext:
    """Return what one handshake goes by.

    Args:
        certificate: file of the server's own, with its chain.
        key: its file.
        client_ca: file of the authorities one of which must have signed the client's; empty = clients need none.

    Raises:
        OSError: a file cannot be read or used.
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=client_ca or None)
    context.load_cert_chain(certificate, key)
    context.set_alpn_protocols(["http/1.1"])
    if client_ca:
        context.verify_mode = ssl.CERT_REQUIRED
    return context


class RenewableContext(ssl.SSLContext):
    """A context for a listening socket, which it cannot be taken from: each handshake goes by the current inner one.

    ``load_cert_chain`` on a context in use would renew the certificate, but authorities could only be added.
    """

    current: ssl.SSLContext

    def __new__(cls, current: ssl.SSLContext) -> Self:
        """Make one that starts with a context."""
        made = super().__new__(cls, ssl.PROTOCOL_TLS_SERVER)
        made.current = current
        return made

    def wrap_bio(  # event loops make a connection's TLS with this, and nothing else
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,  # noqa: FBT001, FBT002 - the library's own
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        """Return the TLS of a new connection."""
        return self.current.wrap_bio(incoming, outgoing, server_side, server_hostname, session)


def client_certificate(request: web.BaseRequest) -> bytes | None:
    """Return the certificate that the caller's connection has shown (DER), which the handshake has verified."""
    transport = request.transport
    found: ssl.SSLObject | None = None if transport is None else transport.get_extra_info("ssl_object")
    return None if found is None else found.getpeercert(binary_form=True)
