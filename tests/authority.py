"""A certificate authority made for a test: certificates for servers and clients, as PEM files below one folder."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = timedelta(days=1)
HERE = (x509.IPAddress(IPv4Address("127.0.0.1")), x509.DNSName("localhost"))
ELSEWHERE = (x509.DNSName("engine.example"),)


class Pair(msgspec.Struct, frozen=True):
    """A certificate and its key, as files."""

    certificate: Path
    key: Path

    def server(self, *, client_ca: Path | None = None) -> ssl.SSLContext:
        """How a server shows the certificate; with an authority it asks for one of the client's."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=client_ca)
        context.load_cert_chain(self.certificate, self.key)
        context.verify_mode = ssl.CERT_REQUIRED if client_ca else ssl.CERT_NONE
        return context

    def table(self) -> dict[str, str]:
        return {"certificate": str(self.certificate), "key": str(self.key)}


class Authority:
    """Signs; ``ca`` is the file with its own certificate."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        self.folder, self.name = folder, x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._serial = 1
        self.ca = folder / f"{name}.pem"
        self.ca.write_bytes(self._signed(self.name, self._key.public_key(), ca=True, subjects=()))

    def _signed(self, name, public, *, ca=False, subjects=HERE, start=-DAY, end=DAY) -> bytes:
        now = datetime.now(UTC)
        self._serial += 1
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self.name)
            .public_key(public)
            .serial_number(self._serial)
            .not_valid_before(now + start)
            .not_valid_after(now + end)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        )
        if subjects:
            builder = builder.add_extension(x509.SubjectAlternativeName(subjects), critical=False)
        return builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def sign(self, subject: str = "CN=server", file: str = "server", **more: object) -> Pair:
        """Sign a new certificate with a new key; files of the same name are replaced."""
        key = ec.generate_private_key(ec.SECP256R1())
        pair = Pair(self.folder / f"{file}.pem", self.folder / f"{file}.key")
        pair.certificate.write_bytes(self._signed(x509.Name.from_rfc4514_string(subject), key.public_key(), **more))
        pair.key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return pair

    def client(self, pair: Pair | None = None) -> ssl.SSLContext:
        """How a client trusts this authority, and shows its own certificate, if it has one."""
        context = ssl.create_default_context(cafile=self.ca)
        if pair is not None:
            context.load_cert_chain(pair.certificate, pair.key)
        return context
