"""What a history is called."""

from __future__ import annotations

import secrets


def random_epoch() -> str:
    """A short word that no earlier history of the room was called."""
    return secrets.token_hex(4)
