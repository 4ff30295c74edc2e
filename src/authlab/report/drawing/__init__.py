"""Vega-Lite specifications: what all charts share."""
