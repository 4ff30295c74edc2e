"""Judges of recorded data: pure functions that decide whether it can be trusted, and what it shows."""
