"""Experiments: each file has one claim, its predictions, its plan and its verdict rule."""
