"""Certificates, keys and authorities in PEM files: whether they can be used now, with the reason where not.

What is refused here would otherwise fail with each handshake, while everything looks as if it were up.
"""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gateway.config.shapes import ConfigError


def read_pair(where: str, certificate: Path, key: Path) -> bytes:
    """Check a certificate (with its chain) and its key; return the bytes of both files.

    Args:
        where: source and key path of the table.
        certificate: the file; the first certificate in it is ours.
        key: the file of the key, which has no password.

    Raises:
        ConfigError: one of them is unreadable or of another kind, the certificate is not valid now, or they do not fit.
    """
    public, secret = _read(f"{where}.certificate", certificate), _read(f"{where}.key", key)
    own = _certificates(f"{where}.certificate", public)[0]
    if (reason := _not_valid(own)) is not None:
        raise ConfigError(f"{where}.certificate: {reason}")
    if _own_public_key(f"{where}.key", secret) != _public_bytes(own.public_key()):
        raise ConfigError(f"{where}.key: does not fit the certificate")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
    except ssl.SSLError as error:
        raise ConfigError(f"{where}.certificate: cannot be used: {error.reason or 'unknown reason'}") from error
    return public + secret


def read_authorities(where: str, path: Path) -> bytes:
    """Check a file of certificates that are trusted to sign others; return its bytes.

    Args:
        where: source and key path.
        path: the file.

    Raises:
        ConfigError: there is none in it, one is no authority's, or none is valid now.
    """
    content = _read(where, path)
    found = _certificates(where, content)
    for each in found:
        if not _may_sign(each):
            name = each.subject.rfc4514_string()
            raise ConfigError(f"{where}: the certificate of {name} is no authority's: it may not sign others")
    reasons = [_not_valid(each) for each in found]
    if None not in reasons:
        raise ConfigError(f"{where}: {reasons[0]}")
    return content


def _read(where: str, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{where}: the file cannot be read: {error.strerror}") from error


def _certificates(where: str, content: bytes) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(content)
    except ValueError as error:
        raise ConfigError(f"{where}: no certificate in PEM that can be read") from error


def _not_valid(certificate: x509.Certificate) -> str | None:
    """Return why a certificate is not valid now; None where it is."""
    now = datetime.now(UTC)
    if now > certificate.not_valid_after_utc:
        return f"expired on {certificate.not_valid_after_utc:%Y-%m-%d}"
    if now < certificate.not_valid_before_utc:
        return f"not valid before {certificate.not_valid_before_utc:%Y-%m-%d}"
    return None


def _may_sign(certificate: x509.Certificate) -> bool:
    """Return whether a certificate can be trusted as an authority's; a self-signed one vouches for itself at least."""
    if certificate.subject == certificate.issuer:
        return True
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, ValueError):
        return False


def _own_public_key(where: str, content: bytes) -> bytes:
    try:
        return _public_bytes(serialization.load_pem_private_key(content, password=None).public_key())
    except TypeError as error:
        raise ConfigError(f"{where}: the key has a password; only keys without one can be used") from error
    except (ValueError, NotImplementedError) as error:  # UnsupportedAlgorithm has no common base with ValueError
        raise ConfigError(f"{where}: no private key in PEM that can be read") from error


def _public_bytes(key: object) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[attr-defined, no-any-return]
