"""Passwords, kept as salted hashes."""

from __future__ import annotations

import hashlib
import hmac
import secrets


def hashed(password: str) -> str:
    """The password as it is kept."""
    salt = secrets.token_bytes(16)
    return f"{salt.hex()}:{_digest(password, salt)}"


def matches(password: str, kept: str) -> bool:
    """Whether that is the password."""
    salt, _, digest = kept.partition(":")
    return hmac.compare_digest(_digest(password, bytes.fromhex(salt)), digest)


def _digest(password: str, salt: bytes) -> str:
    return hashlib.scrypt(password.encode(), salt=salt, n=2**12, r=8, p=1).hex()
