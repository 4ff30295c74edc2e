"""Faults: changes to a stack at known moments, each proven and then undone. One file each."""
