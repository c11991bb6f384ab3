"""Kinds of ids: a type for the checker, a prefix for the eye."""

import secrets
from typing import NewType

Brand = NewType("Brand", str)
MemberId = NewType("MemberId", str)
OrderId = NewType("OrderId", str)
Seq = NewType("Seq", int)


def new_id(prefix: str) -> str:
    """A fresh id such as ``dec_3f9a…``: the prefix says what it names, 80 random bits say which."""
    return f"{prefix}_{secrets.token_hex(10)}"
