"""`python -m authlab`."""

from authlab.cli import main

main()
