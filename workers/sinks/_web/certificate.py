"""A certificate for this machine, signed by itself: browsers warn once, and then it is a secure page, which a
headset's 3D and the quickest video need."""

import datetime
import ipaddress
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from workers.sinks._web.tokens import addresses, config_folder, keeping, names, write_private

LASTS = datetime.timedelta(days=397)  # browsers take none that lasts longer
RENEW = datetime.timedelta(days=30)  # before it ends


def own_context() -> ssl.SSLContext:
    """With the certificate in the user's configuration folder, made when there is none that still lasts."""
    file = config_folder() / "certificate.pem"
    with keeping():
        if not _lasts(file):
            write_private(file, make_certificate())
    return context_of(file, None)


def context_of(certificate: Path, key: Path | None) -> ssl.SSLContext:
    """Raises OSError or ssl.SSLError for files that cannot be used."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    return context


def make_certificate() -> bytes:
    """Key and certificate for all names and addresses of this machine, PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.now(datetime.UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Stereoring on this machine")])
    known = [x509.DNSName(known) for known in ("localhost", *names()) if known.isascii()]
    numbers = [x509.IPAddress(ipaddress.ip_address(number)) for number in ("127.0.0.1", *addresses())]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + LASTS - datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([*known, *numbers]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return secret + certificate.public_bytes(serialization.Encoding.PEM)


def _lasts(file: Path) -> bool:
    if not file.exists():
        return False
    certificate = x509.load_pem_x509_certificate(file.read_bytes())
    return certificate.not_valid_after_utc - datetime.datetime.now(datetime.UTC) > RENEW
