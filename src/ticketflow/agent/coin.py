"""Throws that nobody can foresee or influence and everybody can repeat: HMAC of what is thrown for, as a number."""

import hashlib
import hmac

BITS = 53
"""As many as a float holds exactly."""


def throw(secret: bytes, purpose: str, name: str) -> float:
    """A number in [0, 1) for `name`, the same each time, independent of the numbers for other purposes."""
    digest = hmac.new(secret, f"{purpose}|{name}".encode(), hashlib.sha256).digest()
    return (int.from_bytes(digest[:8], "big") >> (64 - BITS)) / (1 << BITS)
