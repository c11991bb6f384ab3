"""Keys of brands and members: sealing personal values, and tokens to look them up by.

An installation has one master key. It wraps a key per brand; the brand key wraps a key per member. A member's personal
values are sealed under the member's key, so destroying that one key forgets the person. Tokens are keyed hashes under
a key derived from the brand's: equal values give equal tokens inside one brand, and nothing outside it.
"""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_SEPARATOR: Final = b"\x1f"


class Forgotten(Exception):
    """A sealed value whose key no longer exists."""


def new_key() -> bytes:
    """A fresh 256-bit key."""
    return secrets.token_bytes(KEY_BYTES)


def seal(key: bytes, clear: bytes, context: str) -> bytes:
    """AES-256-GCM with a random nonce in front; the context (what and whose) is authenticated with it."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, clear, context.encode())


def unseal(key: bytes, sealed: bytes, context: str) -> bytes:
    """The clear bytes; raises Forgotten when the key or the context is not the one it was sealed with."""
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], context.encode())
    except InvalidTag as error:
        raise Forgotten(context) from error


def keyed_token(key: bytes, domain: str, normalised: str) -> str:
    """HMAC-SHA256 over domain, 0x1F and the normalised value, as lower-case hex.

    ``domain`` names kind and version, such as ``phone:v1``; the normalised value must not be empty.
    """
    return hmac.new(key, domain.encode() + _SEPARATOR + normalised.encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class BrandKeys:
    """What a brand's key is used for; each use has a key of its own."""

    wrapping: bytes
    tokens: bytes
    prints: bytes
    signing: bytes
    cursors: bytes
    seals: bytes

    @classmethod
    def derive(cls, brand_key: bytes) -> "BrandKeys":
        """The keys derived from the unwrapped brand key."""
        uses = ("wrapping", "tokens", "prints", "signing", "cursors", "seals")
        return cls(*(_derived(brand_key, use) for use in uses))

    def token(self, kind: str, normalised: str) -> str:
        """The token of an identifier of this brand; 128 bits, enough that no two values ever meet."""
        return keyed_token(self.tokens, f"{kind}:v1", normalised)[:32]

    def fingerprint(self, content: bytes) -> bytes:
        """A keyed hash of content that may hold personal values; 16 bytes."""
        return hmac.new(self.prints, content, hashlib.sha256).digest()[:16]


def _derived(key: bytes, use: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=f"trefoil {use}".encode()).derive(key)


def to_text(sealed: bytes) -> str:
    """Sealed bytes as base64 text for JSON."""
    return base64.b64encode(sealed).decode()


def from_text(text: str) -> bytes:
    """The bytes of :func:`to_text`."""
    return base64.b64decode(text)
