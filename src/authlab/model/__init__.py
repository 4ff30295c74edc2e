"""Frozen data that the parts of the lab hand to each other. No I/O."""
