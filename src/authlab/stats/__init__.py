"""Statistics: pure functions of recorded data."""
