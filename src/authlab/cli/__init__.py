"""Words in, exit code out."""

from authlab.cli.main import main

__all__ = ["main"]
