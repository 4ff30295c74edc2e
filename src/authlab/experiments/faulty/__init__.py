"""The fault experiments, a file each. They share `users.py` (who was logged out) and `judging.py`."""
