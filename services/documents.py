"""Files of secrets that the service reads, and the error when one can't be used."""

from __future__ import annotations


class Unusable(ValueError):
    """A document is not usable. The message says why, and repeats no secret."""
