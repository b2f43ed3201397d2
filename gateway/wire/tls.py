"""TLS towards engines: one context for everything that is sent to one engine, whichever sender sends it."""

from __future__ import annotations

import ssl

from gateway.wire.settings import ClientSettings


def engine_context(settings: ClientSettings) -> ssl.SSLContext | None:
    """Return how the engine's certificate is checked and which one we show; None where its URL is not https.

    Raises:
        OSError: a file cannot be read or used.
    """
    if not settings.url.lower().startswith("https:"):
        return None
    context = ssl.create_default_context()  # the system's authorities; host names are checked
    tls = settings.tls
    if tls.ca:
        context.load_verify_locations(cafile=tls.ca)
    if tls.certificate:
        context.load_cert_chain(tls.certificate, tls.key)
    return context
