"""Runs compared with each other: what differs in their circumstances, what can be compared, by how much it differs."""
