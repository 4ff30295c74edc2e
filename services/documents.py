"""Files of secrets that the service is handed, and what is said when one can't be used."""

from __future__ import annotations


class Unusable(ValueError):
    """A document is not what it should be. The message says how, and repeats no secret."""
