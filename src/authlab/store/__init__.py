"""A run's folder: atomic writes, a schema, and careful reading."""
