"""Experiments: claim, prediction, plan, verdict rule; one file each."""
