"""The command line: it takes words and gives an exit code."""

from authlab.cli.main import main

__all__ = ["main"]
