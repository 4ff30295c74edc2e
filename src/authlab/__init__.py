"""authlab: where should a horizontally scaled web service keep its authentication state?"""

__version__ = "0.1.0"
