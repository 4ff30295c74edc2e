"""A run's folder: written atomically, versioned, read back with care."""
