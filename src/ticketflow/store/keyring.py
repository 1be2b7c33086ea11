"""The keys that secrets are encrypted with at rest: from the environment, or from a file in the home folder.

AES-256-GCM. The first key encrypts, all of them decrypt. Keys are read anew for each use, so that every process goes by
what a rotation has just written.
"""

import base64
import binascii
import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ticketflow.errors import Misconfigured
from ticketflow.store import secret_files

VARIABLE = "TICKETFLOW_ENCRYPTION_KEY"
FILE = "encryption.key"
LENGTH = 32
"""Bytes of a key."""
_NONCE = 12
_FORM = b"\x01"  # of what is stored: this byte, the nonce, then ciphertext and tag


@dataclass(frozen=True)
class EncryptionKey:
    """One key. Its id tells it from others and nothing about it."""

    secret: bytes = field(repr=False)

    @property
    def id(self) -> str:
        """16 hexadecimal digits."""
        return hashlib.sha256(b"ticketflow encryption key" + self.secret).hexdigest()[:16]

    def seal(self, text: str, bound: bytes) -> bytes:
        """Encrypted, and readable only together with the same `bound` bytes."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce = os.urandom(_NONCE)
        return _FORM + nonce + AESGCM(self.secret).encrypt(nonce, text.encode(), _FORM + bound)

    def open(self, sealed: bytes, bound: bytes) -> str | None:
        """What was encrypted; None where the bytes, or what they are bound to, are not what they were."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce, body = sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
        if not sealed.startswith(_FORM) or len(nonce) < _NONCE:
            return None
        try:
            return AESGCM(self.secret).decrypt(nonce, body, _FORM + bound).decode()
        except InvalidTag:
            return None


class Keyring:
    """The installation's keys. `given` are those of the environment, as base64; without one the file counts."""

    def __init__(self, given: Sequence[str], file: Path) -> None:
        """Raises Misconfigured where a given key is none."""
        self.file = file
        self._given = tuple(_decoded(text, VARIABLE) for text in given)

    @property
    def changeable(self) -> bool:
        """Whether keys can be added and dropped here, which is so for those in the file."""
        return not self._given

    @property
    def place(self) -> str:
        """Where the keys come from: the name of the variable, or the path of the file."""
        return VARIABLE if self._given else str(self.file)

    def keys(self) -> tuple[EncryptionKey, ...]:
        """All keys, the one that encrypts first; none where nothing was ever encrypted. Raises Misconfigured."""
        if self._given:
            return self._given
        try:
            lines = self.file.read_text().split()
        except FileNotFoundError:
            return ()
        except UnicodeDecodeError:
            lines = []
        except OSError as error:
            raise secret_files.unusable(self.file, error) from error
        if not lines:
            raise _no_key(str(self.file), "It holds none.")
        return tuple(_decoded(line, str(self.file)) for line in lines)

    def made(self) -> tuple[EncryptionKey, ...]:
        """All keys; the first one is made where there is none."""
        found = self.keys()
        if not found:
            try:
                secret_files.make_once(self.file, _text([_new_key()]))
            except OSError as error:
                raise secret_files.unusable(self.file, error) from error
            found = self.keys()
        return found

    def add(self) -> EncryptionKey:
        """Put a new key in front of the others: it encrypts from now on. For one process at a time."""
        key = _new_key()
        self._write([key, *self.keys()])
        return key

    def drop_others(self) -> int:
        """Keep the first key alone; how many went. For one process at a time."""
        first, *others = self.keys()
        if others:
            self._write([first])
        return len(others)

    def _write(self, keys: Sequence[EncryptionKey]) -> None:
        if not self.changeable:
            raise Misconfigured(f"The keys in {VARIABLE} can be changed by whoever sets it only.")
        try:
            secret_files.replace(self.file, _text(keys))
        except OSError as error:
            raise secret_files.unusable(self.file, error) from error


def new_key_text() -> str:
    """A new key as it is written into the variable."""
    return _text([_new_key()]).decode().strip()


def _new_key() -> EncryptionKey:
    return EncryptionKey(os.urandom(LENGTH))


def _text(keys: Sequence[EncryptionKey]) -> bytes:
    return b"".join(base64.b64encode(key.secret) + b"\n" for key in keys)


def _decoded(text: str, place: str) -> EncryptionKey:
    try:
        secret = base64.b64decode(text.encode(), b"-_" if set(text) & set("-_") else None, validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise _no_key(place, "It is no base64.") from None
    if len(secret) != LENGTH:
        raise _no_key(place, f"It is {len(secret)} bytes long.")
    return EncryptionKey(secret)


def _no_key(place: str, why: str) -> Misconfigured:
    return Misconfigured(
        f"{place} does not hold an encryption key, which is {LENGTH} bytes in base64. {why}",
        remedy="Restore what stood there, from a backup; where nothing was encrypted yet, "
        f"`openssl rand -base64 {LENGTH}` makes one.",
    )
