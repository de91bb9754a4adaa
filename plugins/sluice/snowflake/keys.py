"""Key pairs of service users: read from a connection, and the public half as Snowflake wants it."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from functools import lru_cache

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from sluice.errors import SpecError

_PEM, _DER = b"-----BEGIN", b"0"
"""How keys in these forms begin."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """The public half of a key pair."""

    body: str
    """Base64 without header and line breaks: the value of RSA_PUBLIC_KEY."""
    fingerprint: str
    """`SHA256:…`, as DESCRIBE USER shows it."""


@lru_cache(maxsize=128)  # to check a key's numbers takes 65 ms, and each session of a task asks anew
def private_key(text: str | bytes, passphrase: str | None = None, where: str = "private key") -> rsa.RSAPrivateKey:
    """Return the RSA key in PEM or DER, or either in base64, or refuse it without repeating a character of it."""
    secret = passphrase.encode() if passphrase else None
    raw = text.encode() if isinstance(text, str) else text
    try:
        if _PEM not in raw and raw[:1] != _DER:
            raw = base64.b64decode(raw)
        load = serialization.load_pem_private_key if _PEM in raw else serialization.load_der_private_key
        key = load(raw, secret)
    except (ValueError, TypeError) as wrong:
        raise _refuse(where) from wrong
    if not isinstance(key, rsa.RSAPrivateKey):
        raise _refuse(where)
    return key


def der(key: rsa.RSAPrivateKey) -> bytes:
    """Return the key as the connector takes it."""
    return key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def public_key(key: rsa.RSAPrivateKey) -> PublicKey:
    """Return the public half of a private key."""
    raw = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    digest = base64.b64encode(hashlib.sha256(raw).digest()).decode()
    return PublicKey(base64.b64encode(raw).decode(), f"SHA256:{digest}")


def _refuse(where: str) -> SpecError:
    return SpecError(
        "this is not an RSA private key (or its passphrase is wrong)",
        where=where,
        good="openssl genrsa 2048 | openssl pkcs8 -topk8 -inform PEM -nocrypt",
        untouched="everything",
    )
