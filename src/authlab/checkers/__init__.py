"""Judges of recorded data: pure functions that say whether it can be trusted, and what it shows."""
