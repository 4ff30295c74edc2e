"""Faults: harm done to a stack at known moments, with proof, and undone. One file each."""
