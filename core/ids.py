"""Fresh ids; those of members, orders and events are chosen by their callers."""

import secrets


def new_id(prefix: str) -> str:
    """A fresh id such as ``dec_3f9a…``: the prefix says what it names, 80 random bits say which."""
    return f"{prefix}_{secrets.token_hex(10)}"
