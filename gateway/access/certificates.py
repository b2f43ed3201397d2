"""Subjects of client certificates, compared as distinguished names and not as texts.

Two subjects are the same if they have the same attributes with the same values in the same order. Attribute types may
be written in either case (``CN``, ``cn``) or as numbers; in a part with several attributes (``CN=a+OU=b``) their order
does not count; how a certificate encodes a text (UTF8String, PrintableString) does not count either. Values are
compared exactly, case and spaces included: a stricter comparison than X.520's never lets anybody in by mistake.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TypeAlias

from cryptography import x509
from cryptography.x509.oid import NameOID

Subject: TypeAlias = tuple[frozenset[tuple[str, str | bytes]], ...]
"""The parts of a name, the most significant one first; of each the attributes, with their types as numbers."""
_TYPES = {
    "CN": NameOID.COMMON_NAME,
    "L": NameOID.LOCALITY_NAME,
    "ST": NameOID.STATE_OR_PROVINCE_NAME,
    "O": NameOID.ORGANIZATION_NAME,
    "OU": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "C": NameOID.COUNTRY_NAME,
    "STREET": NameOID.STREET_ADDRESS,
    "DC": NameOID.DOMAIN_COMPONENT,
    "UID": NameOID.USER_ID,
    "emailAddress": NameOID.EMAIL_ADDRESS,
    "serialNumber": NameOID.SERIAL_NUMBER,
}
_SPELLINGS = {spelled: oid for name, oid in _TYPES.items() for spelled in (name, name.lower(), name.upper())}
_KEPT = 1024
"""Certificates whose subjects are remembered; a connection shows the same one with each of its requests."""


def parse_subject(text: str) -> Subject:
    """Parse a subject as RFC 4514 writes it: ``CN=portal,O=Example``, the most specific part first.

    Raises:
        ValueError: it is no such text, or names nobody.
    """
    msg = "no name as RFC 4514 writes it"
    try:
        name = x509.Name.from_rfc4514_string(text, _SPELLINGS)
    except ValueError as error:
        raise ValueError(msg) from error
    if not len(name):
        raise ValueError(msg)
    return _canonical(name)


@lru_cache(maxsize=_KEPT)
def subject_of(certificate: bytes) -> Subject:
    """Return the subject of a certificate (DER); empty where it cannot be read or has none."""
    try:
        return _canonical(x509.load_der_x509_certificate(certificate).subject)
    except ValueError:
        return ()


def _canonical(name: x509.Name) -> Subject:
    return tuple(frozenset((each.oid.dotted_string, each.value) for each in part) for part in name.rdns)
