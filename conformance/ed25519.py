# SPDX-License-Identifier: AGPL-3.0-only
"""Verification of Ed25519 signatures after RFC 8032 (section 5.1), in plain Python.

For a reference reader that depends on nothing. It verifies public data only: nothing here is
secret, so nothing here has to run in constant time. ``sign`` is there for the fixtures, whose keys
are public.
"""

from __future__ import annotations

import hashlib

FIELD = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, FIELD) % FIELD
SQRT_MINUS_ONE = pow(2, (FIELD - 1) // 4, FIELD)

Point = tuple[int, int, int, int]
"""X, Y, Z, T of extended coordinates: x = X/Z, y = Y/Z, x*y = T/Z."""

NEUTRAL: Point = (0, 1, 1, 0)


def verify(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether ``signature`` (64 bytes) is one of ``message`` under ``public_key`` (32 bytes)."""
    if len(public_key) != 32 or len(signature) != 64:
        return False
    key, commitment = _decode(public_key), _decode(signature[:32])
    response = int.from_bytes(signature[32:], "little")
    if key is None or commitment is None or response >= ORDER:
        return False
    challenge = _hash(signature[:32], public_key, message)
    return _equal(_times(response, BASE), _add(commitment, _times(challenge, key)))


def public_key(seed: bytes) -> bytes:
    """The public key of a private seed (32 bytes)."""
    return _encode(_times(_expand(seed)[0], BASE))


def sign(seed: bytes, message: bytes) -> bytes:
    """The signature of ``message``. Not constant-time: for keys that are public anyway."""
    scalar, prefix = _expand(seed)
    own = _encode(_times(scalar, BASE))
    nonce = _hash(prefix, message)
    commitment = _encode(_times(nonce, BASE))
    response = (nonce + _hash(commitment, own, message) * scalar) % ORDER
    return commitment + response.to_bytes(32, "little")


def _hash(*parts: bytes) -> int:
    return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little") % ORDER


def _expand(seed: bytes) -> tuple[int, bytes]:
    digest = hashlib.sha512(seed).digest()
    scalar = int.from_bytes(digest[:32], "little")
    return scalar & ~7 & (2**254 - 1) | 2**254, digest[32:]


def _add(left: Point, right: Point) -> Point:
    a = (left[1] - left[0]) * (right[1] - right[0]) % FIELD
    b = (left[1] + left[0]) * (right[1] + right[0]) % FIELD
    c = 2 * left[3] * right[3] * D % FIELD
    d = 2 * left[2] * right[2] % FIELD
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % FIELD, g * h % FIELD, f * g % FIELD, e * h % FIELD


def _times(scalar: int, point: Point) -> Point:
    total = NEUTRAL
    while scalar:
        if scalar & 1:
            total = _add(total, point)
        point = _add(point, point)
        scalar >>= 1
    return total


def _equal(left: Point, right: Point) -> bool:
    return (
        left[0] * right[2] % FIELD == right[0] * left[2] % FIELD
        and left[1] * right[2] % FIELD == right[1] * left[2] % FIELD
    )


def _root(y: int, odd: int) -> int | None:
    """The x of the point with this y and this parity, if there is one."""
    square = (y * y - 1) * pow(D * y * y + 1, -1, FIELD) % FIELD
    x = pow(square, (FIELD + 3) // 8, FIELD)
    if x * x % FIELD != square:
        x = x * SQRT_MINUS_ONE % FIELD
    if x * x % FIELD != square or (x == 0 and odd):
        return None
    return FIELD - x if x & 1 != odd else x


def _decode(data: bytes) -> Point | None:
    number = int.from_bytes(data, "little")
    y, odd = number & (2**255 - 1), number >> 255
    if y >= FIELD:
        return None
    x = _root(y, odd)
    return None if x is None else (x, y, 1, x * y % FIELD)


def _encode(point: Point) -> bytes:
    inverse = pow(point[2], -1, FIELD)
    x, y = point[0] * inverse % FIELD, point[1] * inverse % FIELD
    return (y | (x & 1) << 255).to_bytes(32, "little")


def _base() -> Point:
    y = 4 * pow(5, -1, FIELD) % FIELD
    x = _root(y, 0)
    if x is None:
        raise ArithmeticError("The base point is not on the curve.")
    return x, y, 1, x * y % FIELD


BASE = _base()
"""The base point of RFC 8032."""
