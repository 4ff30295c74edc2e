"""Applications with the same HTTP contract that keep state by other means: what the service is measured against."""
