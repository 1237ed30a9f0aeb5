"""The key that signs exports: made on this machine at its first use, kept in the state folder, sent nowhere."""

import datetime
import os
import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from faceeditor.errors import FaceEditorError
from faceeditor.fileio import read_regular, set_aside
from faceeditor.images import write_error
from faceeditor.paths import state_folder

ISSUER = "Face Editor"
"""Organisation that every certificate of the program names."""
_FILE = "signing-key.pem"
_MAX_FILE = 1 << 16
_YEARS = 10
_SPARE = datetime.timedelta(days=30)
"""A certificate is replaced so long before it ends."""


@dataclass(frozen=True)
class SigningKey:
    """A private key and its certificates.

    Attributes:
        private: the key (P-256) as PEM.
        chain: PEM certificates, the signer's first and its own authority's last.
    """

    private: str
    chain: str

    @property
    def serial(self) -> str:
        """Serial number of the signer's certificate in decimal digits: what tells installations apart."""
        from cryptography import x509

        return str(x509.load_pem_x509_certificates(self.chain.encode("ascii"))[0].serial_number)


def signing_key() -> SigningKey:
    """This installation's key; made if there is none, if it is damaged or if its certificate ends.

    Raises:
        FaceEditorError: it cannot be kept.
    """
    file = state_folder("credentials") / _FILE
    for _ in range(2):
        found = _read(file)
        if found is not None:
            return found
        _keep(file, _made())
    raise FaceEditorError(f"The key “{file}” cannot be used; delete it and export again.")


def kept_key() -> SigningKey | None:
    """This installation's key if there is one; none is made."""
    file = state_folder("credentials") / _FILE
    return _read(file) if file.exists() else None


def _read(file: Path) -> SigningKey | None:
    """The key in a file; None if there is none or it is of no use, and then the file is set aside."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        content = read_regular(file, _MAX_FILE)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise FaceEditorError(f"The key “{file}” cannot be read ({error.strerror or error}).") from error
    try:
        text = content.decode("ascii")
        begin = text.index("-----BEGIN CERTIFICATE")
        key = load_pem_private_key(text[:begin].encode("ascii"), None)
        certificate = x509.load_pem_x509_certificates(text[begin:].encode("ascii"))[0]
        if key.public_key() != certificate.public_key():
            raise ValueError("key and certificate do not belong together")
    except ValueError as error:
        set_aside(file, f"it is no signing key: {error}")
        return None
    if certificate.not_valid_after_utc - _SPARE < _now():
        file.unlink()
        return None
    return SigningKey(text[:begin], text[begin:])


def _keep(file: Path, key: SigningKey) -> None:
    """Write a key for this user alone; one that another process wrote at the same time stays.

    Raises:
        FaceEditorError: it cannot be written.
    """
    temporary: Path | None = None
    try:
        file.parent.chmod(0o700)
        handle, name = tempfile.mkstemp(dir=file.parent)  # readable by this user alone
        temporary = Path(name)
        with os.fdopen(handle, "w", encoding="ascii") as stream:
            stream.write(key.private + key.chain)
            stream.flush()
            os.fsync(stream.fileno())
        try:
            file.hardlink_to(temporary)
        except FileExistsError:
            pass
        except OSError:  # a file system without links
            temporary.replace(file)
    except OSError as error:
        raise write_error(file, error) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def _made() -> SigningKey:
    """A new key, certified by an authority that is used once: C2PA asks for signers that do not certify themselves.

    The certificates name the program and a random number, and nothing of the user or the machine.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    authority, signer = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    number = secrets.token_hex(4)
    root_name, name = f"Installation {number}, authority", f"Installation {number}"
    root = _certificate(root_name, root_name, authority.public_key(), authority, is_authority=True)
    leaf = _certificate(name, root_name, signer.public_key(), authority, is_authority=False)
    encoding = serialization.Encoding.PEM
    private = signer.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    chain = leaf.public_bytes(encoding) + root.public_bytes(encoding)
    return SigningKey(private.decode("ascii"), chain.decode("ascii"))


def _certificate(subject: str, issuer: str, public: Any, issuer_key: Any, is_authority: bool) -> Any:
    """An X.509 certificate as the C2PA specification asks for (14.5, "X.509 Certificates")."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    def named(common: str) -> x509.Name:
        attributes = ((NameOID.ORGANIZATION_NAME, ISSUER), (NameOID.COMMON_NAME, common))
        return x509.Name([x509.NameAttribute(kind, text) for kind, text in attributes])

    begin = _now() - datetime.timedelta(days=1)
    builder = (
        x509.CertificateBuilder()
        .subject_name(named(subject))
        .issuer_name(named(issuer))
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + datetime.timedelta(days=365 * _YEARS))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=0 if is_authority else None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False
        )
        .add_extension(
            x509.KeyUsage(
                digital_signature=not is_authority, key_cert_sign=is_authority, crl_sign=is_authority,
                content_commitment=False, key_encipherment=False, data_encipherment=False, key_agreement=False,
                encipher_only=False, decipher_only=False,
            ),
            critical=True,
        )
    )  # fmt: skip
    if not is_authority:
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
        builder = builder.add_extension(usage, critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)
