"""RSA public keys of users: read from the text of a statement, and known by their fingerprint."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from snowdome.errors import SqlError

LEAST_BITS = 2048


def public_key(text: str) -> RSAPublicKey:
    """The key in the text: the base64 of its DER, with or without PEM lines; else Snowflake's refusal."""
    body = re.sub(r"-----[A-Z ]+-----|\s", "", text)
    try:
        key = load_der_public_key(base64.b64decode(body, validate=True))
    except (ValueError, binascii.Error, UnsupportedAlgorithm):
        raise _invalid() from None
    if not isinstance(key, RSAPublicKey) or key.key_size < LEAST_BITS:
        raise _invalid()
    return key


def _invalid() -> SqlError:
    return SqlError(
        390163, "42601", "SQL execution error: New public key rejected by current policy. Reason: 'Invalid public key'"
    )


def elided(text: str) -> bool:
    """Whether the text is a key as documentation prints it, `MIIB...`: it is kept, and nobody logs in with it."""
    return text.startswith("MI") and text.rstrip().endswith("...")


def fingerprint(text: str) -> str:
    """The fingerprint as DESCRIBE USER shows it and a JWT's issuer names it."""
    body = re.sub(r"-----[A-Z ]+-----|\s", "", text)
    return "SHA256:" + base64.b64encode(hashlib.sha256(base64.b64decode(body)).digest()).decode()
