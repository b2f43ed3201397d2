"""TLS towards engines: one context for one engine and its issuer of tokens, whichever sender sends."""

from __future__ import annotations

import ssl

from gateway.wire.settings import ClientSettings, TlsSettings


def engine_context(settings: ClientSettings) -> ssl.SSLContext | None:
    """Return how certificates are checked and which one we show; None where neither https nor a file asks for it.

    Raises:
        OSError: a file cannot be read or used.
    """
    tls = settings.tls
    if not settings.url.lower().startswith("https:") and tls == TlsSettings():
        return None
    context = ssl.create_default_context()  # the system's authorities; host names are checked
    if tls.ca:
        context.load_verify_locations(cafile=tls.ca)
    if tls.certificate:
        context.load_cert_chain(tls.certificate, tls.key)
    return context
