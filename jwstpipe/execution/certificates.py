"""Make the certificates with which the parts of a Dask cluster know each other (mutual TLS).

An authority and one certificate for each role: ca.pem, scheduler.pem, worker.pem, client.pem, and their keys beside
them, readable by their owner only. Whoever holds a key may run code on the workers. The authority's own key signs all
roles and is then thrown away, so that nobody can add a member later.
"""

import datetime as dt
import ipaddress
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

__all__ = ["ROLES", "client_environment", "make_authority", "make_certificates", "security_of"]

ROLES = ("scheduler", "worker", "client")
LOCAL_HOSTS = ("localhost", "127.0.0.1")
_ENDS = {"cert": "pem", "key": "key"}


def make_certificates(folder: Path, *, hosts: Sequence[str] = (), days: int = 825, renew: bool = False) -> list[Path]:
    """Make an authority and a certificate for each role.

    Parameters
    ----------
    folder
        Where they go; it is made if it is not there.
    hosts
        Further names or addresses of the machines, besides this one's loopback.
    days
        How long they are good for.
    renew
        Replace those that are there.

    Returns
    -------
    list of Path
        The files that were written.

    Raises
    ------
    FileExistsError
        There are certificates already, and `renew` is not set.
    """
    if not renew and any((folder / name).exists() for name in ("ca.pem", *(f"{role}.pem" for role in ROLES))):
        raise FileExistsError(f"{folder}: there are certificates here; replace them all with --renew")
    folder.mkdir(parents=True, exist_ok=True, mode=0o755)
    now = dt.datetime.now(dt.UTC)
    span = (now - dt.timedelta(minutes=5), now + dt.timedelta(days=days))
    authority_key = ec.generate_private_key(ec.SECP256R1())
    authority = _authority(authority_key, span)
    written = [_write(folder / "ca.pem", authority.public_bytes(serialization.Encoding.PEM), mode=0o444)]
    for role in ROLES:
        key = ec.generate_private_key(ec.SECP256R1())
        made = _member(role, key, (*LOCAL_HOSTS, *hosts), authority, authority_key, span)
        written.append(_write(folder / f"{role}.pem", made.public_bytes(serialization.Encoding.PEM), mode=0o444))
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        written.append(_write(folder / f"{role}.key", private, mode=0o400))
    return written


def make_authority(path: Path) -> Path:
    """Make the certificate of an authority that has signed nothing and never will, as its key is thrown away.

    Parameters
    ----------
    path
        File to write; one that is there is kept.

    Returns
    -------
    Path
        The file.
    """
    if not path.exists():
        now = dt.datetime.now(dt.UTC)
        made = _authority(ec.generate_private_key(ec.SECP256R1()), (now, now + dt.timedelta(days=1)))
        partial = path.with_name(f".{path.name}.{os.getpid()}")
        _write(partial, made.public_bytes(serialization.Encoding.PEM), mode=0o444).replace(path)
    return path


def security_of(folder: Path) -> Any:
    """Give the certificates of a folder to a Dask cluster of this process (a `distributed.Security`)."""
    from distributed import Security  # noqa: PLC0415 - threads alone need no scheduler

    files = {f"tls_{role}_{kind}": str(folder / f"{role}.{end}") for role in ROLES for kind, end in _ENDS.items()}
    return Security(tls_ca_file=str(folder / "ca.pem"), require_encryption=True, **files)


def client_environment(folder: Path) -> dict[str, str]:
    """Give the variables by which Dask clients of other processes find the certificates of a folder."""
    return {
        "DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION": "true",
        "DASK_DISTRIBUTED__COMM__TLS__CA_FILE": str(folder / "ca.pem"),
        "DASK_DISTRIBUTED__COMM__TLS__CLIENT__CERT": str(folder / "client.pem"),
        "DASK_DISTRIBUTED__COMM__TLS__CLIENT__KEY": str(folder / "client.key"),
    }


def _authority(key: ec.EllipticCurvePrivateKey, span: tuple[dt.datetime, dt.datetime]) -> x509.Certificate:
    name = _name("jwstpipe authority")
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(span[0])
        .not_valid_after(span[1])
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _member(
    role: str,
    key: ec.EllipticCurvePrivateKey,
    hosts: Sequence[str],
    authority: x509.Certificate,
    authority_key: ec.EllipticCurvePrivateKey,
    span: tuple[dt.datetime, dt.datetime],
) -> x509.Certificate:
    # every part of a Dask cluster both listens and calls
    both_ends = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
    signer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(_name(f"jwstpipe dask {role}"))
        .issuer_name(authority.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(span[0])
        .not_valid_after(span[1])
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(both_ends, critical=False)
        .add_extension(x509.SubjectAlternativeName([_host(host) for host in hosts]), critical=False)
        .add_extension(signer, critical=False)
        .sign(authority_key, hashes.SHA256())
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs, key_cert_sign=signs, crl_sign=signs, content_commitment=False,
        key_encipherment=False, data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _write(path: Path, content: bytes, *, mode: int) -> Path:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as stream:
        stream.write(content)
    return path
